//! Whole files: what they compile to, and what is said about wrong ones.

mod command_line;
mod corpus;
mod estimated;
mod included;
mod language;
mod plans;
mod properties;
mod schema;
mod wrong;

use super::{Overrides, Problems, compile_text};
use crate::workload::plan::{Plan, SourceText};

/// A small file that is right; tests change a part of it.
const SMALL: &str = r#"name = "small"
[dataset]
schema = "CREATE TABLE users (id bigint PRIMARY KEY, org int); CREATE TABLE orders (id bigint, user_id bigint)"
[dataset.tables.users]
rows = 1_000
columns.id = "row_number"
columns.org = { uniform = [1, 20] }
[constants]
limit = 20
[params]
org = { uniform = [1, 20] }
user = { zipf = { over = "users.id", exponent = 0.9 } }
[operations.one]
steps = [{ as = "u", sql = "SELECT id FROM users WHERE id = :user" }]
answer = ["u.id"]
[operations.many]
steps = [
  { as = "u", sql = "SELECT id FROM users WHERE org = :org LIMIT :limit" },
  { as = "o", for_each = "u", sql = "SELECT id FROM orders WHERE user_id = :u.id" },
]
answer = ["u.id"]
[variants]
one = {}
many = {}
"#;

fn compile(text: &str) -> Result<Plan, Problems> {
    compile_text(SourceText::new("w.toml", text), &Overrides::default())
}

fn compile_set(text: &str, set: &[(&str, &str, &str)]) -> Result<Plan, Problems> {
    let set = set.iter().map(|(key, value, origin)| ((*key).to_owned(), (*value).to_owned(), (*origin).to_owned()));
    compile_text(SourceText::new("w.toml", text), &Overrides { set: set.collect(), ..Overrides::default() })
}

fn rendered(result: Result<Plan, Problems>) -> String {
    match result {
        Ok(_) => "no problem".to_owned(),
        Err(problems) => problems.render(false),
    }
}
