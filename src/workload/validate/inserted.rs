//! The values of inserted rows: generators as in the dataset, which may also look at the clock.

use std::sync::Arc;

use super::super::diagnostic::{Sink, problem};
use super::super::read::At;
use super::super::spec::GeneratorSpec;
use super::generators::{Around, Columns, resolve, usable};
use crate::param::{ColumnSource, Generator};

/// Resolves the generators of an insert of so many rows.
pub(in crate::workload) fn resolve_inserted(
    specs: &[(At<String>, Option<At<GeneratorSpec>>)],
    rows: u64,
    columns: &Columns,
    sink: &Sink,
) -> Vec<(At<String>, Option<At<Generator>>)> {
    let mut around = InInsert { columns: columns.clone(), sink };
    let one = |(name, spec): &(At<String>, Option<At<GeneratorSpec>>)| {
        let generator = spec.as_ref().and_then(|of| {
            let value = resolve(of, &mut around).filter(|value| usable(value, rows, Some(of), sink))?;
            Some(At { value, place: of.place.clone() })
        });
        (name.clone(), generator)
    };
    specs.iter().map(one).collect()
}

struct InInsert<'a> {
    columns: Columns,
    sink: &'a Sink,
}

impl Around for InInsert<'_> {
    fn column(&mut self, name: &At<String>) -> Option<Arc<ColumnSource>> {
        self.columns.source(name, &mut Vec::new(), self.sink)
    }

    fn sibling(&mut self, name: &At<String>) -> Option<Generator> {
        let problem = problem(&name.place, "`same_as` is not for inserted values, in this version");
        self.sink.push(problem.hint("give both columns the same generator"));
        None
    }

    fn is_dataset(&self) -> bool {
        true
    }

    fn is_inserted(&self) -> bool {
        true
    }

    fn sink(&self) -> &Sink {
        self.sink
    }
}
