//! The control side of a worker: the phases of a slice as one thread lives them.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::sync::Notify;
use tokio::task::{AbortHandle, JoinError, JoinSet};

use super::client::{Client, ClientEnd};
use super::connection::{Connection, open_patiently};
use super::flight::{ClientView, Rest};
use super::message::{Command, Failure, Message, WorkerEnd, WorkerInterval};
use super::state::WorkerState;
use super::usage::UsageMark;
use super::{WorkerTask, panicked};
use crate::driver::CancelToken;
use crate::engine::interpreter::Interpreter;
use crate::load::Load;
use crate::metrics::{Distribution, Recorder, WorkerUsage};
use crate::timer::Timer;

/// Length of an interval.
const INTERVAL_NS: u64 = 1_000_000_000;
/// How many clients of a worker log in at the same time.
const LOGINS_AT_ONCE: usize = 16;
/// How long cut-off operations may take to notice their cancellation before their connections are closed.
const CANCEL_NS: u64 = 1_000_000_000;

/// Why waiting ended.
enum Woken {
    Time,
    Command(Command),
    ClientsEnded,
    Failed(Failure),
}

struct Control {
    worker: Rc<WorkerState>,
    commands: tokio::sync::watch::Receiver<Command>,
    clients: JoinSet<ClientEnd>,
    views: Vec<(Rc<ClientView>, AbortHandle)>,
    drain_ns: u64,
    usage: Option<WorkerUsage>,
    /// Its clients have done their share, which was told.
    is_done: bool,
}

/// From connecting to the end of the drain. Failures are told to the coordinator as they happen.
pub(super) async fn run(task: WorkerTask) -> WorkerEnd {
    let messages = task.messages.clone();
    let timer = match Timer::new() {
        Ok(timer) => timer,
        Err(error) => {
            let reason = format!("a worker's timer cannot be made: {error}");
            messages.send(Message::Failed(Failure { reason, ..Failure::default() }));
            return WorkerEnd::default();
        }
    };
    let (numbers, mut control) = (task.clients.clone(), Control::new(task, timer));
    let worker = Rc::clone(&control.worker);
    if let Err(failure) = control.live(&numbers).await {
        if let Some(failure) = failure {
            messages.send(Message::Failed(failure));
        }
        control.cut_off().await;
    }
    WorkerEnd {
        warmup: worker.swap(false),
        measure: worker.swap(true),
        connect: worker.connect.take(),
        usage: control.usage,
        last_end_ns: worker.last_end_ns.get(),
        reconnects: worker.reconnects.get(),
    }
}

/// `Err(None)`: the coordinator wants it to end.
type Ended = Result<(), Option<Failure>>;

impl Control {
    fn new(task: WorkerTask, timer: Timer) -> Self {
        let operations = task.variant.operations.len();
        let worker = Rc::new(WorkerState {
            clock: task.clock,
            variant: task.variant,
            target: task.target,
            load: task.load,
            seed: task.seed,
            round: task.round,
            timer,
            messages: task.messages,
            cold: task.cold,
            warmup: RefCell::new(Recorder::new(operations, task.precision)),
            measure: RefCell::new(Recorder::new(operations, task.precision)),
            connect: RefCell::new(Distribution::with_precision(task.precision)),
            last_end_ns: Cell::new(0),
            reconnects: Cell::default(),
            stopped: Cell::new(false),
            lateness_ns: Cell::new(0),
            cursors: Cell::default(),
            measurement_fixed: Notify::new(),
        });
        Self {
            worker,
            commands: task.commands,
            clients: JoinSet::new(),
            views: Vec::new(),
            drain_ns: task.drain_ns,
            usage: None,
            is_done: false,
        }
    }

    async fn live(&mut self, numbers: &[u32]) -> Ended {
        let clients = self.connect(numbers).await?;
        self.worker.messages.send(Message::Ready);
        let start_ns = self.wait_for_start().await?;
        for client in clients {
            let view = Rc::clone(&client.view);
            let handle = self.clients.spawn_local(client.run(start_ns));
            self.views.push((view, handle));
        }
        let from_ns = self.warm_up(start_ns).await?;
        let until_ns = self.measure(from_ns).await?;
        self.drain(until_ns).await
    }

