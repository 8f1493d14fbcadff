//! An insert: where its values come from, and whether it can stand where it does.

use super::super::diagnostic::{did_you_mean, problem};
use super::super::plan::{ColumnPlan, InsertMethod, InsertPlan, Protocol};
use super::super::spec::InsertSpec;
use super::super::validate::resolve_inserted;
use super::operation::Building;

/// Values that a statement can have.
const MOST_VALUES: u64 = 65_535;

pub(super) fn compile(spec: &InsertSpec, building: &Building<'_>) -> Option<InsertPlan> {
    let names = building.names;
    let sink = names.sink;
    if building.pipeline_from.is_some() {
        let problem = problem(&spec.place, "`insert` cannot stand inside of a pipeline");
        sink.push(problem.hint("it has a method for that: `method = \"pipeline\"`"));
        return None;
    }
    if building.in_transaction && spec.method.has_transactions() {
        let title =
            format!("the method \"{}\" begins transactions itself: it cannot stand inside of one", spec.method.word());
        sink.push(problem(&spec.place, title).hint("inside of a transaction \"single\" does the same"));
        return None;
    }
    let queues = matches!(spec.method, InsertMethod::Pipeline | InsertMethod::PipelineAutocommit);
    if queues && names.protocol == Protocol::Simple {
        let title = format!("the method \"{}\" needs another protocol than \"simple\"", spec.method.word());
        let problem = problem(&spec.place, title).label("with the simple protocol each statement waits for its answer");
        sink.push(problem.hint("use `protocol = \"prepared\"` or `\"extended\"` in [connections], or another method"));
        return None;
    }
    let columns = match &spec.values {
        Some(values) => resolve_inserted(values, spec.rows.into(), names.columns, sink),
        None => {
            let Some(columns) = names.columns.of_table(&spec.table.value) else {
                let hint = did_you_mean(&spec.table.value, names.columns.table_names());
                let hint =
                    hint.unwrap_or_else(|| "give the columns here: `values = { id = \"row_number\" }`".to_owned());
                let title = format!("the dataset has no table `{}` to take generators from", spec.table.value);
                sink.push(problem(&spec.table.place, title).hint(hint));
                return None;
            };
            columns
        }
    };
    if columns.is_empty() {
        let problem =
            problem(&spec.place, format!("nothing is inserted into `{}`: no column has a generator", spec.table.value));
        sink.push(problem.hint("name columns: `values = { id = { next = \"events.id\" } }`"));
        return None;
    }
    let width = columns.len() as u64;
    let columns = columns.into_iter().map(|(name, generator)| {
        let generator = generator?;
        Some(ColumnPlan { name: name.value, generator: generator.value, place: generator.place })
    });
    let columns = columns.collect::<Option<Vec<_>>>()?;
    let most = u32::try_from(MOST_VALUES).unwrap_or(u32::MAX);
    let chunk = spec.chunk.as_ref().map_or(spec.rows, |chunk| chunk.value).min(spec.rows).min(most);
    if spec.method == InsertMethod::MultiRow && u64::from(chunk) * width > MOST_VALUES {
        let place = spec.chunk.as_ref().map_or(&spec.place, |chunk| &chunk.place);
        let title = format!(
            "a statement has at most {MOST_VALUES} values, and {chunk} rows of {width} columns are {}",
            u64::from(chunk) * width
        );
        sink.push(problem(place, title).hint(format!("`chunk` can be {} at most", MOST_VALUES / width)));
        return None;
    }
    let table = spec.table.value.clone();
    Some(InsertPlan { table, columns, rows: spec.rows, chunk, method: spec.method, place: spec.place.clone() })
}
