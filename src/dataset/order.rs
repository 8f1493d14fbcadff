//! In which order tables are loaded: what a foreign key points to comes first; what does not depend on each other runs
//! side by side. Pure bookkeeping.

/// Which tables may be loaded now.
#[derive(Debug)]
pub(super) struct Schedule {
    /// For each table, the tables that must be complete before it.
    waits_for: Vec<Vec<usize>>,
    rows: Vec<u64>,
    state: Vec<State>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Waiting,
    Running,
    Done,
}

impl Schedule {
    /// `rows` by table; `references` are pairs (referencing table, referenced table).
    pub(super) fn new(rows: Vec<u64>, references: &[(usize, usize)]) -> Self {
        let mut waits_for = vec![Vec::new(); rows.len()];
        for (child, parent) in references {
            if child != parent {
                waits_for[*child].push(*parent);
            }
        }
        let state = vec![State::Waiting; rows.len()];
        Self { waits_for, rows, state }
    }

    /// Takes the largest table that waits for nothing. When all that is left waits for each other (a cycle of foreign
    /// keys) and nothing runs, the first in the file is taken: only the server knows whether that works.
    pub(super) fn take(&mut self) -> Option<usize> {
        let waiting = || (0..self.rows.len()).filter(|table| self.state[*table] == State::Waiting);
        let is_free = |table: &usize| self.waits_for[*table].iter().all(|other| self.state[*other] == State::Done);
        let largest = waiting().filter(is_free).max_by_key(|table| (self.rows[*table], std::cmp::Reverse(*table)));
        let stuck = || if self.state.contains(&State::Running) { None } else { waiting().next() };
        let next = largest.or_else(stuck)?;
        self.state[next] = State::Running;
        Some(next)
    }

    /// A table is complete.
    pub(super) fn finished(&mut self, table: usize) {
        self.state[table] = State::Done;
    }
}

#[cfg(test)]
mod tests {
    use super::Schedule;
    use proptest::prelude::*;

    #[test]
    fn parents_come_first_and_large_tables_before_small_ones() {
        // 0 → 1 → 2, 3 alone and largest.
        let mut schedule = Schedule::new(vec![10, 20, 30, 40], &[(0, 1), (1, 2), (0, 0)]);
        assert_eq!([schedule.take(), schedule.take(), schedule.take()], [Some(3), Some(2), None]);
        schedule.finished(2);
        assert_eq!([schedule.take(), schedule.take()], [Some(1), None]);
        schedule.finished(1);
        assert_eq!([schedule.take(), schedule.take()], [Some(0), None]);
    }

    #[test]
    fn a_cycle_is_broken_only_when_nothing_runs() {
        let mut schedule = Schedule::new(vec![1, 1, 1], &[(0, 1), (1, 0)]);
        assert_eq!([schedule.take(), schedule.take()], [Some(2), None]);
        schedule.finished(2);
        assert_eq!([schedule.take(), schedule.take()], [Some(0), None]);
    }

    proptest! {
        #[test]
        fn every_table_is_taken_once_and_after_its_parents(edges in prop::collection::vec((0_usize..8, 0_usize..8), 0..20)) {
            // Edges towards smaller numbers only: no cycle.
            let edges: Vec<_> = edges.into_iter().map(|(a, b)| (a.max(b), a.min(b))).collect();
            let mut schedule = Schedule::new(vec![1; 8], &edges);
            let mut done: Vec<usize> = Vec::new();
            while let Some(table) = schedule.take() {
                for (child, parent) in &edges {
                    prop_assert!(*child != table || parent == child || done.contains(parent));
                }
                schedule.finished(table);
                done.push(table);
            }
            prop_assert_eq!(done.len(), 8);
        }
    }
}
