//! The arguments of `dbbench search` as typed.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::cli::args::{Color, Format, OverrideArgs, RunArgs};

/// Below the options of `dbbench search --help`.
pub const EXAMPLES: &str = "Examples:\n  dbbench search my.toml --max-rate --slo 'response.p99<20ms'\n  \
    dbbench search my.toml --slo 'response.p99<20ms' --slo 'failures.share<0.1%' --only join --clients 16\n  \
    dbbench search my.toml --slo 'response.p95<5ms' --arrivals constant --precision 5% --max-time 3m\n\n\
    An objective is METRIC<VALUE: response, service, queue or acquire with .p50 .p90 .p95 .p99 .p999 .mean and a time, or\n\
    failures.share and a percentage. A rate meets when all hold; what it is and how sure that is stands in the answer.\n\n\
    Exit codes: 0 found, or met up to --max · 1 failed, or the time was up before any rate was judged · 2 usage ·\n\
    3 no rate meets, or a check failed · 5 the generator was the limit, or not valid · 130 interrupted";

/// Arguments of `dbbench search`.
#[derive(Debug, Args)]
pub struct SearchArgs {
    /// Workload file
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Search for the highest rate of arrivals, which is also what happens without it
    #[arg(long)]
    pub max_rate: bool,
    /// What has to hold, for example 'response.p99<20ms' (repeatable: all of them)
    #[arg(long, value_name = "METRIC<VALUE", required = true)]
    pub slo: Vec<String>,
    /// How starts are spaced [default: as the file says, else poisson]
    #[arg(long, value_enum, value_name = "HOW")]
    pub arrivals: Option<Arrivals>,
    /// The most operations at the same time [default: as the file says]
    #[arg(long, value_name = "N")]
    pub clients: Option<String>,
    /// Relative distance of the rates that are told apart
    #[arg(long, value_name = "SHARE", default_value = "2%")]
    pub precision: String,
    /// The highest rate to try, per second
    #[arg(long, value_name = "RATE")]
    pub max: Option<String>,
    /// When to end at the latest, with what is known then
    #[arg(long, value_name = "DURATION", default_value = "15m")]
    pub max_time: String,
    /// Where results go: empty or new [default: results/<workload>-<UTC time>]
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Run against a server that already runs, or the built-in target: as for `run`
    #[arg(long, value_name = "URL")]
    pub target: Option<String>,
    /// Let sessions in this database of the target write (else all are read-only)
    #[arg(long, value_name = "NAME")]
    pub allow_writes_to: Option<String>,
    /// Load the dataset into a new schema of the target's database instead of a database of its own
    #[arg(long, value_name = "NAME")]
    pub schema: Option<String>,
    /// Leave the database that was made on the target
    #[arg(long)]
    pub keep: bool,
    /// Keep values of somebody's data in the result: parameters of the slowest operations, and what stands in plans
    #[arg(long)]
    pub keep_detail: bool,
    /// Folder with the PostgreSQL binaries to start
    #[arg(long, value_name = "DIR")]
    pub pg_bindir: Option<PathBuf>,
    /// Override a key of the file; the value is TOML, bare words allowed (repeatable)
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub set: Vec<String>,
    /// Seed of draws and schedules
    #[arg(long, value_name = "N")]
    pub seed: Option<String>,
    /// Length of the measurement of each probe; longer where hardly anything arrives [default: as the objectives need]
    #[arg(long, value_name = "DURATION")]
    pub measure: Option<String>,
    /// Length of the warm-up of each probe [default: as the objectives need]
    #[arg(long, value_name = "DURATION")]
    pub warmup: Option<String>,
    /// Search only this variant (repeatable)
    #[arg(long, value_name = "VARIANT")]
    pub only: Vec<String>,
    /// What stdout gets: the result folder's path, or search.json
    #[arg(long, value_enum, default_value_t = Format::Text, value_name = "FORMAT")]
    pub format: Format,
    /// No progress and no table; errors and warnings only
    #[arg(long)]
    pub quiet: bool,
    /// No progress
    #[arg(long)]
    pub no_progress: bool,
    /// Colours
    #[arg(long, value_enum, default_value_t = Color::Auto, value_name = "WHEN")]
    pub color: Color,
}

/// How starts are spaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Arrivals {
    /// Exponential gaps, as of many users who do not know of each other.
    Poisson,
    /// Equal gaps.
    Constant,
}

impl SearchArgs {
    /// What a run would be given.
    #[must_use]
    pub fn as_run(&self) -> RunArgs {
        let mut set = self.set.clone();
        set.extend(self.clients.iter().map(|clients| format!("load.clients={clients}")));
        RunArgs {
            files: vec![self.file.clone()],
            out: self.out.clone(),
            target: self.target.clone(),
            allow_writes_to: self.allow_writes_to.clone(),
            schema: self.schema.clone(),
            keep: self.keep,
            keep_detail: self.keep_detail,
            pg_bindir: self.pg_bindir.clone(),
            overrides: OverrideArgs {
                set,
                seed: self.seed.clone(),
                rounds: None,
                until: None,
                max_rounds: None,
                measure: self.measure.clone(),
                warmup: self.warmup.clone(),
                only: self.only.clone(),
            },
            strict: false,
            format: self.format,
            quiet: self.quiet,
            no_progress: self.no_progress,
            color: self.color,
        }
    }
}