    /// Connects all clients, a few at a time.
    async fn connect(&mut self, numbers: &[u32]) -> Result<Vec<Client>, Option<Failure>> {
        let worker = Rc::clone(&self.worker);
        let mut numbers = numbers.iter().copied();
        let mut logins = FuturesUnordered::new();
        let mut clients = Vec::with_capacity(numbers.len());
        loop {
            while logins.len() < LOGINS_AT_ONCE
                && let Some(number) = numbers.next()
            {
                let worker = Rc::clone(&worker);
                logins.push(async move { open_patiently(&worker).await.map(|connection| (number, connection)) });
            }
            let opened = tokio::select! {
                biased;
                aborted = aborted(&mut self.commands) => return Err(aborted),
                opened = logins.next() => opened,
            };
            match opened {
                None => return Ok(clients),
                Some(Ok((number, connection))) => clients.push(new_client(&worker, number, connection)?),
                Some(Err(failure)) => return Err(Some(failure)),
            }
        }
    }

    async fn wait_for_start(&mut self) -> Result<u64, Option<Failure>> {
        loop {
            match *self.commands.borrow_and_update() {
                Command::Start { at_ns } => return Ok(at_ns),
                Command::Abort => return Err(None),
                Command::Wait | Command::Measure => {}
            }
            self.commands.changed().await.map_err(|_| None)?;
        }
    }

    /// Until the measurement begins; returns that moment.
    async fn warm_up(&mut self, start_ns: u64) -> Result<u64, Option<Failure>> {
        let mut from_ns = start_ns;
        let mut mark = UsageMark::take(start_ns);
        // Of its own: while nothing can be handed over, `from_ns` stays behind, and waiting for it would be no wait.
        let mut due_ns = start_ns + INTERVAL_NS;
        loop {
            let begin = self.worker.clock.measurement().map(|(begin_ns, _)| begin_ns);
            let next_ns = due_ns.min(begin.unwrap_or(u64::MAX));
            if self.sleep_until(next_ns).await? {
                self.hand_over(false, &mut from_ns, next_ns, &mut mark);
                if begin == Some(next_ns) {
                    return Ok(next_ns);
                }
                due_ns = next_ns + INTERVAL_NS;
            }
        }
    }

    /// Until the measurement is over; returns that moment.
    async fn measure(&mut self, begin_ns: u64) -> Result<u64, Option<Failure>> {
        let Some((_, mut until_ns)) = self.worker.clock.measurement() else { return Err(None) };
        let first = UsageMark::take(self.worker.clock.now_ns());
        let (mut from_ns, mut mark) = (begin_ns, first);
        let mut next_ns = begin_ns;
        while next_ns < until_ns {
            next_ns = (next_ns + INTERVAL_NS).min(until_ns);
            loop {
                if self.sleep_until(next_ns).await? {
                    break;
                }
                // The end may have become known: all operations are done.
                until_ns = self.worker.clock.measurement().map_or(until_ns, |(_, until_ns)| until_ns);
                next_ns = next_ns.min(until_ns.max(from_ns));
            }
            if next_ns >= until_ns {
                self.usage = Some(UsageMark::take(self.worker.clock.now_ns()).since(first));
            }
            self.hand_over(true, &mut from_ns, next_ns, &mut mark);
        }
        Ok(until_ns)
    }

    /// Lets operations in flight finish, for as long as the plan allows; then cuts them off.
    async fn drain(&mut self, until_ns: u64) -> Ended {
        for (view, handle) in &self.views {
            if view.rest() == Rest::Idle {
                handle.abort();
            }
        }
        let deadline_ns = until_ns.saturating_add(self.drain_ns);
        loop {
            match self.wait(deadline_ns).await {
                Woken::ClientsEnded => return Ok(()),
                Woken::Time => break,
                Woken::Command(Command::Abort) => return Err(None),
                Woken::Command(_) => {}
                Woken::Failed(failure) => return Err(Some(failure)),
            }
        }
        // Whoever waits for a start that lies before the end is about to be woken; it starts, and is cut off like the others.
        let patience_ns = self.worker.clock.now_ns() + CANCEL_NS;
        let awaits_start =
            |(view, handle): &(Rc<ClientView>, AbortHandle)| view.rest() == Rest::AwaitsStart && !handle.is_finished();
        while self.views.iter().any(awaits_start) && self.worker.clock.now_ns() < patience_ns {
            tokio::task::yield_now().await;
        }
        self.cut_off().await;
        Ok(())
    }

    /// Records operations in flight as cut off, cancels them, and closes their connections if that does not help.
    async fn cut_off(&mut self) {
        let worker = Rc::clone(&self.worker);
        worker.stopped.set(true);
        let tokens: Vec<CancelToken> = self.views.iter().filter_map(|(view, _)| view.cut(&worker)).collect();
        for (view, handle) in &self.views {
            if view.rest() != Rest::None {
                handle.abort();
            }
        }
        let cancels: FuturesUnordered<_> = tokens.iter().map(CancelToken::cancel).collect();
        let ended = async {
            // A cancellation that does not arrive is made up for by closing the connection.
            let _ = cancels.collect::<Vec<_>>().await;
            while self.clients.join_next().await.is_some() {}
        };
        let deadline = worker.clock.instant(worker.clock.now_ns() + CANCEL_NS);
        tokio::select! {
            () = ended => {}
            () = worker.timer.sleep_until(deadline) => {}
        }
        self.clients.shutdown().await;
    }

