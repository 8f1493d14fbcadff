//! From what the file says to a plan.

mod background;
mod check;
mod hash;
mod insert;
mod operation;
mod setup;
mod statement;
mod step;
mod together;
mod variant;

pub(super) use hash::{hashes, node as node_as_json, resolved};
pub(super) use variant::{VariantSource, check_unused};

use super::Overrides;
use super::constants::Constants;
use super::diagnostic::{Sink, did_you_mean, problem};
use super::document::{Node, Table, Value};
use super::plan::{ColumnPlan, DatasetPlan, Protocol, TablePlan, VariantPlan};
use super::read::Context;
use super::spec::{self, DatasetSpec};
use super::validate::{Columns, Param};

/// The names that SQL may refer to.
#[derive(Clone, Copy)]
pub(super) struct Names<'a> {
    pub(super) constants: &'a Constants,
    pub(super) params: &'a [Param],
    pub(super) columns: &'a Columns,
    /// How statements travel that do not say it themselves.
    pub(super) protocol: Protocol,
    pub(super) sink: &'a Sink,
}

/// The variants of a file in its order; a file without `[variants]` is the only way itself.
pub(super) fn variant_sources(root: &Table, sink: &Sink) -> Vec<VariantSource> {
    let alone = || vec![VariantSource { name: "base".to_owned(), place: None, overlay: Table::default() }];
    let Some(entry) = root.get("variants") else { return alone() };
    let Value::Table(table) = &entry.node.value else { return alone() };
    if table.entries.is_empty() && !table.incomplete {
        sink.push(
            problem(&entry.key_place, "there are no variants").hint("for example `join = {}`, or take [variants] out"),
        );
    }
    let sources = table.entries.iter().map(|entry| VariantSource {
        name: entry.key.clone(),
        place: Some(entry.key_place.clone()),
        overlay: match &entry.node.value {
            Value::Table(overlay) => overlay.clone(),
            _ => Table::default(),
        },
    });
    sources.collect()
}

/// Compiles all variants, and decides whether the link's proxy stays in the path.
pub(super) fn variants(
    sources: &[VariantSource],
    root: &Table,
    columns: &mut Columns,
    sink: &Sink,
) -> Vec<VariantPlan> {
    let mut variants: Vec<VariantPlan> =
        sources.iter().map(|source| variant::compile(source, root, columns, sink)).collect();
    let first = variants.first().map(|variant| variant.link);
    if variants.iter().any(|variant| Some(variant.link) != first) {
        // Where the link varies, its proxy is a part of every variant: only the delay may differ.
        variants.iter_mut().for_each(|variant| variant.link.in_path = true);
    }
    variants
}

/// What was read of the dataset.
pub(super) struct Dataset {
    pub(super) spec: Option<DatasetSpec>,
    pub(super) columns: Columns,
}

/// Reads the dataset; a constant that it uses must not be set by a variant.
pub(super) fn dataset(root: &Table, sources: &[VariantSource], sink: &Sink) -> Dataset {
    let constants = Constants::read(root.table(&["constants"]), sink);
    let context = Context { constants: &constants, sink };
    // Reading the constants looks them up; only what the dataset looks up counts.
    constants.forget_used();
    let spec = spec::dataset(root, context);
    let used = constants.used();
    for source in sources {
        for entry in source.overlay.table(&["constants"]).into_iter().flat_map(|table| &table.entries) {
            if used.contains(&entry.key) {
                let title = format!("a variant may not set the constant `{}`: [dataset] uses it", entry.key);
                sink.push(
                    problem(&entry.key_place, title).hint("all variants read the same data; set it under [constants]"),
                );
            }
        }
    }
    let columns = Columns::resolve(spec.as_ref(), sink);
    Dataset { spec, columns }
}

impl Dataset {
    /// The plan of the dataset, once nothing is wrong with it.
    pub(super) fn plan(&self) -> Option<DatasetPlan> {
        let spec = self.spec.as_ref()?;
        let script = |node: &Option<Node>| node.as_ref().map(statement::script).unwrap_or_default();
        let tables = spec.tables.iter().enumerate().filter_map(|(table_index, table)| {
            Some(TablePlan {
                name: table.name.value.clone(),
                rows: table.rows?,
                columns: table
                    .columns
                    .iter()
                    .enumerate()
                    .filter_map(|(column_index, column)| {
                        Some(ColumnPlan {
                            name: column.name.value.clone(),
                            generator: self.columns.generator(table_index, column_index)?.clone(),
                            place: column.generator.as_ref()?.place.clone(),
                        })
                    })
                    .collect(),
                place: table.name.place.clone(),
            })
        });
        let mut plan = DatasetPlan {
            schema: script(&spec.schema),
            after_load: script(&spec.after_load),
            seed: spec.seed,
            tables: tables.collect(),
            hash: String::new(),
        };
        plan.hash = hash::dataset(&plan);
        Some(plan)
    }
}

/// Keeps the variants that were asked for with `--only`, and the baseline where others are compared with it. Gives the indexes
/// that stay.
pub(super) fn kept(overrides: &Overrides, variants: &[VariantPlan], baseline: usize, sink: &Sink) -> Vec<usize> {
    let Overrides { only, without_baseline, .. } = overrides;
    if only.is_empty() {
        return (0..variants.len()).collect();
    }
    for name in only {
        if !variants.iter().any(|variant| variant.name == *name) {
            let text = format!("--only {name}");
            let span = 7..text.len();
            let source = super::plan::SourceText::new("command line", text);
            let hint = did_you_mean(name, variants.iter().map(|variant| variant.name.as_str()));
            let place = super::plan::Place { source, span };
            sink.push(problem(&place, format!("there is no variant `{name}`")).maybe_hint(hint));
        }
    }
    let stays = |index: &usize| (*index == baseline && !without_baseline) || only.contains(&variants[*index].name);
    (0..variants.len()).filter(stays).collect()
}
