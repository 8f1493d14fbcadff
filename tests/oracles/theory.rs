//! What theory says: arrivals of the schedule, and queues of one or several servers fed by them.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use dbbench::load::{Cursor, Profile, Schedule, ScheduleKey, Spacing};
use dbbench::metrics::OperationMetrics;
use dbbench::param::Phase;
use rand::seq::SliceRandom;
use rand::{SeedableRng, rngs::StdRng};

/// The planned starts of the first round's measurement, s.
pub fn arrivals_s(seed: u64, rate_per_s: f64, measure_s: f64, spacing: Spacing) -> Vec<f64> {
    let key = ScheduleKey { seed, round: 1, phase: Phase::Measure };
    let schedule = Schedule::new(Profile::steady(rate_per_s, (measure_s * 1e9) as u64), spacing, key);
    let mut cursor = Cursor::default();
    (0..schedule.planned())
        .map(|number| schedule.start_ns(number, &mut cursor).expect("planned") as f64 / 1e9)
        .collect()
}

/// Response times of a queue with `servers` servers, first come, first served: the recursion of Lindley (for one) and of
/// Kiefer and Wolfowitz. `service` gives the end of a service from its number and its start.
pub fn responses_s(arrivals_s: &[f64], servers: usize, end_s: impl Fn(usize, f64) -> f64) -> Vec<f64> {
    let mut free: BinaryHeap<Reverse<Moment>> = (0..servers).map(|_| Reverse(Moment(0.0))).collect();
    let response = |(number, arrival): (usize, &f64)| {
        let Reverse(Moment(free_at)) = free.pop().expect("a server");
        let end = end_s(number, free_at.max(*arrival));
        free.push(Reverse(Moment(end)));
        end - arrival
    };
    arrivals_s.iter().enumerate().map(response).collect()
}

struct Moment(f64);

impl PartialEq for Moment {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Moment {}

impl PartialOrd for Moment {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Moment {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.total_cmp(&other.0)
    }
}

/// For how long each operation kept its client, in the order of their ends as far as it is known: by seconds, and within a
/// second spread as measured, in an order of their own. What the generator was late also keeps a client waiting.
pub fn occupied_s(seconds: &[OperationMetrics]) -> Vec<f64> {
    let mut random = StdRng::seed_from_u64(7);
    seconds.iter().filter(|second| second.service.count() > 0).flat_map(|second| within(second, &mut random)).collect()
}

fn within(second: &OperationMetrics, random: &mut StdRng) -> Vec<f64> {
    let late_s = second.lag.mean_ns().unwrap_or(0.0) / 1e9;
    let mut values: Vec<f64> = second
        .service
        .buckets()
        .flat_map(|bucket| std::iter::repeat_n(bucket.value_ns as f64 / 1e9 + late_s, bucket.count as usize))
        .collect();
    // Buckets are a thousandth wide; the mean is exact.
    let exact_s = second.service.mean_ns().unwrap_or(0.0) / 1e9 + late_s;
    let scale = exact_s / mean(&values);
    values.iter_mut().for_each(|value| *value *= scale);
    values.shuffle(random);
    values
}

pub fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// The nearest rank.
pub fn quantile(values: &[f64], q: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[((q * sorted.len() as f64).ceil() as usize).clamp(1, sorted.len()) - 1]
}

#[test]
fn a_million_arrivals_give_the_formula_of_a_queue_with_constant_service() {
    // Pollaczek and Khinchine for constant service: mean response s + ρs / (2 (1 − ρ)).
    for (load, tolerance) in [(0.5, 0.02), (0.8, 0.02)] {
        let (service_s, rate_per_s) = (0.005, load / 0.005);
        let arrivals = arrivals_s(1, rate_per_s, 1_000_000.0 / rate_per_s, Spacing::Poisson);
        assert!((arrivals.len() as f64 - 1e6).abs() < 5e3, "{}", arrivals.len());
        let found_s = mean(&responses_s(&arrivals, 1, |_, start| start + service_s));
        let expected_s = service_s + load * service_s / (2.0 * (1.0 - load));
        assert!((found_s / expected_s - 1.0).abs() < tolerance, "{load}: {found_s} instead of {expected_s}");
    }
}