    /// Waits. `false`: something else happened that changes what to wait for.
    async fn sleep_until(&mut self, at_ns: u64) -> Result<bool, Option<Failure>> {
        match self.wait(at_ns).await {
            Woken::Time => Ok(true),
            Woken::Command(Command::Abort) => Err(None),
            Woken::Command(_) => {
                self.worker.measurement_fixed.notify_waiters();
                Ok(false)
            }
            // Clients end when the measurement is over by the same clock (the timer is a moment behind), or when they have done
            // their share of it: then it is over as soon as those of all workers have.
            Woken::ClientsEnded => {
                let has_share = matches!(&self.worker.load, Load::Closed(closed) if closed.share.is_some());
                if has_share && !std::mem::replace(&mut self.is_done, true) {
                    self.worker.messages.send(Message::Done);
                }
                self.idle_until(at_ns).await
            }
            Woken::Failed(failure) => Err(Some(failure)),
        }
    }

    /// Waits without clients.
    async fn idle_until(&mut self, at_ns: u64) -> Result<bool, Option<Failure>> {
        let worker = Rc::clone(&self.worker);
        tokio::select! {
            biased;
            changed = self.commands.changed() => match *self.commands.borrow_and_update() {
                Command::Abort => Err(None),
                _ if changed.is_err() => Err(None),
                _ => Ok(false),
            },
            () = worker.timer.sleep_until(worker.clock.instant(at_ns)) => Ok(true),
        }
    }

    async fn wait(&mut self, at_ns: u64) -> Woken {
        let worker = Rc::clone(&self.worker);
        let sleep = worker.timer.sleep_until(worker.clock.instant(at_ns));
        tokio::pin!(sleep);
        loop {
            let ended = tokio::select! {
                biased;
                changed = self.commands.changed() => {
                    let command = *self.commands.borrow_and_update();
                    return Woken::Command(if changed.is_err() { Command::Abort } else { command });
                }
                () = &mut sleep => return Woken::Time,
                ended = self.clients.join_next() => ended,
            };
            match ended {
                None => return Woken::ClientsEnded,
                Some(Ok(ClientEnd::Done)) => {}
                Some(Ok(ClientEnd::Failed(failure))) => return Woken::Failed(failure),
                Some(Err(error)) if error.is_cancelled() => {}
                Some(Err(error)) => return Woken::Failed(of_panic(error)),
            }
        }
    }

    /// Hands over what was recorded since `from_ns`, unless the coordinator is behind: then the interval becomes longer.
    fn hand_over(&self, measuring: bool, from_ns: &mut u64, until_ns: u64, mark: &mut UsageMark) {
        if until_ns <= *from_ns || !self.worker.messages.has_room() {
            return;
        }
        self.worker.reuse_spent(measuring);
        let now = UsageMark::take(until_ns);
        let cpu_ns = now.since(*mark).cpu_ns;
        let recorded = self.worker.swap(measuring);
        let interval = WorkerInterval { measuring, from_ns: *from_ns, until_ns, recorded, cpu_ns };
        self.worker.messages.send(Message::Interval(interval));
        *from_ns = until_ns;
        *mark = now;
    }
}

fn new_client(worker: &Rc<WorkerState>, number: u32, connection: Connection) -> Result<Client, Option<Failure>> {
    let interpreter = Interpreter::new(&worker.variant, worker.timer.clone()).map_err(|misfit| {
        Some(Failure { reason: format!("a constant cannot be sent: {misfit}"), ..Failure::default() })
    })?;
    let view = Rc::new(ClientView::new(connection.cancel_token()));
    Ok(Client {
        number,
        connection: Some(connection),
        interpreter,
        view,
        worker: Rc::clone(worker),
        warm: false,
        timed_out: false,
        cancelling: None,
        opening: JoinSet::new(),
    })
}

pub(super) fn of_panic(error: JoinError) -> Failure {
    match error.try_into_panic() {
        Ok(panic) => panicked(&*panic),
        Err(error) => Failure { reason: format!("a client ended without a word: {error}"), ..Failure::default() },
    }
}

/// Completes when the coordinator wants the slice to end.
async fn aborted(commands: &mut tokio::sync::watch::Receiver<Command>) -> Option<Failure> {
    // A coordinator that is gone wants nothing more.
    let _ = commands.wait_for(|command| *command == Command::Abort).await;
    None
}

#[cfg(test)]
mod tests;
