//! The null target: a server that is not there. It answers every statement with the same rows after the same time, so
//! that everything above it can be tested, and its own cost be known.
//!
//! Here it is a call within the process; [`NullEndpoint`] is the same behind a socket, for clients that speak the protocol.

mod answer;
mod conversation;
mod endpoint;
mod exchange;
mod reading;

use std::time::Instant;

use super::encode::Args;
use super::session::{Executed, NullTarget, RawRow, RowSink, StatementId};
use super::types::{ColumnInfo, PgType, TypeKind};
use crate::param::Value;
use crate::timer::Timer;

pub use endpoint::NullEndpoint;
#[cfg(test)]
pub(super) use exchange::request as bare_request;

/// Answers that come at once let others run after so many.
const TURN: u32 = 32;

/// A session with the null target.
#[derive(Debug)]
pub(super) struct Null {
    target: NullTarget,
    timer: Timer,
    rows: Vec<(Args, u16)>,
    in_turn: u32,
    /// The statements of a pipeline, and how many of them were answered.
    queued: Vec<StatementId>,
    answered: usize,
    /// A statement whose answer nobody has waited for yet, and since when.
    begun: Option<(StatementId, Instant)>,
}

impl Null {
    pub(super) fn new(target: NullTarget, timer: Timer) -> Self {
        Self { target, timer, rows: Vec::new(), in_turn: 0, queued: Vec::new(), answered: 0, begun: None }
    }

    pub(super) fn prepare(&mut self, columns: &[ColumnInfo]) -> StatementId {
        let mut row = Args::default();
        for column in columns {
            put_one(&mut row, &column.ty);
        }
        let count = row.count();
        self.rows.push((row, count));
        StatementId(u32::try_from(self.rows.len() - 1).unwrap_or(u32::MAX))
    }

    pub(super) async fn execute(&mut self, statement: StatementId, sink: &mut impl RowSink) -> Option<Executed> {
        self.rows.get(statement.0 as usize)?;
        self.serve().await;
        self.give(statement, sink)
    }

    /// Begins a statement; its service time runs from here.
    pub(super) fn start(&mut self, statement: StatementId) {
        self.begun = Some((statement, Instant::now()));
    }

    /// The answer to what was begun.
    pub(super) async fn finish(&mut self, sink: &mut impl RowSink) -> Option<Executed> {
        let (statement, begun) = self.begun.take()?;
        if self.target.service.is_zero() {
            self.serve().await;
        } else {
            self.timer.sleep_until(begun + self.target.service).await;
        }
        self.give(statement, sink)
    }

    /// Takes the service time.
    async fn serve(&mut self) {
        if self.target.service.is_zero() {
            self.in_turn += 1;
            if self.in_turn >= TURN {
                self.in_turn = 0;
                tokio::task::yield_now().await;
            }
        } else {
            self.timer.sleep_until(Instant::now() + self.target.service).await;
        }
    }

    fn give(&self, statement: StatementId, sink: &mut impl RowSink) -> Option<Executed> {
        let (row, columns) = self.rows.get(statement.0 as usize)?;
        let row = RawRow { body: row.bytes(), columns: *columns };
        for _ in 0..self.target.rows {
            sink.row(&row);
        }
        Some(Executed { rows: self.target.rows.into(), affected: 0 })
    }
}

/// A pipeline takes the service time once.
impl Null {
    pub(super) fn begin_pipeline(&mut self) {
        self.queued.clear();
        self.answered = 0;
    }

    pub(super) fn queue(&mut self, statement: StatementId) {
        self.queued.push(statement);
    }

    pub(super) async fn send_queued(&mut self) {
        self.serve().await;
    }

    pub(super) fn next_answer(&mut self, sink: &mut impl RowSink) -> Option<Executed> {
        let statement = *self.queued.get(self.answered)?;
        self.answered += 1;
        self.give(statement, sink)
    }
}

/// The value 1, in whatever way the type has one; NULL where it has none.
fn put_one(row: &mut Args, ty: &PgType) {
    /// The second day of 2000, whose date is 1; and one microsecond into that year.
    const SECOND_DAY_US: i64 = 946_684_800_000_000 + 86_400_000_000;
    const FIRST_US: i64 = 946_684_800_000_001;
    let base = ty.base();
    let value = match &base.kind {
        TypeKind::Bool => Value::Bool(true),
        TypeKind::Uuid => Value::Uuid(1_u128.to_be_bytes()),
        TypeKind::Date => Value::TimestampUs(SECOND_DAY_US),
        TypeKind::Timestamp | TypeKind::TimestampTz => Value::TimestampUs(FIRST_US),
        TypeKind::Bytea | TypeKind::Json | TypeKind::Jsonb => Value::Text("1"),
        TypeKind::Enum(labels) => labels.first().map_or(Value::Null, |label| Value::Text(label)),
        TypeKind::Array(element) => {
            let mut one = Args::default();
            put_one(&mut one, element);
            return row.array(element.oid, std::iter::once(one.bytes().get(4..).filter(|bytes| !bytes.is_empty())));
        }
        TypeKind::Other => Value::Null,
        _ => Value::Integer(1),
    };
    // A `numeric(1, 1)` has no 1.
    if row.value(value, base).is_err() {
        row.raw(None);
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::time::Duration;

    use super::{Null, put_one};
    use crate::driver::{Args, NullTarget, PgType, RawRow, RowSink};
    use crate::timer::Timer;

    struct Ignore;

    impl RowSink for Ignore {
        fn row(&mut self, _: &RawRow<'_>) {}
    }

    #[tokio::test]
    async fn answers_that_come_at_once_let_others_run() {
        let target = NullTarget { service: Duration::ZERO, rows: 1 };
        let mut null = Null::new(target, Timer::new().expect("a timer"));
        let statement = null.prepare(&[]);
        let done = Cell::new(false);
        let busy = async {
            for _ in 0..3_200 {
                null.execute(statement, &mut Ignore).await.expect("rows");
            }
            done.set(true);
        };
        let other = async {
            let mut turns = 0;
            while !done.get() {
                turns += 1;
                tokio::task::yield_now().await;
            }
            turns
        };
        let ((), turns) = tokio::join!(busy, other);
        assert!((50..=200).contains(&turns), "{turns} turns");
    }

    #[test]
    fn one_is_one_in_every_type() {
        let one = |oid| {
            let mut row = Args::default();
            put_one(&mut row, &PgType::built_in(oid, -1).expect("a built-in type"));
            row.bytes()[4..].to_vec()
        };
        assert_eq!(one(20), [0, 0, 0, 0, 0, 0, 0, 1]);
        assert_eq!(one(25), *b"1");
        assert_eq!(one(16), [1]);
        assert_eq!(one(1700), [0, 1, 0, 0, 0, 0, 0, 0, 0, 1]);
        assert_eq!(one(1082), [0, 0, 0, 1]);
        assert_eq!(one(1184), [0, 0, 0, 0, 0, 0, 0, 1]);
        assert_eq!(one(2950)[15], 1);
        assert_eq!(one(1007), [0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 23, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 4, 0, 0, 0, 1]);
        assert!(one(600).is_empty(), "a point has no 1");
    }
}
