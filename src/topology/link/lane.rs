//! One direction of a connection: bytes, and when each may leave. Pure; time and sockets are passed in.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use bytes::{Buf, BytesMut};

/// How much may be on its way in one direction. What is more stays with the sender, as behind a full TCP window.
const LIMIT_BYTES: usize = 1024 * 1024;
/// Space offered to a read: a single response; and more as long as reads fill it.
const SMALL_READ: usize = 8 * 1024;
const LARGE_READ: usize = 128 * 1024;

/// What a link does to what arrives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Delays {
    /// How long each direction takes.
    pub(super) half_rtt: Duration,
    /// Up to half of it more or less.
    pub(super) jitter: Duration,
}

impl Delays {
    /// How long something is held back; `random` is uniform in 0 … 1.
    fn draw(self, random: f64) -> Duration {
        (self.half_rtt + self.jitter.mul_f64(random)).saturating_sub(self.jitter / 2)
    }
}

/// What arrived and has not left.
#[derive(Debug, Default)]
pub(super) struct Lane {
    bytes: BytesMut,
    /// When the next so many bytes may leave; the moments never fall, so that order is kept.
    parts: VecDeque<(Instant, usize)>,
    /// When the end of the stream may be passed on.
    end: Option<Instant>,
    read_size: usize,
}

impl Lane {
    /// Where the next bytes are to be read into; `None` while there is no room, or after the end.
    pub(super) fn room(&mut self) -> Option<&mut BytesMut> {
        if self.end.is_some() || self.bytes.len() >= LIMIT_BYTES {
            return None;
        }
        self.read_size = self.read_size.max(SMALL_READ);
        self.bytes.reserve(self.read_size);
        Some(&mut self.bytes)
    }

    /// `count` bytes arrived `now` in what [`Lane::room`] gave; 0 is the end.
    pub(super) fn arrived(&mut self, count: usize, now: Instant, delays: Delays, random: f64) {
        let earliest = self.parts.back().map_or(now, |last| last.0);
        let due = earliest.max(now + delays.draw(random));
        if count == 0 {
            self.end = Some(due);
            return;
        }
        self.read_size = if count >= self.read_size { LARGE_READ } else { SMALL_READ };
        self.parts.push_back((due, count));
    }

    /// What may leave by `now`.
    pub(super) fn due(&self, now: Instant) -> &[u8] {
        let count = self.parts.iter().take_while(|part| part.0 <= now).map(|part| part.1).sum();
        &self.bytes[..count]
    }

    /// `count` of the due bytes have left.
    pub(super) fn left(&mut self, mut count: usize) {
        self.bytes.advance(count);
        while let Some(part) = self.parts.front_mut() {
            if part.1 > count {
                part.1 -= count;
                break;
            }
            count -= part.1;
            self.parts.pop_front();
        }
        if self.bytes.is_empty() && self.bytes.capacity() > LARGE_READ {
            self.bytes = BytesMut::new();
        }
    }

    /// The moment that [`Lane::due`] or [`Lane::is_over`] changes by itself.
    pub(super) fn next(&self) -> Option<Instant> {
        self.parts.front().map(|part| part.0).or(self.end)
    }

    /// Whether everything has left and the end may be passed on.
    pub(super) fn is_over(&self, now: Instant) -> bool {
        self.parts.is_empty() && self.end.is_some_and(|end| end <= now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::BufMut;
    use proptest::prelude::*;

    fn delays(half_rtt_us: u64, jitter_us: u64) -> Delays {
        let us = Duration::from_micros;
        Delays { half_rtt: us(half_rtt_us), jitter: us(jitter_us) }
    }

    proptest! {
        /// Whatever the jitter, the sizes and how much each write takes: the same bytes leave in the same order, none
        /// before its delay, and the end comes last.
        #[test]
        fn bytes_keep_their_order_and_their_delay(
            arrivals in prop::collection::vec((0u64..400, 1usize..5000, 0.0f64..1.0), 1..40),
            takes in prop::collection::vec(1usize..6000, 1..20),
            jitter in 0u64..500,
        ) {
            let zero = Instant::now();
            let at = |us| zero + Duration::from_micros(us);
            let mut lane = Lane::default();
            let (mut clock, mut sent, mut arrived_at) = (0, Vec::new(), Vec::new());
            for (gap, size, random) in arrivals {
                clock += gap;
                let room = lane.room().expect("far below the limit");
                for _ in 0..size {
                    let byte = u8::try_from(sent.len() % 251).expect("below 251");
                    room.put_u8(byte);
                    sent.push(byte);
                    arrived_at.push(clock);
                }
                lane.arrived(size, at(clock), delays(300, jitter), random);
            }
            lane.room();
            lane.arrived(0, at(clock), delays(300, jitter), 0.0);
            prop_assert!(lane.room().is_none(), "nothing is read after the end");
            let (mut received, mut takes) = (Vec::new(), takes.into_iter().cycle());
            while let Some(next) = lane.next() {
                let due = lane.due(next);
                if due.is_empty() {
                    prop_assert!(lane.is_over(next));
                    break;
                }
                let count = due.len().min(takes.next().expect("endless"));
                for byte in &due[..count] {
                    let earliest = at(arrived_at[received.len()] + 300) - Duration::from_micros(jitter).div_f64(2.0);
                    prop_assert!(next + Duration::from_nanos(1) >= earliest);
                    received.push(*byte);
                }
                lane.left(count);
            }
            prop_assert_eq!(received, sent);
        }
    }

    #[test]
    fn nothing_is_held_back_without_delay_and_jitter_is_half_each_way() {
        let now = Instant::now();
        let us = Duration::from_micros;
        assert_eq!((delays(250, 100).draw(0.0), delays(250, 100).draw(1.0)), (us(200), us(300)));
        let mut lane = Lane::default();
        lane.room().expect("empty").put_slice(b"x");
        lane.arrived(1, now, delays(0, 0), 0.5);
        assert_eq!(lane.due(now), b"x");
    }

    #[test]
    fn a_full_lane_takes_no_more_until_something_leaves() {
        let now = Instant::now();
        let mut lane = Lane::default();
        while let Some(room) = lane.room() {
            room.put_bytes(0, 60_000);
            lane.arrived(60_000, now, delays(0, 0), 0.5);
        }
        assert!(lane.due(now).len() < LIMIT_BYTES + LARGE_READ);
        lane.left(lane.due(now).len());
        assert!(lane.room().is_some());
        assert!(lane.bytes.capacity() <= LARGE_READ, "{}", lane.bytes.capacity());
    }
}
