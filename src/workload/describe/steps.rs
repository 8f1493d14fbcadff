//! Steps as text: one line each, what is inside of them indented.

use std::fmt::Write as _;

use super::{generator, literal, one_line, time};
use crate::workload::plan::{
    Action, Arg, InsertMethod, InsertPlan, OperationPlan, Protocol, RetryPlan, StatementStep, StepPlan, VariantPlan,
};

/// Writes steps, numbered, `depth` levels in.
pub(super) fn write(
    steps: &[StepPlan],
    operation: &OperationPlan,
    variant: &VariantPlan,
    depth: usize,
    out: &mut String,
) -> std::fmt::Result {
    let indent = "  ".repeat(depth);
    for (index, step) in steps.iter().enumerate() {
        write!(out, "{indent}{}. {}", index + 1, loops(step, operation, variant))?;
        match &step.action {
            Action::Statement(statement) => write_statement(statement, operation, variant, &indent, out)?,
            Action::Insert(insert) => write_insert(insert, &indent, out)?,
            Action::Pause(length) => writeln!(out, "pause {}", time(*length))?,
            Action::Group(inner) => {
                writeln!(out, "group{}", step.retry.as_ref().map(retry).unwrap_or_default())?;
                write(inner, operation, variant, depth + 2, out)?;
            }
            Action::Pipeline(inner) => {
                writeln!(out, "pipeline")?;
                write(inner, operation, variant, depth + 2, out)?;
            }
            Action::Together(inner) => {
                writeln!(out, "together, each on a connection of its own")?;
                write(inner, operation, variant, depth + 2, out)?;
            }
            Action::Transaction { modes, steps: inner } => {
                let begin = modes.begin_sql();
                let modes = begin.strip_prefix("BEGIN").unwrap_or_default().to_ascii_lowercase();
                writeln!(out, "transaction{modes}{}", step.retry.as_ref().map(retry).unwrap_or_default())?;
                write(inner, operation, variant, depth + 2, out)?;
            }
        }
    }
    Ok(())
}

fn write_insert(insert: &InsertPlan, indent: &str, out: &mut String) -> std::fmt::Result {
    let InsertPlan { table, columns, rows, chunk, method, .. } = insert;
    let chunks = if matches!(method, InsertMethod::Single) { String::new() } else { format!(", {chunk} at a time") };
    writeln!(out, "insert {rows} rows into {table}: {}{chunks}", method.word())?;
    let columns = columns.iter().map(|column| format!("{} = {}", column.name, generator(&column.generator)));
    writeln!(out, "{indent}   {}", columns.collect::<Vec<_>>().join(", "))
}

/// `for each row of u, drawing id: `
fn loops(step: &StepPlan, operation: &OperationPlan, variant: &VariantPlan) -> String {
    let each = match (step.for_each, step.repeat) {
        (Some(set), _) => format!("for each row of {}", operation.sets[set].name),
        (None, 1) => return String::new(),
        (None, times) => format!("{times} times"),
    };
    let drawn: Vec<&str> =
        step.draw.iter().filter_map(|param| Some(variant.params.get(*param)?.name.as_str())).collect();
    if drawn.is_empty() { format!("{each}: ") } else { format!("{each}, drawing {}: ", drawn.join(", ")) }
}

fn retry(retry: &RetryPlan) -> String {
    let on: Vec<String> = retry.on.iter().map(ToString::to_string).collect();
    let backoff =
        if retry.backoff.is_zero() { String::new() } else { format!(", waiting {} and longer", time(retry.backoff)) };
    format!(", tried again at most {} times after {}{backoff}", retry.retries, on.join(", "))
}

fn write_statement(
    step: &StatementStep,
    operation: &OperationPlan,
    variant: &VariantPlan,
    indent: &str,
    out: &mut String,
) -> std::fmt::Result {
    let statement = &variant.statements[step.statement];
    let binds = step.binds.map(|set| format!("{} = ", operation.sets[set].name)).unwrap_or_default();
    writeln!(out, "{binds}{}", one_line(&statement.text.sql))?;
    let args = statement.args.iter().enumerate();
    let args: Vec<String> =
        args.map(|(index, arg)| format!("${} = {}", index + 1, argument(arg, operation, variant))).collect();
    if !args.is_empty() {
        writeln!(out, "{indent}   {}", args.join(", "))?;
    }
    match step.protocol.unwrap_or(variant.protocol) {
        Protocol::Prepared => {}
        Protocol::Extended => writeln!(out, "{indent}   parsed each time")?,
        Protocol::Simple => writeln!(out, "{indent}   simple protocol: values in its text, results as text")?,
    }
    for record in &step.records {
        writeln!(out, "{indent}   records {} = column {}", record.name, record.column)?;
    }
    if let Some(rows) = step.expect_rows {
        writeln!(out, "{indent}   expects {rows} row{}", if rows == 1 { "" } else { "s" })?;
    }
    Ok(())
}

fn argument(arg: &Arg, operation: &OperationPlan, variant: &VariantPlan) -> String {
    let path = |set: usize, column: usize| (&operation.sets[set].name, &operation.sets[set].columns[column]);
    match arg {
        Arg::Param { param, column } => {
            let name = variant.params.get(*param).map_or("?", |param| param.name.as_str());
            column.as_ref().map_or_else(|| format!(":{name}"), |column| format!(":{name}.{column}"))
        }
        Arg::Constant { name, value } => format!(":{name} (constant {})", literal(value)),
        Arg::Visited { set, column } => format!(":{}.{} (row visited)", path(*set, *column).0, path(*set, *column).1),
        Arg::Whole { set, column } => format!(":{}.{}[] (whole column)", path(*set, *column).0, path(*set, *column).1),
        Arg::First { set, column } => format!(":{}.first.{}", path(*set, *column).0, path(*set, *column).1),
        Arg::Last { set, column } => format!(":{}.last.{}", path(*set, *column).0, path(*set, *column).1),
    }
}
