//! Generators with every name looked up: columns of the dataset, other parameters; cycles found.

use std::sync::Arc;

use super::super::diagnostic::{Sink, did_you_mean, problem};
use super::super::read::At;
use super::super::spec::{DatasetSpec, GeneratorSpec, OverSpec, Shape, TableSpec};
use super::sampled;
use crate::param::{ColumnSource, Generator, Over, SampledRows, Sampler};

/// Generators that refer to each other in a longer chain are refused, so that no file can exhaust the stack.
const MAX_CHAIN: usize = 64;

/// Where a generator stands: decides what it may refer to.
pub(super) trait Around {
    /// The column that `over = "table.column"` names.
    fn column(&mut self, name: &At<String>) -> Option<Arc<ColumnSource>>;
    /// The generator that `same_as` names.
    fn sibling(&mut self, name: &At<String>) -> Option<Generator>;
    /// Whether it makes rows of a table.
    fn is_dataset(&self) -> bool;
    /// Whether its rows are made while operations run.
    fn is_inserted(&self) -> bool {
        false
    }
    /// Where problems go.
    fn sink(&self) -> &Sink;
}

pub(super) fn resolve(spec: &At<GeneratorSpec>, around: &mut dyn Around) -> Option<Generator> {
    let refuse = |around: &dyn Around, what: &str, hint: &str| {
        around.sink().push(problem(&spec.place, what).hint(hint));
        None
    };
    Some(match &spec.value {
        GeneratorSpec::RowNumber | GeneratorSpec::Expr { of_row: true, .. } if !around.is_dataset() => {
            return refuse(
                around,
                "a parameter has no row number",
                "draw one: `{ uniform = [1, 1000] }` or `{ uniform = \"users.id\" }`",
            );
        }
        GeneratorSpec::Next(_) if !around.is_dataset() => return part_of_another(spec, around),
        GeneratorSpec::Next(name) => next(name, around.sink())?,
        GeneratorSpec::Now if around.is_dataset() && !around.is_inserted() => {
            return refuse(
                around,
                "\"now\" is not for the dataset, whose values must be the same each time",
                "`{ timestamp = [2025-01-01, 2025-12-31] }`, or a DEFAULT in the schema",
            );
        }
        GeneratorSpec::Query(_) => {
            let hint = "write it as a parameter of its own: `p = { query = \"SELECT id FROM users\" }`";
            return refuse(around, "a query gives whole parameters only", hint);
        }
        GeneratorSpec::RowNumber => Generator::RowNumber,
        GeneratorSpec::Uuid4 => Generator::Uuid4,
        GeneratorSpec::Uuid7 => Generator::Uuid7,
        GeneratorSpec::Now => Generator::Now,
        GeneratorSpec::Constant(value) => Generator::Constant(value.clone()),
        GeneratorSpec::Distribution { shape, over } => distribution(*shape, over, around)?,
        GeneratorSpec::Choice(choices) => Generator::Choice(choices.clone()),
        GeneratorSpec::Text { min, max } => Generator::Text { min: *min, max: *max },
        GeneratorSpec::Json(fields) => {
            let fields: Vec<_> = fields.iter().map(|(key, of)| part(of, around).map(|of| (key.clone(), of))).collect();
            Generator::Json(fields.into_iter().collect::<Option<_>>()?)
        }
        GeneratorSpec::Null { rate, of } => Generator::Null { rate: *rate, of: Box::new(part(of, around)?) },
        GeneratorSpec::Timestamp { from_us, to_us } => Generator::Timestamp { from_us: *from_us, to_us: *to_us },
        GeneratorSpec::Expr { expr, .. } => Generator::Expr(expr.clone()),
        GeneratorSpec::SameAs { name, distinct } => {
            let of = Box::new(around.sibling(name)?);
            if matches!(*of, Generator::Next { .. }) && counts(around) {
                let title = format!("`{}` counts on: there is no distribution to draw the same from", name.value);
                return refuse(around, &title, "give both a `next` of the same column: no value comes twice");
            }
            Generator::SameAs { name: name.value.clone(), of, distinct: *distinct }
        }
        GeneratorSpec::Csv(path) => Generator::Rows(sampled::csv(path, around.sink())?),
    })
}

