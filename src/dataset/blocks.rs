//! Rows are made on threads of their own, in blocks, while the server takes earlier ones. Blocks come out in order and
//! their memory goes round: a load needs a few MiB however large the table is.

use std::collections::VecDeque;
use std::sync::mpsc as std_mpsc;
use std::thread::JoinHandle;

use bytes::{Bytes, BytesMut};
use tokio::sync::mpsc;

use super::rows::{CellError, RowEncoder};

/// What a block aims at: large enough to make a system call cheap, small enough to stay in the cache.
const BLOCK_BYTES: usize = 256 * 1024;
/// Blocks that a thread may be ahead.
const AHEAD: usize = 4;
/// Rows from whose size that of a block is guessed.
const SAMPLE_ROWS: u64 = 64;

/// Some rows, one after the other.
#[derive(Debug)]
pub(super) struct Block {
    pub(super) rows: u64,
    pub(super) bytes: Bytes,
}

/// The threads that make a table's rows.
#[derive(Debug)]
pub(super) struct Blocks {
    makers: Vec<Maker>,
    /// The maker whose block is next.
    next: usize,
    /// Blocks that were handed out, oldest first: their memory returns when nobody reads it any more.
    lent: VecDeque<(usize, Bytes)>,
}

#[derive(Debug)]
struct Maker {
    blocks: mpsc::Receiver<Result<Block, CellError>>,
    empty: std_mpsc::Sender<BytesMut>,
    thread: Option<JoinHandle<()>>,
}

/// The rows that one thread makes: blocks `first`, `first + step`, …
#[derive(Clone, Copy, Debug)]
struct Share {
    rows: u64,
    block_rows: u64,
    first: u64,
    step: u64,
}

impl Blocks {
    /// Begins to make `rows` rows on as many threads as there are encoders (all alike).
    pub(super) fn start(rows: u64, mut encoders: Vec<RowEncoder>) -> std::io::Result<Self> {
        let block_rows = encoders.first_mut().map_or(1, |encoder| block_rows(rows, encoder));
        let step = encoders.len() as u64;
        let maker = |(first, encoder): (u64, RowEncoder)| {
            let (full, blocks) = mpsc::channel(AHEAD);
            let (empty, returned) = std_mpsc::channel();
            let share = Share { rows, block_rows, first, step };
            let work = move || make(share, encoder, &full, &returned);
            let thread = std::thread::Builder::new().name("dbbench-rows".to_owned()).spawn(work)?;
            Ok(Maker { blocks, empty, thread: Some(thread) })
        };
        let makers = (0..).zip(encoders).map(maker).collect::<std::io::Result<_>>()?;
        Ok(Self { makers, next: 0, lent: VecDeque::new() })
    }

    /// The next block, `None` after the last one.
    pub(super) async fn next(&mut self) -> Option<Result<Block, CellError>> {
        self.take_back();
        let maker = self.makers.get_mut(self.next)?;
        let block = maker.blocks.recv().await;
        match &block {
            Some(Ok(block)) => {
                self.lent.push_back((self.next, block.bytes.clone()));
                self.next = (self.next + 1) % self.makers.len();
            }
            Some(Err(_)) => {}
            // A thread that panicked has said so on standard error; its rows are missing, which the caller sees.
            None => drop(maker.thread.take().map(JoinHandle::join)),
        }
        block
    }

    fn take_back(&mut self) {
        while let Some((maker, bytes)) = self.lent.pop_front() {
            match bytes.try_into_mut() {
                Ok(mut empty) => {
                    empty.clear();
                    // A maker that has ended needs no memory.
                    drop(self.makers[maker].empty.send(empty));
                }
                Err(bytes) => {
                    self.lent.push_front((maker, bytes));
                    return;
                }
            }
        }
    }
}

