//! The arguments as typed. What they mean is decided in the subcommand's own file.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use super::cache::CacheArgs;
use super::manual::{CompletionsArgs, ManArgs};
use super::search::args as search;

/// Which way of using my database is better, by how much, and why?
#[derive(Debug, Parser)]
#[command(name = "dbbench", version, about, long_about = None, arg_required_else_help = true, max_term_width = 100)]
#[command(
    after_help = "Exit codes: 0 done · 1 the run failed · 2 usage or workload file wrong · 3 an expectation was refuted, a check \
    failed, or --fail-above found a regression · 4 answers differ · 5 not valid · 130 interrupted"
)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The subcommands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run workloads and write a report for each
    #[command(after_help = "Examples:\n  dbbench run workloads/n-plus-one.toml\n  \
        dbbench run my.toml --set topology.link.rtt=2ms --rounds 10\n  dbbench run my.toml --only join --out results/join\n  \
        dbbench run my.toml --until 3% --max-rounds 40\n  \
        dbbench run my.toml --target postgresql://me@db.example.org/shop?sslmode=verify-full")]
    Run(Box<RunArgs>),
    /// Search the highest rate of arrivals at which an objective holds
    #[command(after_help = search::EXAMPLES)]
    Search(Box<search::SearchArgs>),
    /// Validate workload files without starting anything
    #[command(after_help = "Examples:\n  dbbench check workloads/*.toml")]
    Check(Box<CheckArgs>),
    /// Drop what dbbench has made in a server and not taken away
    #[command(
        after_help = "Examples:\n  dbbench clean --target postgresql://me@db.example.org/shop\n  dbbench clean --dry-run"
    )]
    Clean(CleanArgs),
    /// Rebuild summary and page of a result, also after a crash; over a folder of results write their index
    #[command(
        after_help = "Examples:\n  dbbench report results/n-plus-one-20260301T120000Z\n  dbbench report results\n  \
        dbbench report results/x --export junit=junit.xml --export hgrm --export csv\n\n\
        Over a folder of results it writes index.html there, with every run found below it, and has the page of each run link\n\
        the comparisons (`dbbench compare --format html --out FILE`) that lie in the folder. Links are relative.\n\n\
        Ends with what the result says, as the run did: 3 when an expectation was refuted, a check failed or a side is a\n\
        regression, 4 when answers differ, 5 when the figures are not valid. That the run failed or was interrupted is no fault of the report."
    )]
    Report(ReportArgs),
    /// Compare runs: which side is better, by how much, and how sure that is
    #[command(after_help = "Examples:\n  dbbench compare results/before results/after\n  \
        dbbench compare a1,a2,a3 b1,b2,b3 --fail-above 5%\n  dbbench compare runs/main runs/branch --format markdown --out pr.md\n  \
        dbbench compare results/x::join results/x::batch --metric response.p99\n\n\
        A side is a result folder, several with commas between them, or a folder of them; ::VARIANT behind it names one\n\
        variant. Each side is compared with the first. From three runs a side on there are verdicts.\n\n\
        Exit codes: 0 compared · 2 usage, or the sides do not measure the same · 3 a regression beyond --fail-above (with\n\
        --strict also what is undecided) · 5 not valid")]
    Compare(CompareArgs),
    /// Compare two settings, targets or server builds of one workload, measured in turns in one run
    #[command(after_help = super::ab::AFTER_HELP)]
    Ab(Box<super::ab::AbArgs>),
    /// The results of one workload in the order of time, and where their figures change
    #[command(after_help = super::history::args::EXAMPLES)]
    History(super::history::args::HistoryArgs),
    /// Measure what dbbench itself costs on this machine; reports of later runs quote it
    #[command(after_help = "Examples:\n  dbbench calibrate\n  dbbench calibrate --seconds 60 --format json")]
    Calibrate(CalibrateArgs),
    /// What is installed, what is missing and how to get it; with --target, what is possible on a server
    #[command(after_help = "Examples:\n  dbbench doctor\n  dbbench doctor --format json\n  \
        dbbench doctor --target postgresql://me@db.example.org/shop\n\n\
        Ends with 0 when what a run needs is there, else with 1.")]
    Doctor(DoctorArgs),
    /// The workloads that come with dbbench
    #[command(after_help = "Examples:\n  dbbench list\n  dbbench list --format json")]
    List(ListArgs),
    /// Write a workload to begin with: a starter, a copy of one of the catalogue, or one that reads a server's tables
    #[command(after_help = "Examples:\n  dbbench init\n  dbbench init orders\n  dbbench init --from n-plus-one\n  \
        dbbench init shop.toml --target postgresql://reader@db.example.org/shop\n\n\
        A file that is there is never overwritten. The path of the new one is the only line on stdout.")]
    Init(InitArgs),
    /// Print the JSON Schema of workload files, for editors
    #[command(after_help = "Examples:\n  dbbench schema > dbbench.schema.json\n\n\
        Editors that know TOML use it where the first line of a workload says `#:schema ./dbbench.schema.json`.")]
    Schema,
    /// What is kept between runs, templates and datasets: list it, or make room
    #[command(
        after_help = "Examples:\n  dbbench cache\n  dbbench cache --older-than 30d\n  dbbench cache clear --older-than 30d\n\n\
        A run works on a copy of its own: what is removed is made anew by the next run that needs it. What a run is copying\n\
        stays. Calibrations are no part of this."
    )]
    Cache(CacheArgs),
    /// Print completions for a shell
    #[command(
        after_help = "Examples:\n  dbbench completions bash > ~/.local/share/bash-completion/completions/dbbench\n  \
        dbbench completions zsh > ~/.zfunc/_dbbench\n  dbbench completions fish > ~/.config/fish/completions/dbbench.fish"
    )]
    Completions(CompletionsArgs),
    /// Print the manual page, or write a page for each command
    #[command(after_help = "Examples:\n  dbbench man | man -l -\n  dbbench man --out ~/.local/share/man/man1")]
    Man(ManArgs),
}

