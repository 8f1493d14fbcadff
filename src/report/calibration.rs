//! What the harness costs, in words: the whole of a calibration as text, and the one sentence that reports of runs quote.

use crate::report::format;
use crate::report::wording::variant_name;
use crate::report::wrap::{harmless, wrapped};
use crate::result::summary::{Summary, Variant};
use crate::result::{Calibration, Cost, Harness, Repeated};

/// A calibration as text, each line ended: figures with their range, and a sentence about each.
#[must_use]
pub fn render(calibration: &Calibration, width: u16) -> String {
    let mut out = String::new();
    for line in wrapped(&heading(calibration), width.min(100)) {
        out.push_str(&line);
        out.push('\n');
    }
    for (name, figure, sentence) in figures(calibration) {
        out.push_str(&format!("\n{name:<36}{figure}\n"));
        for line in wrapped(&sentence, width.min(100).saturating_sub(4)) {
            out.push_str(&format!("    {line}\n"));
        }
    }
    out
}

fn heading(calibration: &Calibration) -> String {
    let build = &calibration.dbbench;
    let cores = match calibration.cores {
        Some(1) => ", 1 core".to_owned(),
        Some(cores) => format!(", {cores} cores"),
        None => String::new(),
    };
    let cpu = calibration.cpu_model.as_deref().map_or_else(String::new, |model| format!(", {model}"));
    let repeats = calibration.in_process.cpu_us_per_statement.map_or(0, |figure| figure.repeats);
    format!(
        "What dbbench {} ({} build) itself costs on {}{cpu}{cores}: medians of {repeats} repeats, with their range.",
        build.version, build.profile, calibration.machine
    )
}

/// Name, figure and meaning of all that is measured.
fn figures(calibration: &Calibration) -> Vec<(&'static str, String, String)> {
    let rate =
        |cost: &Cost| figure(cost.operations_per_core_per_s, &|value| format!("{} /s", format::significant(value)));
    let time = |value| figure(value, &time);
    let bare = calibration.bare_p50_us.map_or_else(String::new, |bare| {
        format!(" Loopback and the endpoint are not in it: the bare exchange takes {}.", format::time_us(bare.median))
    });
    let rtt = format::time_us(calibration.link_rtt_us);
    vec![
        (
            "added to a response, p50",
            time(calibration.added_p50_us),
            format!(
                "How much longer one client waits for a statement than a bare loop that exchanges the same bytes with \
                 the same endpoint.{bare}{}",
                unsure(calibration.added_p50_us)
            ),
        ),
        (
            "added to a response, p99",
            time(calibration.added_p99_us),
            format!("The same between the 99th percentiles of both.{}", unsure(calibration.added_p99_us)),
        ),
        (
            "CPU per statement over loopback",
            time(calibration.loopback.cpu_us_per_statement),
            "What a worker with 16 clients spends on a statement, most of it in the kernel's socket calls.".to_owned(),
        ),
        (
            "operations per core over loopback",
            rate(&calibration.loopback),
            "What one core of load generation can do at most with one statement each; a server on the same core takes \
             its share."
                .to_owned(),
        ),
        (
            "CPU per statement in process",
            time(calibration.in_process.cpu_us_per_statement),
            "Draw, encode, count, record: what is left without a socket.".to_owned(),
        ),
        (
            "operations per core in process",
            rate(&calibration.in_process),
            "The same as operations per second of one core.".to_owned(),
        ),
        (
            "lateness of the timer, p50",
            time(calibration.timer_late_p50_us),
            "How long after its moment a wait of 2 ms ends: by so much open loops and pauses are late.".to_owned(),
        ),
        (
            "lateness of the timer, p99",
            time(calibration.timer_late_p99_us),
            "The same at the 99th percentile of all waits.".to_owned(),
        ),
        (
            "error of the link",
            figure(calibration.link_error_us, &signed),
            format!("What the link adds to an exchange, less the {rtt} of round trip that it was asked for."),
        ),
    ]
}

/// Said of a difference that may as well be none.
fn unsure(added: Option<Repeated>) -> &'static str {
    match added.is_some_and(|added| !added.is_positive()) {
        true => " The range holds 0: the machine was too busy to tell.",
        false => "",
    }
}

fn time(value_us: f64) -> String {
    format::time_us(value_us)
}

fn signed(value_us: f64) -> String {
    let sign = if value_us > 0.0 { "+" } else { "" };
    format!("{sign}{}", format::time_us(value_us))
}

/// `9.12 µs (8.70 µs to 9.80 µs)`.
fn figure(value: Option<Repeated>, show: &dyn Fn(f64) -> String) -> String {
    let Some(value) = value else { return "– (not measured: more --seconds)".to_owned() };
    match value.low.zip(value.high) {
        Some((low, high)) => format!("{} ({} to {})", show(value.median), show(low), show(high)),
        None => show(value.median),
    }
}

