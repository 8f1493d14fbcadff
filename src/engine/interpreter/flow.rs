//! What is not one statement after the other: loops, waits, and what follows a failure.

use std::time::{Duration, Instant};

use super::{Interpreter, OperationError, Place, Progress};
use crate::driver::Misfit;
use crate::engine::bound::{BoundVariant, Instruction, Loop, Program, Try};
use crate::engine::clock::ns;
use crate::engine::rows::Sink;
use crate::param::name_hash;

const BACKOFF: u64 = name_hash("backoff");
/// A back-off doubles so many times at most.
const DOUBLINGS: u32 = 20;
/// How far apart the draws of a loop are numbered in two iterations of the loop around it: 2^64 over the golden ratio, of
/// which no two small multiples come close to each other.
const APART: u64 = 0x9e37_79b9_7f4a_7c15;

/// Where a loop is.
#[derive(Debug, Default)]
pub(super) struct LoopState {
    /// The row, or the iteration from 0.
    at: usize,
    end: usize,
    /// The number of this iteration's draws.
    draw: u64,
    /// Parallel to the sets bound inside: from which row on they were seen when the loop began.
    seen_from: Vec<usize>,
}

/// An attempt at what may be tried again.
#[derive(Debug)]
pub(super) struct Attempt {
    /// Its instruction.
    at: usize,
    began: Instant,
    failed: u32,
    rows: u64,
    /// How many values had been recorded.
    recorded: usize,
    /// Parallel to the sets bound inside: how many rows they had, and from which on they were seen.
    sets: Vec<(usize, usize)>,
    /// How many rows had been made, by table: the next attempt draws those of this one.
    rows_made: Vec<u64>,
}

impl Interpreter {
    /// Begins a loop; gives the next instruction.
    pub(super) fn begin_loop(
        &mut self,
        variant: &BoundVariant,
        index: usize,
        program: &Program,
        of: &Loop,
        at: usize,
    ) -> Result<usize, Misfit> {
        let (first, end) = match of.visits {
            Some(set) => (self.sets[set].from(), self.sets[set].count()),
            None => (0, of.repeat as usize),
        };
        // By all iterations around it, whether those loops draw or not.
        let first_draw = of.within.map_or(0, |around| self.loops[around].draw.wrapping_add(1).wrapping_mul(APART));
        let state = &mut self.loops[of.number];
        state.at = first;
        state.end = end;
        state.draw = first_draw;
        state.seen_from.clear();
        for set in &of.binds {
            let rows = &mut self.sets[*set];
            if !of.nested {
                rows.clear(program.widths[*set]);
            }
            state.seen_from.push(rows.from());
        }
        if first == end {
            return Ok(of.end);
        }
        self.begin_iteration(variant, index, of)?;
        Ok(at + 1)
    }

    /// Ends an iteration of the loop that begins at `begin`; gives the next instruction.
    pub(super) fn next_iteration(
        &mut self,
        variant: &BoundVariant,
        index: usize,
        program: &Program,
        begin: usize,
    ) -> Result<usize, Misfit> {
        let Some(Instruction::Loop(of)) = program.instructions.get(begin) else { return Ok(begin + 1) };
        let state = &mut self.loops[of.number];
        state.at += 1;
        state.draw = state.draw.wrapping_add(1);
        if state.at < state.end {
            self.begin_iteration(variant, index, of)?;
            return Ok(begin + 1);
        }
        for (set, from) in of.binds.iter().zip(&state.seen_from) {
            self.sets[*set].see_from(*from);
        }
        Ok(of.end)
    }

    fn begin_iteration(&mut self, variant: &BoundVariant, index: usize, of: &Loop) -> Result<(), Misfit> {
        let state = &self.loops[of.number];
        if let Some(set) = of.visits {
            self.sets[set].visit(state.at);
        }
        for set in &of.binds {
            let count = self.sets[*set].count();
            self.sets[*set].see_from(count);
        }
        if of.redraws {
            let draw = state.draw;
            self.draw_values(variant, index, Some(of.number), draw)?;
        }
        Ok(())
    }

