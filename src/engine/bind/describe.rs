//! Who says what types a statement has: a server, or, for the null target, the plan itself.

use crate::driver::{ColumnInfo, Control, Described, DriverError, PgType};
use crate::workload::plan::{DatasetPlan, StatementPlan};

use super::params::{INT8, built_in, natural_type};

/// Who says.
#[derive(Clone, Copy, Debug)]
pub(super) enum Describer<'a> {
    /// A server.
    Server(&'a Control),
    /// Nobody: types are taken from the dataset.
    Plan(Option<&'a DatasetPlan>),
}

impl Describer<'_> {
    /// Describes a statement whose arguments have these types (`None`: to be inferred; `natural` where nobody infers).
    /// `names` are the columns that the plan refers to.
    pub(super) async fn describe(
        self,
        statement: &StatementPlan,
        declared: &[Option<PgType>],
        natural: impl Fn(usize) -> PgType,
        names: &[&str],
    ) -> Result<Described, DriverError> {
        match self {
            Self::Server(control) => {
                let oids: Vec<u32> = declared.iter().map(|ty| ty.as_ref().map_or(0, |ty| ty.oid)).collect();
                control.describe(&statement.text.sql, &oids).await
            }
            Self::Plan(dataset) => {
                let params = declared.iter().enumerate().map(|(i, ty)| ty.clone().unwrap_or_else(|| natural(i)));
                let column = |name: &&str| ColumnInfo { name: (*name).to_owned(), ty: type_in(dataset, name) };
                let columns = names.iter().map(column);
                Ok(Described { params: params.collect(), columns: columns.collect() })
            }
        }
    }

    /// The array type over a type.
    pub(super) async fn array_of(self, element: &PgType) -> Result<PgType, DriverError> {
        match self {
            Self::Server(control) => control.array_of(element).await,
            Self::Plan(_) => {
                Ok(PgType::built_in_array(element.oid, element.modifier).unwrap_or_else(|| built_in(INT8_ARRAY)))
            }
        }
    }
}

const INT8_ARRAY: u32 = 1016;

/// The type that suits the dataset's column of that name, else `int8`.
fn type_in(dataset: Option<&DatasetPlan>, name: &str) -> PgType {
    let tables = dataset.map_or(&[][..], |dataset| &dataset.tables);
    let column = tables.iter().flat_map(|table| &table.columns).find(|column| column.name == name);
    column.map_or_else(|| built_in(INT8), |column| natural_type(&column.generator))
}
