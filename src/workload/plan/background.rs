//! What goes on beside the mix.

use std::time::Duration;

use super::VariantPlan;

/// All background of a variant.
#[derive(Clone, Debug)]
pub struct Backgrounds {
    /// In the order of the file.
    pub list: Vec<BackgroundPlan>,
    /// What is run, as a variant of its own: one operation for each of `list`, parallel to it. Its load means nothing.
    pub work: VariantPlan,
}

/// An operation beside the mix.
#[derive(Clone, Debug)]
pub struct BackgroundPlan {
    /// Name from the file.
    pub name: String,
    /// Name of the operation.
    pub operation: String,
    /// When it runs.
    pub when: When,
}

/// When an operation beside the mix runs; time zero is the begin of the measurement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// At 0 and then at every multiple; above zero.
    Every(Duration),
    /// Once.
    At(Duration),
    /// All the time, by so many clients.
    Clients(u32),
}

impl When {
    /// How many run it at the same time.
    #[must_use]
    pub fn clients(self) -> u32 {
        match self {
            Self::Every(_) | Self::At(_) => 1,
            Self::Clients(clients) => clients,
        }
    }
}
