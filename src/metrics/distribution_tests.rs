//! The laws of distributions: merging is recording, ranks are nearest ranks, censored values rank above all.

use proptest::prelude::*;

use super::{Distribution, HIGHEST_NS, Precision, empty};

fn recorded(values: &[u64]) -> Distribution {
    let mut distribution = Distribution::new();
    values.iter().for_each(|value| distribution.record(*value));
    distribution
}

/// Times over the whole range, small ones and ones above the range included.
fn times() -> impl Strategy<Value = u64> {
    prop_oneof![0_u64..3_000, 1_000_u64..100_000_000, 0..=HIGHEST_NS, HIGHEST_NS..HIGHEST_NS * 2]
}

fn assert_same(a: &Distribution, b: &Distribution) {
    assert!(a.buckets().eq(b.buckets()));
    assert_eq!((a.count(), a.above_range(), a.sum_ns()), (b.count(), b.above_range(), b.sum_ns()));
    assert_eq!((a.min_ns(), a.max_ns()), (b.min_ns(), b.max_ns()));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn merging_is_recording_all_in_any_order(
        a in prop::collection::vec(times(), 0..60),
        b in prop::collection::vec(times(), 0..60),
        c in prop::collection::vec(times(), 0..60),
    ) {
        let all = recorded(&[a.clone(), b.clone(), c.clone()].concat());
        let (a, b, c) = (recorded(&a), recorded(&b), recorded(&c));
        for order in [[&a, &b, &c], [&c, &a, &b], [&b, &c, &a]] {
            let mut merged = Distribution::new();
            order.iter().for_each(|part| merged.merge(part));
            assert_same(&merged, &all);
            // Into wide counts as into narrow ones.
            let mut narrow = order[0].clone();
            narrow.merge(order[1]);
            let mut wide = order[2].clone();
            wide.merge(&narrow);
            assert_same(&wide, &all);
        }
        let mut with_empty = all.clone();
        with_empty.merge(&Distribution::new());
        assert_same(&with_empty, &all);
    }

    #[test]
    fn a_quantile_is_the_nearest_rank_within_the_resolution(
        mut values in prop::collection::vec(0..=HIGHEST_NS, 11..400),
        q in 0.0_f64..1.0,
    ) {
        let distribution = recorded(&values);
        values.sort_unstable();
        let rank = ((q * values.len() as f64).ceil() as usize).max(1);
        let truth = values[rank - 1] as f64;
        match distribution.quantile_ns(q, 0) {
            Some(found) => {
                prop_assert!(values.len() - rank >= 10);
                prop_assert!(found >= truth && found <= truth * 1.001, "{} for {}", found, truth);
            }
            None => prop_assert!(values.len() - rank < 10),
        }
    }

    #[test]
    fn censored_values_rank_above_all_and_never_lower_a_quantile(
        values in prop::collection::vec(times(), 0..200),
        censored in 0_u64..200,
        q in 0.0_f64..1.0,
    ) {
        let distribution = recorded(&values);
        let (with, without) = (distribution.quantile_ns(q, censored), distribution.quantile_ns(q, 0));
        if let (Some(with), Some(without)) = (with, without) {
            prop_assert!(with >= without);
        }
        prop_assert!(with.is_none() || without.is_some());
        if let Some(bound) = distribution.quantile_bound_ns(q, censored) {
            prop_assert_eq!(with, None);
            prop_assert_eq!(Some(bound), distribution.max_ns());
        }
    }
}

#[test]
fn asked_twice_the_capacity_the_median_is_not_reached_but_bounded() {
    let served = recorded(&(1..=1_000).map(|n| n * 1_000).collect::<Vec<u64>>());
    assert_eq!(served.quantile_ns(0.5, 1_001), None);
    assert_eq!(served.quantile_bound_ns(0.5, 1_001), Some(1_000_000));
    assert!(served.quantile_ns(0.4, 1_000).is_some_and(|ns| (800_000.0..=800_800.0).contains(&ns)));
    assert_eq!(served.quantile_bound_ns(0.4, 1_000), None);
}

#[test]
fn a_percentile_needs_ten_values_above_it() {
    for (values, q) in [(20, 0.5), (100, 0.9), (200, 0.95), (1_000, 0.99), (10_000, 0.999)] {
        let enough = recorded(&(1..=values).collect::<Vec<u64>>());
        assert!(enough.quantile_ns(q, 0).is_some(), "q {q} of {values}");
        let one_less = recorded(&(1..values).collect::<Vec<u64>>());
        assert_eq!(one_less.quantile_ns(q, 0), None, "q {q} of {}", values - 1);
    }
}

#[test]
fn nothing_is_clamped() {
    let distribution = recorded(&[0, 0, 63, HIGHEST_NS, HIGHEST_NS + 1]);
    assert_eq!((distribution.count(), distribution.above_range()), (5, 1));
    assert_eq!((distribution.min_ns(), distribution.max_ns()), (Some(0), Some(HIGHEST_NS + 1)));
    assert_eq!(distribution.buckets().map(|b| b.value_ns).take(2).collect::<Vec<_>>(), [0, 63]);
    assert!(distribution.quantile_ns(1.0, 0).is_none());
}

#[test]
fn narrow_counts_become_wide_before_they_could_saturate() {
    let mut full = recorded(&[5]);
    if let super::Counts::Narrow(histogram) = &mut full.counts {
        histogram.record_n(5, u32::MAX - 1).unwrap();
    }
    full.record(5);
    full.record(5);
    assert_eq!(full.count(), u64::from(u32::MAX) + 2);
    assert_eq!(full.buckets().next().map(|bucket| bucket.count), Some(u64::from(u32::MAX) + 2));
}

#[test]
fn a_cleared_distribution_is_as_new() {
    let mut distribution = recorded(&[1, 2_000, HIGHEST_NS * 2]);
    distribution.clear();
    assert_same(&distribution, &Distribution::new());
    distribution.record(7);
    assert_same(&distribution, &recorded(&[7]));
}

#[test]
fn the_size_of_a_histogram_is_as_stated() {
    for precision in [Precision::TwoDigits, Precision::ThreeDigits] {
        let histogram: hdrhistogram::Histogram<u32> = empty(precision);
        assert_eq!(histogram.distinct_values() * size_of::<u32>(), precision.bytes());
    }
}
