//! The precise timer: every wait of the data plane goes through one timerfd per thread, registered with that thread's
//! runtime. tokio's own timer rounds up to whole milliseconds and cannot pace.
//!
//! Responsible for waking at a moment; what the moments are (schedule, think time, link delay) is left to others.
//!
//! The runtime's reactor calls the timer's own waker, which fires everything that is due and arms the timerfd for what
//! is next. So no task has to run in between, and it does not matter whether the sleeper that happened to be the
//! earliest is polled soon, late or never.

mod deadlines;

use std::future::Future;
use std::io;
use std::num::NonZeroU64;
use std::os::fd::OwnedFd;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll, Wake, Waker};
use std::time::{Duration, Instant};

use rustix::time::{
    ClockId, Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, clock_gettime, timerfd_create,
    timerfd_settime,
};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

use deadlines::{Deadlines, Ticket};

/// Makes the kernel wake this thread as exactly as it can: a timer slack of 1 ns instead of 50 µs. It concerns waits with
/// a timeout (tokio's own timer, `thread::sleep`), not the timerfd itself.
///
/// # Errors
/// When the kernel refuses.
pub fn set_slack() -> io::Result<()> {
    Ok(rustix::thread::set_current_timer_slack(Some(NonZeroU64::MIN))?)
}

/// A thread's timer. Cheap to clone. It belongs to the runtime that it was made in, and works while that runtime runs.
#[derive(Clone, Debug)]
pub struct Timer {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    fd: AsyncFd<OwnedFd>,
    /// The same moment on both clocks: deadlines are `Instant`s, the timerfd wants the kernel's clock.
    base: (Instant, Duration),
    /// A lock since wakers must be `Send`; the timer stays on one thread, so it is never contended.
    state: Mutex<State>,
    alarm: Waker,
}

#[derive(Debug, Default)]
struct State {
    deadlines: Deadlines,
    /// When the timerfd will expire; `None` when it is not armed. Never after the earliest deadline.
    armed: Option<Instant>,
    /// Reused while firing, so that wakers are called without the lock.
    due: Vec<Waker>,
}

/// What the reactor wakes when the timerfd expires.
struct Alarm(Weak<Inner>);

impl Wake for Alarm {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if let Some(inner) = self.0.upgrade() {
            inner.expired();
        }
    }
}

impl Timer {
    /// Makes the timer of this thread. Must be called inside a runtime with I/O enabled (it panics elsewhere, as all of
    /// tokio does); in a `current_thread` one it is precise.
    ///
    /// # Errors
    /// When the kernel refuses a timerfd or the runtime cannot register it.
    pub fn new() -> io::Result<Self> {
        let fd = timerfd_create(TimerfdClockId::Monotonic, TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC)?;
        // SAFETY: the OwnedFd is owned by the AsyncFd, which never gives it away or swaps it: it stays open, and the same,
        // until the AsyncFd is dropped.
        #[allow(unsafe_code)]
        let registered = unsafe { AsyncFd::register_with_interest(fd, Interest::READABLE) };
        let fd = registered.map_err(io::Error::from)?;
        // The Instant first: its image on the kernel's clock is then never too early, nor is any deadline's.
        let instant = Instant::now();
        let kernel = clock_gettime(ClockId::Monotonic);
        let base = (instant, duration_of(kernel));
        let inner = Arc::new_cyclic(|weak| Inner {
            fd,
            base,
            state: Mutex::default(),
            alarm: Waker::from(Arc::new(Alarm(weak.clone()))),
        });
        inner.listen();
        Ok(Self { inner })
    }

    /// Completes at `deadline`, late by tens of microseconds at most on an idle core; at once when it has passed.
    /// Dropping the future takes the deadline back.
    pub fn sleep_until(&self, deadline: Instant) -> Sleep {
        Sleep { inner: Arc::clone(&self.inner), deadline, ticket: None }
    }

    /// How late this timer is on this thread now: the median over `samples` waits of length `gap`.
    /// Zero when `samples` is.
    pub async fn measure_lateness(&self, samples: usize, gap: Duration) -> Duration {
        let mut late = self.lateness(samples, gap).await;
        late.sort_unstable();
        late.get(samples / 2).copied().unwrap_or_default()
    }

