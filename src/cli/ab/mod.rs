//! `dbbench ab`: two sides of one workload, measured in turns in one run.
//!
//! [`settings`] reads what each side sets, [`both`] makes one plan of the two, in which every variant stands twice; what
//! follows is a run like any other. The sides share a server where both would start or name the same one with the same data;
//! else each has its own, and only one of them works at a time.

mod args;
mod both;
mod settings;

pub use args::{AFTER_HELP, AbArgs};

use self::args::Side;
use self::both::Both;
use super::args::RunArgs;
use super::arrivals;
use super::catalogue;
use super::compare::{can_be_worse, metric, recorded, share};
use super::failure::Failure;
use super::run::{self, Command, Stage, refuse_statements};
use super::until::{self, Goal};
use crate::result::sides::{Difference, SidesRecord};
use crate::words::{ExitCode, Metric, redacted_target};
use crate::workload::{self, Problems};

/// What is asked of the comparison.
struct Asked {
    goal: Option<Goal>,
    fail_above: Option<f64>,
    metrics: Vec<Metric>,
}

/// Runs both sides.
///
/// # Errors
/// When the arguments or the file are wrong, or the run fails before anything is measured.
pub fn ab(args: &AbArgs) -> Result<ExitCode, Failure> {
    let asked = asked(args)?;
    let runs = [Side::A, Side::B].map(|side| args.run(side));
    let color = args.color.is_on();
    let mut both = read(args, &runs, &asked, color)?;
    if let Some(out) = &args.out {
        run::empty_or_new(out)?;
    }
    run::writable(args.out.as_deref())?;
    let one_server = share_a_server(&both, &runs);
    let record = record(&both, &runs, &asked, one_server);
    both.plan.warnings.extend(record.differ.is_empty().then(|| SAME.to_owned()));
    run::with_command(&runs[0], |command| {
        let set = |command: &Command<'_>| {
            let mut stage = stage(command, &both, &runs, one_server)?;
            told_apart(&mut stage, &record);
            Ok(stage)
        };
        command.run_on(&both.plan, args.out.as_deref(), set)
    })
}

/// What is said where nothing differs.
const SAME: &str = "nothing tells the sides apart: what is measured is how much two sides differ by chance";

fn asked(args: &AbArgs) -> Result<Asked, Failure> {
    let servers =
        [Side::A, Side::B].iter().any(|side| args.own_target(*side).is_some() || args.own_pg_bindir(*side).is_some());
    if args.a.is_empty() && args.b.is_empty() && !servers {
        return usage(
            "nothing is said about the sides: give at least one of --a, --b, --a-target, --b-target, --a-pg-bindir and \
             --b-pg-bindir, for example --b topology.link.rtt=2ms; equal values on both sides measure how much they differ by chance",
        );
    }
    let fail_above = match &args.fail_above {
        None => None,
        Some(text) => match share(text) {
            Some(share) => Some(share),
            None => {
                return usage(format!(
                    "`--fail-above` takes a share from 0 % on, for example 2% or 0.02, got `{text}`"
                ));
            }
        },
    };
    let metrics: Vec<Metric> = args.metric.iter().map(|name| metric(name)).collect::<Result<_, _>>()?;
    if !metrics.is_empty() && fail_above.is_none() && !args.strict {
        return usage("`--metric` says what --fail-above (or --strict) is about: give that too");
    }
    if fail_above.is_some() {
        can_be_worse(&metrics)?;
    }
    Ok(Asked { goal: until::goal(&args.overrides)?, fail_above, metrics })
}

fn usage<T>(rule: impl Into<String>) -> Result<T, Failure> {
    Err(Failure::text(ExitCode::Usage, rule))
}

