//! What follows a slice: the checks, on the state that it has left, before that is given up.

use std::cell::RefCell;

use super::Command;
use super::checks::{Counts, judge, unanswered};
use super::copies::READ_ONLY;
use crate::driver::{Control, DriverError, Endpoint, Target};
use crate::engine::SliceOutcome;
use crate::metrics::{Counters, SliceMetrics};
use crate::result::slice::CheckRecord;
use crate::workload::plan::{CheckPlan, Plan};

/// What is known of the states that variants run on.
#[derive(Debug)]
pub struct After {
    /// By variant and operation: everything since the state was made.
    counts: Vec<Vec<Counters>>,
    /// Where the state of the slice in progress is; `None` on the null target.
    place: Option<Endpoint>,
}

impl After {
    /// Before any slice.
    pub fn new(plan: &Plan) -> Self {
        let counts = plan.variants.iter().map(|variant| vec![Counters::default(); variant.operations.len()]);
        Self { counts: counts.collect(), place: None }
    }

    /// The state of a variant was made anew.
    pub fn state_is_new(&mut self, variant: usize) {
        self.counts[variant].iter_mut().for_each(|counters| *counters = Counters::default());
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

    /// What the checks find after a slice; nothing where it failed or was cut, since it has not done what they expect.
    pub fn slice_closed(&mut self, command: &Command<'_>, plan: &Plan, outcome: &SliceOutcome) -> Vec<CheckRecord> {
        let variant = outcome.slice.variant;
        add(&mut self.counts[variant], &outcome.metrics);
        let (checks, counts) = (&plan.variants[variant].checks, &self.counts[variant]);
        let Some(place) = self.place.as_ref().filter(|_| outcome.metrics.failed.is_none() && !checks.is_empty()) else {
            return Vec::new();
        };
        let done = RefCell::new(Vec::new());
        // Whoever asks for the end does not wait for a query; what was found until then is kept.
        let _ = command.wait(make(place, checks, counts, &done));
        done.into_inner()
    }
}

fn add(counts: &mut [Counters], metrics: &SliceMetrics) {
    for phase in [&metrics.warmup, &metrics.total] {
        for (sum, operation) in counts.iter_mut().zip(&phase.operations) {
            sum.merge(&operation.counters);
        }
    }
}

/// Makes the checks one after the other, in a session that cannot change what it looks at.
async fn make(place: &Endpoint, checks: &[CheckPlan], counts: &[Counters], done: &RefCell<Vec<CheckRecord>>) {
    let control = connect(place).await;
    for check in checks {
        let counts = Counts { operations: counts };
        let found = match &control {
            Ok(control) => match control.rows(&check.text.sql).await {
                Ok(rows) => judge(check, counts, &rows),
                Err(error) => unanswered(check, counts, &error),
            },
            Err(error) => unanswered(check, counts, error),
        };
        done.borrow_mut().push(found);
    }
    if let Ok(control) = control {
        control.close().await;
    }
}

async fn connect(place: &Endpoint) -> Result<Control, DriverError> {
    let control = Control::connect(place).await?;
    // What a workload's settings limit is its load.
    control.batch(&format!("SET statement_timeout = 0; SET {READ_ONLY} = on")).await?;
    Ok(control)
}
