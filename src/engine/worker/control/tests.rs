use std::cell::Cell;
use std::rc::Rc;
use std::sync::atomic::AtomicU32;
use std::sync::{Arc, mpsc};
use std::time::Duration;

use tokio::sync::watch;

use super::{Control, INTERVAL_NS};
use crate::driver::{NullTarget, Target};
use crate::engine::bound::BoundVariant;
use crate::engine::clock::SliceClock;
use crate::engine::testing::{bound, plan, single};
use crate::engine::worker::WorkerTask;
use crate::engine::worker::client::ClientEnd;
use crate::engine::worker::connection::open_patiently;
use crate::engine::worker::flight::{ClientView, Rest};
use crate::engine::worker::message::{Command, Message, Messages, WorkerInterval};
use crate::load::{ClosedLoop, Load};
use crate::metrics::{Precision, Snapshot};
use crate::timer::Timer;

type Received = mpsc::Receiver<(usize, Message)>;

/// A worker without clients, whose drain is 0; what commands it, and what it says.
fn control(variant: BoundVariant) -> (Control, watch::Sender<Command>, Received) {
    let (commanding, commands) = watch::channel(Command::Wait);
    let (sender, received) = mpsc::channel();
    let task = WorkerTask {
        clock: Arc::new(SliceClock::new()),
        variant: Arc::new(variant),
        target: Target::Null(NullTarget { service: Duration::ZERO, rows: 1 }),
        load: Load::Closed(ClosedLoop { think_ns: 0, clients: None, share: None }),
        seed: 1,
        round: 0,
        clients: Vec::new(),
        drain_ns: 0,
        precision: Precision::default(),
        cold: Arc::new(AtomicU32::new(0)),
        commands,
        messages: Messages::new(0, sender),
    };
    (Control::new(task, Timer::new().expect("a timer")), commanding, received)
}

fn run<F: Future<Output = ()>>(work: impl FnOnce(BoundVariant) -> F) {
    let variant = bound(&plan(vec![single("a", 1)], 1)).remove(0);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build_local(Default::default());
    runtime.expect("a runtime").block_on(work(variant));
}

#[test]
fn a_coordinator_that_is_behind_in_the_warm_up_keeps_no_client_from_running() {
    run(|variant| async {
        let (mut control, commanding, _received) = control(variant);
        let interval =
            || WorkerInterval { measuring: false, from_ns: 0, until_ns: 0, recorded: Snapshot::default(), cpu_ns: 0 };
        while control.worker.messages.has_room() {
            control.worker.messages.send(Message::Interval(interval()));
        }
        let worker = Rc::clone(&control.worker);
        let last_ns = Rc::new(Cell::new(0));
        let turn = Rc::clone(&last_ns);
        control.clients.spawn_local(async move {
            loop {
                turn.set(worker.clock.now_ns());
                worker.timer.sleep_until(worker.clock.instant(turn.get() + 10_000_000)).await;
            }
        });
        std::thread::spawn(move || {
            std::thread::sleep(Duration::from_nanos(INTERVAL_NS) + Duration::from_millis(300));
            let _ = commanding.send(Command::Abort);
        });
        assert!(control.warm_up(0).await.is_err(), "it was told to end");
        // The first interval is over, and nobody takes it.
        assert!(last_ns.get() > INTERVAL_NS + 20_000_000, "no client had its turn after {} ns", last_ns.get());
    });
}

#[test]
fn an_arrival_that_a_client_has_taken_starts_although_the_drain_is_over() {
    run(|variant| async {
        let (mut control, _commanding, _received) = control(variant);
        let worker = Rc::clone(&control.worker);
        let connection = open_patiently(&worker).await.expect("the null target is there");
        let view = Rc::new(ClientView::new(connection.cancel_token()));
        view.rest.set(Rest::AwaitsStart);
        let (client, started) = (Rc::clone(&view), Rc::new(Cell::new(false)));
        let start = Rc::clone(&started);
        let handle = control.clients.spawn_local(async move {
            // As late as the timer may be.
            tokio::task::yield_now().await;
            tokio::task::yield_now().await;
            client.rest.set(Rest::None);
            start.set(true);
            ClientEnd::Done
        });
        control.views.push((view, handle));
        let now_ns = worker.clock.now_ns();
        assert!(control.drain(now_ns).await.is_ok());
        assert!(started.get(), "it was dropped, and counted nowhere");
    });
}
