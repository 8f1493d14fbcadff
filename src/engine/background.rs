//! What goes on beside the mix: operations on connections of their own, from the begin of the measurement to its end.
//!
//! A thread of its own, so that it takes nothing from the workers but the CPU. Failures are counted and do not end anything; what
//! is in flight at the end is cancelled and not counted.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::sync::watch;

use super::bound::BoundVariant;
use super::clock::{SliceClock, ns};
use super::error::chain;
use super::interpreter::{Beside, Interpreter, OperationError, Place, Progress, open_beside, prepare};
use super::worker::Command;
use crate::driver::{CancelToken, DriverError, Session, StatementId, Target};
use crate::metrics::{Outcome, Precision, Recorder, Snapshot, Times};
use crate::param::{Phase, Stream};
use crate::timer::Timer;
use crate::words::{FailureClass, FailureKey};
use crate::workload::plan::When;

/// Between two attempts to connect.
const PAUSE: Duration = Duration::from_millis(100);
/// How long a cancellation may take.
const CANCEL: Duration = Duration::from_secs(1);

/// All that it needs to know.
#[derive(Debug)]
pub(super) struct BackgroundTask {
    pub(super) clock: Arc<SliceClock>,
    pub(super) variant: Arc<BoundVariant>,
    /// Parallel to the variant's operations.
    pub(super) when: Vec<When>,
    pub(super) target: Target,
    pub(super) seed: u64,
    pub(super) round: u32,
    pub(super) precision: Precision,
    pub(super) commands: watch::Receiver<Command>,
}

/// The body of its thread: from connecting to the end of the measurement.
///
/// # Errors
/// When the thread cannot work at all.
pub(super) fn run(task: BackgroundTask) -> Result<Snapshot, String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build_local(Default::default());
    let runtime = runtime.map_err(|error| error.to_string())?;
    let recorded = runtime.block_on(live(task));
    runtime.shutdown_background();
    recorded
}

async fn live(task: BackgroundTask) -> Result<Snapshot, String> {
    let timer = Timer::new().map_err(|error| error.to_string())?;
    let (mut commands, operations) = (task.commands.clone(), task.variant.operations.len());
    let shared = Rc::new(Shared { recorder: RefCell::new(Recorder::new(operations, task.precision)), timer, task });
    let mut clients = Vec::new();
    for (operation, when) in shared.task.when.iter().enumerate() {
        for _ in 0..when.clients() {
            let number = u32::MAX - u32::try_from(clients.len()).unwrap_or(0);
            clients.push(Client::new(&shared, operation, *when, number)?);
        }
    }
    // Before the measurement: logging in costs the server too.
    let logins: FuturesUnordered<_> = clients.iter_mut().map(|client| client.connect()).collect();
    tokio::select! {
        biased;
        () = aborted(&mut commands) => return Ok(shared.recorder.borrow_mut().swap()),
        _ = logins.collect::<Vec<_>>() => {}
    }
    let Some(from_ns) = begin(&shared.task.clock, &mut commands).await else {
        return Ok(shared.recorder.borrow_mut().swap());
    };
    let running: Vec<Rc<RefCell<Option<CancelToken>>>> =
        clients.iter().map(|client| Rc::clone(&client.running)).collect();
    let mut work: FuturesUnordered<_> = clients.into_iter().map(|client| client.run(from_ns)).collect();
    let done = async { while work.next().await.is_some() {} };
    tokio::select! {
        biased;
        () = end(&shared, &mut commands) => {}
        () = done => {}
    }
    let tokens: Vec<CancelToken> = running.iter().filter_map(|token| token.borrow_mut().take()).collect();
    let cancels: FuturesUnordered<_> = tokens.iter().map(CancelToken::cancel).collect();
    tokio::select! {
        // One that does not arrive is made up for by closing the connection.
        _ = cancels.collect::<Vec<_>>() => {}
        () = shared.timer.sleep_until(Instant::now() + CANCEL) => {}
    }
    Ok(shared.recorder.borrow_mut().swap())
}

