//! The deadlines that a timer waits for: a heap from which any entry can be taken out. Pure; the clock is passed in.
//!
//! Slots and heap keep their space, so that in the steady state nothing is allocated.

use std::task::Waker;
use std::time::Instant;

/// A pending or fired deadline, until it is released.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ticket(u32);

#[derive(Clone, Copy, Debug)]
struct Entry {
    deadline: Instant,
    /// Equal deadlines fire in the order of their registration.
    order: u64,
    slot: u32,
}

impl Entry {
    fn before(&self, other: &Self) -> bool {
        (self.deadline, self.order) < (other.deadline, other.order)
    }
}

#[derive(Debug, Default)]
struct Slot {
    /// Index into the heap; `None` once fired.
    at: Option<usize>,
    waker: Option<Waker>,
}

/// The set of deadlines.
#[derive(Debug, Default)]
pub(super) struct Deadlines {
    heap: Vec<Entry>,
    slots: Vec<Slot>,
    free: Vec<u32>,
    registered: u64,
}

impl Deadlines {
    /// Adds a deadline; `waker` is handed out when it fires.
    pub(super) fn insert(&mut self, deadline: Instant, waker: Waker) -> Ticket {
        let slot = self.free.pop().unwrap_or_else(|| {
            self.slots.push(Slot::default());
            // 2^32 deadlines would need more memory than a machine has.
            u32::try_from(self.slots.len() - 1).unwrap_or(u32::MAX)
        });
        let at = self.heap.len();
        self.heap.push(Entry { deadline, order: self.registered, slot });
        self.registered += 1;
        self.slots[slot as usize] = Slot { at: Some(at), waker: Some(waker) };
        self.sift_up(at);
        Ticket(slot)
    }

    /// The next deadline to fire.
    pub(super) fn earliest(&self) -> Option<Instant> {
        self.heap.first().map(|entry| entry.deadline)
    }

    /// Whether the deadline has fired.
    pub(super) fn has_fired(&self, ticket: Ticket) -> bool {
        self.slots[ticket.0 as usize].at.is_none()
    }

    /// Whom to wake from now on. Returns the waker that this one replaces, if it is another.
    pub(super) fn set_waker(&mut self, ticket: Ticket, waker: &Waker) -> Option<Waker> {
        let present = &mut self.slots[ticket.0 as usize].waker;
        if present.as_ref().is_some_and(|present| present.will_wake(waker)) {
            return None;
        }
        present.replace(waker.clone())
    }

    /// Gives the ticket back, whether or not it has fired; it must not be used again. Returns the waker, if it was
    /// not called.
    pub(super) fn release(&mut self, ticket: Ticket) -> Option<Waker> {
        let slot = &mut self.slots[ticket.0 as usize];
        let waker = slot.waker.take();
        if let Some(at) = slot.at.take() {
            self.take_out(at);
        }
        self.free.push(ticket.0);
        waker
    }

    /// Fires the earliest deadline if it is not after `now`; returns whom to wake.
    pub(super) fn fire(&mut self, now: Instant) -> Option<Waker> {
        let first = self.heap.first().filter(|entry| entry.deadline <= now)?;
        let slot = first.slot as usize;
        self.slots[slot].at = None;
        self.take_out(0);
        self.slots[slot].waker.take()
    }

    fn take_out(&mut self, at: usize) {
        self.heap.swap_remove(at);
        if at < self.heap.len() {
            self.slots[self.heap[at].slot as usize].at = Some(at);
            self.sift_up(at);
            self.sift_down(at);
        }
    }

    fn swap(&mut self, a: usize, b: usize) {
        self.heap.swap(a, b);
        for at in [a, b] {
            self.slots[self.heap[at].slot as usize].at = Some(at);
        }
    }

    fn sift_up(&mut self, mut at: usize) {
        while at > 0 {
            let parent = (at - 1) / 2;
            if !self.heap[at].before(&self.heap[parent]) {
                break;
            }
            self.swap(at, parent);
            at = parent;
        }
    }

    fn sift_down(&mut self, mut at: usize) {
        loop {
            let left = 2 * at + 1;
            if left >= self.heap.len() {
                return;
            }
            let right = left + 1;
            let child = if right < self.heap.len() && self.heap[right].before(&self.heap[left]) { right } else { left };
            if !self.heap[child].before(&self.heap[at]) {
                return;
            }
            self.swap(at, child);
            at = child;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;
    use std::time::Duration;

    #[derive(Clone, Debug)]
    enum Action {
        Insert(u64),
        Release(usize),
        Fire(u64),
    }

    fn action() -> impl Strategy<Value = Action> {
        prop_oneof![
            3 => (0..50u64).prop_map(Action::Insert),
            1 => any::<usize>().prop_map(Action::Release),
            1 => (0..50u64).prop_map(Action::Fire),
        ]
    }

    proptest! {
        /// A sorted set is the oracle: the same deadlines are pending, and they fire in the same order.
        #[test]
        fn fires_what_a_sorted_set_would(actions in prop::collection::vec(action(), 1..200)) {
            let zero = Instant::now();
            let at = |ms| zero + Duration::from_millis(ms);
            let mut deadlines = Deadlines::default();
            let mut model: BTreeSet<(u64, usize)> = BTreeSet::new();
            let mut tickets: Vec<(u64, Option<Ticket>)> = Vec::new();
            for action in actions {
                match action {
                    Action::Insert(ms) => {
                        let ticket = deadlines.insert(at(ms), Waker::noop().clone());
                        model.insert((ms, tickets.len()));
                        tickets.push((ms, Some(ticket)));
                    }
                    Action::Release(which) if !tickets.is_empty() => {
                        let which = which % tickets.len();
                        if let Some(ticket) = tickets[which].1.take() {
                            deadlines.release(ticket);
                            model.remove(&(tickets[which].0, which));
                        }
                    }
                    Action::Release(_) => {}
                    Action::Fire(ms) => {
                        while deadlines.fire(at(ms)).is_some() {
                            let (due, which) = model.pop_first().expect("the model has one to fire too");
                            prop_assert!(due <= ms);
                            prop_assert!(deadlines.has_fired(tickets[which].1.expect("not released")));
                        }
                    }
                }
                prop_assert_eq!(deadlines.earliest(), model.first().map(|first| at(first.0)));
                for (which, (ms, ticket)) in tickets.iter().enumerate() {
                    if let Some(ticket) = ticket {
                        prop_assert_eq!(deadlines.has_fired(*ticket), !model.contains(&(*ms, which)));
                    }
                }
            }
            prop_assert!(deadlines.slots.len() <= tickets.len());
        }
    }

    #[test]
    fn space_is_reused() {
        let now = Instant::now();
        let mut deadlines = Deadlines::default();
        for _ in 0..1000 {
            let ticket = deadlines.insert(now, Waker::noop().clone());
            assert!(deadlines.fire(now).is_some());
            deadlines.release(ticket);
        }
        assert_eq!((deadlines.slots.len(), deadlines.heap.capacity()), (1, 4));
    }
}
