//! Dataset plans for tests, as if a workload file had given them.

#![allow(dead_code, reason = "each test binary uses another part")]

use std::sync::Arc;

use dbbench::param::{ColumnSource, Generator, Over};
use dbbench::workload::plan::{ColumnPlan, DatasetPlan, Place, SourceText, SqlText, TablePlan};

/// A plan as the file would give it: every place is that of the text's own words.
pub struct Draft {
    text: String,
    /// The plan.
    pub plan: DatasetPlan,
}

impl Draft {
    /// Schema and `after_load`, statements split at line ends.
    pub fn new(schema: &str, after_load: &str) -> Self {
        let text = format!("{schema}\n{after_load}\n");
        let plan = DatasetPlan {
            schema: Vec::new(),
            after_load: Vec::new(),
            seed: 7,
            tables: Vec::new(),
            hash: String::new(),
        };
        let mut draft = Self { text, plan };
        draft.plan.schema = schema.lines().map(|line| draft.sql(line)).collect();
        draft.plan.after_load = after_load.lines().map(|line| draft.sql(line)).collect();
        draft
    }

    /// Adds a table.
    pub fn table(mut self, name: &str, rows: u64, columns: &[(&str, Generator)]) -> Self {
        let column = |(name, generator): &(&str, Generator)| ColumnPlan {
            name: (*name).to_owned(),
            generator: generator.clone(),
            place: self.place(0),
        };
        let columns = columns.iter().map(column).collect();
        let place = self.place(0);
        self.plan.tables.push(TablePlan { name: name.to_owned(), rows, columns, place });
        self
    }

    /// The values of a column of a table that was given before.
    pub fn over(&self, table: &str, column: &str) -> Over {
        let of = self.plan.tables.iter().find(|it| it.name == table).unwrap();
        let generator = of.columns.iter().find(|it| it.name == column).unwrap().generator.clone();
        Over::Column(Arc::new(ColumnSource {
            table: table.to_owned(),
            column: column.to_owned(),
            rows: of.rows,
            seed: self.plan.seed,
            generator,
        }))
    }

    fn sql(&self, line: &str) -> SqlText {
        let at = self.text.find(line).unwrap();
        let place = Place { source: SourceText::new("w.toml", self.text.clone()), span: at..at + line.len() };
        SqlText { sql: line.to_owned(), place, offsets: vec![(0, at)] }
    }

    fn place(&self, at: usize) -> Place {
        Place { source: SourceText::new("w.toml", self.text.clone()), span: at..at }
    }
}