/// The begin of the measurement, once it is fixed; `None`: it never comes.
async fn begin(clock: &SliceClock, commands: &mut watch::Receiver<Command>) -> Option<u64> {
    loop {
        if *commands.borrow_and_update() == Command::Abort {
            return None;
        }
        if let Some((from_ns, _)) = clock.measurement() {
            return Some(from_ns);
        }
        commands.changed().await.ok()?;
    }
}

/// Completes when the measurement is over, or cut off.
async fn end(shared: &Shared, commands: &mut watch::Receiver<Command>) {
    loop {
        if *commands.borrow_and_update() == Command::Abort {
            return;
        }
        let clock = &shared.task.clock;
        let until_ns = clock.measurement().map_or(0, |(_, until_ns)| until_ns);
        tokio::select! {
            () = shared.timer.sleep_until(clock.instant(until_ns)) => return,
            changed = commands.changed() => {
                if changed.is_err() {
                    return;
                }
            }
        }
    }
}

async fn aborted(commands: &mut watch::Receiver<Command>) {
    // A coordinator that is gone wants nothing more.
    let _ = commands.wait_for(|command| *command == Command::Abort).await;
}

struct Shared {
    task: BackgroundTask,
    timer: Timer,
    recorder: RefCell<Recorder>,
}

struct Connection {
    session: Session,
    prepared: Vec<StatementId>,
    /// Further ones, for what runs at the same time.
    beside: Vec<Beside>,
}

struct Client {
    shared: Rc<Shared>,
    operation: usize,
    when: When,
    number: u32,
    interpreter: Interpreter,
    connection: Option<Connection>,
    /// What cancels the operation in flight.
    running: Rc<RefCell<Option<CancelToken>>>,
}

impl Client {
    fn new(shared: &Rc<Shared>, operation: usize, when: When, number: u32) -> Result<Self, String> {
        let interpreter = Interpreter::new(&shared.task.variant, shared.timer.clone());
        Ok(Self {
            shared: Rc::clone(shared),
            operation,
            when,
            number,
            interpreter: interpreter.map_err(|misfit| format!("a constant cannot be sent: {misfit}"))?,
            connection: None,
            running: Rc::default(),
        })
    }

    /// Connects, if it is not. A failure is the next operation's.
    async fn connect(&mut self) -> Option<DriverError> {
        if self.connection.is_some() {
            return None;
        }
        match open(&self.shared).await {
            Ok(connection) => {
                self.connection = Some(connection);
                None
            }
            Err(error) => Some(error),
        }
    }

    async fn run(mut self, from_ns: u64) {
        let mut count = 0;
        loop {
            let now_ns = self.shared.task.clock.now_ns().max(from_ns);
            let intended_ns = match self.when {
                When::Every(every) => from_ns.saturating_add(ns(every).saturating_mul(count)),
                When::At(_) if count > 0 => return,
                When::At(at) => from_ns.saturating_add(ns(at)),
                When::Clients(_) => now_ns,
            };
            self.shared.timer.sleep_until(self.shared.task.clock.instant(intended_ns)).await;
            let failed_to_connect = self.operation(intended_ns, count).await;
            if failed_to_connect {
                self.shared.timer.sleep_until(Instant::now() + PAUSE).await;
            }
            count += 1;
            // A target that answers without waiting must not keep the others from running.
            tokio::task::consume_budget().await;
        }
    }