/// Reads the file once for each side. All that is wrong is said at once.
fn read(args: &AbArgs, runs: &[RunArgs; 2], asked: &Asked, color: bool) -> Result<Both, Failure> {
    let [a, b] = [settings::of_side(args, Side::A)?, settings::of_side(args, Side::B)?];
    let plans = [workload::load(&args.file, &a), workload::load(&args.file, &b)];
    let (a, b) = match plans {
        [Ok(a), Ok(b)] => (a, b),
        [a, b] => return Err(wrong(args, a.err(), b.err(), color)),
    };
    for (side, run, plan) in [(Side::A, &runs[0], &a), (Side::B, &runs[1], &b)] {
        let external = plan.topology.external.as_ref().map(|external| external.primary.as_str());
        settings::can_be_set(args, side, run.target.as_deref().or(external))?;
        refuse_statements(plan, run.target.as_deref(), run.allow_writes_to.as_deref(), color)?;
    }
    let records = [&a, &b].into_iter().flat_map(|plan| &plan.variants).flat_map(|variant| variant.records());
    recorded(&asked.metrics, &records.collect())?;
    let mut both = Both::of(a, b);
    if !both.plan.origins.contains_key("compare.margin") {
        let finest = asked.fail_above.into_iter().chain(asked.goal.map(|goal| goal.half_width()));
        both.plan.compare.margin = finest.fold(both.plan.compare.margin, f64::min);
    }
    asked.goal.map_or(Ok(()), |goal| goal.lay_over(&mut both.plan))?;
    arrivals::in_every_round(&both.plan)?;
    Ok(both)
}

/// What is wrong with the file on either side; what is wrong on both is said once.
fn wrong(args: &AbArgs, a: Option<Problems>, b: Option<Problems>, color: bool) -> Failure {
    let [a, b] = [a, b].map(|problems| problems.map(|problems| problems.render(color)).unwrap_or_default());
    let mut text = a.clone();
    if a != b {
        text.push_str(&b);
    }
    text.extend(catalogue::hint(&args.file));
    Failure::rendered(ExitCode::Usage, text)
}

/// Whether both sides would start or name the same server, and load the same data into it.
fn share_a_server(both: &Both, [a, b]: &[RunArgs; 2]) -> bool {
    a.target == b.target && a.pg_bindir == b.pg_bindir && both.need_the_same()
}

fn record(both: &Both, [a, b]: &[RunArgs; 2], asked: &Asked, one_server: bool) -> SidesRecord {
    let mut differ = Vec::new();
    if a.target != b.target {
        let shown = |run: &RunArgs| run.target.as_deref().map(redacted_target);
        differ.push(Difference { what: "target".to_owned(), a: shown(a), b: shown(b) });
    }
    if a.pg_bindir != b.pg_bindir {
        let shown = |run: &RunArgs| run.pg_bindir.as_ref().map(|dir| dir.display().to_string());
        differ.push(Difference { what: "pg_bindir".to_owned(), a: shown(a), b: shown(b) });
    }
    differ.extend(both.differ.iter().cloned());
    SidesRecord {
        differ,
        one_server,
        rows: both.rows(),
        fail_above: asked.fail_above,
        metrics: asked.metrics.iter().map(Metric::name).collect(),
    }
}

/// Makes the servers ready: one for both, or one after the other.
fn stage(command: &Command<'_>, both: &Both, runs: &[RunArgs; 2], one_server: bool) -> Result<Stage, Failure> {
    if one_server {
        return Stage::set(command, &both.plan);
    }
    let nulls = [0, 1].map(|side| runs[side].target.as_deref().is_some_and(|target| target.starts_with("null:")));
    if nulls[0] != nulls[1] {
        return usage(
            "one side is the null target and the other a server: their times have nothing in common to compare",
        );
    }
    let [a, b] = [(Side::A, &runs[0], &both.sides[0]), (Side::B, &runs[1], &both.sides[1])];
    let set = |(side, run, plan): (Side, _, _)| {
        let on_side = |failure: Failure| failure.on(&format!("side {}", side.label()));
        Stage::set(&command.with(run), plan).map_err(on_side)
    };
    let first = set(a)?;
    match set(b) {
        Ok(second) => Ok(Stage::joined(first, second)),
        Err(failure) => {
            first.strike(command);
            Err(failure)
        }
    }
}

/// Adds what only the servers know: versions that differ, and a standby beside a primary.
fn told_apart(stage: &mut Stage, record: &SidesRecord) {
    let mut record = record.clone();
    if let [a, b] = stage.known.endpoints.as_slice()
        && a.version != b.version
    {
        let difference =
            Difference { what: "server".to_owned(), a: Some(a.version.clone()), b: Some(b.version.clone()) };
        record.differ.insert(0, difference);
    }
    stage.known.sides = Some(record);
}