/// Overrides that `run`, `check` and `ab` share.
#[derive(Clone, Debug, Args)]
pub struct OverrideArgs {
    /// Override a key of the file; the value is TOML, bare words allowed (repeatable)
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub set: Vec<String>,
    /// Seed of draws and of the order of variants
    #[arg(long, value_name = "N")]
    pub seed: Option<String>,
    /// Rounds: passes over all variants
    #[arg(long, value_name = "N")]
    pub rounds: Option<String>,
    /// Run rounds until every interval of the median response is this narrow to either side, for example 3%
    #[arg(long, value_name = "WIDTH")]
    pub until: Option<String>,
    /// The most rounds that --until may take [default: 60]
    #[arg(long, value_name = "N")]
    pub max_rounds: Option<String>,
    /// Length of the measurement in each slice, for example 2s
    #[arg(long, value_name = "DURATION")]
    pub measure: Option<String>,
    /// Length of the warm-up in each slice, for example 500ms
    #[arg(long, value_name = "DURATION")]
    pub warmup: Option<String>,
    /// Run only this variant; the baseline stays (repeatable)
    #[arg(long, value_name = "VARIANT")]
    pub only: Vec<String>,
}

/// Arguments of `dbbench run`.
#[derive(Debug, Args)]
pub struct RunArgs {
    /// Workload files
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Where results go: empty or new (several files: one folder per workload in it) [default: results/<workload>-<UTC time>]
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Run against a server that already runs: postgresql://user@host/dbname, host=… dbname=…, ${NAME} for a variable; or the
    /// built-in target that answers at once: null:, null:?service=1ms&rows=20; over a socket and PostgreSQL's protocol:
    /// null:?over=loopback
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
    /// Overrides.
    #[command(flatten)]
    pub overrides: OverrideArgs,
    /// Undecided expectations end with exit code 3
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

/// Arguments of `dbbench check`.
#[derive(Debug, Args)]
pub struct CheckArgs {
    /// Workload files
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Check also what a server that already runs asks for; nothing is connected to
    #[arg(long, value_name = "URL")]
    pub target: Option<String>,
    /// As for `run`: statements that change this database of the target are not refused
    #[arg(long, value_name = "NAME")]
    pub allow_writes_to: Option<String>,
    /// Overrides.
    #[command(flatten)]
    pub overrides: OverrideArgs,
    /// Colours
    #[arg(long, value_enum, default_value_t = Color::Auto, value_name = "WHEN")]
    pub color: Color,
}

/// Arguments of `dbbench clean`.
#[derive(Debug, Args)]
pub struct CleanArgs {
    /// The server: postgresql://user@host/dbname, host=… dbname=…; PG* variables complete it [default: they alone]
    #[arg(long, value_name = "URL", default_value = "", hide_default_value = true)]
    pub target: String,
    /// Only say what would be dropped
    #[arg(long)]
    pub dry_run: bool,
}

/// Arguments of `dbbench report`.
#[derive(Debug, Args)]
pub struct ReportArgs {
    /// A result folder, or a folder of results
    #[arg(value_name = "DIR")]
    pub dir: PathBuf,
    /// Write the result also as hgrm (percentiles for HdrHistogram's plotters), csv, openmetrics, junit, github (annotations,
    /// to stderr) or step-summary (Markdown, appended to $GITHUB_STEP_SUMMARY); repeatable [default FILE: in the result folder]
    #[arg(long, value_name = "FORMAT[=FILE]", value_parser = super::report::export::parse)]
    pub export: Vec<super::report::export::Export>,
    /// Undecided expectations end with exit code 3
    #[arg(long)]
    pub strict: bool,
    /// What stdout gets: the path of what was written, or summary.json, or the index as JSON
    #[arg(long, value_enum, default_value_t = Format::Text, value_name = "FORMAT")]
    pub format: Format,
    /// Colours
    #[arg(long, value_enum, default_value_t = Color::Auto, value_name = "WHEN")]
    pub color: Color,
}

/// Arguments of `dbbench compare`.
#[derive(Debug, Args)]
pub struct CompareArgs {
    /// Sides: DIR, DIR1,DIR2,DIR3, a folder of results, each also with ::VARIANT
    #[arg(required = true, num_args = 2.., value_name = "SIDE")]
    pub sides: Vec<String>,
    /// Compare this metric instead of response p50, p99, mean and goodput (repeatable; the first one is the headline)
    #[arg(long, value_name = "METRIC")]
    pub metric: Vec<String>,
    /// Compare only this variant (repeatable)
    #[arg(long, value_name = "VARIANT")]
    pub only: Vec<String>,
    /// Of folders of results only the runs of this workload
    #[arg(long, value_name = "NAME")]
    pub workload: Option<String>,
    /// Folder of results that tell how runs of the same workload on the same machine differ by themselves, for sides of
    /// fewer than three runs; five at least [default: the folders that the results are in]
    #[arg(long, value_name = "DIR")]
    pub history: Option<PathBuf>,
    /// End with exit code 3 where the verdict is to the worse and the estimate beyond this, for example 5%
    #[arg(long, value_name = "SHARE")]
    pub fail_above: Option<String>,
    /// Undecided comparisons end with exit code 3
    #[arg(long)]
    pub strict: bool,
    /// Compare also what does not measure the same
    #[arg(long)]
    pub force: bool,
    /// What is written
    #[arg(long, value_enum, default_value_t = CompareFormat::Text, value_name = "FORMAT")]
    pub format: CompareFormat,
    /// Where it is written [default: stdout]
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Colours
    #[arg(long, value_enum, default_value_t = Color::Auto, value_name = "WHEN")]
    pub color: Color,
}

/// What `dbbench compare` writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum CompareFormat {
    /// Tables for a terminal.
    Text,
    /// One page that needs nothing else.
    Html,
    /// For a pull request.
    Markdown,
    /// For programs; docs/compare.md says what each field means.
    Json,
    /// A row for each comparison.
    Csv,
}