/// What a report says of the harness, without a period; `None` where nothing but the harness was measured, or nothing was.
#[must_use]
pub fn quoted(summary: &Summary) -> Option<String> {
    let measured = || summary.variants.iter().filter(|variant| variant.mix.response_us.p50.is_some());
    if summary.servers.is_empty() || measured().next().is_none() {
        return None;
    }
    let Some(harness) = &summary.harness else {
        return Some(
            "not calibrated on this machine: the command dbbench calibrate measures how much of these times is dbbench itself"
                .to_owned(),
        );
    };
    let share = |variant: &&Variant| -> Option<(f64, f64, String)> {
        Some((variant.harness_us_per_operation?, variant.mix.response_us.p50?, variant_name(variant)))
    };
    let most = measured().filter_map(|variant| share(&variant)).max_by(|a, b| (a.0 / a.1).total_cmp(&(b.0 / b.1)));
    let day = day(harness);
    let Some((own_us, of_us, name)) = most else {
        return Some(untold(harness));
    };
    let several = if measured().count() > 1 { ", the largest share here" } else { "" };
    let (of, name) = (format::time_us(of_us), harmless(&name));
    if own_us >= of_us {
        return Some(format!("the {of} of {name} are no longer than what dbbench itself takes (calibrated {day})"));
    }
    let own = format::time_us(own_us);
    Some(format!(
        "of the {of} that {name} takes at the median about {own} are dbbench itself{several} (calibrated {day})"
    ))
}

/// What is said where the share of the harness is not known: that it was too small, that the calibration could not tell, or
/// that it did not measure it.
fn untold(harness: &Harness) -> String {
    let day = day(harness);
    let Some(added) = harness.added_p50_us else {
        return format!(
            "how much of these times is dbbench itself is not known: the calibration of {day} was too short to measure it \
             (dbbench calibrate --seconds)"
        );
    };
    let (median, range) = (time(added.median), added.low.zip(added.high));
    match range {
        Some((low, high)) if low <= 0.0 && high > 0.0 => format!(
            "how much of these times is dbbench itself could not be told: repeats of the calibration found from {} to {} for \
             each statement (calibrated {day})",
            signed(low),
            signed(high)
        ),
        _ if added.median <= 0.0 => {
            format!("dbbench itself adds nothing to a response that could be measured (calibrated {day})")
        }
        _ => format!("dbbench itself adds about {median} to each statement (calibrated {day})"),
    }
}

/// Beside the environment: all that is quoted, with its range.
pub(super) fn in_full(harness: &Harness) -> String {
    let show = |value| figure(value, &time);
    format!(
        "adds {} to each statement at the median and {} at the 99th percentile, with one client; takes {} of CPU for each; \
         calibrated {}",
        show(harness.added_p50_us),
        show(harness.added_p99_us),
        show(harness.cpu_us_per_statement),
        day(harness)
    )
}

fn day(harness: &Harness) -> &str {
    harness.calibrated_at.split('T').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::fixture::{calibration, sample};

    #[test]
    fn a_calibration_as_text() {
        insta::assert_snapshot!(render(&calibration(), 80));
    }

    #[test]
    fn what_was_not_measured_is_said() {
        let text = render(&Calibration { added_p99_us: None, ..calibration() }, 80);
        assert!(text.contains("added to a response, p99            – (not measured: more --seconds)"), "{text}");
    }

    #[test]
    fn the_share_of_the_harness_is_quoted_once() {
        let mut summary = sample().summary;
        let quote = |summary: &Summary| quoted(summary).expect("something to say");
        assert_eq!(
            quote(&summary),
            "of the 12.1 ms that n_plus_one takes at the median about 192 µs are dbbench itself, the largest share here \
             (calibrated 2026-11-19)"
        );
        summary.variants.truncate(1);
        assert!(!quote(&summary).contains("largest share"), "of one variant");
        summary.variants[0].mix.response_us.p50 = Some(100.0);
        assert!(quote(&summary).contains("no longer than what dbbench itself takes"), "{}", quote(&summary));
        summary.variants[0].harness_us_per_operation = None;
        let mut with = |added: Option<Repeated>| {
            summary.harness.as_mut().expect("calibrated").added_p50_us = added;
            quote(&summary)
        };
        let added = |median, low, high| Some(Repeated { median, low: Some(low), high: Some(high), repeats: 5 });
        let nothing = "dbbench itself adds nothing to a response that could be measured (calibrated 2026-11-19)";
        assert_eq!(with(added(-2.0, -3.0, -1.0)), nothing);
        assert_eq!(with(Some(Repeated { median: 0.0, low: None, high: None, repeats: 1 })), nothing);
        let untold = with(added(2.0, -1.5, 9.0));
        assert!(
            untold.contains("could not be told: repeats of the calibration found from −1.50 µs to +9.00 µs"),
            "{untold}"
        );
        let missing = with(None);
        assert!(missing.contains("too short to measure it") && !missing.contains("nothing"), "{missing}");
        let known = with(added(9.0, 8.0, 10.0));
        assert!(known.starts_with("dbbench itself adds about 9"), "statements were not counted: {known}");
        summary.harness = None;
        assert!(quote(&summary).starts_with("not calibrated on this machine"));
        summary.variants[0].mix.response_us.p50 = None;
        assert_eq!(quoted(&summary), None, "nothing was measured");
        let mut within = sample().summary;
        within.servers.clear();
        assert_eq!(quoted(&within), None, "against the null target within the process");
    }
}
