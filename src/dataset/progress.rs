//! How far a load is, told at most four times a second however many tables run.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::event::{Event, Events};
use crate::words::ending;

/// Shortest time between two events.
const INTERVAL: Duration = Duration::from_millis(250);

/// Counts rows over all tables.
#[derive(Debug)]
pub(super) struct Progress {
    events: Events,
    total: u64,
    rows: AtomicU64,
    began: Instant,
    told: Mutex<Instant>,
}

impl Progress {
    /// Begins now.
    pub(super) fn new(events: Events, total: u64) -> Self {
        let began = Instant::now();
        Self { events, total, rows: AtomicU64::new(0), began, told: Mutex::new(began) }
    }

    /// So many more rows went to the server.
    pub(super) fn add(&self, rows: u64) {
        let rows = self.rows.fetch_add(rows, Ordering::Relaxed) + rows;
        // Somebody else is telling: that is enough.
        if let Ok(mut told) = self.told.try_lock()
            && told.elapsed() >= INTERVAL
        {
            *told = Instant::now();
            self.tell(rows);
        }
    }

    /// Tells the end; the time that the load took.
    pub(super) fn finish(&self) -> Duration {
        self.tell(self.rows.load(Ordering::Relaxed));
        self.began.elapsed()
    }

    fn tell(&self, rows: u64) {
        self.events.emit(Event::LoadProgress { rows, total: self.total, elapsed: self.began.elapsed() });
    }
}

/// `220,000 rows at 1,500,000 rows/s`
pub(super) fn in_words(rows: u64, rows_per_s: f64) -> String {
    format!("{} row{} at {} rows/s", grouped(&rows.to_string()), ending(&rows), grouped(&format!("{rows_per_s:.0}")))
}

/// Digits in threes.
fn grouped(digits: &str) -> String {
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    #[test]
    fn numbers_are_readable() {
        assert_eq!(in_words(220_000, 1_537_000.4), "220,000 rows at 1,537,000 rows/s");
        assert_eq!(in_words(7, 999.9), "7 rows at 1,000 rows/s");
    }

    #[test]
    fn events_are_rare_and_the_last_one_is_complete() {
        let heard = Arc::new(Mutex::new(Vec::new()));
        let into = Arc::clone(&heard);
        let events = Events::new(move |event| {
            if let Event::LoadProgress { rows, total, .. } = event {
                into.lock().unwrap().push((rows, total));
            }
        });
        let progress = Progress::new(events, 10_000);
        for _ in 0..10_000 {
            progress.add(1);
        }
        std::thread::sleep(INTERVAL);
        progress.add(0);
        progress.finish();
        let heard = heard.lock().unwrap();
        let intervals = progress.began.elapsed().as_millis() / INTERVAL.as_millis();
        assert!(heard.len() as u128 <= intervals + 1, "{heard:?} in {intervals} intervals");
        assert!(heard.len() >= 2 && heard.iter().rev().take(2).all(|last| *last == (10_000, 10_000)), "{heard:?}");
    }
}
