//! Wrong files and what is said about them: the messages are what people meet first, so each stands in a snapshot.

use std::fmt::Write as _;

use super::{SMALL, compile, rendered};

/// Shows what is said about each change of the small file.
fn shown(cases: &[(&str, &str, &str)]) -> String {
    let mut out = String::new();
    for (what, from, to) in cases {
        let text = if from.is_empty() { format!("{SMALL}{to}") } else { SMALL.replacen(from, to, 1) };
        assert_ne!(text, SMALL, "{what} changes nothing");
        let _ = writeln!(out, "=== {what}\n{}", rendered(compile(&text)));
    }
    out
}

#[test]
fn keys_and_tables() {
    let messages = shown(&[
        ("an unknown key near a known one", "", "[load]\nclinets = 4\n"),
        ("an unknown key near nothing", "", "[load]\nxyz = 4\n"),
        ("a key that belongs to another table", "", "[run]\nclients = 4\n"),
        ("a key of the top after a header", "name = \"small\"\n[dataset]", "[dataset]\nname = \"small\""),
        ("a key of the table around", "rows = 1_000", "rows = 1_000\nafter_load = \"SELECT 1\""),
        ("a key that is not supported", "", "[load]\ninstances = 4\n"),
        ("a table that is not supported", "", "[cache]\nbackend = \"redis\"\npolicy = \"aside\"\n"),
        (
            "a step that is not supported",
            "{ as = \"u\", sql = \"SELECT id FROM users WHERE id = :user\" }",
            "{ as = \"u\", transaction = [] }",
        ),
        ("a statement without step", "", "[operations.x]\nsql = \"SELECT 1\"\n"),
        ("a step that is no table", "", "[operations.x]\nsteps = [\"SELECT 1\"]\n"),
        ("a table declared twice", "", "[params]\nx = 1\n"),
        ("a key given twice", "limit = 20", "limit = 20\nlimit = 21"),
        ("a value where a table belongs", "name = \"small\"", "name = \"small\"\nload = 8"),
        ("a key of the top after the header of named tables", "", "load = 8\n"),
        ("a table where a list of tables belongs", "", "[claim]\nclaim = \"x\"\n"),
        ("wrong syntax", "limit = 20", "limit = = 20\nscale = \"open"),
        ("no name", "name = \"small\"\n", ""),
        ("a name with spaces", "name = \"small\"", "name = \"my workload\""),
        ("the name of a variant", "many = {}", "\"n+1\" = { mix = { many = 1 } }"),
        ("the name of a parameter", "org = { uniform = [1, 20] }\nuser", "2nd = 1\norg = { uniform = [1, 20] }\nuser"),
    ]);
    insta::assert_snapshot!("keys_and_tables", messages);
}

#[test]
fn values() {
    let messages = shown(&[
        ("out of bounds", "", "[load]\nclients = 0\n"),
        ("a text for a number", "", "[load]\nclients = \"eight\"\n"),
        ("a number in quotes", "", "[load]\nclients = \"8\"\n"),
        ("a number with decimals for an integer", "", "[run]\nrounds = 2.5\n"),
        ("a duration without unit", "", "[run]\nmeasure = 1500\n"),
        ("a duration that is none", "", "[run]\nmeasure = \"fast\"\n"),
        ("a measurement of nothing", "", "[run]\nmeasure = \"0s\"\n"),
        ("a negative duration", "", "[load]\nthink = \"-1ms\"\n"),
        ("jitter above the round trip", "", "[topology]\nlink = { rtt = \"1ms\", jitter = \"2ms\" }\n"),
        ("an unknown word", "", "[topology]\nauth = \"scam\"\n"),
        ("a supported key with a value that is not", "", "[connections]\nmode = \"pooled\"\n"),
        ("a setting of the topology's own", "", "[topology]\nsettings = { port = 5433 }\n"),
        ("an unknown constant", "rows = 1_000", "rows = \"1_000 * :scale\""),
        ("wrong arithmetic", "rows = 1_000", "rows = \"1_000 ** :limit\""),
        ("a list for a constant", "limit = 20", "limit = 20\nids = [1, 2]"),
        ("a constant of a constant", "limit = 20", "limit = 20\nmore = \":limit * 2\""),
        ("negative rows", "rows = 1_000", "rows = -1"),
        ("too large an integer", "rows = 1_000", "rows = 99999999999999999999"),
    ]);
    insta::assert_snapshot!("values", messages);
}

