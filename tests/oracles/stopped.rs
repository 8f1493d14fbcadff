//! A server that stands still for a second: what users would have felt must be in the percentiles.

use std::time::{Duration, Instant};

use dbbench::driver::Control;
use dbbench::load::Spacing;
use rustix::process::{Pid, Signal, kill_process};

use super::theory::{arrivals_s, mean, quantile, responses_s};
use super::{alone, near, plan, response_s, seconds, slice, wait, within_three_tries};
use crate::support::Server;

fn signal(signal: Signal, pid: &str) {
    let pid = pid.parse().ok().and_then(Pid::from_raw).unwrap();
    kill_process(pid, signal).unwrap();
}

#[test]
fn a_server_stopped_for_a_second_shows_in_the_response_and_hides_from_the_service_time() {
    let _alone = alone();
    let (rate_per_s, measure_s, clients) = (200.0, 10.0, 4);
    let (stop_at_s, stop_s) = (3.0, 1.0);
    within_three_tries(|| {
        let server = Server::start();
        let (admin, endpoint) = (server.unix(), server.database());
        let load = format!("clients = {clients}\nrate = {rate_per_s}\narrivals = \"constant\"");
        let plan = plan("SELECT 1", &load, measure_s, 1);
        let (tell, told) = std::sync::mpsc::channel();
        let name = endpoint.database.clone();
        let stop = move || {
            let sql = format!("SELECT pid FROM pg_stat_activity WHERE datname = '{name}'");
            let rows = wait(async { Control::connect(&admin).await.unwrap().rows(&sql).await.unwrap() });
            let backends: Vec<String> = rows.iter().map(|row| row[0].clone().unwrap()).collect();
            assert_eq!(backends.len(), clients);
            std::thread::sleep(seconds(stop_at_s));
            let stopped = Instant::now();
            backends.iter().for_each(|pid| signal(Signal::STOP, pid));
            std::thread::sleep(seconds(stop_s));
            backends.iter().for_each(|pid| signal(Signal::CONT, pid));
            tell.send(stopped.elapsed()).unwrap();
        };
        let mix = slice(&plan, &endpoint, stop).total.mix();
        let outage_s = told.recv_timeout(Duration::from_secs(5)).unwrap().as_secs_f64();
        assert_eq!((mix.counters.planned, mix.counters.unstarted, mix.counters.failed), (2_000, 0, 0));
        // The backlog by arithmetic: what would be served within the outage is served right after it.
        let service_s = mix.service.quantile_ns(0.5, 0).expect("values") / 1e9;
        let arrivals = arrivals_s(plan.run.seed, rate_per_s, measure_s, Spacing::Constant);
        let until_s = stop_at_s + outage_s;
        let end = |_: usize, start: f64| match (stop_at_s..until_s).contains(&start) {
            true => until_s + service_s,
            false => start + service_s,
        };
        let expected = responses_s(&arrivals, clients, end);
        near("p95 of response, s", response_s(&mix, 0.95), quantile(&expected, 0.95), 0.05)?;
        near("p99 of response, s", response_s(&mix, 0.99), quantile(&expected, 0.99), 0.03)?;
        let mean_s = mix.response.mean_ns().expect("values") / 1e9;
        near("mean response, s", mean_s, mean(&expected), 0.05)?;
        // Only those that were under way show it in their service time: four of two thousand.
        let service_p99_s = mix.service.quantile_ns(0.99, 0).expect("values") / 1e9;
        assert!(service_p99_s < 0.2 * quantile(&expected, 0.99), "{service_p99_s}");
        Ok(())
    });
}
