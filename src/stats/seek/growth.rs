//! Whether times grow in the course of a probe: a queue that only gets longer has no response times that could be kept.

use super::Batch;

/// Beyond this many standard errors growth is no chance.
const CHANCE: f64 = 4.0;
/// Fewest seconds in which growth is looked for.
const MIN_SECONDS: usize = 5;

/// By how many seconds the mean response grew per second that passed, where that is more than `allowed` and more than
/// chance. `seconds`: the sum of response times, s, and their number, second by second.
///
/// Asked for `1 + x` times what it gets through, a queue grows by `x` seconds of work each second.
#[must_use]
pub fn is_growing(seconds: &[Batch], allowed: f64) -> Option<f64> {
    let means: Vec<f64> = seconds.iter().filter(|one| one.all > 0.0).map(|one| one.sum / one.all).collect();
    if means.len() < MIN_SECONDS {
        return None;
    }
    let count = as_f64(means.len());
    let middle = (count - 1.0) / 2.0;
    let mean = means.iter().sum::<f64>() / count;
    let at = |index: usize| as_f64(index) - middle;
    let spread: f64 = (0..means.len()).map(|index| at(index).powi(2)).sum();
    let slope = means.iter().enumerate().map(|(index, value)| at(index) * (value - mean)).sum::<f64>() / spread;
    let rest: f64 = means.iter().enumerate().map(|(index, value)| (value - mean - slope * at(index)).powi(2)).sum();
    let error = (rest / (count - 2.0) / spread).sqrt();
    (slope > allowed && slope > CHANCE * error).then_some(slope)
}

#[expect(clippy::cast_precision_loss, reason = "seconds of a probe")]
fn as_f64(count: usize) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::{Batch, is_growing};

    fn seconds(means: impl Iterator<Item = f64>) -> Vec<Batch> {
        means.map(|mean| Batch { sum: mean * 100.0, all: 100.0 }).collect()
    }

    #[test]
    fn a_queue_that_gets_longer_is_told_from_one_that_comes_and_goes() {
        let growing = seconds((0..10).map(|s| 0.005 + 0.02 * f64::from(s)));
        assert!((is_growing(&growing, 0.005).unwrap() - 0.02).abs() < 1e-9);
        assert_eq!(is_growing(&growing, 0.03), None, "within what is allowed");
        let wild = seconds([0.01, 0.2, 0.03, 0.3, 0.02, 0.25, 0.05, 0.4, 0.03, 0.3].into_iter());
        assert_eq!(is_growing(&wild, 0.005), None, "no more than chance");
        assert_eq!(is_growing(&seconds((0..4).map(f64::from)), 0.005), None, "too short to tell");
        assert_eq!(is_growing(&seconds((0..10).rev().map(f64::from)), 0.005), None, "shrinking");
    }
}