#[test]
fn loads() {
    let messages = shown(&[
        ("a rate in words", "", "[load]\nrate = \"fast\"\n"),
        ("a rate of nothing", "", "[load]\nrate = 0\n"),
        ("too high a rate", "", "[load]\nrate = \"20_000_000/s\"\n"),
        ("more operations than a slice may have", "", "[load]\nrate = 1_000_000\n[run]\nmeasure = \"2h\"\n"),
        ("a rate and a pause", "", "[load]\nrate = 500\nthink = \"1ms\"\n"),
        ("a rate and stages", "", "[load]\nrate = 500\nstages = [{ for = \"1s\", rate = 5 }]\n"),
        ("arrivals without a rate", "", "[load]\narrivals = \"constant\"\n"),
        ("an unknown kind of arrivals", "", "[load]\nrate = 500\narrivals = \"poison\"\n"),
        ("stages and a length", "", "[load]\nstages = [{ for = \"1s\", rate = 5 }]\n[run]\nmeasure = \"2s\"\n"),
        (
            "stages of clients and a number of clients",
            "",
            "[load]\nclients = 4\nstages = [{ for = \"1s\", clients = 5 }]\n",
        ),
        ("stages of a rate and a pause", "", "[load]\nthink = \"1ms\"\nstages = [{ for = \"1s\", rate = 5 }]\n"),
        (
            "a stage that lacks something",
            "",
            "[load]\nstages = [{ rate = 5 }, { for = \"1s\" }, { for = \"0s\", rate = 5 }]\n",
        ),
        ("stages of both kinds", "", "[load]\nstages = [{ for = \"1s\", rate = 5 }, { for = \"1s\", clients = 5 }]\n"),
        ("stages of nothing", "", "[load]\nstages = [{ for = \"1s\", rate = 0 }]\n"),
        ("no stages", "", "[load]\nstages = []\n"),
        ("a number for stages", "", "[load]\nstages = 3\n"),
        ("a number of operations and a time", "", "[run]\ncount = 100\nmeasure = \"1s\"\n"),
        ("a number of operations and a rate", "", "[load]\nrate = 5\n[run]\ncount = 100\n"),
        (
            "a number of operations and stages",
            "",
            "[load]\nstages = [{ for = \"1s\", clients = 5 }]\n[run]\ncount = 100\n",
        ),
        ("no operations", "", "[run]\ncount = 0\n"),
    ]);
    insta::assert_snapshot!("loads", messages);
}

#[test]
fn generators() {
    let org = "{ uniform = [1, 20] }\nuser";
    let messages = shown(&[
        ("a misspelled word", "\"row_number\"", "\"row_numbr\""),
        ("a column as a generator", org, "\"users.org\"\nuser"),
        ("a misspelled kind", org, "{ uniforn = [1, 20] }\nuser"),
        ("two kinds", org, "{ uniform = [1, 20], text = 3 }\nuser"),
        ("bounds in the wrong order", org, "{ uniform = [20, 1] }\nuser"),
        ("one bound", org, "{ uniform = [20] }\nuser"),
        ("a list", org, "[1, 20]\nuser"),
        ("an unknown table", "users.id", "user.id"),
        ("an unknown column", "users.id", "users.ids"),
        ("a missing part", ", exponent = 0.9", ""),
        ("an impossible part", "exponent = 0.9", "exponent = -1"),
        ("a row number outside of the dataset", org, "\"row_number\"\nuser"),
        ("the clock in the dataset", "\"row_number\"", "\"now\""),
        (
            "columns in a circle",
            "columns.org = { uniform = [1, 20] }",
            "columns.org = { uniform = \"users.b\" }\ncolumns.b = { uniform = \"users.org\" }",
        ),
        ("a column of an empty table", "rows = 1_000", "rows = 0"),
        ("a counter inside of another generator", org, "{ null = { rate = 0.5, of = { next = \"users.id\" } } }\nuser"),
        ("a choice of nothing", org, "{ choice = [[\"a\", 0]] }\nuser"),
        ("a choice without weights", org, "{ choice = [\"a\", \"b\"] }\nuser"),
        ("a mean outside of the range", org, "{ normal = { over = [1, 20], mean = 50, deviation = 1 } }\nuser"),
        (
            "arithmetic that leaves 64 bits",
            "columns.org = { uniform = [1, 20] }",
            "columns.org = { expr = \":row * 9_000_000_000_000_000_000\" }",
        ),
        ("a query inside of another generator", org, "{ null = { rate = 0.5, of = { query = \"SELECT 1\" } } }\nuser"),
        ("a file that is not there", org, "{ csv = \"no/such.csv\" }\nuser"),
        ("wrong instants", org, "{ timestamp = [2025-01-01, \"tomorrow\"] }\nuser"),
    ]);
    insta::assert_snapshot!("generators", messages);
}

