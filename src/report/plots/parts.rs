//! Where the time goes: the parts of the mean response time of each variant.

use super::{Plot, caption, variants};
use crate::report::chart::{Chart, Kind, Stack, Stacked};
use crate::report::{Inputs, format};
use crate::result::run::VariantRecord;

/// Parts, in the order in which they are drawn.
const NAMES: [&str; 5] =
    ["link round trips, by configuration", "rest of service time", "waiting for a connection", "queue", "schedule lag"];

const LINK: usize = 0;
const SERVICE: usize = 1;

/// A part of the mean time that is smaller than this share of the largest whole cannot be seen.
const SMALLEST_PART: f64 = 0.004;

/// The mean time of an operation of one variant.
struct Whole {
    name: String,
    /// µs of each of [`NAMES`].
    parts_us: [f64; NAMES.len()],
    response_us: Option<f64>,
    /// Whether there is a link, whose part of the service time is not known.
    hides_link: bool,
}

pub(super) fn parts(inputs: &Inputs<'_>) -> Option<Plot> {
    let mut wholes = wholes(inputs);
    let largest = wholes.iter().map(|whole| whole.parts_us.iter().sum::<f64>()).fold(0.0, f64::max);
    if largest <= 0.0 {
        return None;
    }
    if most(&wholes, LINK) <= largest * SMALLEST_PART {
        for whole in &mut wholes {
            whole.parts_us[SERVICE] += std::mem::take(&mut whole.parts_us[LINK]);
        }
    }
    let with_link = most(&wholes, LINK) > 0.0;
    // Service time always stays; a part too small to be seen is named instead.
    let (shown, small): (Vec<usize>, Vec<usize>) = (0..NAMES.len())
        .filter(|part| *part == SERVICE || most(&wholes, *part) > 0.0)
        .partition(|part| *part == SERVICE || most(&wholes, *part) > largest * SMALLEST_PART);
    let name = |part: usize| match (part, with_link) {
        (SERVICE, false) => "service time",
        _ => NAMES.get(part).copied().unwrap_or_default(),
    };
    let stack = |whole: &Whole| Stack {
        name: whole.name.clone(),
        parts_us: shown.iter().filter_map(|part| whole.parts_us.get(*part).copied()).collect(),
        label: format::optional_time_us(whole.response_us),
    };
    let said = |whole: &Whole| {
        let part =
            |part: &usize| format!("{} {}", name(*part), format::optional_time_us(whole.parts_us.get(*part).copied()));
        let parts: Vec<String> = shown.iter().map(part).collect();
        format!("{}: {} of {}", whole.name, parts.join(", "), format::optional_time_us(whole.response_us))
    };
    let chart = Stacked {
        name: "mean time of an operation".to_owned(),
        parts: shown.iter().map(|part| name(*part).to_owned()).collect(),
        stacks: wholes.iter().map(stack).collect(),
    };
    let small: Vec<String> = small
        .iter()
        .map(|part| format!("{} (at most {})", name(*part), format::time_us(most(&wholes, *part))))
        .collect();
    Some(Plot {
        id: "parts",
        heading: "Where the time goes",
        note: note(with_link, &wholes, &small),
        chart: Chart {
            caption: caption("Parts of the mean response time", wholes.iter().map(said).collect()),
            kind: Kind::Stacked(chart),
        },
    })
}

fn wholes(inputs: &Inputs<'_>) -> Vec<Whole> {
    let whole = |(variant, _, name): (&crate::result::summary::Variant, usize, String)| {
        let mix = &variant.mix;
        let service = mix.service_us.mean?;
        // Where operations never started, nobody knows how long they would have waited: no bar rather than one too short.
        if mix.queue_us.max.is_some() && mix.queue_us.mean.is_none() {
            return None;
        }
        // Statements of one operation wait for each other, so each pays the round trip; never more than was measured. Those that
        // do not wait share round trips, and how many there were is not counted: nothing is said rather than too much.
        let rtt_us = variant.link_rtt_us.unwrap_or(0.0);
        let planned = inputs.run.variants.iter().find(|planned| planned.name == variant.name);
        let shares = planned.is_some_and(VariantRecord::shares_round_trips);
        let link = if shares { 0.0 } else { mix.statements_per_operation.unwrap_or(0.0) * rtt_us };
        let link = link.min(service);
        let [queue, lag] = [&mix.queue_us, &mix.schedule_lag_us].map(|times| times.mean.unwrap_or(0.0));
        // Its mean is of those that waited for a connection alone: over all operations it is what the others leave.
        let acquire = match (mix.acquire_us.mean, mix.response_us.mean) {
            (Some(_), Some(response)) => (response - service - queue - lag).max(0.0),
            _ => 0.0,
        };
        let parts_us = [link, service - link, acquire, queue, lag];
        Some(Whole { name, parts_us, response_us: mix.response_us.mean, hides_link: shares && rtt_us > 0.0 })
    };
    variants(inputs).filter_map(whole).collect()
}

/// The largest of a part, µs.
fn most(wholes: &[Whole], part: usize) -> f64 {
    wholes.iter().filter_map(|whole| whole.parts_us.get(part)).copied().fold(0.0, f64::max)
}

fn note(with_link: bool, wholes: &[Whole], small: &[String]) -> String {
    let mut note = "Mean response time of an operation, and its parts.".to_owned();
    if with_link {
        note.push_str(
            " The link’s part is not measured: it is the number of statements times the configured round trip.",
        );
    }
    let hidden: Vec<&str> = wholes.iter().filter(|whole| whole.hides_link).map(|whole| whole.name.as_str()).collect();
    if !hidden.is_empty() {
        note.push_str(&format!(
            " Of {} the link’s part is not told apart from the rest of the service time: statements are sent there without \
             waiting for each other, so that they share round trips, and how many there were is not counted.",
            hidden.join(", ")
        ));
    }
    if !small.is_empty() {
        note.push_str(&format!(" Too small to be seen: {}.", small.join(", ")));
    }
    note
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::fixture::sample;

    /// Five statements in one pipeline are one round trip, not five.
    #[test]
    fn statements_that_share_round_trips_are_not_charged_one_each() {
        let parts_of = |shares: bool| {
            let mut sample = sample();
            sample.run.variants[0].operations[0].shares_round_trips = shares;
            let plot = parts(&sample.inputs()).expect("a plot");
            let Kind::Stacked(stacked) = plot.chart.kind else { panic!("another kind") };
            (stacked.stacks[0].parts_us.clone(), plot.note)
        };
        let (alone, note) = parts_of(false);
        assert!(alone[LINK] > 0.0 && !note.contains("share round trips"), "{note}");
        let (shared, note) = parts_of(true);
        assert_eq!(shared[LINK], 0.0);
        assert!(
            (shared.iter().sum::<f64>() - alone.iter().sum::<f64>()).abs() < 1e-6,
            "the whole is what was measured"
        );
        assert!(note.contains("Of n_plus_one the link’s part is not told apart"), "{note}");
    }
}
