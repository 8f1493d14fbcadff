//! How load is offered.

use std::time::Duration;

/// How load is offered.
#[derive(Clone, Debug, PartialEq)]
pub enum LoadPlan {
    /// Each client issues the next operation when the last one ended and `think` has passed.
    Closed {
        /// Number of clients, 1 … 100,000.
        clients: u32,
        /// Pause between operations.
        think: Duration,
    },
    /// As `Closed`, with a number of clients that changes in the course of the measurement.
    ClosedStages {
        /// Numbers of clients, 0 … 100,000, not all 0; at least one stage.
        stages: Vec<StagePlan>,
        /// Pause between operations.
        think: Duration,
    },
    /// Operations arrive by a schedule, whatever has become of those before.
    Open {
        /// Most operations at the same time, 1 … 100,000.
        clients: u32,
        /// How the starts are spaced.
        arrivals: ArrivalsPlan,
        /// How many there are.
        rate: RatePlan,
    },
}

/// How the starts of an open loop are spaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ArrivalsPlan {
    /// Equal gaps.
    Constant,
    /// Exponential gaps.
    Poisson,
}

impl ArrivalsPlan {
    /// As the file spells it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Constant => "constant",
            Self::Poisson => "poisson",
        }
    }
}

/// Arrivals per second of an open loop.
#[derive(Clone, Debug, PartialEq)]
pub enum RatePlan {
    /// The same over the whole measurement; above 0.
    Steady(f64),
    /// Changing; not all 0, at least one stage.
    Stages(Vec<StagePlan>),
}

/// A part of the measurement.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StagePlan {
    /// How long it takes; above 0.
    pub length: Duration,
    /// Clients, or arrivals per second, at its end.
    pub to: f64,
    /// Whether it goes there linearly from the stage before (the first from 0), or is there from its begin.
    pub ramp: bool,
}

impl LoadPlan {
    /// The number of clients, and so of dedicated connections.
    #[must_use]
    pub fn clients(&self) -> u32 {
        match self {
            Self::Closed { clients, .. } | Self::Open { clients, .. } => *clients,
            // They were read as integers of that range.
            Self::ClosedStages { stages, .. } => stages.iter().map(|stage| stage.to as u32).max().unwrap_or(1).max(1),
        }
    }

    /// Pause between operations; none in an open loop.
    #[must_use]
    pub fn think(&self) -> Duration {
        match self {
            Self::Closed { think, .. } | Self::ClosedStages { think, .. } => *think,
            Self::Open { .. } => Duration::ZERO,
        }
    }

    /// The stages, if the load changes.
    #[must_use]
    pub fn stages(&self) -> &[StagePlan] {
        match self {
            Self::ClosedStages { stages, .. } | Self::Open { rate: RatePlan::Stages(stages), .. } => stages,
            Self::Closed { .. } | Self::Open { .. } => &[],
        }
    }
}

impl RatePlan {
    /// The rate before the measurement: that of the first stage that has one.
    #[must_use]
    pub fn of_warmup(&self) -> f64 {
        match self {
            Self::Steady(rate) => *rate,
            Self::Stages(stages) => stages.iter().map(|stage| stage.to).find(|rate| *rate > 0.0).unwrap_or(0.0),
        }
    }

    /// Arrivals in a measurement of this length, on average.
    #[must_use]
    pub fn arrivals(&self, measure: Duration) -> f64 {
        match self {
            Self::Steady(rate) => rate * measure.as_secs_f64(),
            Self::Stages(stages) => {
                let mut before = 0.0;
                let part = |stage: &StagePlan| {
                    let from = if stage.ramp { before } else { stage.to };
                    before = stage.to;
                    (from + stage.to) / 2.0 * stage.length.as_secs_f64()
                };
                stages.iter().map(part).sum()
            }
        }
    }
}