#[test]
fn names_and_references() {
    let messages = shown(&[
        ("a reference to nothing", "= :user", "= :usr"),
        ("a reference to nothing near", "= :user", "= :nope"),
        ("a row outside of its loop", "for_each = \"u\", ", ""),
        ("a set as a value", ":u.id\"", ":u\""),
        ("a loop over nothing", "for_each = \"u\"", "for_each = \"v\""),
        ("a set bound later", "org = :org LIMIT", "org = :o.first.id LIMIT"),
        (
            "a name taken by a parameter",
            "{ as = \"u\", sql = \"SELECT id FROM users WHERE org",
            "{ as = \"org\", sql = \"SELECT id FROM users WHERE org",
        ),
        ("a constant and a parameter of one name", "limit = 20", "limit = 20\norg = 3"),
        ("a server's argument", "= :user", "= $1"),
        ("two statements", "= :user\"", "= :user; SELECT 2\""),
        ("a transaction by hand", "SELECT id FROM users WHERE id = :user", "BEGIN"),
        ("a setting", "SELECT id FROM users WHERE id = :user", "SET work_mem = '64MB'"),
        ("a write", "SELECT id FROM users WHERE id = :user", "UPDATE users SET org = 1 WHERE id = :user"),
        ("no statement", "SELECT id FROM users WHERE id = :user", " -- nothing"),
        (
            "an answer of an unknown set",
            "answer = [\"u.id\"]\n[operations.many]",
            "answer = [\"v.id\"]\n[operations.many]",
        ),
        ("an answer that is no path", "answer = [\"u.id\"]\n[operations.many]", "answer = [\"id\"]\n[operations.many]"),
        (
            "an answer of sets that are not joined",
            " for_each = \"u\", sql = \"SELECT id FROM orders WHERE user_id = :u.id\" },\n]\nanswer = [\"u.id\"]",
            " sql = \"SELECT id FROM orders\" },\n]\nanswer = [\"u.id\", \"o.id\"]",
        ),
        ("answers of different width", "answer = [\"u.id\"]\n[variants]", "answer = [\"u.id\", \"o.id\"]\n[variants]"),
        (
            "an answer missing where asked for",
            "answer = [\"u.id\"]\n[variants]",
            "[compare]\nsame_answer = true\n[variants]",
        ),
        ("an operation without steps", "", "[operations.none]\njob = \"x\"\n"),
    ]);
    insta::assert_snapshot!("names_and_references", messages);
}