    /// One operation, recorded when it has ended; whether there was no connection for it.
    async fn operation(&mut self, intended_ns: u64, count: u64) -> bool {
        let shared = Rc::clone(&self.shared);
        let clock = &shared.task.clock;
        let started_ns = clock.now_ns();
        let is_new = self.connection.is_none();
        let lost = self.connect().await;
        let acquire_ns = is_new.then(|| clock.now_ns().saturating_sub(started_ns));
        let progress = Progress::default();
        let outcome = match lost {
            Some(error) => Outcome::Failed {
                key: FailureKey::Class(FailureClass::Connection),
                message: chain(&error),
                censored: false,
            },
            None => self.execute(count, clock.wall_us(intended_ns), &progress).await,
        };
        let ended_ns = clock.now_ns();
        let times = Times {
            response_ns: ended_ns.saturating_sub(intended_ns),
            lag_ns: started_ns.saturating_sub(intended_ns),
            queue_ns: None,
            acquire_ns,
            service_ns: ended_ns.saturating_sub(started_ns).saturating_sub(acquire_ns.unwrap_or(0)),
        };
        let mut recorder = shared.recorder.borrow_mut();
        recorder.started(self.operation);
        if outcome == Outcome::Succeeded {
            for (record, sample) in self.interpreter.recorded() {
                recorder.sample(self.operation, *record as usize, *sample);
            }
        }
        if progress.retried() > 0 {
            recorder.retried(self.operation, progress.retried(), progress.lost_ns());
        }
        if progress.unconfirmed_attempts() > 0 {
            recorder.unknown(self.operation, progress.unconfirmed_attempts(), &outcome);
        }
        recorder.ended(self.operation, times, outcome, progress.statements(), progress.rows());
        self.connection.is_none() && acquire_ns.is_some()
    }

    async fn execute(&mut self, count: u64, now_us: i64, progress: &Progress) -> Outcome {
        let shared = Rc::clone(&self.shared);
        let variant = &shared.task.variant;
        let stream = Stream::operation(shared.task.seed, shared.task.round, Phase::Measure, self.number, count);
        let drawn = self.interpreter.draw(variant, self.operation, stream, now_us);
        let Some(Connection { session, prepared, beside }) = &mut self.connection else {
            let key = FailureKey::Class(FailureClass::Connection);
            return Outcome::Failed { key, message: "there is no connection".to_owned(), censored: false };
        };
        let operation = &variant.operations[self.operation];
        let mut cancel = session.cancel_token();
        beside.iter().for_each(|beside| cancel.join(beside.session.cancel_token()));
        *self.running.borrow_mut() = Some(cancel);
        let result = match drawn {
            Ok(()) => {
                let mut place = Place { session, prepared, beside, progress };
                let execution = self.interpreter.execute(variant, self.operation, &operation.load, &mut place);
                match operation.timeout {
                    None => execution.await,
                    Some(timeout) => tokio::select! {
                        biased;
                        result = execution => result,
                        () = shared.timer.sleep_until(Instant::now() + timeout) => Err(OperationError::TimedOut(timeout)),
                    },
                }
            }
            Err(misfit) => Err(misfit.into()),
        };
        let cancel = self.running.borrow_mut().take();
        let Err(error) = result else { return Outcome::Succeeded };
        if let (OperationError::TimedOut(_), Some(cancel)) = (&error, cancel) {
            // The server shall not work for nobody. Before the connection is closed: a pooler would forget whom to cancel.
            let _ = cancel.cancel().await;
        }
        if error.is_fatal() {
            self.connection = None;
            self.interpreter.forget_runs();
        }
        failed(&error)
    }
}

fn failed(error: &OperationError) -> Outcome {
    let censored = matches!(error, OperationError::TimedOut(_));
    Outcome::Failed { key: error.key(), message: error.to_string(), censored }
}

/// Connects and prepares.
async fn open(shared: &Shared) -> Result<Connection, DriverError> {
    let (mut session, _) = Session::connect(&shared.task.target, &shared.timer).await?;
    let prepared = prepare(&shared.task.variant, &mut session).await?;
    let beside = open_beside(&shared.task.variant, &shared.task.target, &shared.timer).await?;
    Ok(Connection { session, prepared, beside: beside.into_iter().map(|(beside, _)| beside).collect() })
}
