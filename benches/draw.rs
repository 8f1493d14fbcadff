//! What a draw costs: every operation draws its parameters, so this is client CPU that the measured system does not get.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use dbbench::param::{Draw, Generator, Over, Phase, Sampler, Scratch, Stream, name_hash};

fn draws(criterion: &mut Criterion) {
    let users = || Over::Integers { low: 1, high: 1_000_000 };
    let zipf = |exponent, scramble| Generator::Zipf { over: users(), exponent, scramble };
    let cases = [
        ("uniform", Generator::Uniform(users())),
        ("zipf 0.8", zipf(0.8, true)),
        ("zipf 0.99", zipf(0.99, true)),
        ("zipf 1.0", zipf(1.0, true)),
        ("zipf 0.99 without scramble", zipf(0.99, false)),
        ("text of 16", Generator::Text { min: 16, max: 16 }),
        ("uuid4", Generator::Uuid4),
    ];
    let mut group = criterion.benchmark_group("draw");
    for (name, generator) in cases {
        let Ok(sampler) = Sampler::new(&generator) else { continue };
        let hash = name_hash("id");
        let mut scratch = Scratch::default();
        let mut count = 0;
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                count += 1;
                let stream = Stream::operation(1, 0, Phase::Measure, 0, count);
                black_box(sampler.draw(&Draw::param(stream, hash, 0, 0), &mut scratch));
            });
        });
    }
    group.finish();
}

criterion_group!(benches, draws);
criterion_main!(benches);