/// `next = "table.column"`.
fn next(name: &At<String>, sink: &Sink) -> Option<Generator> {
    let Some((table, column)) = name.value.rsplit_once('.') else {
        let problem = problem(&name.place, "`next` names a column");
        sink.push(problem.hint("for example `{ next = \"events.id\" }`"));
        return None;
    };
    Some(Generator::Next { table: table.to_owned(), column: column.to_owned() })
}

/// Whether `next` counts there; in the rows of a dataset it is the row number.
fn counts(around: &dyn Around) -> bool {
    !around.is_dataset() || around.is_inserted()
}

/// A generator inside of another one.
fn part(spec: &At<GeneratorSpec>, around: &mut dyn Around) -> Option<Generator> {
    match &spec.value {
        GeneratorSpec::Next(_) if counts(around) => part_of_another(spec, around),
        _ => resolve(spec, around),
    }
}

fn part_of_another(spec: &At<GeneratorSpec>, around: &dyn Around) -> Option<Generator> {
    let problem = problem(&spec.place, "`next` gives whole values only, not a part of them");
    around.sink().push(problem.hint("write it as a parameter of its own: `id = { next = \"events.id\" }`"));
    None
}

fn distribution(shape: Shape, over: &OverSpec, around: &mut dyn Around) -> Option<Generator> {
    let over = match over {
        OverSpec::Integers { low, high } => Over::Integers { low: *low, high: *high },
        OverSpec::Reals { low, high, decimals } => Over::Reals { low: *low, high: *high, decimals: *decimals },
        OverSpec::Column(name) => Over::Column(around.column(name)?),
    };
    Some(match shape {
        Shape::Uniform => Generator::Uniform(over),
        Shape::Zipf { exponent, scramble } => Generator::Zipf { over, exponent, scramble },
        Shape::Hotspot { hot_fraction, hot_weight } => Generator::Hotspot { over, hot_fraction, hot_weight },
        Shape::Normal { mean, deviation } => Generator::Normal { over, mean, deviation },
        Shape::Exponential { mean } => Generator::Exponential { over, mean },
    })
}

/// Whether values can be drawn at all, for example without overflow in any row.
pub(super) fn usable(generator: &Generator, rows: u64, spec: Option<&At<GeneratorSpec>>, sink: &Sink) -> bool {
    let found = Sampler::new(generator).and_then(|_| generator.domains(rows));
    if let (Err(unusable), Some(spec)) = (&found, spec) {
        sink.push(problem(&spec.place, format!("this generator cannot give values: {unusable}")));
    }
    found.is_ok()
}

/// A generator on its way.
#[derive(Clone, Debug)]
enum State {
    New,
    Busy,
    Done(Option<Generator>),
}

/// The columns of the dataset with their generators.
#[derive(Clone, Debug, Default)]
pub(in crate::workload) struct Columns {
    seed: u64,
    tables: Vec<TableSpec>,
    states: Vec<Vec<State>>,
}

impl Columns {
    /// Resolves all columns.
    pub(in crate::workload) fn resolve(spec: Option<&DatasetSpec>, sink: &Sink) -> Self {
        let Some(spec) = spec else { return Self::default() };
        let states = spec.tables.iter().map(|table| vec![State::New; table.columns.len()]).collect();
        let mut columns = Self { seed: spec.seed, tables: spec.tables.clone(), states };
        for table in 0..columns.tables.len() {
            for column in 0..columns.tables[table].columns.len() {
                columns.generator_of(table, column, &mut Vec::new(), sink);
            }
        }
        columns
    }

    /// The columns of a table by its name, each with its generator and the place of it; `None`: there is no such table.
    pub(in crate::workload) fn of_table(&self, name: &str) -> Option<Vec<Param>> {
        let table = self.tables.iter().position(|table| table.name.value == name)?;
        let columns = self.tables[table].columns.iter().enumerate().map(|(at, column)| {
            let place = column.generator.as_ref().map_or(&column.name.place, |generator| &generator.place);
            let generator = self.generator(table, at).map(|of| At { value: of.clone(), place: place.clone() });
            (column.name.clone(), generator)
        });
        Some(columns.collect())
    }

