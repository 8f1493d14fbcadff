//! The values of inserted rows: generators as in the dataset, which may also look at the clock.

use std::sync::Arc;

use super::super::diagnostic::{Sink, did_you_mean, problem};
use super::super::read::At;
use super::super::spec::GeneratorSpec;
use super::generators::{Around, Columns, resolve, usable};
use crate::param::{ColumnSource, Generator};

/// Resolves the generators of an insert of so many rows.
pub(in crate::workload) fn resolve_inserted(
    specs: &[ValueSpec],
    rows: u64,
    columns: &Columns,
    sink: &Sink,
) -> Vec<(At<String>, Option<At<Generator>>)> {
    let mut around = InInsert { specs, columns: columns.clone(), chain: Vec::new(), sink };
    let one = |(index, (name, spec)): (usize, &ValueSpec)| {
        let generator = spec.as_ref().and_then(|of| {
            let value = around.generator_of(index).filter(|value| usable(value, rows, Some(of), sink))?;
            Some(At { value, place: of.place.clone() })
        });
        (name.clone(), generator)
    };
    specs.iter().enumerate().map(one).collect()
}

type ValueSpec = (At<String>, Option<At<GeneratorSpec>>);

struct InInsert<'a> {
    specs: &'a [ValueSpec],
    columns: Columns,
    /// Columns whose generators are being resolved, each for the one before.
    chain: Vec<usize>,
    sink: &'a Sink,
}

impl InInsert<'_> {
    fn generator_of(&mut self, index: usize) -> Option<Generator> {
        let (name, spec) = &self.specs[index];
        if self.chain.contains(&index) {
            let title = format!("the column `{}` takes its distribution from itself", name.value);
            self.sink.push(problem(&name.place, title).hint("give one of the columns a distribution of its own"));
            return None;
        }
        self.chain.push(index);
        let generator = spec.as_ref().and_then(|spec| resolve(spec, self));
        self.chain.pop();
        generator
    }
}

impl Around for InInsert<'_> {
    fn column(&mut self, name: &At<String>) -> Option<Arc<ColumnSource>> {
        self.columns.source(name, &mut Vec::new(), self.sink)
    }

    fn sibling(&mut self, name: &At<String>) -> Option<Generator> {
        let Some(index) = self.specs.iter().position(|(other, _)| other.value == name.value) else {
            let hint = did_you_mean(&name.value, self.specs.iter().map(|(other, _)| other.value.as_str()));
            let title = format!("`values` has no column `{}`", name.value);
            self.sink.push(problem(&name.place, title).maybe_hint(hint));
            return None;
        };
        self.generator_of(index)
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
