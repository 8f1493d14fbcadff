//! An insert: the types of its columns as the server knows them, and the statements of its method.

use super::describe::Describer;
use super::operation::{Binder, Part};
use super::own_ddl::protocol_behind_ddl;
use super::params::natural_type;
use super::problem::BindProblem;
use super::steps::control;
use crate::driver::{Described, DriverError, PgType, fits};
use crate::engine::bound::{BoundStatement, Cell, Insert};
use crate::param::{Generator, Sampler, name_hash};
use crate::workload::plan::{ColumnPlan, InsertMethod, InsertPlan, Protocol};

impl<'a> Binder<'a> {
    /// Binds an insert.
    pub(super) async fn insert(
        &mut self,
        plan: &'a InsertPlan,
        statements: &mut Vec<BoundStatement>,
    ) -> Result<(), DriverError> {
        let Some((types, protocol)) = self.column_types(plan).await? else {
            self.fail();
            return Ok(());
        };
        let mut cells = Vec::with_capacity(types.len());
        for (column, ty) in plan.columns.iter().zip(&types) {
            let Some(cell) = self.cell(plan, column, ty).await? else {
                self.fail();
                return Ok(());
            };
            cells.push(cell);
        }
        let InsertPlan { rows, chunk, method, .. } = *plan;
        let as_text = self.variant.protocol == Protocol::Simple && method != InsertMethod::Copy;
        if as_text && !self.can_be_written(plan, &types) {
            self.fail();
            return Ok(());
        }
        let (statement, rest) = self.statements_of(plan, &types, protocol, statements).await?;
        let around = matches!(method, InsertMethod::Chunks | InsertMethod::Pipeline).then(|| {
            let protocol = self.variant.protocol;
            let (begin, commit) = (control("BEGIN", protocol, statements), control("COMMIT", protocol, statements));
            let rollback = control("ROLLBACK", protocol, statements);
            statements[rollback].usual = false;
            self.rollback = Some(rollback);
            (begin, commit)
        });
        let commits = !self.in_transaction && around.is_none();
        let known = self.tables.iter().position(|table| *table == plan.table);
        let table = known.unwrap_or_else(|| {
            self.tables.push(&plan.table);
            self.tables.len() - 1
        });
        self.parts.push(Part::Insert(Box::new(Insert {
            table,
            method,
            rows,
            chunk,
            statement,
            rest,
            around,
            commits,
            cells,
        })));
        Ok(())
    }

    /// The statement of a method, and the one for a shorter last chunk.
    async fn statements_of(
        &mut self,
        plan: &InsertPlan,
        types: &[PgType],
        protocol: Protocol,
        statements: &mut Vec<BoundStatement>,
    ) -> Result<(usize, usize), DriverError> {
        let InsertPlan { rows, chunk, method, .. } = *plan;
        let columns: Vec<String> = plan.columns.iter().map(|column| name(&column.name)).collect();
        let into = format!("{} ({})", plan.table, columns.join(", "));
        let (sql, each) = match method {
            InsertMethod::MultiRow => {
                let statement = self.values(&into, (types, chunk), protocol, statements).await?;
                let rest = match rows % chunk {
                    0 => statement,
                    rest => self.values(&into, (types, rest), protocol, statements).await?,
                };
                return Ok((statement, rest));
            }
            InsertMethod::Unnest => {
                let mut arrays = Vec::with_capacity(types.len());
                for ty in types {
                    arrays.push(self.describer.array_of(ty).await?);
                }
                let all: Vec<String> = (1..=types.len()).map(|number| format!("${number}")).collect();
                (format!("INSERT INTO {into} SELECT * FROM unnest({})", all.join(", ")), arrays)
            }
            InsertMethod::Copy => (format!("COPY {into} FROM STDIN (FORMAT binary)"), Vec::new()),
            _ => {
                let statement = self.values(&into, (types, 1), protocol, statements).await?;
                return Ok((statement, statement));
            }
        };
        let statement = self.add(sql, (&each, 1), protocol, statements).await?;
        Ok((statement, statement))
    }

    /// The statement that inserts so many rows.
    async fn values(
        &mut self,
        into: &str,
        (types, rows): (&[PgType], u32),
        protocol: Protocol,
        statements: &mut Vec<BoundStatement>,
    ) -> Result<usize, DriverError> {
        self.add(values(into, types.len(), rows), (types, rows as usize), protocol, statements).await
    }

