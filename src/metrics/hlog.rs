//! HdrHistogram interval logs (V2, compressed), as every HDR tool reads them.
//!
//! Values in the log are nanoseconds. Timestamps are seconds since the `StartTime` of the header. Only lines are made and
//! read here; which file they go to is the business of `result`.

use std::fmt;
use std::time::{Duration, SystemTime};

use hdrhistogram::Histogram;
use hdrhistogram::serialization::interval_log::{IntervalLogWriterBuilder, Tag};
use hdrhistogram::serialization::{Deserializer, V2DeflateSerializer};

use super::Distribution;

/// What a line of the log is about, written `variant/operation/kind/p0/r1`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LogTag {
    /// Name of the variant.
    pub variant: String,
    /// Name of the operation; empty for what belongs to no operation (connects).
    pub operation: String,
    /// `response`, `service`, `queue`, `acquire`, `lag`, `failed_response`, `connect`.
    pub kind: String,
    /// Index of the sweep point, from 0.
    pub point: u32,
    /// Round, from 1.
    pub round: u32,
}

impl LogTag {
    /// Reads a tag; `None` when it is not one of ours.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('/');
        let mut next = || parts.next();
        let (variant, operation, kind, point, round) = (next()?, next()?, next()?, next()?, next()?);
        if parts.next().is_some() {
            return None;
        }
        Some(Self {
            variant: variant.to_owned(),
            operation: operation.to_owned(),
            kind: kind.to_owned(),
            point: point.strip_prefix('p')?.parse().ok()?,
            round: round.strip_prefix('r')?.parse().ok()?,
        })
    }
}

impl fmt::Display for LogTag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { variant, operation, kind, point, round } = self;
        write!(f, "{variant}/{operation}/{kind}/p{point}/r{round}")
    }
}

/// A line of the log.
#[derive(Clone, Debug)]
pub struct LogLine {
    /// What it is about.
    pub tag: LogTag,
    /// Begin of the interval, since the start of the log.
    pub start: Duration,
    /// Length of the interval.
    pub length: Duration,
    /// The values; minimum, maximum and sum are those of the buckets.
    pub distribution: Distribution,
}

/// Makes the lines of a log.
#[derive(Default)]
pub struct IntervalLogWriter {
    serializer: V2DeflateSerializer,
}

impl fmt::Debug for IntervalLogWriter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("IntervalLogWriter")
    }
}

impl IntervalLogWriter {
    /// A writer with buffers of its own.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The header: what the values are, and the time that the timestamps count from.
    #[must_use]
    pub fn header(start: SystemTime) -> String {
        let seconds = start.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs_f64();
        format!(
            "#[dbbench: all values in nanoseconds, Interval_Max included; Tag=variant/operation/kind/point/round]\n\
             #[Histogram log format version 1.3]\n\
             #[StartTime: {seconds:.3} (seconds since epoch)]\n\
             \"StartTimestamp\",\"Interval_Length\",\"Interval_Max\",\"Interval_Compressed_Histogram\"\n"
        )
    }

    /// One line with its end of line; empty when nothing was recorded.
    ///
    /// # Errors
    /// When the tag holds what a log cannot carry (a comma, a blank, a line end), or the histogram cannot be encoded.
    pub fn line(
        &mut self,
        tag: &LogTag,
        start: Duration,
        length: Duration,
        distribution: &Distribution,
    ) -> Result<String, HlogError> {
        let Some(histogram) = distribution.histogram() else { return Ok(String::new()) };
        let text = tag.to_string();
        let log_tag = Tag::new(&text).ok_or_else(|| HlogError::Tag(text.clone()))?;
        let mut line = Vec::new();
        IntervalLogWriterBuilder::new()
            .begin_log_with(&mut line, &mut self.serializer)
            .map_err(|error| HlogError::Encode(text.clone(), error.to_string()))?
            .write_histogram(&histogram, start, length, Some(log_tag))
            .map_err(|error| HlogError::Encode(text.clone(), error.to_string()))?;
        String::from_utf8(line).map_err(|error| HlogError::Encode(text, error.to_string()))
    }
}

