//! Asks one variant for its answers.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::AnswersError;
use super::tuples::{Tuple, tuples};
use crate::driver::{DriverError, PgType, Session, StatementId, Tape, TapeOrder, Target};
use crate::engine::bound::BoundVariant;
use crate::engine::coordinator::Interrupt;
use crate::engine::drawn::drawn_params;
use crate::engine::error::chain;
use crate::engine::interpreter::{Beside, Interpreter, OperationError, Place, Progress, open_beside, prepare};
use crate::engine::recount::recount;
use crate::param::{Phase, Stream};
use crate::timer::Timer;
use crate::words::{FailureKey, SqlState};

/// How often an interrupt is looked for while an operation runs.
const LOOK: Duration = Duration::from_millis(50);
/// read_only_sql_transaction
const READ_ONLY: &str = "25006";

/// Runs asynchronous work on a thread and a runtime of its own, so that it does not matter what the caller runs on.
pub(in crate::engine) fn on_own_thread<T: Send>(
    work: impl AsyncFnOnce(Timer) -> Result<T, AnswersError> + Send,
) -> Result<T, AnswersError> {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().name("dbbench-answers".to_owned()).spawn_scoped(scope, || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build_local(Default::default())
                .map_err(|error| AnswersError::Thread(error.to_string()))?;
            runtime.block_on(async {
                let timer = Timer::new().map_err(|error| AnswersError::Thread(error.to_string()))?;
                work(timer).await
            })
        });
        let thread = thread.map_err(|error| AnswersError::Thread(error.to_string()))?;
        thread.join().unwrap_or_else(|_| Err(AnswersError::Thread("the thread panicked".to_owned())))
    })
}

/// A session of one variant.
pub(in crate::engine) struct Runner<'a> {
    variant: Arc<BoundVariant>,
    session: Session,
    prepared: Vec<StatementId>,
    beside: Vec<Beside>,
    interpreter: Interpreter,
    progress: Progress,
    timer: Timer,
    interrupt: &'a Interrupt,
    /// What `now` gives in all draws of all variants.
    now_us: i64,
    /// The last values that `next` gave here, parallel to the variant's counters: others that run the variant count apart.
    counted: Vec<i64>,
    /// Whether the connection was lost.
    is_lost: bool,
    /// Where others write too: there counters begin anew above what is there in each run.
    recounts: Option<Target>,
}

impl<'a> Runner<'a> {
    /// Connects and prepares.
    pub(in crate::engine) async fn open(
        variant: &BoundVariant,
        target: &Target,
        timer: &Timer,
        interrupt: &'a Interrupt,
        now_us: i64,
    ) -> Result<Self, AnswersError> {
        let lost = |source| AnswersError::Driver { variant: variant.name.clone(), source: Box::new(source) };
        let (mut session, _) = Session::connect(target, timer).await.map_err(lost)?;
        let prepared = prepare(variant, &mut session).await.map_err(lost)?;
        recount(variant, target).await.map_err(lost)?;
        let beside = open_beside(variant, target, timer).await.map_err(lost)?;
        let mut interpreter =
            Interpreter::new(variant, timer.clone()).map_err(|misfit| AnswersError::Thread(misfit.to_string()))?;
        interpreter.hurry();
        Ok(Self {
            variant: Arc::new(variant.clone()),
            session,
            prepared,
            beside: beside.into_iter().map(|(beside, _)| beside).collect(),
            interpreter,
            progress: Progress::default(),
            timer: timer.clone(),
            interrupt,
            now_us,
            counted: last_values(variant),
            is_lost: false,
            recounts: None,
        })
    }

    /// Lets `next` begin above what is there in each run: others write into the same tables.
    pub(super) fn recount_in(&mut self, target: &Target) {
        self.recounts = Some(target.clone());
    }

    /// Lets `next` go on where it was here.
    async fn count_on(&mut self) -> Result<(), AnswersError> {
        if let Some(target) = &self.recounts {
            return recount(&self.variant, target).await.map_err(|source| AnswersError::Driver {
                variant: self.variant.name.clone(),
                source: Box::new(source),
            });
        }
        for (counter, last) in self.variant.counters.iter().zip(&self.counted) {
            counter.last.store(*last, Ordering::Relaxed);
        }
        Ok(())
    }

    pub(super) fn variant(&self) -> &BoundVariant {
        &self.variant
    }

