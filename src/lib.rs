//! dbbench: load generation and benchmarking of database access patterns.
//!
//! The library holds every room of the program; the binary only dispatches. Data flows one way:
//! a workload file is parsed, validated and compiled into a [`workload::plan::Plan`]; a topology is
//! started, the dataset loaded, the answers compared, the rounds run by [`engine`], and what was measured goes
//! through [`metrics`] into [`result`], from which alone [`verdict`] and [`report`] work.
//!
//! Which room may use which is kept by `tests/tidy.rs`.

pub mod cli;
pub mod dataset;
pub mod driver;
pub mod engine;
pub mod event;
pub mod load;
pub mod metrics;
pub mod param;
pub mod probe;
pub mod report;
pub mod result;
pub mod stats;
pub mod timer;
pub mod topology;
pub mod verdict;
pub mod words;
pub mod workload;
