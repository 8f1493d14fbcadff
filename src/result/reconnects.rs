//! Connections that were made again, in words: lost ones are an outage, those that dbbench closed at a timeout are not.

use super::slice::SliceRecord;

/// How often in a slice, and how often of that for operations of the warm-up.
type Counts = (u64, u64);

/// In which rounds connections were lost and made again; `None`: in none.
pub(super) fn lost<'a>(variant: &str, slices: impl Iterator<Item = &'a SliceRecord>) -> Option<String> {
    let counts = |slice: &SliceRecord| {
        (
            slice.reconnects.saturating_sub(slice.timeout_reconnects),
            slice.warmup_reconnects.saturating_sub(slice.timeout_warmup_reconnects),
        )
    };
    let (rounds, in_warmup) = said(slices, counts)?;
    let contain = match in_warmup {
        true => "its figures contain the outage as far as it lay in the measurement",
        false => "its figures contain the outage",
    };
    Some(format!("{variant}: connections were lost and made again {rounds}; {contain}"))
}

/// In which rounds connections were closed because an operation reached its timeout, and made again; `None`: in none.
pub(super) fn closed_at_timeouts<'a>(variant: &str, slices: impl Iterator<Item = &'a SliceRecord>) -> Option<String> {
    let counts = |slice: &SliceRecord| (slice.timeout_reconnects, slice.timeout_warmup_reconnects);
    let (rounds, _) = said(slices, counts)?;
    Some(format!(
        "{variant}: dbbench closed connections at the `timeout` of an operation and made new ones {rounds}; no connection was \
         lost, and the operation after each waited for the new one (acquire time)"
    ))
}

/// `8 times in round 1, 3 times in round 2 (1 of them in the warm-up)`, and whether any lay in a warm-up.
fn said<'a>(
    slices: impl Iterator<Item = &'a SliceRecord>,
    counts: impl Fn(&SliceRecord) -> Counts,
) -> Option<(String, bool)> {
    let (mut rounds, mut in_warmup) = (Vec::new(), false);
    for slice in slices {
        let (all, warmup) = counts(slice);
        if all == 0 {
            continue;
        }
        let times = if all == 1 { "time" } else { "times" };
        let of_warmup = match warmup {
            0 => String::new(),
            warmup if warmup == all => " (in the warm-up)".to_owned(),
            warmup => format!(" ({warmup} of them in the warm-up)"),
        };
        in_warmup |= warmup > 0;
        rounds.push(format!("{all} {times} in round {}{of_warmup}", slice.round));
    }
    (!rounds.is_empty()).then(|| (rounds.join(", "), in_warmup))
}