/// Reads one line; `None` for comments, the legend and lines of other makers.
///
/// # Errors
/// When the line has one of our tags but cannot be read to its end (a log cut off in the middle of a line).
pub fn read_line(line: &str) -> Result<Option<LogLine>, HlogError> {
    let Some(rest) = line.strip_prefix("Tag=") else { return Ok(None) };
    let mut fields = rest.trim_end().split(',');
    let Some(tag) = fields.next().and_then(LogTag::parse) else { return Ok(None) };
    let bad = |what: &str| HlogError::Decode(tag.to_string(), what.to_owned());
    let mut seconds = |what: &str| {
        let value = fields.next().and_then(|field| field.parse::<f64>().ok()).ok_or_else(|| bad(what))?;
        Duration::try_from_secs_f64(value).map_err(|_| bad(what))
    };
    let start = seconds("no start")?;
    let length = seconds("no length")?;
    let _max = fields.next();
    let bytes =
        fields.next().and_then(base64).filter(|bytes| is_whole(bytes)).ok_or_else(|| bad("no complete histogram"))?;
    let histogram: Histogram<u64> =
        Deserializer::new().deserialize(&mut bytes.as_slice()).map_err(|error| bad(&error.to_string()))?;
    Ok(Some(LogLine { tag, start, length, distribution: Distribution::restore(histogram, None) }))
}

/// Whether as many bytes are there as the head of a compressed histogram (cookie, length) announces: the decoder would
/// be content with less.
fn is_whole(bytes: &[u8]) -> bool {
    let length = bytes.get(4..8).and_then(|length| length.try_into().ok()).map(u32::from_be_bytes);
    length.is_some_and(|length| bytes.len() == 8 + length as usize)
}

/// Decodes standard base64 with padding.
fn base64(text: &str) -> Option<Vec<u8>> {
    if text.is_empty() || !text.len().is_multiple_of(4) {
        return None;
    }
    let padding = text.bytes().rev().take_while(|byte| *byte == b'=').count().min(2);
    let digits = &text.as_bytes()[..text.len() - padding];
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    let (mut bits, mut held) = (0_u32, 0_u32);
    for digit in digits {
        let value = match digit {
            b'A'..=b'Z' => digit - b'A',
            b'a'..=b'z' => digit - b'a' + 26,
            b'0'..=b'9' => digit - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        bits = (bits << 6) | u32::from(value);
        held += 6;
        if held >= 8 {
            held -= 8;
            bytes.push((bits >> held) as u8);
            bits &= (1 << held) - 1;
        }
    }
    Some(bytes)
}

/// What can go wrong with a line of the log.
#[derive(Debug, thiserror::Error)]
pub enum HlogError {
    /// The tag cannot stand in a log.
    #[error("histogram tag `{0}` holds a comma, a blank or a line end")]
    Tag(String),
    /// The histogram could not be written.
    #[error("cannot encode histogram `{0}`: {1}")]
    Encode(String, String),
    /// The histogram could not be read.
    #[error("cannot read histogram `{0}`: {1}")]
    Decode(String, String),
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::{IntervalLogWriter, LogTag, base64, read_line};
    use crate::metrics::{Distribution, Precision};

    fn tag() -> LogTag {
        LogTag { variant: "n-1".into(), operation: "read".into(), kind: "response".into(), point: 0, round: 3 }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]
        #[test]
        fn what_is_written_is_read_back(values in prop::collection::vec(0_u64..4_000_000_000_000, 1..80), two in any::<bool>()) {
            let precision = if two { Precision::TwoDigits } else { Precision::ThreeDigits };
            let mut distribution = Distribution::with_precision(precision);
            values.iter().for_each(|value| distribution.record(*value));
            let (start, length) = (Duration::from_millis(1_500), Duration::from_secs(2));
            let line = IntervalLogWriter::new().line(&tag(), start, length, &distribution).unwrap();
            if distribution.buckets().next().is_none() {
                prop_assert_eq!(line, "");
                return Ok(());
            }
            let read = read_line(&line).unwrap().unwrap();
            prop_assert_eq!((&read.tag, read.start, read.length), (&tag(), start, length));
            prop_assert!(read.distribution.buckets().eq(distribution.buckets()));
            prop_assert_eq!(read.distribution.precision(), precision);
            // Cut anywhere, a line never passes for a whole one.
            for at in (1..line.trim_end().len()).rev().take(12) {
                if let Ok(Some(cut)) = read_line(&line[..at]) {
                    prop_assert!(false, "{} of {} bytes were read as {:?}", at, line.len(), cut.tag);
                }
            }
        }
    }

    #[test]
    fn base64_is_the_standard_one() {
        for (text, bytes) in [("Zg==", "f"), ("Zm8=", "fo"), ("Zm9v", "foo"), ("Zm9vYmFy", "foobar")] {
            assert_eq!(base64(text).as_deref(), Some(bytes.as_bytes()));
        }
        assert_eq!((base64("Zm9"), base64("Zm9*"), base64("")), (None, None, None));
    }
}
