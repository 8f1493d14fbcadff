//! Two sides of one workload, measured in turns: what tells them apart, and what came of it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::run::{RunRecord, VariantRecord};
use super::summary::{Comparison, Summary, Variant};

/// Between the name of a variant and its side, in names of results: `join@a`. Names in files have no such letter.
pub const SIDE_MARK: char = '@';

/// The two sides of a run as planned.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SidesRecord {
    /// In what they differ; empty where nothing does.
    pub differ: Vec<Difference>,
    /// Whether both go to the same server and the same data.
    pub one_server: bool,
    /// Rows per table of each side, where their data differ.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub rows: BTreeMap<String, BTreeMap<String, u64>>,
    /// The largest change to the worse that is none of a regression, as a share; `None`: any is allowed.
    pub fail_above: Option<f64>,
    /// The metrics that may be a regression, by the workload's names; empty: all that are compared.
    pub metrics: Vec<String>,
}

/// Something in which the sides differ.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(default)]
pub struct Difference {
    /// A key of the workload, or `target`, `pg_bindir`, `server`.
    pub what: String,
    /// What it is on side a; `None`: not set.
    pub a: Option<String>,
    /// On side b.
    pub b: Option<String>,
}

/// What came of it: in `summary.json` only where there are sides.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Sides {
    /// In what they differ; empty where nothing does.
    pub differ: Vec<Difference>,
    /// Whether both went to the same server and the same data.
    pub one_server: bool,
    /// The largest change to the worse that is none of a regression, as a share; `null`: any is allowed.
    pub fail_above: Option<f64>,
    /// The metrics that may be a regression; empty: all that are compared.
    pub metrics: Vec<String>,
    /// Side b against side a in the primary metric, all variants together: within each round the geometric mean of their
    /// ratios.
    pub overall: Comparison,
}

impl RunRecord {
    /// What a variant is compared with: itself on side a where there are sides, else the baseline. `None`: with nothing.
    #[must_use]
    pub fn against<'r>(&'r self, variant: &'r VariantRecord) -> Option<&'r str> {
        match &self.sides {
            Some(_) => variant.against.as_deref(),
            None => Some(self.baseline.as_str()).filter(|baseline| *baseline != variant.name),
        }
    }

    /// The same by name; of a name that is not there, the baseline.
    #[must_use]
    pub fn against_of(&self, name: &str) -> Option<&str> {
        self.variants.iter().find(|variant| variant.name == name).map_or(Some(&self.baseline), |of| self.against(of))
    }
}

impl Summary {
    /// What a variant is compared with.
    #[must_use]
    pub fn against<'s>(&'s self, variant: &'s str) -> Option<&'s str> {
        match &self.sides {
            Some(_) => self.variant(variant)?.against.as_deref(),
            None => Some(&self.baseline),
        }
    }

    /// Whether others are compared with this variant; of sides it is said otherwise.
    #[must_use]
    pub fn is_the_baseline(&self, variant: &Variant) -> bool {
        self.sides.is_none() && self.variants.len() > 1 && variant.name == self.baseline
    }

    /// Whether a comparison is one of the sides with each other.
    #[must_use]
    pub fn is_between_sides(&self, comparison: &Comparison) -> bool {
        self.sides.is_some() && self.against(&comparison.variant) == Some(comparison.baseline.as_str())
    }

    /// The comparisons in which side b is worse by more than was allowed.
    pub fn regressions(&self) -> impl Iterator<Item = &Comparison> {
        self.comparisons.iter().filter(|comparison| comparison.regression)
    }
}

/// The name in the file of a variant of a side.
#[must_use]
pub fn without_side(name: &str) -> &str {
    name.rsplit_once(SIDE_MARK).map_or(name, |(name, _)| name)
}
