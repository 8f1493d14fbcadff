//! What follows a slice: checks and the sizes of tables, on the state that it has left, before that is given up.

use std::cell::RefCell;

use super::Command;
use super::checks::{Counts, judge, unanswered};
use super::tables::{self, Size};
use crate::driver::{Control, DriverError, Endpoint, Target};
use crate::engine::SliceOutcome;
use crate::metrics::{Counters, SliceMetrics};
use crate::result::slice::{CheckRecord, TableRecord};
use crate::workload::plan::{CheckPlan, Plan};

/// What is found after a slice.
#[derive(Debug, Default)]
pub struct Found {
    /// Each check.
    pub checks: Vec<CheckRecord>,
    /// Each table of a state that is written to.
    pub tables: Vec<TableRecord>,
}

/// What is known of the states that variants run on.
#[derive(Debug)]
pub struct After {
    /// By variant and operation: everything since the state was made.
    counts: Vec<Vec<Counters>>,
    /// By variant: its tables as the slice before has left them, as long as the state lasts.
    left: Vec<Option<Vec<Size>>>,
    /// The tables when the slice in progress began; `None` where nothing is written, or they are not known.
    before: Option<Vec<Size>>,
    /// Where the state of the slice in progress is; `None` on the null target.
    place: Option<Endpoint>,
}

impl After {
    /// Before any slice.
    pub fn new(plan: &Plan) -> Self {
        let counts = plan.variants.iter().map(|variant| vec![Counters::default(); variant.operations.len()]);
        Self { counts: counts.collect(), left: vec![None; plan.variants.len()], before: None, place: None }
    }

    /// The state of a variant was made anew.
    pub fn state_is_new(&mut self, variant: usize) {
        self.counts[variant].iter_mut().for_each(|counters| *counters = Counters::default());
        self.left[variant] = None;
    }

    /// A slice begins, its sessions going to `target`; `direct` is the way to the same server without a link.
    pub fn slice_begins(&mut self, direct: &Target, target: &Target) {
        self.place = match (direct, target) {
            (Target::Postgres(direct), Target::Postgres(target)) => {
                Some(Endpoint { database: target.database.clone(), ..direct.clone() })
            }
            _ => None,
        };
    }

    /// Looks at the tables that the slice is going to write to.
    pub fn look(&mut self, command: &Command<'_>, variant: usize) {
        self.before = self.left[variant].take();
        if let (None, Some(place)) = (&self.before, &self.place) {
            let look = async {
                let control = Control::connect(place).await.ok()?;
                let sizes = reading(&control, tables::untouched).await.ok();
                control.close().await;
                sizes
            };
            self.before = command.wait(look).ok().flatten();
        }
    }

    /// What is found after a slice; no check is made where it failed or was cut, since it has not done what they expect.
    pub fn slice_closed(&mut self, command: &Command<'_>, plan: &Plan, outcome: &SliceOutcome) -> Found {
        let variant = outcome.slice.variant;
        add(&mut self.counts[variant], &outcome.metrics);
        let (checks, counts) = (&plan.variants[variant].checks, &self.counts[variant]);
        let before = self.before.take();
        let found = RefCell::new(Found::default());
        let is_asked = !checks.is_empty() || before.is_some();
        if let Some(place) = self.place.as_ref().filter(|_| outcome.metrics.failed.is_none() && is_asked) {
            let make = async {
                let control = Control::connect(place).await;
                make(&control, checks, counts, &found).await;
                let Ok(control) = control else { return };
                if let (Some(before), Ok(after)) = (before, reading(&control, tables::counted).await) {
                    found.borrow_mut().tables = tables::changes(&before, &after);
                    self.left[variant] = Some(after);
                }
                control.close().await;
            };
            // Whoever asks for the end does not wait for a query; what was found until then is kept.
            let _ = command.wait(make);
        }
        found.into_inner()
    }
}

fn add(counts: &mut [Counters], metrics: &SliceMetrics) {
    for phase in [&metrics.warmup, &metrics.total] {
        for (sum, operation) in counts.iter_mut().zip(&phase.operations) {
            sum.merge(&operation.counters);
        }
    }
}

/// Makes the checks one after the other; none can change what it looks at.
async fn make(
    control: &Result<Control, DriverError>,
    checks: &[CheckPlan],
    counts: &[Counters],
    found: &RefCell<Found>,
) {
    for check in checks {
        let counts = Counts { operations: counts };
        let check = match control {
            Ok(control) => match reading(control, async |control| control.rows(&check.text.sql).await).await {
                Ok(rows) => judge(check, counts, &rows),
                Err(error) => unanswered(check, counts, &error),
            },
            Err(error) => unanswered(check, counts, error),
        };
        found.borrow_mut().checks.push(check);
    }
}

/// Has something read in a transaction that cannot write and takes its time: what a workload's settings limit is its load. No
/// setting outlives the transaction, since behind a pooler the session is one that others go on with.
async fn reading<T>(
    control: &Control,
    read: impl AsyncFnOnce(&Control) -> Result<T, DriverError>,
) -> Result<T, DriverError> {
    control.batch("BEGIN READ ONLY; SET LOCAL statement_timeout = 0").await?;
    let read = read(control).await;
    let ended = control.batch("ROLLBACK").await;
    let read = read?;
    ended.map(|()| read)
}