    /// The names of the tables.
    pub(in crate::workload) fn table_names(&self) -> impl Iterator<Item = &str> + Clone {
        self.tables.iter().map(|table| table.name.value.as_str())
    }

    /// The generator of a column; `None` when it is wrong, which has been reported.
    pub(in crate::workload) fn generator(&self, table: usize, column: usize) -> Option<&Generator> {
        match self.states.get(table)?.get(column)? {
            State::Done(generator) => generator.as_ref(),
            State::New | State::Busy => None,
        }
    }

    fn generator_of(
        &mut self,
        table: usize,
        column: usize,
        chain: &mut Vec<(usize, usize)>,
        sink: &Sink,
    ) -> Option<Generator> {
        let spec = self.tables[table].columns[column].clone();
        match &self.states[table][column] {
            State::Done(generator) => return generator.clone(),
            State::Busy => {
                let names: Vec<String> = chain.iter().map(|(t, c)| self.name(*t, *c)).collect();
                let title = format!("the columns {} take their values from each other", names.join(", "));
                sink.push(problem(&spec.name.place, title).hint("give one of them values of its own"));
                return None;
            }
            State::New => {}
        }
        if chain.len() >= MAX_CHAIN {
            sink.push(problem(
                &spec.name.place,
                format!("columns refer to each other over more than {MAX_CHAIN} steps"),
            ));
            return None;
        }
        self.states[table][column] = State::Busy;
        chain.push((table, column));
        let generator = spec
            .generator
            .as_ref()
            .and_then(|generator| resolve(generator, &mut InDataset { columns: self, table, chain, sink }));
        chain.pop();
        let rows = self.tables[table].rows.unwrap_or(1);
        let generator = generator.filter(|generator| usable(generator, rows, spec.generator.as_ref(), sink));
        self.states[table][column] = State::Done(generator.clone());
        generator
    }

    fn name(&self, table: usize, column: usize) -> String {
        let table = &self.tables[table];
        format!("`{}.{}`", table.name.value, table.columns[column].name.value)
    }

    /// Table and column of `"table.column"`.
    fn find(&self, name: &At<String>, sink: &Sink) -> Option<(usize, usize)> {
        let (table_name, column_name) = name.value.rsplit_once('.')?;
        let Some(table) = self.tables.iter().position(|table| table.name.value == table_name) else {
            let hint = did_you_mean(table_name, self.tables.iter().map(|table| table.name.value.as_str()));
            let hint = hint.or_else(|| Some("tables are filled under [dataset.tables.NAME]".to_owned()));
            sink.push(problem(&name.place, format!("the dataset has no table `{table_name}`")).maybe_hint(hint));
            return None;
        };
        let columns = &self.tables[table].columns;
        let Some(column) = columns.iter().position(|column| column.name.value == column_name) else {
            let hint = did_you_mean(column_name, columns.iter().map(|column| column.name.value.as_str()));
            let title = format!("the table `{table_name}` has no generated column `{column_name}`");
            sink.push(problem(&name.place, title).maybe_hint(hint));
            return None;
        };
        Some((table, column))
    }

    pub(super) fn source(
        &mut self,
        name: &At<String>,
        chain: &mut Vec<(usize, usize)>,
        sink: &Sink,
    ) -> Option<Arc<ColumnSource>> {
        let (table, column) = self.find(name, sink)?;
        let generator = self.generator_of(table, column, chain, sink)?;
        let spec = &self.tables[table];
        let rows = spec.rows?;
        if rows == 0 {
            let title = format!("`{}` has no values: the table `{}` has no rows", name.value, spec.name.value);
            sink.push(problem(&name.place, title).hint("give the table `rows`, or draw from a range `[a, b]`"));
            return None;
        }
        Some(Arc::new(ColumnSource {
            table: spec.name.value.clone(),
            column: spec.columns[column].name.value.clone(),
            rows,
            seed: self.seed,
            generator,
        }))
    }
}

struct InDataset<'a> {
    columns: &'a mut Columns,
    table: usize,
    chain: &'a mut Vec<(usize, usize)>,
    sink: &'a Sink,
}

