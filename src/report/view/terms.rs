//! What the words and marks of each plot mean.

/// Mark or word, and what it means.
pub(super) type Term = (&'static str, &'static str);

const RATIOS: &[Term] = &[
    (
        "diamond",
        "The figure of the variant divided by that of the baseline within each round, then the geometric mean over rounds. At 0.5× it is half as large.",
    ),
    (
        "line",
        "The 95 % interval of that mean: Student’s t on the logarithms of the ratios. Without a line there were fewer than three rounds.",
    ),
    ("shaded", "Within the margin of the workload: a whole interval in here counts as no difference."),
    ("axis", "Logarithmic, so that half and twice stand equally far from 1×."),
];

const PERCENTILES: &[Term] = &[
    (
        "curve",
        "The response time, in the unit at the axis, that this share of the operations stayed within. Lower is faster; a curve that climbs late has a short tail.",
    ),
    (
        "measured",
        "From the intended start of an operation to its end, waiting included. Every operation of every valid round counts once, within 0.1 % of its time.",
    ),
    (
        "end of a curve",
        "Fewer than ten operations were slower, or the end of the others was not seen: what would follow is chance, so it is not drawn.",
    ),
];

const LATENCY: &[Term] = &[
    ("dot", "Median response time of the operations that ended within one second of a variant’s turn."),
    (
        "thin line above",
        "Up to the 99th percentile of that second. It is missing where fewer than ten operations were slower.",
    ),
    ("shaded", "Every other round. In a round each variant has one turn; the order is shuffled."),
    (
        "what to look for",
        "A level that differs from round to round is drift of the machine, which the ratios within rounds cancel. A level that rises within a turn had not settled.",
    ),
];

const GOODPUT: &[Term] = &[
    ("bar", "Operations that succeeded in all valid rounds, divided by the seconds measured."),
    ("ring", "One round."),
    (
        "line",
        "The 95 % interval of the mean over rounds. In a closed loop throughput follows from the response time; in an open loop it cannot exceed the rate asked for.",
    ),
];

const THROUGHPUT: &[Term] = &[
    (
        "dot",
        "Operations that succeeded in one second of a variant’s turn. What ended after the turn is left out. With very many seconds in sight only a line through them is drawn: zoom in.",
    ),
    ("shaded", "Every other round. In a round each variant has one turn; the order is shuffled."),
];

const PARTS: &[Term] = &[
    ("bar", "Mean response time of an operation; its parts add up to it. Means, not medians: only means can be added."),
    ("link round trips", "Statements per operation times the configured round trip. Computed, not measured."),
    (
        "rest of service time",
        "From the first byte sent to the last byte received, without the link’s part: server, driver, transfer.",
    ),
    ("waiting for a connection", "Until the pool gave one, or a new one was opened."),
    ("queue", "Open loops: from the intended start to the moment a client was free."),
    ("schedule lag", "The generator’s own lateness."),
];

/// Of a plot, by its id.
pub(super) fn of(id: &str) -> &'static [Term] {
    match id {
        "ratios" => RATIOS,
        "percentiles" => PERCENTILES,
        "latency" => LATENCY,
        "goodput" => GOODPUT,
        "throughput" => THROUGHPUT,
        "parts" => PARTS,
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use crate::report::fixture::sample;
    use crate::report::plots::plots;

    #[test]
    fn every_plot_is_explained() {
        let sample = sample();
        let plots = plots(&sample.inputs());
        assert!(plots.len() == 6 && plots.iter().all(|plot| super::of(plot.id).len() > 1));
    }
}
