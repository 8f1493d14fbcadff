//! When a client's operations are to start: after the last one in a closed loop, by the next arrival in an open one.

use super::flight::{ClientView, Rest};
use super::state::WorkerState;
use crate::load::{Arrival, ClosedLoop, Load, OpenCursors, OpenLoop};
use crate::metrics::OperationNumber;
use crate::param::{Phase, Stream};

/// The next operation of a client.
#[derive(Clone, Copy, Debug)]
pub(super) struct Turn {
    pub(super) stream: Stream,
    /// Within its phase.
    pub(super) number: OperationNumber,
    pub(super) phase: Phase,
    pub(super) intended_ns: u64,
    /// From the intended start to the moment at which the client was free; `None` in a closed loop, where nothing queues.
    pub(super) queue_ns: Option<u64>,
    /// Whether the intended start was ahead when the client became free.
    ahead: bool,
}

impl Turn {
    /// Waits for the intended start. `false`: it lies beyond the end of the warm-up, which has become known meanwhile.
    pub(super) async fn has_come(&self, worker: &WorkerState, view: &ClientView) -> bool {
        if !self.ahead {
            return true;
        }
        view.rest.set(Rest::AwaitsStart);
        if self.phase == Phase::Measure {
            worker.wait_until(self.intended_ns).await;
        } else {
            let wait = worker.wait_until(self.intended_ns);
            tokio::pin!(wait);
            let mut has_come = false;
            while !has_come && worker.clock.measurement().is_none() {
                tokio::select! {
                    biased;
                    () = &mut wait => has_come = true,
                    () = worker.measurement_fixed.notified() => {}
                }
            }
            if !has_come && self.is_in_warmup(worker) {
                wait.await;
            }
        }
        view.rest.set(Rest::None);
        self.phase == Phase::Measure || self.is_in_warmup(worker)
    }

    fn is_in_warmup(&self, worker: &WorkerState) -> bool {
        worker.clock.measurement().is_none_or(|(from_ns, _)| self.intended_ns < from_ns)
    }
}

/// Where a client stands.
#[derive(Debug)]
pub(super) struct Pace {
    /// Number of the client, over all workers.
    client: u32,
    /// Begin of the warm-up.
    start_ns: u64,
    phase: Phase,
    /// Operations of the phase so far (closed loop).
    count: u64,
    started: bool,
}

impl Pace {
    pub(super) fn new(client: u32, start_ns: u64) -> Self {
        Self { client, start_ns, phase: Phase::Warmup, count: 0, started: false }
    }

    /// The next operation of the client, which is free since `free_ns`. `None`: there is none any more.
    pub(super) async fn next(&mut self, worker: &WorkerState, view: &ClientView, free_ns: u64) -> Option<Turn> {
        match &worker.load {
            Load::Closed(closed) => self.after_the_last(worker, view, closed, free_ns).await,
            Load::Open(open) => self.arrival(worker, open, free_ns),
        }
    }

    /// Closed loop: the intended start is the moment at which the client is free, its think time over.
    async fn after_the_last(
        &mut self,
        worker: &WorkerState,
        view: &ClientView,
        closed: &ClosedLoop,
        free_ns: u64,
    ) -> Option<Turn> {
        if self.phase == Phase::Measure && self.has_done_its_share(closed) {
            return None;
        }
        // At the common start there is nothing to think about yet. Later on also without a connection: the outage is part
        // of what the next operation takes.
        let mut intended_ns = if self.started { closed.next_start_ns(free_ns) } else { free_ns };
        self.started = true;
        if intended_ns > free_ns {
            rest_until(worker, view, intended_ns).await?;
        }
        let mut phase = worker.clock.phase_of(intended_ns)?;
        if let (Phase::Measure, Some((from_ns, _))) = (phase, worker.clock.measurement()) {
            let there_ns = from_ns + closed.next_there_ns(self.client, intended_ns - from_ns)?;
            if there_ns > intended_ns {
                intended_ns = there_ns;
                rest_until(worker, view, intended_ns).await?;
                phase = worker.clock.phase_of(intended_ns)?;
            }
        }
        if self.phase != phase {
            (self.phase, self.count) = (phase, 0);
        }
        if phase == Phase::Measure && self.has_done_its_share(closed) {
            return None;
        }
        let (client, count) = (self.client, self.count);
        let stream = Stream::operation(worker.seed, worker.round, phase, client, count);
        self.count += 1;
        let number = OperationNumber::Client { client, count };
        Some(Turn { stream, number, phase, intended_ns, queue_ns: None, ahead: false })
    }

    fn has_done_its_share(&self, closed: &ClosedLoop) -> bool {
        closed.share.is_some_and(|share| self.count >= share.of(self.client))
    }

    /// Open loop: the next arrival that nobody has taken. Whatever was not taken in the warm-up when it ends is left there:
    /// the measurement begins without its backlog.
    fn arrival(&mut self, worker: &WorkerState, open: &OpenLoop, free_ns: u64) -> Option<Turn> {
        let measurement = worker.clock.measurement();
        let mut cursors = worker.cursors.get();
        let turn = self.arrival_of(measurement, open, &mut cursors, free_ns);
        worker.cursors.set(cursors);
        turn
    }

    fn arrival_of(
        &mut self,
        measurement: Option<(u64, u64)>,
        open: &OpenLoop,
        cursors: &mut OpenCursors,
        free_ns: u64,
    ) -> Option<Turn> {
        let turn = |phase, arrival: Arrival, intended_ns: u64| Turn {
            stream: arrival.stream,
            number: OperationNumber::Arrival(arrival.number),
            phase,
            intended_ns,
            queue_ns: Some(free_ns.saturating_sub(intended_ns)),
            ahead: intended_ns > free_ns,
        };
        if self.phase == Phase::Warmup {
            let is_over = |at_ns: u64| measurement.is_some_and(|(from_ns, _)| at_ns >= from_ns);
            if !is_over(free_ns) {
                let arrival = open.warmup.take(&mut cursors.warmup)?;
                let intended_ns = self.start_ns.saturating_add(arrival.start_ns);
                if !is_over(intended_ns) {
                    return Some(turn(Phase::Warmup, arrival, intended_ns));
                }
            }
            self.phase = Phase::Measure;
        }
        let (from_ns, until_ns) = measurement?;
        // At the end no operation starts any more; those that a client was free for do.
        if free_ns >= until_ns {
            return None;
        }
        let arrival = open.measure.take(&mut cursors.measure)?;
        Some(turn(Phase::Measure, arrival, from_ns + arrival.start_ns))
    }
}

/// Rests; `None` where the moment lies beyond the end: whoever would wait for it has nothing to do, and the drain must not
/// wait for whoever does.
async fn rest_until(worker: &WorkerState, view: &ClientView, until_ns: u64) -> Option<()> {
    worker.clock.phase_of(until_ns)?;
    view.rest.set(Rest::Idle);
    worker.wait_until(until_ns).await;
    view.rest.set(Rest::None);
    Some(())
}
