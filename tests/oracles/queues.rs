//! Queues: one client, several clients of several workers, more work than there is time for, and the closed loop.

use dbbench::load::Spacing;
use rand::{RngExt, SeedableRng, rngs::StdRng};

use super::theory::{arrivals_s, mean, occupied_s, quantile, responses_s};
use super::{alone, mean_s, near, plan, response_s, server, slice, slice_by_seconds, within_three_tries};

/// Takes whole milliseconds and a little more; how much is measured, never assumed.
const SLEEP: &str = "SELECT pg_sleep(0.005)";

/// For how long this machine keeps one of so many clients occupied, as it is now, s.
fn occupied_now_s(clients: usize, workers: u32) -> f64 {
    let plan = plan(SLEEP, &format!("clients = {clients}"), 0.5, workers);
    mean_s(&slice(&plan, &server().unix(), || ()).total.mix())
}

#[test]
fn one_connection_queues_as_lindley_says() {
    let _alone = alone();
    for load in [0.5, 0.8] {
        within_three_tries(|| {
            let (rate_per_s, measure_s) = ((load / occupied_now_s(1, 1)).round(), 8.0);
            let plan = plan(SLEEP, &format!("clients = 1\nrate = {rate_per_s}"), measure_s, 1);
            let (metrics, by_seconds) = slice_by_seconds(&plan, &server().unix(), || ());
            let mix = metrics.total.mix();
            let arrivals = arrivals_s(plan.run.seed, rate_per_s, measure_s, Spacing::Poisson);
            assert_eq!(mix.counters.planned, arrivals.len() as u64);
            let occupied = occupied_s(&by_seconds);
            let expected = responses_s(&arrivals, 1, |number, start| start + occupied[number % occupied.len()]);
            near("mean response, s", mean_s(&mix), mean(&expected), 0.03)?;
            near("p90 of response, s", response_s(&mix, 0.9), quantile(&expected, 0.9), 0.03)?;
            // Queue time is what the response holds beyond the rest.
            let queue_s = mix.queue.mean_ns().expect("an open loop") / 1e9;
            near("mean queue time, s", queue_s, mean(&expected) - mean(&occupied), 0.08)
        });
    }
}

#[test]
fn eight_connections_of_four_workers_are_one_queue() {
    let _alone = alone();
    const CLIENTS: usize = 8;
    let (load, measure_s) = (0.8, 5.0);
    within_three_tries(|| {
        let rate_per_s = (load * CLIENTS as f64 / occupied_now_s(CLIENTS, 4)).round();
        let plan = plan(SLEEP, &format!("clients = {CLIENTS}\nrate = {rate_per_s}"), measure_s, 4);
        let (metrics, by_seconds) = slice_by_seconds(&plan, &server().unix(), || ());
        assert_eq!(metrics.workers.len(), 4);
        let mix = metrics.total.mix();
        let arrivals = arrivals_s(plan.run.seed, rate_per_s, measure_s, Spacing::Poisson);
        let occupied = occupied_s(&by_seconds);
        let end = |number: usize, start: f64| start + occupied[number % occupied.len()];
        let one_queue = responses_s(&arrivals, CLIENTS, end);
        // What a queue per worker would show: the bounds below must be able to tell. Dealt out at random, that is: in turn,
        // with nearly constant service, each arrival would wait exactly as long as in one queue.
        let mut dealer = StdRng::seed_from_u64(11);
        let mut own = [const { Vec::new() }; 4];
        arrivals.iter().for_each(|arrival| own[dealer.random_range(0..4)].push(*arrival));
        let per_worker: Vec<f64> = own.iter().flat_map(|own| responses_s(own, CLIENTS / 4, end)).collect();
        if quantile(&per_worker, 0.99) < 1.3 * quantile(&one_queue, 0.99) {
            return Err("queues per worker would look the same: the machine is too slow to tell".to_owned());
        }
        near("mean response, s", mean_s(&mix), mean(&one_queue), 0.03)?;
        near("p90 of response, s", response_s(&mix, 0.9), quantile(&one_queue, 0.9), 0.05)?;
        near("p99 of response, s", response_s(&mix, 0.99), quantile(&one_queue, 0.99), 0.1)
    });
}

#[test]
fn half_of_what_is_asked_at_twice_the_capacity_never_starts() {
    let _alone = alone();
    const CLIENTS: f64 = 4.0;
    let (rate_per_s, measure_s) = (800.0, 3.0);
    within_three_tries(|| {
        let plan = plan("SELECT pg_sleep(0.01)", &format!("clients = {CLIENTS}\nrate = {rate_per_s}"), measure_s, 2);
        let mix = slice(&plan, &server().unix(), || ()).total.mix();
        let counters = &mix.counters;
        let arrivals = arrivals_s(plan.run.seed, rate_per_s, measure_s, Spacing::Poisson);
        assert_eq!(counters.planned, arrivals.len() as u64, "no arrival is lost or added");
        assert_eq!(counters.planned, counters.succeeded + counters.unstarted);
        assert_eq!(counters.censored, counters.unstarted);
        // Four clients that never rest serve what fits.
        let service_s = mix.service.mean_ns().expect("values") / 1e9;
        near("started", counters.succeeded as f64, CLIENTS * measure_s / service_s, 0.03)?;
        // Less than half was served, so the median is among what never was; what is known is a bound.
        for q in [0.5, 0.9, 0.99] {
            assert_eq!(mix.response.quantile_ns(q, counters.censored), None, "{q}");
            assert!(mix.response.quantile_bound_ns(q, counters.censored) >= Some(1_000_000_000), "{q}");
        }
        // The tenth part that came first was served soon after: its percentile is reached.
        assert!(mix.response.quantile_ns(0.1, counters.censored).is_some());
        Ok(())
    });
}

#[test]
fn clients_are_throughput_times_response() {
    let _alone = alone();
    const CLIENTS: f64 = 4.0;
    within_three_tries(|| {
        // Long enough for a thousand operations of each client.
        let plan = plan(SLEEP, "clients = 4", 1_100.0 * occupied_now_s(4, 2), 2);
        let metrics = slice(&plan, &server().unix(), || ());
        let mix = metrics.total.mix();
        if mix.counters.succeeded < 4_000 {
            return Err(format!("{} operations are too few", mix.counters.succeeded));
        }
        let per_s = mix.counters.succeeded as f64 / (metrics.measure_ns as f64 / 1e9);
        near("X · R", per_s * mean_s(&mix), CLIENTS, 0.01)
    });
}