    /// Waits, unless waits are left out.
    pub(in crate::engine) async fn wait(&self, length: Duration) {
        if !self.hurried && !length.is_zero() {
            self.timer.sleep_until(Instant::now() + length).await;
        }
    }

    /// Begins what may be tried again; its instruction is number `at`.
    pub(super) fn begin_attempt(&mut self, of: &Try, at: usize, progress: &Progress) {
        if self.attempts.len() == self.active {
            // Once per depth and client: afterwards it is there.
            self.attempts.push(Attempt {
                at,
                began: Instant::now(),
                failed: 0,
                rows: 0,
                recorded: 0,
                sets: Vec::new(),
                rows_made: Vec::new(),
            });
        }
        let attempt = &mut self.attempts[self.active];
        attempt.at = at;
        attempt.began = Instant::now();
        attempt.failed = 0;
        attempt.rows = progress.rows();
        attempt.recorded = self.recorded.len();
        attempt.sets.clear();
        attempt.sets.extend(of.binds.iter().map(|set| (self.sets[*set].count(), self.sets[*set].from())));
        attempt.rows_made.clone_from(&self.rows_made);
        self.active += 1;
    }

    /// The innermost attempt that takes a failure, its bindings discarded: where it begins, and how long to wait.
    pub(in crate::engine) fn taken(&mut self, program: &Program, error: &OperationError) -> Option<(usize, Duration)> {
        while let Some(attempt) = self.active.checked_sub(1).and_then(|last| self.attempts.get_mut(last)) {
            if let Some(Instruction::Try(of)) = program.instructions.get(attempt.at)
                && attempt.failed < of.retry.retries
                && of.retry.takes(error.key())
            {
                for (set, (count, from)) in of.binds.iter().zip(&attempt.sets) {
                    self.sets[*set].truncate(*count);
                    self.sets[*set].see_from(*from);
                }
                self.recorded.truncate(attempt.recorded);
                self.rows_made.clone_from(&attempt.rows_made);
                let longest = of.retry.backoff.saturating_mul(1 << attempt.failed.min(DOUBLINGS));
                attempt.failed += 1;
                // At least half of it, so that it is a wait, and never the same for two clients, so that they do not meet
                // again.
                let part = 0.5 + 0.5 * self.stream.fraction(BACKOFF, u64::from(attempt.failed));
                return Some((attempt.at + 1, longest.mul_f64(part)));
            }
            self.active -= 1;
        }
        None
    }

    /// After a failure: ends the transaction that it happened in, and goes back to the innermost attempt that takes it.
    /// Gives the next instruction.
    ///
    /// # Errors
    /// The failure, when nothing tries again.
    #[cold]
    pub(super) async fn recover(
        &mut self,
        program: &Program,
        error: OperationError,
        place: &mut Place<'_>,
    ) -> Result<usize, OperationError> {
        // What was queued and not sent is given up.
        self.is_queueing = false;
        if error.is_fatal() {
            return Err(error);
        }
        if place.progress.is_cut() {
            // Its goodbye rolls back.
            return Err(OperationError::CutOff);
        }
        if let (Some(rollback), true) = (program.rollback, place.session.is_in_transaction()) {
            self.args.clear();
            place.progress.sent(false)?;
            place.session.execute(place.prepared[rollback], &self.args, &mut Sink::counting()).await?;
        }
        let Some((next, backoff)) = self.taken(program, &error) else { return Err(error) };
        self.wait(backoff).await;
        self.try_again(place.progress);
        Ok(next)
    }

    /// Notes that the innermost attempt failed and begins anew.
    pub(in crate::engine) fn try_again(&mut self, progress: &Progress) {
        let Some(attempt) = self.active.checked_sub(1).and_then(|last| self.attempts.get_mut(last)) else { return };
        let now = Instant::now();
        progress.retry(attempt.rows, ns(now - attempt.began));
        attempt.began = now;
    }
}
