//! Draws run inside of what is measured: once their space has grown, they allocate nothing.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::Arc;

use dbbench::param::{ColumnSource, Draw, Generator, Literal, Over, Phase, Sampler, Scratch, Stream, name_hash};

thread_local! {
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

/// The system's allocator, counting what this thread asks of it.
struct Counting;

// SAFETY: every call is passed on unchanged to the system's allocator; counting touches a thread-local without destructor.
#[allow(unsafe_code)]
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.set(ALLOCATIONS.get() + 1);
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[test]
fn draws_allocate_nothing() {
    let numbers = || Over::Integers { low: 1, high: 1_000 };
    let text = Generator::Text { min: 8, max: 8 };
    let users = Over::Column(Arc::new(ColumnSource {
        table: "users".into(),
        column: "name".into(),
        rows: 1_000,
        seed: 1,
        generator: text.clone(),
    }));
    let same = Generator::SameAs { name: "a".into(), of: Box::new(Generator::Uniform(users)), distinct: true };
    let sampler = Sampler::new(&Generator::Json(vec![
        ("zipf".into(), Generator::Zipf { over: numbers(), exponent: 0.9, scramble: true }),
        ("normal".into(), Generator::Normal { over: numbers(), mean: 500.0, deviation: 99.0 }),
        ("real".into(), Generator::Uniform(Over::Reals { low: 1.0, high: 2.0, decimals: 2 })),
        ("text".into(), text),
        ("choice".into(), Generator::Choice(vec![(Literal::Text("\"quoted\"".into()), 1.0)])),
        ("at".into(), Generator::Timestamp { from_us: 0, to_us: 1 << 50 }),
        ("id".into(), Generator::Uuid4),
        ("same".into(), same),
    ]))
    .expect("a valid generator");
    let mut scratch = Scratch::default();
    let mut draw = |count| {
        let stream = Stream::operation(1, 0, Phase::Measure, 0, count);
        std::hint::black_box(sampler.draw(&Draw::param(stream, name_hash("p"), 0, 0), &mut scratch));
    };
    (0..1_000).for_each(&mut draw);
    let before = ALLOCATIONS.get();
    assert!(before > 0, "allocations are counted");
    (1_000..2_000).for_each(&mut draw);
    assert_eq!(ALLOCATIONS.get() - before, 0);
}
