//! The figures of the runs of a side: round by round, and one for each run.

use super::choose::Point;
use crate::result::Reader;
use crate::result::run::RunRecord;
use crate::result::slice::SliceRecord;
use crate::verdict::figure::{Scope, figure};
use crate::words::Metric;

/// Of what variant and point, and whether the ratio to a baseline.
#[derive(Clone, Copy, Debug)]
pub(super) struct Of<'a> {
    pub(super) variant: &'a str,
    pub(super) point: &'a Point,
    pub(super) metric: &'a Metric,
    pub(super) relative_to: Option<&'a str>,
}

/// The figures of a run, one per valid round in which it is known.
pub(super) type Rounds = Vec<(u32, f64)>;

impl Of<'_> {
    /// The figures of each run that has any.
    pub(super) fn runs(self, runs: &[Reader]) -> Vec<Rounds> {
        runs.iter().map(|reader| self.rounds(reader)).filter(|rounds| !rounds.is_empty()).collect()
    }

    /// The figures of one run, in the order of the rounds.
    pub(super) fn rounds(self, reader: &Reader) -> Rounds {
        let Some(point) = point_index(&reader.run, self.point) else { return Rounds::new() };
        let own = self.known(reader, self.variant, point);
        let Some(baseline) = self.relative_to else { return own };
        let base = self.known(reader, baseline, point);
        let ratio = |(round, value): (u32, f64)| {
            let (_, base) = base.iter().find(|(of_base, _)| *of_base == round)?;
            Some((round, value / base))
        };
        own.into_iter().filter_map(ratio).collect()
    }

    fn known(self, reader: &Reader, variant: &str, point: u32) -> Rounds {
        let of_variant = |slice: &&SliceRecord| slice.valid && slice.variant == variant && slice.point == point;
        let slices = reader.slices.iter().filter(of_variant);
        let mut rounds: Rounds =
            slices.filter_map(|slice| Some((slice.round, figure(slice, self.metric, Scope::default())?))).collect();
        rounds.sort_by_key(|(round, _)| *round);
        rounds
    }
}

/// The number that slices give a sweep point: its place among the points of the run.
pub(super) fn point_index(run: &RunRecord, point: &Point) -> Option<u32> {
    let mut points: Vec<&Point> = Vec::new();
    for variant in &run.variants {
        if !points.contains(&&variant.point) {
            points.push(&variant.point);
        }
    }
    points.iter().position(|known| *known == point).and_then(|index| u32::try_from(index).ok())
}

/// One figure for each run: the geometric mean of its rounds, or the plain one where any figure is not positive.
pub(super) fn per_run(runs: &[Rounds], logs: bool) -> Vec<f64> {
    runs.iter().map(|rounds| mean(rounds.iter().map(|(_, value)| *value), logs)).collect()
}

/// The mean of the logs as a figure, or the plain mean; of equal figures themselves, to the last digit.
pub(in crate::verdict) fn mean(values: impl Iterator<Item = f64> + Clone, logs: bool) -> f64 {
    let first = values.clone().next().unwrap_or(f64::NAN);
    if values.clone().all(|value| value == first) {
        return first;
    }
    let (count, sum) =
        values.fold((0.0, 0.0), |(count, sum), value| (count + 1.0, sum + if logs { value.ln() } else { value }));
    if logs { f64::exp(sum / count) } else { sum / count }
}

/// Whether all figures are positive, so that ratios mean something.
pub(super) fn positive<'r>(runs: impl IntoIterator<Item = &'r Rounds>) -> bool {
    runs.into_iter().flatten().all(|(_, value)| *value > 0.0 && value.is_finite())
}
