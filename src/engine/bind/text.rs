//! What the simple protocol needs to know of types: how SQL names them, and whether their text form is known.

use super::describe::Describer;
use super::operation::{Binder, SetColumns};
use super::problem::BindProblem;
use crate::driver::{Described, DriverError, LiteralType, PgType, has_text_form};
use crate::workload::plan::{InsertPlan, Protocol, StatementPlan, StatementStep};

const CAST: &str = "cast it to text in the SQL that reads it, or send the statement with `protocol = \"extended\"`";

impl Describer<'_> {
    /// Types with the names that SQL has for them.
    pub(super) async fn literals(self, types: &[PgType]) -> Result<Vec<LiteralType>, DriverError> {
        let names = match self {
            Self::Server(control) => control.sql_names(types).await?,
            Self::Plan(_) => types.iter().map(|ty| ty.name.clone()).collect(),
        };
        let named = types.iter().zip(names);
        Ok(named.map(|(ty, sql_name)| LiteralType { ty: ty.clone(), sql_name }).collect())
    }
}

impl Binder<'_> {
    /// The types of a statement's arguments for its protocol; `None` after a problem.
    pub(super) async fn literals(
        &mut self,
        step: &StatementStep,
        statement: &StatementPlan,
        described: &Described,
        columns: &SetColumns,
    ) -> Result<Option<Vec<LiteralType>>, DriverError> {
        if step.protocol.unwrap_or(self.variant.protocol) != Protocol::Simple {
            return Ok(Some(Vec::new()));
        }
        let mut fits = true;
        for (index, ty) in described.params.iter().enumerate().filter(|(_, ty)| !has_text_form(ty)) {
            fits = false;
            let title = format!("a value of type {ty} cannot be written into the text of a statement by this version");
            let label = format!("the server takes it as {ty}");
            let hints = vec![CAST.to_owned()];
            self.problems.push(BindProblem::at_argument(statement, index, title, label, hints));
        }
        if let Some(set) = step.binds {
            for (column, (_, ty)) in columns.iter().enumerate().filter(|(_, (_, ty))| !has_text_form(ty)) {
                fits = false;
                let name = &self.operation.sets[set].columns[column];
                let title = format!("`{name}` is of type {ty}, whose text this version does not read");
                let problem = self.at_reference((set, column), statement, title, CAST.to_owned());
                self.problems.push(problem);
            }
        }
        if !fits {
            return Ok(None);
        }
        self.describer.literals(&described.params).await.map(Some)
    }

    /// Whether the values of an insert can be written into its text; reported where not.
    pub(super) fn can_be_written(&mut self, plan: &InsertPlan, types: &[PgType]) -> bool {
        let without: Vec<_> = plan
            .columns
            .iter()
            .zip(types)
            .filter(|(_, ty)| !has_text_form(ty))
            .map(|(column, ty)| (column, ty))
            .collect();
        for (column, ty) in &without {
            let title = format!("a value of type {ty} cannot be written into the text of a statement by this version");
            let hints = vec!["leave the column to its default, or use another `protocol`".to_owned()];
            self.problems.push(BindProblem::in_file(&column.place, title, hints));
        }
        without.is_empty()
    }
}