/// How many rows make a block, from the size of the first ones. (What does not fit is found when they are made.)
fn block_rows(rows: u64, encoder: &mut RowEncoder) -> u64 {
    let mut sample = BytesMut::new();
    let count = rows.clamp(1, SAMPLE_ROWS);
    let made = (1..=count).take_while(|row| encoder.row(*row, &mut sample).is_ok()).count();
    (BLOCK_BYTES * made.max(1) / sample.len().max(1)).max(1) as u64
}

fn make(
    share: Share,
    mut encoder: RowEncoder,
    full: &mpsc::Sender<Result<Block, CellError>>,
    returned: &std_mpsc::Receiver<BytesMut>,
) {
    let mut block = share.first;
    while block * share.block_rows < share.rows {
        let first = block * share.block_rows + 1;
        let last = (first + share.block_rows - 1).min(share.rows);
        let mut out = returned.try_recv().unwrap_or_else(|_| BytesMut::with_capacity(BLOCK_BYTES + BLOCK_BYTES / 8));
        let made = (first..=last).try_for_each(|row| encoder.row(row, &mut out));
        let failed = made.is_err();
        let item = made.map(|()| Block { rows: last + 1 - first, bytes: out.freeze() });
        // Nobody listens any more: the load was given up.
        if full.blocking_send(item).is_err() || failed {
            return;
        }
        block += share.step;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::driver::{PgType, TypeKind};
    use crate::param::{Expr, Generator, Sampler};

    /// Makers of rows of one column.
    fn encoders(count: usize, generator: &Generator, kind: &TypeKind) -> Vec<RowEncoder> {
        let ty = PgType { oid: 20, name: "int".to_owned(), kind: kind.clone(), modifier: -1 };
        let sampler = Sampler::new(generator).unwrap();
        (0..count).map(|_| RowEncoder::new(1, "t", [("id", &sampler, &ty)])).collect()
    }

    /// All blocks; `Err` is the row that does not fit.
    fn collect(mut blocks: Blocks) -> Result<Vec<Block>, u64> {
        let mut all = Vec::new();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            while let Some(block) = blocks.next().await {
                all.push(block.map_err(|error| error.row)?);
            }
            Ok(all)
        })
    }

    #[test]
    fn rows_come_in_order_whatever_the_number_of_makers() {
        // Count of fields, length, and eight bytes.
        const ROW_BYTES: usize = 14;
        for (makers, rows) in [(1, 100_000), (3, 100_000), (4, 3)] {
            let blocks = Blocks::start(rows, encoders(makers, &Generator::RowNumber, &TypeKind::Int8)).unwrap();
            let all = collect(blocks).unwrap();
            assert_eq!(all.iter().map(|block| block.rows).sum::<u64>(), rows);
            assert!(all.iter().all(|block| block.bytes.len() as u64 == block.rows * ROW_BYTES as u64));
            let bytes: Vec<u8> = all.iter().flat_map(|block| block.bytes.to_vec()).collect();
            let id = |row: &[u8]| u64::from_be_bytes(row[6..].try_into().unwrap());
            assert!(bytes.chunks(ROW_BYTES).map(id).eq(1..=rows), "{makers} makers");
        }
    }

    #[test]
    fn memory_goes_round() {
        let mut blocks = Blocks::start(10_000_000, encoders(1, &Generator::RowNumber, &TypeKind::Int8)).unwrap();
        let mut places = std::collections::HashSet::new();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            for _ in 0..200 {
                places.insert(blocks.next().await.unwrap().unwrap().bytes.as_ptr());
            }
        });
        assert!(places.len() <= 2 * AHEAD + 4, "{} places for 200 blocks", places.len());
    }

    #[test]
    fn a_value_that_does_not_fit_ends_the_rows() {
        let row_less = |number: i64| Expr::Binary('-', Box::new(Expr::Row), Box::new(Expr::Value(number)));
        let generator = Generator::Expr(row_less(-32_000));
        let blocks = Blocks::start(50_000, encoders(2, &generator, &TypeKind::Int2)).unwrap();
        assert_eq!(collect(blocks).unwrap_err(), 768);
    }
}
