//! Columns that are recorded: found by name, and numbers or booleans.

use super::operation::Binder;
use super::problem::BindProblem;
use crate::driver::{ColumnInfo, Recordable};
use crate::engine::bound::RecordColumn;
use crate::workload::plan::StatementStep;

impl<'a> Binder<'a> {
    /// The columns of a statement that anything refers to.
    pub(super) fn referred_columns(&self, step: &'a StatementStep) -> Vec<&'a str> {
        let set = step.binds.map_or(&[][..], |set| &self.operation.sets[set].columns);
        let mut names: Vec<&str> = set.iter().map(String::as_str).collect();
        for record in &step.records {
            if !names.contains(&record.column.as_str()) {
                names.push(&record.column);
            }
        }
        names
    }

    /// The recorded columns of a statement; `None` after a problem.
    pub(super) fn records(&mut self, step: &StatementStep, columns: &[ColumnInfo]) -> Option<Vec<RecordColumn>> {
        let names = self.variant.records();
        let mut found = Vec::with_capacity(step.records.len());
        for record in &step.records {
            let mut positions = columns.iter().enumerate().filter(|(_, column)| column.name == record.column);
            let problem = match (positions.next(), positions.next()) {
                (Some((position, column)), None) => match Recordable::of(&column.ty) {
                    Some(kind) => {
                        let record = names.iter().position(|name| *name == record.name).unwrap_or_default();
                        found.push(RecordColumn { position, record: u32::try_from(record).unwrap_or(u32::MAX), kind });
                        continue;
                    }
                    None => {
                        let title = format!("`{}` is of type {}, which cannot be recorded", record.column, column.ty);
                        (title, "numbers and booleans are recorded: `extract(epoch FROM …)` makes a number of a time")
                    }
                },
                (None, _) => (format!("the statement returns no column `{}`", record.column), "name columns with AS"),
                (Some(_), Some(_)) => {
                    (format!("the statement returns several columns `{}`", record.column), "name columns with AS")
                }
            };
            self.problems.push(BindProblem::in_file(&record.place, problem.0, vec![problem.1.to_owned()]));
        }
        (found.len() == step.records.len()).then_some(found)
    }
}
