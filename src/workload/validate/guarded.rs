//! What a workload may not say to a server that is not dbbench's own.

use super::super::diagnostic::{Diagnostic, problem};
use super::super::plan::{Place, Plan, VariantPlan};
use super::super::sql;

/// Words that end or replace the settings and transactions by which sessions are kept from writing.
const REFUSED: [&str; 5] = ["SET", "RESET", "BEGIN", "START", "ABORT"];

/// Statements that begin with what could take the guard away, each once.
pub(in crate::workload) fn guarded(plan: &Plan) -> Vec<Diagnostic> {
    let mut found: Vec<Diagnostic> = Vec::new();
    let beside = plan.variants.iter().filter_map(|variant| variant.background.as_deref()).map(|beside| &beside.work);
    for statement in plan.variants.iter().chain(beside).flat_map(|variant| &variant.statements) {
        let sql = &statement.text.sql;
        let Some(word) = sql::first_word(sql) else { continue };
        let upper = word.to_ascii_uppercase();
        if !REFUSED.contains(&upper.as_str()) {
            continue;
        }
        let before = sql.find(word).map_or(0, |at| sql[..at].chars().count());
        let at = statement.text.place_at(before + 1);
        let place = Place { span: at.span.start..at.span.start + word.len(), source: at.source };
        let diagnostic = problem(&place, format!("`{upper}` is refused on a server that is not dbbench's own"))
            .label("this can end what keeps sessions read-only")
            .hint("give settings of a session in the connection string: `options=-c work_mem=64MB`");
        if !found.contains(&diagnostic) {
            found.push(diagnostic);
        }
    }
    if plan.dataset.is_none() {
        found.extend(plan.variants.iter().filter_map(setup_of_nothing));
    }
    found
}

/// Somebody's data is not copied: `setup` needs data of dbbench's own.
fn setup_of_nothing(variant: &VariantPlan) -> Option<Diagnostic> {
    let first = variant.setup.first()?;
    let title = format!("the `setup` of variant `{}` has no copy of data to change", variant.name);
    let hint =
        "give the data in [dataset]: then dbbench makes a database of its own, and a copy of it for each variant";
    let why = "on a server that is not dbbench's own, setup only runs in what dbbench has made";
    Some(problem(&first.place, title).label(why).hint(hint))
}

#[cfg(test)]
mod tests {
    use super::guarded;
    use crate::workload::plan::SourceText;
    use crate::workload::{Overrides, compile_text};

    #[test]
    fn what_could_end_the_guard_is_found_behind_comments_and_named_once() {
        let text = "name = \"w\"\n[operations.a]\nsteps = [{ sql = \"SELECT 1\" }]\n[variants]\nx.mix = { a = 1 }\ny.mix = { a = 1 }\n";
        let mut plan = compile_text(SourceText::new("w.toml", text), &Overrides::default()).unwrap();
        assert!(guarded(&plan).is_empty());
        for (sql, word) in [
            ("SET x = 1", "SET"),
            ("/* a */ -- b\n reset ALL", "RESET"),
            ("Begin", "BEGIN"),
            ("START TRANSACTION READ WRITE", "START"),
            ("abort", "ABORT"),
        ] {
            for variant in &mut plan.variants {
                variant.statements[0].text.sql = sql.to_owned();
            }
            let found = guarded(&plan);
            assert_eq!(found.len(), 1, "{sql}");
            assert!(found[0].title().starts_with(&format!("`{word}` is refused")), "{}", found[0].title());
        }
    }
}