    /// How late each of `samples` waits of length `gap` ends.
    pub async fn lateness(&self, samples: usize, gap: Duration) -> Vec<Duration> {
        let mut late = Vec::with_capacity(samples);
        for _ in 0..samples {
            let deadline = Instant::now() + gap;
            self.sleep_until(deadline).await;
            late.push(deadline.elapsed());
        }
        late
    }
}

/// A wait, made by [`Timer::sleep_until`].
#[derive(Debug)]
#[must_use = "a wait does nothing unless awaited"]
pub struct Sleep {
    inner: Arc<Inner>,
    deadline: Instant,
    /// Set while the deadline is registered.
    ticket: Option<Ticket>,
}

impl Sleep {
    /// When it completes.
    #[must_use]
    pub fn deadline(&self) -> Instant {
        self.deadline
    }
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let mut state = self.inner.state();
        match self.ticket {
            None if self.deadline <= Instant::now() => Poll::Ready(()),
            None => {
                let ticket = state.deadlines.insert(self.deadline, context.waker().clone());
                self.inner.arm(&mut state);
                drop(state);
                self.ticket = Some(ticket);
                Poll::Pending
            }
            Some(ticket) if state.deadlines.has_fired(ticket) => {
                // It has no waker any more: calling it took it.
                state.deadlines.release(ticket);
                drop(state);
                self.ticket = None;
                Poll::Ready(())
            }
            Some(ticket) => {
                let replaced = state.deadlines.set_waker(ticket, context.waker());
                drop(state);
                // Dropped without the lock, as is every waker: it may own a task that owns another wait.
                drop(replaced);
                Poll::Pending
            }
        }
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        if let Some(ticket) = self.ticket {
            // The timerfd stays as it is: one expiry for nothing is cheaper than arming anew for every wait cut short.
            let waker = self.inner.state().deadlines.release(ticket);
            drop(waker);
        }
    }
}

impl Inner {
    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing that can panic leaves the state half-changed.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The timerfd expired (or the reactor thinks so): wakes all whose deadline has come.
    fn expired(&self) {
        let mut state = self.state();
        let now = Instant::now();
        if state.armed.is_some_and(|armed| armed <= now) {
            state.armed = None;
        }
        while let Some(waker) = state.deadlines.fire(now) {
            state.due.push(waker);
        }
        self.arm(&mut state);
        let mut due = std::mem::take(&mut state.due);
        drop(state);
        self.listen();
        for waker in due.drain(..) {
            waker.wake();
        }
        self.state().due = due;
    }

    /// Arms the timerfd if it would expire after the earliest deadline.
    fn arm(&self, state: &mut State) {
        let Some(earliest) = state.deadlines.earliest() else { return };
        if state.armed.is_some_and(|armed| armed <= earliest) {
            return;
        }
        let (instant, kernel) = self.base;
        let expires = timespec_of(kernel + earliest.saturating_duration_since(instant));
        let zero = Timespec { tv_sec: 0, tv_nsec: 0 };
        let setting = Itimerspec { it_interval: zero, it_value: expires };
        // The file descriptor is a timerfd and the time is in range: nothing is left for the kernel to refuse.
        let armed = timerfd_settime(self.fd.get_ref(), TimerfdTimerFlags::ABSTIME, &setting);
        debug_assert!(armed.is_ok(), "{armed:?}");
        state.armed = Some(earliest);
    }

    /// Asks the reactor to wake the alarm at the next expiry. The expiry needs not be read: arming resets it, and the
    /// reactor is told of each by an edge.
    fn listen(&self) {
        let mut context = Context::from_waker(&self.alarm);
        while let Poll::Ready(Ok(mut guard)) = self.fd.poll_read_ready(&mut context) {
            guard.clear_ready();
        }
    }
}

fn duration_of(time: Timespec) -> Duration {
    // The monotonic clock is never negative, and nanoseconds are below 10^9.
    Duration::new(u64::try_from(time.tv_sec).unwrap_or(0), u32::try_from(time.tv_nsec).unwrap_or(0))
}