    /// Runs an operation with the values of a draw; its rows are kept.
    pub(in crate::engine) async fn run(&mut self, operation: usize, seed: u64, draw: u32) -> Result<(), AnswersError> {
        self.count_on().await?;
        let variant = Arc::clone(&self.variant);
        let result = match self.interpreter.draw(&variant, operation, stream(seed, draw), self.now_us) {
            Err(misfit) => Err(misfit.into()),
            Ok(()) => {
                let program = &variant.operations[operation].answering;
                let mut cancel = self.session.cancel_token();
                self.beside.iter().for_each(|beside| cancel.join(beside.session.cancel_token()));
                let mut place = Place {
                    session: &mut self.session,
                    prepared: &self.prepared,
                    beside: &mut self.beside,
                    progress: &self.progress,
                };
                let run = self.interpreter.execute(&variant, operation, program, &mut place);
                tokio::pin!(run);
                let limit = variant.operations[operation].timeout;
                let ends = limit.map(|limit| Instant::now() + limit);
                loop {
                    tokio::select! {
                        biased;
                        result = &mut run => break result,
                        () = self.timer.sleep_until(ends.map_or(next_look(), |ends| ends.min(next_look()))) => {
                            if self.interrupt.is_set() {
                                // Closing the connection, which follows, does what a lost request would have done.
                                let _ = cancel.cancel().await;
                                return Err(AnswersError::Interrupted);
                            }
                            if let (Some(limit), Some(ends)) = (limit, ends)
                                && Instant::now() >= ends
                            {
                                let _ = cancel.cancel().await;
                                break Err(OperationError::TimedOut(limit));
                            }
                        }
                    }
                }
            }
        };
        self.counted = last_values(&self.variant);
        if self.interrupt.is_set() {
            return Err(AnswersError::Interrupted);
        }
        self.is_lost = matches!(&result, Err(OperationError::Driver(error)) if error.is_fatal());
        result.map_err(|error| self.failed(operation, seed, draw, &error))
    }

    /// Whether what failed last was the connection.
    pub(in crate::engine) fn is_lost(&self) -> bool {
        self.is_lost
    }

    /// The answer of an operation to a draw.
    pub(super) async fn answer(
        &mut self,
        operation: usize,
        seed: u64,
        draw: u32,
        types: &[Option<PgType>],
    ) -> Result<Vec<Tuple>, AnswersError> {
        self.run(operation, seed, draw).await?;
        let bound = &self.variant.operations[operation];
        let Some(answer) = &bound.answer else { return Ok(Vec::new()) };
        tuples(answer, |set| self.interpreter.rows(set), types).map_err(|reason| AnswersError::Fails {
            variant: self.variant.name.clone(),
            operation: bound.name.clone(),
            params: Vec::new(),
            reason,
            state: None,
        })
    }

    /// The parameters of an operation and their values in a draw.
    pub(in crate::engine) fn params(&self, operation: usize, seed: u64, draw: u32) -> Vec<(String, String)> {
        drawn_params(&self.variant, operation, stream(seed, draw), self.now_us)
    }

    /// Runs an operation as [`Runner::run`] does, and keeps what is sent.
    pub(in crate::engine) async fn rehearse(
        &mut self,
        operation: usize,
        seed: u64,
        draw: u32,
    ) -> Result<Tape, AnswersError> {
        let order = TapeOrder::default();
        self.session.record(&order);
        self.beside.iter_mut().for_each(|beside| beside.session.record(&order));
        let ran = self.run(operation, seed, draw).await;
        let mut tape = self.session.recorded();
        self.beside.iter_mut().for_each(|beside| tape.join(beside.session.recorded()));
        ran.map(|()| tape)
    }

    pub(in crate::engine) async fn close(self) {
        self.session.close().await;
        for beside in self.beside {
            beside.session.close().await;
        }
    }

    fn failed(&self, operation: usize, seed: u64, draw: u32, error: &OperationError) -> AnswersError {
        let variant = self.variant.name.clone();
        let name = self.variant.operations[operation].name.clone();
        let state = match error.key() {
            FailureKey::State(state) => Some(state),
            FailureKey::Class(_) => None,
        };
        if let (true, OperationError::Driver(DriverError::Server(server))) = (state == SqlState::new(READ_ONLY), error)
        {
            return AnswersError::Writes { variant, operation: name, message: server.message.clone() };
        }
        let params = self.params(operation, seed, draw);
        let mut reason = chain(error);
        if let OperationError::TimedOut(_) = error {
            reason.push_str(", alone and before any load: give it a longer `timeout`, or look at what it waits for");
        }
        AnswersError::Fails { variant, operation: name, params, reason, state }
    }
}

fn last_values(variant: &BoundVariant) -> Vec<i64> {
    variant.counters.iter().map(|counter| counter.last.load(Ordering::Relaxed)).collect()
}

fn next_look() -> Instant {
    Instant::now() + LOOK
}

/// The draws of the answers belong to no round and no client.
fn stream(seed: u64, draw: u32) -> Stream {
    Stream::operation(seed, 0, Phase::Answers, 0, draw.into())
}
