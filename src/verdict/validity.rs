//! Whether the figures of a run may be relied on.

use crate::result::run::RunRecord;
use crate::result::slice::SliceRecord;

/// What speaks against the figures.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Validity {
    /// Why the run is not valid; empty when it is.
    pub reasons: Vec<String>,
    /// Names of the variants with too few valid rounds.
    pub variants: Vec<String>,
}

impl Validity {
    /// Judges a run: how dbbench was built, whether its accounting agrees with itself, and whether enough rounds of each
    /// variant are left.
    #[must_use]
    pub fn of(run: &RunRecord, slices: &[SliceRecord]) -> Self {
        Self::of_variants(run, slices, |_| true)
    }

    /// The same for what rests on some of its variants.
    #[must_use]
    pub fn of_variants(run: &RunRecord, slices: &[SliceRecord], counts: impl Fn(&str) -> bool) -> Self {
        let mut validity = Self::default();
        if run.dbbench.debug_assertions {
            let profile = if run.dbbench.profile.is_empty() { "dev" } else { &run.dbbench.profile };
            validity.reasons.push(format!(
                "dbbench was built with debug assertions (profile {profile}), which slow it down; build it with --release"
            ));
        }
        for slice in slices.iter().filter(|slice| counts(&slice.variant)) {
            if let Some(violation) = &slice.violation {
                validity.reasons.push(format!(
                    "the accounting of {} in round {} contradicts itself: {violation}",
                    slice.variant, slice.round
                ));
            }
        }
        for variant in run.variants.iter().filter(|variant| counts(&variant.name)) {
            // A slice cut by the user says nothing about those that closed: the run is partial, which is said elsewhere.
            let rounds = slices.iter().filter(|slice| slice.variant == variant.name && !slice.interrupted);
            let (closed, out) =
                rounds.fold((0, 0), |(closed, out), slice| (closed + 1, out + usize::from(!slice.valid)));
            if too_many_out(closed, out) {
                // Something rests on each of them: every variant is compared with the baseline, and a variant alone is the
                // headline.
                validity.reasons.push(left_out(run, &variant.name, slices, closed, out));
                validity.variants.push(variant.name.clone());
            }
        }
        validity
    }
}

/// How many rounds are out, and why the first of them is.
fn left_out(run: &RunRecord, variant: &str, slices: &[SliceRecord], closed: usize, out: usize) -> String {
    let rounds = match (closed, out) {
        (1, _) => "its only round is left out".to_owned(),
        (_, 1) => format!("1 of {closed} rounds is left out"),
        _ => format!("{out} of {closed} rounds are left out"),
    };
    let of_variant = slices.iter().filter(|slice| slice.variant == variant && !slice.interrupted);
    let first = of_variant.filter_map(|slice| Some((slice.round, slice.reason_left_out()?))).min();
    // Whoever asked for one variant alone (`--only`) has this one in the run because of the comparisons.
    let is_baseline = run.sides.is_none() && variant == run.baseline && run.variants.len() > 1;
    let role = if is_baseline { " (the baseline of all comparisons)" } else { "" };
    match first {
        Some((_, reason)) if closed == 1 => format!("{variant}{role}: {rounds}: {reason}"),
        Some((round, reason)) => format!("{variant}{role}: {rounds}; round {round}: {reason}"),
        None => format!("{variant}{role}: {rounds}"),
    }
}

/// More than a third, or all but two; with fewer than three rounds: any.
fn too_many_out(closed: usize, out: usize) -> bool {
    out > 0 && (closed < 3 || out * 3 > closed || closed - out <= 2)
}

#[cfg(test)]
mod tests {
    use super::too_many_out;

    #[test]
    fn a_third_of_the_rounds_may_be_out_but_not_all_but_two() {
        assert!(!too_many_out(7, 0) && !too_many_out(1, 0));
        assert!(!too_many_out(7, 2) && too_many_out(7, 3));
        assert!(!too_many_out(4, 1) && too_many_out(3, 1));
        assert!(too_many_out(2, 1) && too_many_out(1, 1));
    }
}
