//! What is said of the time that a run takes.

use super::*;

#[test]
fn copies_of_the_data_are_counted_where_a_statement_says_that_it_writes() {
    let said = |text: &str| {
        let text = super::super::describe(&compile(text).expect("right"));
        text.lines().find_map(|line| line.strip_prefix("copies: ")).map(str::to_owned)
    };
    assert_eq!(said(SMALL), None);
    let steps = r#"steps = [{ sql = "UPDATE users SET org = 1 WHERE id = :user" }, "#;
    let writing = SMALL.replacen("steps = [", steps, 1);
    let expected = "plus a copy of the data before each of 14 slices";
    assert_eq!(said(&writing).as_deref(), Some(expected), "those of variants that only read begin with one as well");
    let kept = format!("{writing}[run]\nclone = \"variant\"\n");
    assert_eq!(said(&kept).as_deref(), Some("plus a copy of the data before each of 2 slices"));
    let inserting =
        r#"steps = [{ insert = { table = "orders", rows = 1, method = "single", values = { id = "row_number" } } }, "#;
    assert_eq!(said(&SMALL.replacen("steps = [", inserting, 1)).as_deref(), Some(expected));
}