    /// Adds a statement with arguments of these types, `times` over.
    async fn add(
        &mut self,
        sql: String,
        (types, times): (&[PgType], usize),
        protocol: Protocol,
        statements: &mut Vec<BoundStatement>,
    ) -> Result<usize, DriverError> {
        let literals = match protocol {
            Protocol::Simple => {
                let literals = self.describer.literals(types).await?;
                literals.iter().cycle().take(types.len() * times).cloned().collect()
            }
            Protocol::Prepared | Protocol::Extended => Vec::new(),
        };
        let oids = types.iter().map(|ty| ty.oid).cycle().take(types.len() * times).collect();
        statements.push(BoundStatement { sql, oids, literals, columns: Vec::new(), protocol, usual: true });
        Ok(statements.len() - 1)
    }

    /// The types of the columns, and how the rows travel. `None` after a problem.
    async fn column_types(&mut self, plan: &InsertPlan) -> Result<Option<(Vec<PgType>, Protocol)>, DriverError> {
        let protocol = self.variant.protocol;
        let Describer::Server(control) = self.describer else {
            let types = plan.columns.iter().map(|column| natural_type(&column.generator)).collect();
            return Ok(Some((types, protocol)));
        };
        let types = |described: Described| described.columns.into_iter().map(|column| column.ty).collect();
        let columns: Vec<String> = plan.columns.iter().map(|column| name(&column.name)).collect();
        let sql = format!("SELECT {} FROM {} LIMIT 0", columns.join(", "), plan.table);
        match control.describe(&sql, &[]).await {
            Ok(described) => Ok(Some((types(described), protocol))),
            Err(DriverError::Server(error)) if !error.state.is_trouble_of_the_server() => {
                if let Some(described) = self.describe_behind_ddl(&sql, &[], &error).await? {
                    return Ok(Some((types(described), protocol_behind_ddl(protocol))));
                }
                let title = format!("rows cannot be inserted into `{}`: {error}", plan.table);
                self.problems.push(BindProblem::in_file(&plan.place, title, error.hint.into_iter().collect()));
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// A column with its generator. `None` after a problem.
    async fn cell(&mut self, plan: &InsertPlan, column: &ColumnPlan, ty: &PgType) -> Result<Option<Cell>, DriverError> {
        let domains = column.generator.domains(plan.rows.into());
        let generator = named_within(&column.generator, &plan.table);
        let wrong = match (Sampler::new(&generator), domains) {
            (Ok(sampler), Ok(domains)) => match domains.iter().find_map(|domain| fits(domain, ty).err()) {
                None => Ok(sampler),
                Some(misfit) => Err(misfit.to_string()),
            },
            (Err(unusable), _) | (_, Err(unusable)) => Err(unusable.to_string()),
        };
        let sampler = match wrong {
            Ok(sampler) => sampler,
            Err(why) => {
                let title = format!("the generator of `{}.{}` does not fit: {why}", plan.table, column.name);
                let hints = vec![format!("the column is {ty}: give it another generator")];
                self.problems.push(BindProblem::in_file(&column.place, title, hints));
                return Ok(None);
            }
        };
        let next = match &column.generator {
            Generator::Next { table, column: of } => match self.counters.of(table, of).await? {
                Ok(counter) => Some(counter),
                Err(title) => {
                    let hints = vec!["name a column of integers: `{ next = \"events.id\" }`".to_owned()];
                    self.problems.push(BindProblem::in_file(&column.place, title, hints));
                    return Ok(None);
                }
            },
            _ => None,
        };
        let key = name_hash(&format!("{}.{}", plan.table, column.name));
        Ok(Some(Cell { key, sampler, ty: ty.clone(), next }))
    }
}

/// Cells are drawn under the names of table and column, so that what `same_as` names is too.
fn named_within(generator: &Generator, table: &str) -> Generator {
    let inner = |of: &Generator| Box::new(named_within(of, table));
    match generator {
        Generator::SameAs { name, of, distinct } => {
            Generator::SameAs { name: format!("{table}.{name}"), of: inner(of), distinct: *distinct }
        }
        Generator::Null { rate, of } => Generator::Null { rate: *rate, of: inner(of) },
        Generator::Json(fields) => {
            Generator::Json(fields.iter().map(|(key, of)| (key.clone(), named_within(of, table))).collect())
        }
        other => other.clone(),
    }
}

/// `INSERT INTO … VALUES ($1, $2), ($3, $4)`
fn values(into: &str, width: usize, rows: u32) -> String {
    let row = |row: usize| {
        let all: Vec<String> = (1..=width).map(|column| format!("${}", row * width + column)).collect();
        format!("({})", all.join(", "))
    };
    let rows: Vec<String> = (0..rows as usize).map(row).collect();
    format!("INSERT INTO {into} VALUES {}", rows.join(", "))
}

/// A column's name as SQL takes it: quoted unless it is plain, so that folding is left to the server as in the schema.
pub(super) fn name(name: &str) -> String {
    let plain = name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
    if plain || name.starts_with('"') { name.to_owned() } else { format!("\"{}\"", name.replace('"', "\"\"")) }
}
