//! Binding values, executing and handing out rows allocate nothing once the buffers have their size.

#![allow(clippy::expect_used, reason = "a helper that fails fails its test")]
#![allow(unsafe_code, reason = "an allocator that counts is the only way to see allocations")]

mod support;

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use dbbench::driver::{Args, Control, LiteralType, PgType, RawRow, RowSink, Session, Target};
use dbbench::param::Value;
use dbbench::timer::Timer;

thread_local! {
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

struct Counting;

// SAFETY: hands everything on to the system's allocator; the counter needs no memory of its own.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.set(ALLOCATIONS.get() + 1);
        // SAFETY: the caller's promises are those of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        // SAFETY: `memory` came from `alloc` above.
        unsafe { System.dealloc(memory, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

#[derive(Default)]
struct Sum {
    rows: u64,
    bytes: usize,
}

impl RowSink for Sum {
    fn row(&mut self, row: &RawRow<'_>) {
        self.rows += 1;
        self.bytes += row.iter().flatten().map(<[u8]>::len).sum::<usize>();
    }
}

#[tokio::test]
async fn a_statement_allocates_nothing_in_any_protocol() {
    let server = support::server();
    let timer = Timer::new().expect("a timer");
    let (mut session, _) = Session::connect(&Target::Postgres(server.tcp()), &timer).await.expect("a session");
    let control = Control::connect(&server.tcp()).await.expect("a connection");
    let sql = "SELECT i, $1, $2, $3, $4, repeat('x', 500) FROM generate_series(1, 200) AS i";
    let types = [20, 1700, 25, 1184].map(|oid| PgType::built_in(oid, -1).expect("a built-in type"));
    let oids = types.each_ref().map(|ty| ty.oid);
    let columns = control.describe(sql, &oids).await.expect("columns").columns;
    let names = control.sql_names(&types).await.expect("names");
    let literals: Vec<LiteralType> =
        types.iter().zip(names).map(|(ty, sql_name)| LiteralType { ty: ty.clone(), sql_name }).collect();
    let statements = [
        session.prepare(sql, &oids, &columns).await.expect("a statement"),
        session.parse_each_time(sql, &oids, &columns).expect("a statement"),
        session.write_each_time(sql, &literals, &columns).expect("a statement"),
    ];
    let (mut args, mut sum) = (Args::default(), Sum::default());
    let mut before = 0;
    for round in 0..300 {
        if round == 100 {
            before = ALLOCATIONS.get();
        }
        let statement = statements[usize::try_from(round % 3).expect("a number")];
        args.clear();
        let values = [
            Value::Integer(round),
            Value::Real { value: 4.25, decimals: 2 },
            Value::Text("text"),
            Value::TimestampUs(0),
        ];
        for (value, ty) in values.into_iter().zip(&types) {
            args.value(value, ty).expect("a value that fits");
        }
        let executed = session.execute(statement, &args, &mut sum).await.expect("rows");
        assert_eq!(executed.rows, 200);
    }
    assert_eq!(ALLOCATIONS.get() - before, 0);
    assert_eq!(sum.rows, 300 * 200);
    assert!(sum.bytes > 300 * 200 * 500);
}
