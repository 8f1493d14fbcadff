//! `--until` and `--max-rounds`: rounds are run until the intervals are narrow enough.

use super::args::OverrideArgs;
use super::failure::Failure;
use crate::engine;
use crate::stats::FIRST_LOOK;
use crate::words::ExitCode;
use crate::workload::plan::{Plan, UntilPlan};

/// The most rounds, where `--max-rounds` says nothing.
const MAX_ROUNDS: u32 = 60;
/// No number of rounds is larger.
const ROUNDS: u32 = 10_000;

/// What the two options ask for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Goal {
    /// As a share of the ratio: 0.03 for `3%`.
    half_width: f64,
    max_rounds: u32,
}

/// Reads the options; `None` when the number of rounds is fixed.
///
/// # Errors
/// When they are wrong, contradict each other, or another option says how many rounds there are.
pub fn goal(args: &OverrideArgs) -> Result<Option<Goal>, Failure> {
    let Some(text) = &args.until else {
        return match args.max_rounds {
            None => Ok(None),
            Some(_) => {
                refuse("`--max-rounds` limits the rounds of `--until`: give both, or `--rounds` for a fixed number")
            }
        };
    };
    let Some(half_width) = half_width(text) else {
        return refuse(format!(
            "`--until` takes a width above 0.1 % and at most 100 %, for example 3% or 0.03, got `{text}`"
        ));
    };
    let max_rounds = match &args.max_rounds {
        None => MAX_ROUNDS,
        Some(text) => match text.parse() {
            Ok(rounds) if (FIRST_LOOK..=ROUNDS).contains(&rounds) => rounds,
            _ => {
                return refuse(format!(
                    "`--max-rounds` must be between {FIRST_LOOK} (the first look at the intervals) and {ROUNDS}, got `{text}`"
                ));
            }
        },
    };
    let fixed = args.set.iter().any(|set| set.split('=').next().is_some_and(|key| key.trim() == "run.rounds"));
    if fixed || args.rounds.is_some() {
        let other = if fixed { "--set run.rounds" } else { "--rounds" };
        return refuse(format!(
            "`--until` and `{other}` both say how many rounds there are: take one out (`--max-rounds` limits `--until`)"
        ));
    }
    Ok(Some(Goal { half_width, max_rounds }))
}

/// `3%`, `3 %` or `0.03`, above what any interval reaches and at most 1.
fn half_width(text: &str) -> Option<f64> {
    let share = match text.trim().strip_suffix('%') {
        Some(percent) => percent.trim().parse::<f64>().ok()? / 100.0,
        None => text.trim().parse().ok()?,
    };
    (share > 0.001 && share <= 1.0).then_some(share)
}

impl Goal {
    /// Half-width asked for, as a share of the ratio.
    pub fn half_width(self) -> f64 {
        self.half_width
    }

    /// Lays the goal over a plan, whose own number of rounds it replaces.
    ///
    /// # Errors
    /// When the plan compares nothing, or its intervals cannot become so narrow.
    pub fn lay_over(self, plan: &mut Plan) -> Result<(), Failure> {
        if let [only] = plan.variants.as_slice() {
            return refuse(format!(
                "`--until` is about intervals of comparisons, but \"{}\" runs one variant, \"{}\": use `--rounds`",
                plan.name, only.name
            ));
        }
        if engine::precision(plan).digits() < 3 && self.half_width <= 0.01 {
            return refuse(format!(
                "`--until` must be above 1 % for \"{}\", whose histograms have two digits (within 1 %) to stay below 256 MB: \
                 take a larger width, or fewer operations or workers",
                plan.name
            ));
        }
        plan.run.rounds = self.max_rounds;
        plan.run.until = Some(UntilPlan { half_width: self.half_width, min_rounds: FIRST_LOOK });
        plan.origins.insert("run.rounds".to_owned(), "--until".to_owned());
        Ok(())
    }
}

fn refuse<T>(rule: impl Into<String>) -> Result<T, Failure> {
    Err(Failure::text(ExitCode::Usage, rule.into()))
}

#[cfg(test)]
mod tests {
    use super::half_width;

    #[test]
    fn a_width_is_a_percentage_or_a_share() {
        assert_eq!(["3%", " 3 % ", "0.03", "100%", "1"].map(half_width), [0.03, 0.03, 0.03, 1.0, 1.0].map(Some));
        for wrong in ["", "%", "3", "0%", "0.1%", "-3%", "NaN", "inf", "three", "3%%"] {
            assert_eq!(half_width(wrong), None, "{wrong}");
        }
    }
}
