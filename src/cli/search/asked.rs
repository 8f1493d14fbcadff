//! What the options of a search ask for, and how its slices follow from that.

use std::time::Duration;

use super::args::{Arrivals, SearchArgs};
use super::objective::{self, Objective};
use crate::cli::failure::Failure;
use crate::verdict::duration_s;
use crate::words::ExitCode;
use crate::workload::plan::{ArrivalsPlan, LoadPlan, Plan, RatePlan, VariantPlan};

/// Probes have settled after the time that operations are allowed divided by the precision: nearer to saturation than that
/// rates are not told apart. No longer than this though, s.
const LONGEST_WARMUP_S: f64 = 10.0;
/// How many times as long is measured.
const PER_WARMUP: f64 = 10.0;
/// The measurement of a probe, s.
const MEASURE_S: (f64, f64) = (5.0, 60.0);
/// Operations that are expected in one at least, however short it was asked to be.
const OPERATIONS: f64 = 20.0;
/// Measurement of the capacity.
const CAPACITY: Duration = Duration::from_secs(3);
/// What a search usually takes.
const PROBES: (u32, u32) = (12, 35);
/// Starting workers, connecting, draining.
const OVERHEAD_S: f64 = 0.2;

/// The options, read.
#[derive(Clone, Debug)]
pub struct Asked {
    /// All have to hold.
    pub objectives: Vec<Objective>,
    /// Relative distance of neighbouring rates.
    pub precision: f64,
    /// No rate above is tried.
    pub highest_per_s: Option<f64>,
    /// For all variants together.
    pub max_time: Duration,
    arrivals: ArrivalsPlan,
    fixed_warmup: bool,
    fixed_measure: bool,
}

impl Asked {
    /// Reads them.
    ///
    /// # Errors
    /// When one is wrong.
    pub fn read(args: &SearchArgs) -> Result<Self, Failure> {
        let objectives = args.slo.iter().map(|text| objective::parse(text)).collect::<Result<Vec<_>, _>>()?;
        for (at, later) in objectives.iter().enumerate() {
            if objectives[..at].iter().any(|earlier| earlier.record().metric == later.record().metric) {
                return refuse(format!("`--slo` bounds {} twice: give the lower bound alone", later.record().metric));
            }
        }
        Ok(Self {
            objectives,
            precision: precision(&args.precision)?,
            highest_per_s: args.max.as_deref().map(highest).transpose()?,
            max_time: max_time(&args.max_time)?,
            arrivals: ArrivalsPlan::Poisson,
            fixed_warmup: args.warmup.is_some(),
            fixed_measure: args.measure.is_some(),
        })
    }

    /// Makes all variants of the plan open loops.
    ///
    /// # Errors
    /// When their load cannot be one of a steady rate.
    pub fn lay_over(&mut self, args: &SearchArgs, plan: &mut Plan) -> Result<(), Failure> {
        let of_file = plan.variants.iter().find_map(|variant| match variant.load {
            LoadPlan::Open { arrivals, .. } => Some(arrivals),
            LoadPlan::Closed { .. } | LoadPlan::ClosedStages { .. } => None,
        });
        self.arrivals = match args.arrivals {
            Some(Arrivals::Poisson) => ArrivalsPlan::Poisson,
            Some(Arrivals::Constant) => ArrivalsPlan::Constant,
            None => of_file.unwrap_or(ArrivalsPlan::Poisson),
        };
        if args.arrivals.is_none() {
            self.same_arrivals(plan)?;
        }
        let name = plan.name.clone();
        // What was asked for by name alone; the baseline is no part of a search.
        if !args.only.is_empty() {
            let baseline = plan.variants[plan.compare.baseline].name.clone();
            if !args.only.contains(&baseline) && plan.variants.len() > 1 {
                plan.variants.retain(|variant| args.only.contains(&variant.name));
                plan.compare.baseline = 0;
            }
        }
        // They are about rounds.
        (plan.claims, plan.expectations) = (Vec::new(), Vec::new());
        for variant in &mut plan.variants {
            if !variant.load.stages().is_empty() {
                return refuse(format!(
                    "\"{name}\" has `load.stages`, whose rate or clients change in the course of a slice; a search sets a steady \
                     rate: take them out, or give it a file of its own that includes this one"
                ));
            }
            if !variant.load.think().is_zero() {
                plan.warnings.push(format!(
                    "variant \"{}\": `load.think` is left out, since arrivals do not wait for anybody",
                    variant.name
                ));
            }
            variant.count = None;
            variant.load = self.load(variant, 1.0);
        }
        Ok(())
    }

    /// Where variants of the file differ in their arrivals, the option has to say which is meant.
    fn same_arrivals(&self, plan: &Plan) -> Result<(), Failure> {
        let other = plan
            .variants
            .iter()
            .find(|variant| matches!(variant.load, LoadPlan::Open { arrivals, .. } if arrivals != self.arrivals));
        other.map_or(Ok(()), |other| {
            refuse(format!(
                "variant \"{}\" has other `load.arrivals` than the rest: say which with --arrivals",
                other.name
            ))
        })
    }

    /// The load of a probe.
    #[must_use]
    pub fn load(&self, variant: &VariantPlan, rate_per_s: f64) -> LoadPlan {
        let rate = RatePlan::Steady(rate_per_s);
        LoadPlan::Open { clients: variant.load.clients(), arrivals: self.arrivals, rate }
    }

