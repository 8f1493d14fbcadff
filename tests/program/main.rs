//! The whole program from outside: the real binary, mostly with real servers; exit codes, what it says, what it leaves.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "in a test a panic is the message")]

mod background;
mod beginnings;
mod calibrated;
mod checks;
mod compared;
mod documents;
mod environment;
mod evidence;
mod exports;
mod external;
mod generator;
mod guarded;
mod history;
mod indexed;
mod interrupted;
mod judged;
mod kept;
mod neighbours;
mod open_loop;
mod output;
mod reports;
mod searched;
#[path = "../support/mod.rs"]
mod server;
mod setup;
mod sides;
mod support;
mod tls_server;
mod until;
mod writes;
mod wrong_files;
