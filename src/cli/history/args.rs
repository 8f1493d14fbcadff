//! The arguments of `dbbench history` as typed.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::cli::args::Color;

/// What follows the options in the help.
pub const EXAMPLES: &str = "Examples:\n  dbbench history results\n  dbbench history results --workload n-plus-one --variant join\n  \
    dbbench history results --metric response.p99 --metric goodput --format html --out history.html\n  \
    dbbench history nightly/* --format csv --out history.csv\n\n\
    Shows the runs of one workload in the order of time: each variant, its ratio to the baseline, and where these change their\n\
    level. Of several groups (other workload, machine, or state of the workload) the largest is shown, the others are named.\n\n\
    Exit codes: 0 shown · 1 no result can be used · 2 usage, or what was asked for is not there";

/// Arguments of `dbbench history`.
#[derive(Debug, Args)]
pub struct HistoryArgs {
    /// Folders of results; results in folders below them count too
    #[arg(required = true, value_name = "DIR")]
    pub dirs: Vec<PathBuf>,
    /// Only the runs of this workload [default: that of the largest group]
    #[arg(long, value_name = "NAME")]
    pub workload: Option<String>,
    /// Only the runs on this machine [default: that of the largest group]
    #[arg(long, value_name = "NAME")]
    pub machine: Option<String>,
    /// Only the runs whose workload hash begins so [default: that of the largest group]
    #[arg(long, value_name = "HASH")]
    pub hash: Option<String>,
    /// Show only this variant (repeatable)
    #[arg(long, value_name = "VARIANT")]
    pub variant: Vec<String>,
    /// Show this metric instead of response.p50 (repeatable)
    #[arg(long, value_name = "METRIC")]
    pub metric: Vec<String>,
    /// Put all runs of the workload into one series, also of other machines and other states of it
    #[arg(long)]
    pub force: bool,
    /// What is written
    #[arg(long, value_enum, default_value_t = HistoryFormat::Text, value_name = "FORMAT")]
    pub format: HistoryFormat,
    /// Where it is written [default: stdout]
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Colours
    #[arg(long, value_enum, default_value_t = Color::Auto, value_name = "WHEN")]
    pub color: Color,
}

/// What `dbbench history` writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum HistoryFormat {
    /// Tables for a terminal.
    Text,
    /// One page that needs nothing else.
    Html,
    /// For programs; docs/history.md says what each field means.
    Json,
    /// A row for each run, a column for each figure: Apache Otava reads it.
    Csv,
}