#[test]
fn steps() {
    const STEP: &str = "{ as = \"u\", sql = \"SELECT id FROM users WHERE id = :user\" }";
    let one = |step: &str| format!("{{ as = \"u\", sql = \"SELECT id FROM users WHERE id = :user\" }},\n  {step}");
    let cases = [
        ("two kinds", "{ sql = \"SELECT 1\", pause = \"1ms\" }"),
        ("no kind", "{ for_each = \"u\" }"),
        ("a modifier of another kind", "{ sql = \"SELECT 1\", isolation = \"serializable\" }"),
        ("retries of a statement", "{ sql = \"SELECT 1\", retries = 3 }"),
        ("a modifier that says nothing alone", "{ backoff = \"1ms\", steps = [{ sql = \"SELECT 1\" }] }"),
        ("draws without a loop", "{ sql = \"SELECT :user\", draw = [\"user\"] }"),
        ("draws of nothing", "{ sql = \"SELECT :user\", draw = [\"usr\"], repeat = 2 }"),
        ("two loops", "{ sql = \"SELECT 1\", repeat = 2, for_each = \"u\" }"),
        ("a loop over what is visited", "{ for_each = \"u\", steps = [{ for_each = \"u\", sql = \"SELECT 1\" }] }"),
        ("an unknown level", "{ isolation = \"serialisable\", transaction = [{ sql = \"SELECT 1\" }] }"),
        ("a failure that is none", "{ retries = 1, retry_on = [\"row\", \"4001\"], steps = [{ sql = \"SELECT 1\" }] }"),
        ("a transaction in a transaction", "{ transaction = [{ transaction = [{ sql = \"SELECT 1\" }] }] }"),
        ("retries in a transaction", "{ transaction = [{ retries = 1, steps = [{ sql = \"SELECT 1\" }] }] }"),
        ("a setting that stays", "{ transaction = [{ sql = \"SET lock_timeout = 50\" }] }"),
        (
            "a reference within a pipeline",
            "{ pipeline = [{ as = \"v\", sql = \"SELECT 1 AS id\" }, { sql = \"SELECT :v.first.id\" }] }",
        ),
        (
            "a loop within a pipeline over its own rows",
            "{ pipeline = [{ as = \"v\", sql = \"SELECT 1 AS id\" }, { for_each = \"v\", sql = \"SELECT 1\" }] }",
        ),
        ("a pause in a pipeline", "{ pipeline = [{ pause = \"1ms\" }] }"),
        (
            "together in a transaction",
            "{ transaction = [{ together = [{ sql = \"SELECT 1\" }, { sql = \"SELECT 2\" }] }] }",
        ),
        ("together in a pipeline", "{ pipeline = [{ together = [{ sql = \"SELECT 1\" }] }] }"),
        (
            "what cannot run together",
            "{ together = [{ for_each = \"u\", sql = \"SELECT 1\" }, { transaction = [{ sql = \"SELECT 1\" }] }, { pause = \"1ms\" }] }",
        ),
        (
            "a reference within together",
            "{ together = [{ as = \"v\", sql = \"SELECT 1 AS id\" }, { sql = \"SELECT :v.first.id\" }] }",
        ),
        ("a record by a taken name", "{ sql = \"SELECT 1 AS n\", record = { response = \"n\" } }"),
        ("a record of a group", "{ record = { age = \"n\" }, steps = [{ sql = \"SELECT 1 AS n\" }] }"),
        ("an unknown protocol", "{ sql = \"SELECT 1\", protocol = \"simpel\" }"),
        ("a simple statement in a pipeline", "{ pipeline = [{ sql = \"SELECT 1\", protocol = \"simple\" }] }"),
        (
            "a pipeline where all is simple",
            "{ pipeline = [{ sql = \"SELECT 1\" }] },\n]\n[connections]\nprotocol = \"simple\"\n[operations.other]\nsteps = [{ as = \"u\", sql = \"SELECT 2 AS id\" }",
        ),
        (
            "a queueing insert where all is simple",
            "{ insert = { table = \"users\", rows = 9, method = \"pipeline\" } },\n]\n[connections]\nprotocol = \"simple\"\n[operations.other]\nsteps = [{ as = \"u\", sql = \"SELECT 2 AS id\" }",
        ),
        ("an insert without its parts", "{ insert = { table = \"users\" } }"),
        ("an insert into nothing", "{ insert = { table = \"usrs\", rows = 1, method = \"single\" } }"),
        ("an unknown method", "{ insert = { table = \"users\", rows = 1, method = \"copi\" } }"),
        ("too many values", "{ insert = { table = \"users\", rows = 60_000, method = \"multi_row\" } }"),
        (
            "a transaction in an insert in a transaction",
            "{ transaction = [{ insert = { table = \"users\", rows = 9, chunk = 3, method = \"chunks\" } }] }",
        ),
        (
            "an insert in a pipeline",
            "{ pipeline = [{ insert = { table = \"users\", rows = 1, method = \"single\" } }] }",
        ),
    ];
    let texts: Vec<(&str, String)> = cases.iter().map(|(what, step)| (*what, one(step))).collect();
    let cases: Vec<(&str, &str, &str)> = texts.iter().map(|(what, to)| (*what, STEP, to.as_str())).collect();
    insta::assert_snapshot!("steps", shown(&cases));
}