impl Around for InDataset<'_> {
    fn is_inserted(&self) -> bool {
        // A table without rows has columns for what is inserted.
        self.columns.tables[self.table].rows == Some(0)
    }

    fn column(&mut self, name: &At<String>) -> Option<Arc<ColumnSource>> {
        self.columns.source(name, self.chain, self.sink)
    }

    fn sibling(&mut self, name: &At<String>) -> Option<Generator> {
        let columns = &self.columns.tables[self.table].columns;
        let Some(column) = columns.iter().position(|column| column.name.value == name.value) else {
            let hint = did_you_mean(&name.value, columns.iter().map(|column| column.name.value.as_str()));
            self.sink.push(problem(&name.place, format!("the table has no column `{}`", name.value)).maybe_hint(hint));
            return None;
        };
        self.columns.generator_of(self.table, column, self.chain, self.sink)
    }

    fn is_dataset(&self) -> bool {
        true
    }

    fn sink(&self) -> &Sink {
        self.sink
    }
}

/// A parameter: its name, and its generator where that is right.
pub(in crate::workload) type Param = (At<String>, Option<At<Generator>>);

/// Resolves all parameters; wrong ones keep their name, so that references to them are not reported as well.
pub(in crate::workload) fn resolve_params(
    specs: &[(At<String>, Option<At<GeneratorSpec>>)],
    columns: &mut Columns,
    sink: &Sink,
) -> Vec<Param> {
    let mut params = InParams { specs, columns, chain: Vec::new(), sink };
    let generators: Vec<_> = (0..specs.len()).map(|index| params.generator_of(index)).collect();
    specs
        .iter()
        .zip(generators)
        .map(|((name, spec), generator)| {
            let generator = generator.zip(spec.as_ref()).map(|(value, spec)| At { value, place: spec.place.clone() });
            (name.clone(), generator)
        })
        .collect()
}

struct InParams<'a> {
    specs: &'a [(At<String>, Option<At<GeneratorSpec>>)],
    columns: &'a mut Columns,
    chain: Vec<usize>,
    sink: &'a Sink,
}

impl InParams<'_> {
    fn generator_of(&mut self, index: usize) -> Option<Generator> {
        let (name, spec) = &self.specs[index];
        if self.chain.contains(&index) || self.chain.len() >= MAX_CHAIN {
            let names: Vec<String> =
                self.chain.iter().map(|index| format!("`{}`", self.specs[*index].0.value)).collect();
            let title = format!("the parameters {} take their distribution from each other", names.join(", "));
            self.sink.push(problem(&name.place, title).hint("give one of them a distribution of its own"));
            return None;
        }
        self.chain.push(index);
        let generator = match spec.as_ref().map(|spec| &spec.value) {
            Some(GeneratorSpec::Next(of)) => next(of, self.sink),
            Some(GeneratorSpec::Query(sql)) => Some(Generator::Rows(SampledRows::Query { sql: sql.value.clone() })),
            _ => spec
                .as_ref()
                .and_then(|spec| resolve(spec, self))
                .filter(|generator| usable(generator, 0, spec.as_ref(), self.sink)),
        };
        self.chain.pop();
        generator
    }
}

impl Around for InParams<'_> {
    fn column(&mut self, name: &At<String>) -> Option<Arc<ColumnSource>> {
        self.columns.source(name, &mut Vec::new(), self.sink)
    }

    fn sibling(&mut self, name: &At<String>) -> Option<Generator> {
        let Some(index) = self.specs.iter().position(|(other, _)| other.value == name.value) else {
            let hint = did_you_mean(&name.value, self.specs.iter().map(|(other, _)| other.value.as_str()));
            self.sink.push(problem(&name.place, format!("there is no parameter `{}`", name.value)).maybe_hint(hint));
            return None;
        };
        let found = self.generator_of(index);
        if matches!(found, Some(Generator::Rows(SampledRows::Query { .. }))) {
            let title = format!("`{}` is a query, whose distribution is not known beforehand", name.value);
            self.sink.push(problem(&name.place, title).hint("give both parameters the same query"));
            return None;
        }
        found
    }

    fn is_dataset(&self) -> bool {
        false
    }

    fn sink(&self) -> &Sink {
        self.sink
    }
}