fn timespec_of(time: Duration) -> Timespec {
    Timespec { tv_sec: i64::try_from(time.as_secs()).unwrap_or(i64::MAX), tv_nsec: time.subsec_nanos().into() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::RefCell;
    use std::rc::Rc;
    use tokio::task::LocalSet;

    fn on_a_thread<F: Future>(work: impl FnOnce(Timer) -> F) -> F::Output {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build().expect("a runtime");
        LocalSet::new().block_on(&runtime, async { work(Timer::new().expect("a timer")).await })
    }

    fn pending(state: &Timer) -> Option<Instant> {
        state.inner.state().deadlines.earliest()
    }

    #[test]
    fn many_sleeps_end_in_the_order_of_their_deadlines_and_never_early() {
        let order = on_a_thread(|timer| async move {
            let order = Rc::new(RefCell::new(Vec::new()));
            // Long enough to register them all, also on a busy machine.
            let start = Instant::now() + Duration::from_millis(400);
            let tasks: Vec<_> = (0..500u64)
                .map(|i| {
                    // A stride coprime to 500: registered in an order that is neither rising nor falling.
                    let step = i * 263 % 500;
                    let deadline = start + Duration::from_micros(step * 40);
                    let (timer, order) = (timer.clone(), Rc::clone(&order));
                    tokio::task::spawn_local(async move {
                        timer.sleep_until(deadline).await;
                        assert!(Instant::now() >= deadline);
                        order.borrow_mut().push(step);
                    })
                })
                .collect();
            for task in tasks {
                task.await.expect("no panic");
            }
            order.take()
        });
        assert_eq!(order, (0..500).collect::<Vec<_>>());
    }

    #[test]
    fn a_deadline_in_the_past_completes_at_once() {
        on_a_thread(|timer| async move {
            let mut sleep = timer.sleep_until(Instant::now());
            let first_poll = Pin::new(&mut sleep).poll(&mut Context::from_waker(Waker::noop()));
            assert_eq!(first_poll, Poll::Ready(()));
        });
    }

    #[test]
    fn a_dropped_sleep_is_forgotten_and_holds_up_nobody() {
        on_a_thread(|timer| async move {
            let now = Instant::now();
            let later = now + Duration::from_millis(20);
            let mut dropped = timer.sleep_until(now + Duration::from_millis(2));
            assert!(Pin::new(&mut dropped).poll(&mut Context::from_waker(Waker::noop())).is_pending());
            let mut waiting = timer.sleep_until(later);
            assert!(Pin::new(&mut waiting).poll(&mut Context::from_waker(Waker::noop())).is_pending());
            drop(dropped);
            assert_eq!(pending(&timer), Some(later));
            waiting.await;
            assert_eq!(pending(&timer), None);
            assert!((later..later + Duration::from_secs(1)).contains(&Instant::now()));
        });
    }

    #[test]
    fn a_sleeper_that_is_not_polled_holds_up_nobody() {
        on_a_thread(|timer| async move {
            let now = Instant::now();
            let mut idle = timer.sleep_until(now + Duration::from_millis(2));
            assert!(Pin::new(&mut idle).poll(&mut Context::from_waker(Waker::noop())).is_pending());
            timer.sleep_until(now + Duration::from_millis(4)).await;
            timer.sleep_until(now + Duration::from_millis(1)).await;
            idle.await;
        });
    }

    #[test]
    fn an_earlier_deadline_overtakes_and_waits_cut_short_cost_no_system_call() {
        on_a_thread(|timer| async move {
            let now = Instant::now();
            for i in 0..10 {
                let mut sleep = timer.sleep_until(now + Duration::from_secs(60 + i));
                assert!(Pin::new(&mut sleep).poll(&mut Context::from_waker(Waker::noop())).is_pending());
            }
            assert_eq!(timer.inner.state().armed, Some(now + Duration::from_secs(60)));
            timer.sleep_until(now + Duration::from_millis(3)).await;
            assert!(now.elapsed() < Duration::from_secs(1));
        });
    }

    #[test]
    fn lateness_is_within_a_wide_bound() {
        let late = on_a_thread(|timer| async move {
            set_slack().expect("a thread may set its own slack");
            timer.measure_lateness(51, Duration::from_micros(300)).await
        });
        assert!(late > Duration::ZERO && late < Duration::from_millis(5), "{late:?}");
    }
}