#[test]
fn checks() {
    let check = |rest: &str| format!("[checks.sum]\n{rest}\n");
    let cases: Vec<(&str, String)> = vec![
        ("a check without its parts", check("enabled = true")),
        ("two statements", check("sql = \"SELECT 1; SELECT 2\"\nequals = 1")),
        ("no statement", check("sql = \"\"\nequals = 1")),
        ("a parameter in a check", check("sql = \"SELECT :org + :limit\"\nequals = 1")),
        ("an unknown counter", check("sql = \"SELECT 1\"\nequals = \"one.suceeded\"")),
        ("a text that looks like a counter", check("sql = \"SELECT 1\"\nequals = \"www.example\"")),
        ("a counter of an unknown operation", check("sql = \"SELECT 1\"\nequals = \"2 * onne.succeeded\"")),
        ("an unknown constant", check("sql = \"SELECT 1\"\nequals = \":lim * one.succeeded\"")),
        ("a list", check("sql = \"SELECT 1\"\nequals = [1]")),
        ("another server", check("sql = \"SELECT 1\"\nequals = 1\non = \"replica\"")),
        (
            "a claim about a check that is taken out",
            format!(
                "{}[[claim]]\nclaim = \"c\"\nvariant = \"one\"\nmetric = \"checks.sum\"\nvalue = {{ at_least = -1 }}\n",
                check("sql = \"SELECT 1\"\nequals = 1\nenabled = false")
            ),
        ),
        (
            "a claim about a check of an operation",
            format!(
                "{}[[claim]]\nclaim = \"c\"\nvariant = \"one\"\noperation = \"one\"\nmetric = \"checks.sum\"\nvalue = {{ \
                 at_least = -1 }}\n",
                check("sql = \"SELECT 1\"\nequals = 1")
            ),
        ),
    ];
    let cases: Vec<(&str, &str, &str)> = cases.iter().map(|(what, to)| (*what, "", to.as_str())).collect();
    insta::assert_snapshot!("checks", shown(&cases));
}

#[test]
fn backgrounds() {
    let messages = shown(&[
        ("a background without an operation", "", "[background.w]\nevery = \"1s\"\n"),
        ("a background without a time", "", "[background.w]\noperation = \"one\"\n"),
        ("two times", "", "[background.w]\noperation = \"one\"\nevery = \"1s\"\nclients = 2\n"),
        ("an unknown operation beside the mix", "", "[background.w]\noperation = \"onee\"\nclients = 2\n"),
        (
            "a metric of no background",
            "",
            "[background.w]\noperation = \"one\"\nclients = 2\n[[claim]]\nclaim = \"c\"\nvariant = \"one\"\nmetric = \"background.v.goodput\"\nvalue = { at_least = 1 }\n",
        ),
        (
            "a metric that no background has",
            "",
            "[background.w]\noperation = \"one\"\nclients = 2\n[[claim]]\nclaim = \"c\"\nvariant = \"one\"\nmetric = \"background.w.cpu.server\"\nvalue = { at_least = 1 }\n",
        ),
    ]);
    insta::assert_snapshot!("backgrounds", messages);
}

