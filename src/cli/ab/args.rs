//! The arguments of `dbbench ab` as typed.

use std::path::PathBuf;

use clap::Args;

use crate::cli::args::{Color, Format, OverrideArgs, RunArgs};

/// What `--help` says after the options.
pub const AFTER_HELP: &str = "Examples:\n  \
    dbbench ab workloads/n-plus-one.toml --only join --a topology.link.rtt=500us --b topology.link.rtt=1ms\n  \
    dbbench ab my.toml --b topology.settings.work_mem=64MB --until 2% --fail-above 2%\n  \
    dbbench ab my.toml --a-pg-bindir /usr/lib/postgresql/16/bin --b-pg-bindir /usr/lib/postgresql/17/bin\n  \
    dbbench ab my.toml --a-target postgresql://me@db1.example.org/shop --b-target postgresql://me@db2.example.org/shop\n\n\
    Both sides are the workload of FILE; what --a and --b say is laid over it on one side only. Each round measures every\n\
    variant on both sides, one right after the other, and each variant of side b is compared with itself on side a. --only\n\
    means the named variants alone. Differences as small as --until or --fail-above names count as differences\n\
    (compare.margin), unless --set says otherwise.\n\n\
    Exit codes: as of run; 3 also for a regression of side b beyond --fail-above (with --strict for what is undecided)";

/// Arguments of `dbbench ab`.
#[derive(Debug, Args)]
pub struct AbArgs {
    /// A workload file
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// A key of the file on side a; what --set takes (repeatable)
    #[arg(long = "a", value_name = "KEY=VALUE")]
    pub a: Vec<String>,
    /// The same on side b (repeatable)
    #[arg(long = "b", value_name = "KEY=VALUE")]
    pub b: Vec<String>,
    /// The server of side a, as --target of run
    #[arg(long, value_name = "URL")]
    pub a_target: Option<String>,
    /// The server of side b
    #[arg(long, value_name = "URL")]
    pub b_target: Option<String>,
    /// Folder with the PostgreSQL binaries to start for side a
    #[arg(long, value_name = "DIR")]
    pub a_pg_bindir: Option<PathBuf>,
    /// The same for side b
    #[arg(long, value_name = "DIR")]
    pub b_pg_bindir: Option<PathBuf>,
    /// End with exit code 3 where a verdict says that side b is worse and the estimate is beyond this, for example 2%
    #[arg(long, value_name = "SHARE")]
    pub fail_above: Option<String>,
    /// Of which metrics that is asked, instead of all that are compared (repeatable)
    #[arg(long, value_name = "METRIC")]
    pub metric: Vec<String>,
    /// Where the result goes: empty or new [default: results/<workload>-<UTC time>]
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// The server of both sides, where they do not name their own
    #[arg(long, value_name = "URL")]
    pub target: Option<String>,
    /// Let sessions in this database of the targets write (else all are read-only)
    #[arg(long, value_name = "NAME")]
    pub allow_writes_to: Option<String>,
    /// Load the dataset into a new schema of the target's database instead of a database of its own
    #[arg(long, value_name = "NAME")]
    pub schema: Option<String>,
    /// Leave the databases that were made on targets
    #[arg(long)]
    pub keep: bool,
    /// Keep values of somebody's data in the result: parameters of the slowest operations, and what stands in plans
    #[arg(long)]
    pub keep_detail: bool,
    /// Folder with the PostgreSQL binaries to start for both sides, where they do not name their own
    #[arg(long, value_name = "DIR")]
    pub pg_bindir: Option<PathBuf>,
    /// Overrides of both sides.
    #[command(flatten)]
    pub overrides: OverrideArgs,
    /// Undecided expectations and comparisons end with exit code 3
    #[arg(long)]
    pub strict: bool,
    /// What stdout gets: the result folder's path, or summary.json
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

/// One of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The first.
    A,
    /// The one that is compared with it.
    B,
}

impl Side {
    /// As results name it.
    pub fn label(self) -> &'static str {
        match self {
            Self::A => "a",
            Self::B => "b",
        }
    }

    /// The option that sets a key on it.
    pub fn option(self) -> &'static str {
        match self {
            Self::A => "--a",
            Self::B => "--b",
        }
    }
}

impl AbArgs {
    /// What is set on one side.
    pub fn set(&self, side: Side) -> &[String] {
        match side {
            Side::A => &self.a,
            Side::B => &self.b,
        }
    }

    /// The target that a side names itself.
    pub fn own_target(&self, side: Side) -> Option<&str> {
        match side {
            Side::A => self.a_target.as_deref(),
            Side::B => self.b_target.as_deref(),
        }
    }

    /// The binaries that a side names itself.
    pub fn own_pg_bindir(&self, side: Side) -> Option<&PathBuf> {
        match side {
            Side::A => self.a_pg_bindir.as_ref(),
            Side::B => self.b_pg_bindir.as_ref(),
        }
    }

    /// A side as a run of its own.
    pub fn run(&self, side: Side) -> RunArgs {
        RunArgs {
            files: vec![self.file.clone()],
            out: self.out.clone(),
            target: self.own_target(side).map(str::to_owned).or_else(|| self.target.clone()),
            allow_writes_to: self.allow_writes_to.clone(),
            schema: self.schema.clone(),
            keep: self.keep,
            keep_detail: self.keep_detail,
            pg_bindir: self.own_pg_bindir(side).cloned().or_else(|| self.pg_bindir.clone()),
            overrides: self.overrides.clone(),
            strict: self.strict,
            format: self.format,
            quiet: self.quiet,
            no_progress: self.no_progress,
            color: self.color,
        }
    }
}
