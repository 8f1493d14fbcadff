//! What the table of keys does not say about a value: words, bounds, shapes that are several kinds, defaults.
//!
//! Words and bounds repeat what the readers in `spec` enforce; tests compare the two.

/// What a value looks like beyond its kind.
#[derive(Clone, Copy, Debug)]
pub(super) enum Form {
    /// One of these words; those of the whole language, also where this version does not support all.
    Words(&'static [&'static str]),
    /// Smallest and largest integer.
    Bounds(i64, i64),
    /// Keywords of JSON Schema for a number (or the items of a list).
    Keywords(&'static str),
    /// The whole schema.
    Whole(&'static str),
}

use Form::{Bounds, Keywords, Whole, Words};

const ANY_POSITIVE: Form = Bounds(1, i64::MAX);
/// `[a, b]` or `"table.column"`.
const OVER: Form = Whole(
    r##"{"anyOf":[{"type":"array","minItems":2,"maxItems":2,"items":{"$ref":"#/$defs/number"}},{"type":"string","pattern":"^[^.]+(\\.[^.]+)+$"}]}"##,
);
const TEXTS: Form = Keywords(r#"{"items":{"type":"string"}}"#);
const NAME: Form = Keywords(r#"{"pattern":"^[A-Za-z_][A-Za-z0-9_]{0,63}$"}"#);
/// A number, arithmetic over constants, or with its unit.
const RATE: Form = Whole(
    r##"{"anyOf":[{"type":"number","minimum":0,"maximum":10000000},{"type":"string","pattern":"^\\s*[0-9][0-9_.]*\\s*/s$"},{"$ref":"#/$defs/arithmetic"}]}"##,
);
const ABOVE_0_BELOW_1: Form = Keywords(r#"{"exclusiveMinimum":0,"exclusiveMaximum":1}"#);
const SHARE: Form = Keywords(r#"{"minimum":0,"maximum":1}"#);
const ABOVE_0: Form = Keywords(r#"{"exclusiveMinimum":0}"#);
const FLAG_OR_TABLE: Form = Whole(r#"{"type":["boolean","object"]}"#);
const NUMBER_OR_TEXT: Form = Whole(r#"{"type":["number","string"]}"#);
const ENDPOINTS: &[&str] = &["primary", "reads", "replica", "replicas", "shards"];
const ON: Form = Whole(
    r#"{"anyOf":[{"enum":["primary","reads","replica","replicas","shards"]},{"type":"string","pattern":"^(replica|shard)-[0-9]+$"}]}"#,
);
/// Of a check it is expected minus found, so it may be below 0.
const FIGURE: Form = Whole(r##"{"anyOf":[{"type":"number"},{"type":"string"}]}"##);
const AGAINST: Form = Whole(r##"{"anyOf":[{"type":"string"},{"type":"object"}]}"##);

/// Path → form, in the order of the table of keys.
pub(super) const FORMS: &[(&str, Form)] = &[
    ("name", Keywords(r#"{"pattern":"^[A-Za-z0-9_-]{1,64}$"}"#)),
    ("include", Keywords(r#"{"minLength":1}"#)),
    (
        "topology.replicas",
        Whole(
            r##"{"anyOf":[{"type":"integer","minimum":0},{"type":"array","items":{"type":"object","additionalProperties":false,"properties":{"apply_delay":{"$ref":"#/$defs/duration"},"link":{"type":"object"}}}}]}"##,
        ),
    ),
    ("topology.replicas.link", Whole(r#"{"type":"object"}"#)),
    ("topology.synchronous", Words(&["off", "on", "remote_write", "remote_apply"])),
    ("topology.strategy", Words(&["hash", "range", "directory", "consistent"])),
    ("topology.pgbouncer.pool_mode", Words(&["session", "transaction", "statement"])),
    ("topology.redis", FLAG_OR_TABLE),
    ("topology.link.bandwidth", NUMBER_OR_TEXT),
    ("topology.auth", Words(&["scram", "md5"])),
    ("topology.tls", FLAG_OR_TABLE),
    ("topology.external.replicas", TEXTS),
    ("topology.external.shards", TEXTS),
    ("connections.mode", Words(&["dedicated", "pooled", "per_operation"])),
    ("connections.pool", Words(&["deadpool", "bb8"])),
    ("connections.hold", Words(&["operation", "transaction"])),
    ("connections.via", Words(&["direct", "pgbouncer"])),
    ("connections.protocol", Words(&["prepared", "extended", "simple"])),
    ("connections.tls", FLAG_OR_TABLE),
    ("routing.reads", Words(&["primary", "replicas"])),
    ("routing.policy", Words(&["round_robin", "random", "least_outstanding"])),
    ("routing.consistency", Words(&["eventual", "read_your_writes", "primary_after_write"])),
    ("routing.fallback", Words(ENDPOINTS)),
    ("routing.on_failure", Words(&["error", "eject"])),
    ("dataset.seed", Bounds(0, i64::MAX)),
    ("dataset.roles", TEXTS_OR_TABLE),
    ("dataset.tables.*.rows", Bounds(0, 100_000_000_000)),
    ("generator.uniform", OVER),
    ("generator.zipf.over", OVER),
    ("generator.zipf.exponent", Keywords(r#"{"minimum":0}"#)),
    ("generator.hotspot.over", OVER),
    ("generator.hotspot.hot_fraction", ABOVE_0_BELOW_1),
    ("generator.hotspot.hot_weight", SHARE),
    ("generator.normal.over", OVER),
    ("generator.normal.deviation", ABOVE_0),
    ("generator.exponential.over", OVER),
    ("generator.exponential.mean", ABOVE_0),
    (
        "generator.choice",
        Keywords(
            r##"{"minItems":1,"items":{"type":"array","minItems":2,"maxItems":2,"prefixItems":[{"$ref":"#/$defs/scalar"},{"$ref":"#/$defs/number"}]}}"##,
        ),
    ),
    (
        "generator.text",
        Whole(
            r##"{"anyOf":[{"$ref":"#/$defs/integer"},{"type":"array","minItems":2,"maxItems":2,"items":{"$ref":"#/$defs/integer"}}]}"##,
        ),
    ),
    ("generator.null.rate", SHARE),
    ("generator.timestamp", Keywords(r#"{"minItems":2,"maxItems":2,"items":{"type":"string"}}"#)),
    ("operations.*.answer", Keywords(r#"{"minItems":1,"items":{"type":"string"}}"#)),
    ("operations.*.job", NAME),
    ("step.as", NAME),
    ("step.insert.rows", Bounds(1, 1_000_000)),
    ("step.insert.chunk", Bounds(1, 65_535)),
    (
        "step.insert.method",
        Words(&["single", "chunks", "pipeline", "pipeline_autocommit", "multi_row", "unnest", "copy"]),
    ),
    ("step.isolation", Words(&["read committed", "repeatable read", "serializable"])),
    ("step.repeat", Bounds(0, 1_000_000)),
    ("step.draw", TEXTS),
    ("step.on", ON),
    ("step.protocol", Words(&["prepared", "extended", "simple"])),
    ("step.expect_rows", Bounds(0, i64::MAX)),
    ("step.retries", Bounds(0, 1_000_000)),
    ("step.retry_on", Keywords(r#"{"minItems":1,"items":{"type":"string"}}"#)),
    ("mix.*", Keywords(r#"{"minimum":0}"#)),
    ("load.clients", Bounds(1, 100_000)),
    ("load.rate", RATE),
    ("load.arrivals", Words(&["constant", "poisson"])),
    ("load.stages.clients", ANY_NOT_NEGATIVE),
    ("load.stages.rate", RATE),
    ("load.instances", ANY_POSITIVE),
    ("run.rounds", Bounds(1, 10_000)),
    ("run.count", ANY_POSITIVE),
    ("run.clone", Words(&["slice", "variant"])),
    ("run.cache", Words(&["warm", "cold"])),
    ("run.workers", Bounds(1, 1024)),
    ("run.pin", Whole(r#"{"anyOf":[{"type":"boolean"},{"type":"array","items":{"type":"integer"}}]}"#)),
    ("run.seed", Bounds(0, i64::MAX)),
    ("cache.backend", Words(&["memory", "redis"])),
    ("cache.policy", Words(&["none", "aside", "write_through", "write_behind"])),
    ("cache.stampede", Words(&["none", "single_flight", "early_expiry"])),
    ("events.*.action", Words(&["stop", "kill", "pause", "resume", "start", "link", "disconnect"])),
    ("probes.tables", TEXTS),
    ("probes.pool", Whole(r#"{"type":["boolean","string"]}"#)),
    ("checks.*.equals", Whole(r#"{"type":["number","string","boolean"]}"#)),
    ("checks.*.on", Words(&["primary"])),
    ("sweep.*", Keywords(r#"{"minItems":1}"#)),
    ("compare.answer_draws", Bounds(1, 100_000)),
    ("compare.margin", ABOVE_0_BELOW_1),
    ("claim.against", AGAINST),
    ("claim.ratio.at_most", ABOVE_0),
    ("claim.ratio.at_least", ABOVE_0),
    ("claim.value.at_most", FIGURE),
    ("claim.value.at_least", FIGURE),
    ("claim.value.equals", FIGURE),
    ("expect.against", AGAINST),
    ("expect.ratio.at_most", ABOVE_0),
    ("expect.ratio.at_least", ABOVE_0),
    ("expect.value.at_most", FIGURE),
    ("expect.value.at_least", FIGURE),
    ("expect.value.equals", FIGURE),
];

const ANY_NOT_NEGATIVE: Form = Bounds(0, 100_000);
const TEXTS_OR_TABLE: Form =
    Whole(r#"{"anyOf":[{"type":"array","items":{"type":["string","object"]}},{"type":"object"}]}"#);

/// Path → default, as JSON. What has none here is absent by default.
pub(super) const DEFAULTS: &[(&str, &str)] = &[
    ("topology.link.rtt", "\"0\""),
    ("topology.link.jitter", "\"0\""),
    ("topology.auth", "\"scram\""),
    ("connections.mode", "\"dedicated\""),
    ("connections.pool", "\"deadpool\""),
    ("connections.hold", "\"operation\""),
    ("connections.via", "\"direct\""),
    ("connections.protocol", "\"prepared\""),
    ("routing.reads", "\"primary\""),
    ("dataset.seed", "1"),
    ("generator.zipf.scramble", "true"),
    ("operations.*.ordered", "false"),
    ("step.read_only", "false"),
    ("step.retry_on", "[\"40001\", \"40P01\"]"),
    ("load.clients", "8"),
    ("load.think", "\"0\""),
    ("load.arrivals", "\"poisson\""),
    ("load.stages.ramp", "false"),
    ("load.instances", "1"),
    ("run.rounds", "7"),
    ("run.warmup", "\"500ms\""),
    ("run.measure", "\"2s\""),
    ("run.drain", "\"10s\""),
    ("run.clone", "\"slice\""),
    ("run.cache", "\"warm\""),
    ("run.seed", "1"),
    ("compare.answer_draws", "20"),
    ("compare.margin", "0.05"),
];

/// Keys that their table cannot do without.
pub(super) const NEEDED: &[(&str, &[&str])] = &[
    ("dataset.tables.*", &["rows"]),
    ("topology.external", &["primary"]),
    ("generator.zipf", &["over", "exponent"]),
    ("generator.hotspot", &["over", "hot_fraction", "hot_weight"]),
    ("generator.normal", &["over", "mean", "deviation"]),
    ("generator.exponential", &["over", "mean"]),
    ("generator.null", &["rate", "of"]),
    ("step.insert", &["table", "rows", "method"]),
    ("load.stages", &["for"]),
    ("claim", &["claim", "variant", "metric"]),
    ("expect", &["claim", "variant", "metric"]),
];