#[test]
fn variants_and_claims() {
    let claim = |rest: &str| format!("[[claim]]\nclaim = \"c\"\n{rest}\n");
    let cases: Vec<(&str, &str, String)> = vec![
        ("a mix of nothing", "many = {}", "many = { mix = {} }".into()),
        ("a mix with an unknown operation", "many = {}", "many = { mix = { mny = 1 } }".into()),
        ("a variant without operation", "many = {}", "mani = {}".into()),
        ("a negative weight", "many = {}", "many = { mix = { many = -1 } }".into()),
        ("a variant that sets the dataset", "many = {}", "many = { dataset = { seed = 2 } }".into()),
        ("a variant that sets rounds", "many = {}", "many = { run = { rounds = 2 } }".into()),
        ("a variant that sets steps", "many = {}", "many = { operations.many.steps = [] }".into()),
        ("a variant with its own servers", "many = {}", "many = { topology.auth = \"md5\" }".into()),
        ("a setup without SQL", "many = {}", "many = { setup = \" -- nothing\" }".into()),
        ("a setup that is no text", "many = {}", "many = { setup = [\"CREATE INDEX ON users (org)\"] }".into()),
        (
            "setup beyond the variant's copy",
            "many = {}",
            "[variants.many]\nsetup = \"\"\"\nCREATE INDEX ON users (org);\n  -- a role\n  create /* new */ user web;\nALTER SYSTEM \
             SET work_mem = '1MB';\nALTER DATABASE x SET work_mem = '1MB';\nDROP TABLESPACE t; COMMIT;\nCREATE USER MAPPING FOR \
             a SERVER s;\n\"\"\""
                .into(),
        ),
        ("an unknown baseline", "", "[compare]\nbaseline = \"oen\"\n".into()),
        ("a claim without its parts", "", "[[claim]]\nsource = \"H\"\n".into()),
        (
            "a claim about an unknown variant",
            "",
            claim("variant = \"mny\"\nmetric = \"goodput\"\nratio = { at_least = 2 }"),
        ),
        (
            "a claim about the baseline itself",
            "",
            claim("variant = \"one\"\nmetric = \"goodput\"\nratio = { at_least = 2 }"),
        ),
        ("an unknown metric", "", claim("variant = \"many\"\nmetric = \"respons.p50\"\nratio = { at_least = 2 }")),
        (
            "a metric by the name of the results",
            "",
            claim("variant = \"many\"\nmetric = \"response_us.p50\"\nratio = { at_least = 2 }"),
        ),
        ("an unknown record", "", claim("variant = \"many\"\nmetric = \"age.p99\"\nratio = { at_most = 5 }")),
        (
            "a metric that is not supported",
            "",
            claim("variant = \"many\"\nmetric = \"stale_reads\"\nvalue = { equals = 0 }"),
        ),
        ("a time without unit", "", claim("variant = \"many\"\nmetric = \"response.p50\"\nvalue = { at_most = 5 }")),
        ("two bounds", "", claim("variant = \"many\"\nmetric = \"goodput\"\nratio = { at_most = 5, at_least = 2 }")),
        (
            "a claim about an operation elsewhere",
            "",
            claim("variant = \"many\"\noperation = \"many\"\nmetric = \"goodput\"\nratio = { at_most = 5 }"),
        ),
        (
            "a point of a sweep",
            "",
            claim(
                "variant = \"many\"\nmetric = \"goodput\"\nat = { \"constants.limit\" = 1 }\nratio = { at_most = 5 }",
            ),
        ),
    ];
    let cases: Vec<(&str, &str, &str)> = cases.iter().map(|(what, from, to)| (*what, *from, to.as_str())).collect();
    let messages = shown(&cases);
    insta::assert_snapshot!("variants_and_claims", messages);
}

#[test]
fn all_problems_come_at_once_in_the_order_of_the_file() {
    let text =
        SMALL.replace("rows = 1_000", "rows = -1").replace("= :user", "= :usr").replace("limit = 20", "limit = []");
    let problems = compile(&text).expect_err("three problems");
    let lines: Vec<usize> =
        problems.list().iter().filter_map(|p| p.place()).map(|place| place.line_column().0).collect();
    assert!(lines.len() >= 3 && lines.is_sorted(), "{lines:?}");
}

#[test]
fn a_constant_of_the_dataset_is_not_for_variants() {
    let text =
        SMALL.replace("rows = 1_000", "rows = \"50 * :limit\"").replace("many = {}", "many = { constants.limit = 5 }");
    let problems = compile(&text).expect_err("a problem");
    assert_eq!(problems.list()[0].title(), "a variant may not set the constant `limit`: [dataset] uses it");
}