/// Arguments of `dbbench calibrate`.
#[derive(Debug, Args)]
pub struct CalibrateArgs {
    /// How long to measure, in seconds
    #[arg(long, value_name = "N", default_value_t = 12, value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub seconds: u64,
    /// Keep this calibration also where an earlier one is longer and has a narrower range
    #[arg(long)]
    pub replace: bool,
    /// What stdout gets: a table, or the calibration as JSON
    #[arg(long, value_enum, default_value_t = Format::Text, value_name = "FORMAT")]
    pub format: Format,
}

/// Arguments of `dbbench doctor`.
#[derive(Debug, Args)]
pub struct DoctorArgs {
    /// Look also at a server that already runs; nothing is changed there
    #[arg(long, value_name = "URL")]
    pub target: Option<String>,
    /// Folder with the PostgreSQL binaries to look at
    #[arg(long, value_name = "DIR")]
    pub pg_bindir: Option<PathBuf>,
    /// What stdout gets: a list for people, or JSON
    #[arg(long, value_enum, default_value_t = Format::Text, value_name = "FORMAT")]
    pub format: Format,
}

/// Arguments of `dbbench list`.
#[derive(Debug, Args)]
pub struct ListArgs {
    /// What stdout gets: a list for people, or JSON
    #[arg(long, value_enum, default_value_t = Format::Text, value_name = "FORMAT")]
    pub format: Format,
}

/// Arguments of `dbbench init`.
#[derive(Debug, Args)]
pub struct InitArgs {
    /// The file to write; NAME alone means NAME.toml [default: starter.toml, the workload's name, or the database's]
    #[arg(value_name = "NAME|FILE")]
    pub file: Option<String>,
    /// Copy a workload of the catalogue (`dbbench list`)
    #[arg(long, value_name = "NAME", conflicts_with = "target")]
    pub from: Option<String>,
    /// Read the tables of this server, with their keys and foreign keys, and write a workload that reads them
    #[arg(long, value_name = "URL")]
    pub target: Option<String>,
}

/// What stdout gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people; the last line about a result is its folder's path.
    Text,
    /// For programs: `summary.json` or the calibration alone.
    Json,
}

/// When to use colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// When stderr is a terminal and NO_COLOR is not set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

impl Color {
    /// Whether text for people is coloured.
    #[must_use]
    pub fn is_on(self) -> bool {
        match self {
            Self::Always => true,
            Self::Never => false,
            Self::Auto => {
                std::env::var_os("NO_COLOR").is_none() && std::io::IsTerminal::is_terminal(&std::io::stderr())
            }
        }
    }
}
