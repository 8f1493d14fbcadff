//! What a file says, typed and with places, before any name is looked up: the mirror of the file.

mod background;
mod check;
mod dataset;
mod distribution;
mod generator;
mod insert;
mod judgement;
mod load;
mod operation;
mod settings;
mod step;

pub(super) use background::{BackgroundSpec, backgrounds};
pub(super) use check::{CheckSpec, checks};
pub(super) use dataset::{DatasetSpec, TableSpec};
pub(super) use generator::{GeneratorSpec, OverSpec, Shape};
pub(super) use insert::InsertSpec;
pub(super) use judgement::{JudgementSpec, judgements, unknown_metric};
pub(super) use operation::OperationSpec;
pub(super) use settings::{CompareSpec, compare, connections, mix, probes, run_plan, slice, topology};
pub(super) use step::{StepKind, StepSpec};

use super::document::Table;
use super::read::{At, Context};

/// `[params]`: every name, with its generator where that could be read.
pub(super) fn params(root: &Table, context: Context<'_>) -> Vec<(At<String>, Option<At<GeneratorSpec>>)> {
    let entries = root.table(&["params"]).into_iter().flat_map(|table| &table.entries);
    entries
        .map(|entry| {
            let name = At { value: entry.key.clone(), place: entry.key_place.clone() };
            (name, generator::read(&entry.key, &entry.node, context))
        })
        .collect()
}

/// `[operations]`.
pub(super) fn operations(root: &Table, context: Context<'_>) -> Vec<OperationSpec> {
    let entries = root.table(&["operations"]).into_iter().flat_map(|table| &table.entries);
    entries.filter_map(|entry| operation::read(entry, context)).collect()
}

/// `[dataset]`.
pub(super) fn dataset(root: &Table, context: Context<'_>) -> Option<DatasetSpec> {
    root.table(&["dataset"]).map(|table| dataset::read(table, context))
}
