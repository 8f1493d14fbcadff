//! What is looked up in a summary, and what follows from its counts.

use std::collections::BTreeMap;

use super::summary::{Comparison, Figures, Summary, Variant};

impl Summary {
    /// The variant of this name.
    #[must_use]
    pub fn variant(&self, name: &str) -> Option<&Variant> {
        self.variants.iter().find(|variant| variant.name == name)
    }

    /// The comparison of the whole mix of `variant` with what it is compared with, in the metric of this path.
    #[must_use]
    pub fn comparison(&self, variant: &str, metric: &str) -> Option<&Comparison> {
        self.comparisons.iter().find(|comparison| {
            comparison.variant == variant
                && self.against(variant) == Some(comparison.baseline.as_str())
                && comparison.metric == metric
                && comparison.operation.is_none()
                && comparison.job.is_none()
        })
    }
}

impl Figures {
    /// Of the operations that ended, how many failed for good, 0 … 1. `None` when none ended.
    #[must_use]
    pub fn failed_share(&self) -> Option<f64> {
        let ended = self.succeeded + self.failed;
        (ended > 0).then(|| self.failed as f64 / ended as f64)
    }

    /// SQLSTATE or class of the most frequent failure; of two as frequent, the first by name.
    #[must_use]
    pub fn top_failure(&self) -> Option<(&str, u64)> {
        top_failure(&self.failures)
    }
}

fn top_failure(failures: &BTreeMap<String, u64>) -> Option<(&str, u64)> {
    let first_of_most = |a: &(&String, &u64), b: &(&String, &u64)| a.1.cmp(b.1).then(b.0.cmp(a.0));
    failures.iter().max_by(first_of_most).map(|(key, count)| (key.as_str(), *count))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_frequent_failure_and_the_share_of_what_ended() {
        let figures = |succeeded, failed, failures: &[(&str, u64)]| Figures {
            succeeded,
            failed,
            unstarted: 1_000,
            failures: failures.iter().map(|(key, count)| ((*key).to_owned(), *count)).collect(),
            ..Figures::default()
        };
        let found = figures(35, 965, &[("40001", 1), ("55P03", 963), ("timeout", 1)]);
        assert_eq!((found.failed_share(), found.top_failure()), (Some(0.965), Some(("55P03", 963))));
        assert_eq!(figures(0, 4, &[("b", 2), ("a", 2)]).top_failure(), Some(("a", 2)));
        let none = figures(0, 0, &[]);
        assert_eq!((none.failed_share(), none.top_failure()), (None, None), "what never started did not fail");
    }
}
