//! How far a load is, told at most four times a second however many tables run.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::event::{Event, Events};

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

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

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
        assert!(heard.len() <= 4, "{heard:?}");
        assert!(heard.len() >= 2 && heard.iter().rev().take(2).all(|last| *last == (10_000, 10_000)), "{heard:?}");
    }
}