    /// The load whose rate is about the highest of all.
    #[must_use]
    pub fn closed(variant: &VariantPlan) -> LoadPlan {
        LoadPlan::Closed { clients: variant.load.clients(), think: Duration::ZERO }
    }

    /// How starts are spaced.
    #[must_use]
    pub fn arrivals_word(&self) -> &'static str {
        self.arrivals.word()
    }

    fn settling_s(&self) -> Option<f64> {
        let patience = self.objectives.iter().filter_map(Objective::patience_s).fold(0.0, f64::max);
        (patience > 0.0).then(|| (patience / self.precision).min(LONGEST_WARMUP_S))
    }

    /// Warm-up and measurement of a probe: until the queue is as it will be, and long enough for what is rare.
    #[must_use]
    pub fn lengths(&self, variant: &VariantPlan, rate_per_s: f64) -> (Duration, Duration) {
        let settling_s = self.settling_s().unwrap_or(0.0);
        let warmup = match self.fixed_warmup {
            true => variant.warmup,
            false => variant.warmup.max(Duration::from_secs_f64(settling_s)),
        };
        let operations = self.objectives.iter().map(Objective::operations).fold(0.0, f64::max);
        let measure_s = match self.fixed_measure {
            true => variant.measure.as_secs_f64().max(OPERATIONS / rate_per_s),
            // Whole seconds, as results have them.
            false => (settling_s * PER_WARMUP).max(MEASURE_S.0).max(operations / rate_per_s).min(MEASURE_S.1).ceil(),
        };
        let measure = Duration::from_secs_f64(measure_s);
        (warmup, measure)
    }

    /// The measurement of the capacity.
    #[must_use]
    pub fn capacity(&self, variant: &VariantPlan) -> Duration {
        if self.fixed_measure { variant.measure } else { CAPACITY }
    }

    /// What is going to happen, and for how long.
    #[must_use]
    pub fn announcement(&self, plan: &Plan) -> String {
        let objectives: Vec<&str> = self.objectives.iter().map(|objective| objective.text.as_str()).collect();
        let (mut shortest_s, mut longest_s) = (0.0, 0.0);
        for variant in &plan.variants {
            // Rates are not known yet: where few operations arrive, it takes longer.
            let (warmup, measure) = self.lengths(variant, f64::INFINITY);
            let probe_s = warmup.as_secs_f64() + measure.as_secs_f64() + OVERHEAD_S;
            shortest_s += probe_s * f64::from(PROBES.0);
            longest_s += probe_s * f64::from(PROBES.1);
        }
        let most_s = self.max_time.as_secs_f64();
        format!(
            "searching the highest rate with {}, {} arrivals: usually {} to {}, at most {} (--max-time)",
            objectives.join(" and "),
            self.arrivals_word(),
            duration_s(shortest_s.min(most_s)),
            duration_s(longest_s.min(most_s)),
            duration_s(most_s)
        )
    }
}

/// `2%` or `0.02`.
fn precision(text: &str) -> Result<f64, Failure> {
    let share = match text.trim().strip_suffix('%') {
        Some(percent) => percent.trim().parse::<f64>().map(|percent| percent / 100.0),
        None => text.trim().parse(),
    };
    match share {
        Ok(share) if (0.005..=0.25).contains(&share) => Ok(share),
        _ => refuse(format!("`--precision` must be between 0.5% and 25%, got `{text}`")),
    }
}

fn highest(text: &str) -> Result<f64, Failure> {
    match text.trim().replace('_', "").parse::<f64>() {
        Ok(rate) if rate > 0.0 && rate <= 1e7 => Ok(rate),
        _ => refuse(format!("`--max` must be a rate above 0 and at most 10,000,000 per second, got `{text}`")),
    }
}

fn max_time(text: &str) -> Result<Duration, Failure> {
    let time = text.trim().parse::<jiff::SignedDuration>().ok().and_then(|time| Duration::try_from(time).ok());
    match time {
        Some(time) if (Duration::from_secs(1)..=Duration::from_secs(86_400)).contains(&time) => Ok(time),
        _ => refuse(format!("`--max-time` must be a time between 1s and 24h, for example 5m, got `{text}`")),
    }
}

fn refuse<T>(rule: impl Into<String>) -> Result<T, Failure> {
    Err(Failure::text(ExitCode::Usage, rule.into()))
}

#[cfg(test)]
mod tests {
    use super::{highest, max_time, precision};

    #[test]
    fn options_are_read_or_refused_with_their_bounds() {
        assert_eq!(["2%", " 5 % ", "0.02"].map(|text| precision(text).unwrap()), [0.02, 0.05, 0.02]);
        for wrong in ["", "0", "0.1%", "50%", "two", "-2%", "NaN"] {
            assert!(precision(wrong).unwrap_err().message.contains("between 0.5% and 25%"), "{wrong}");
        }
        assert_eq!(highest("1_500").unwrap(), 1_500.0);
        for wrong in ["0", "-1", "inf", "NaN", "many", "1e9"] {
            assert!(highest(wrong).unwrap_err().message.contains("`--max`"), "{wrong}");
        }
        assert_eq!(max_time("5m").unwrap().as_secs(), 300);
        for wrong in ["", "5", "0s", "2d", "soon", "-5m"] {
            assert!(max_time(wrong).unwrap_err().message.contains("`--max-time`"), "{wrong}");
        }
    }
}
