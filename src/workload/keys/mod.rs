//! Every key of the workload language: what it takes, what it is for, and whether this version supports it.
//!
//! One table for the check of a file's shape, for the nearest known key of an unknown one, and for the schema. A key that
//! stands here without support is refused by name; a key that does not stand here is unknown. Neither is ever ignored.

mod table;

pub(super) use table::KEYS;

/// What stands after a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A table with the keys listed below it.
    Table,
    /// A table whose keys are names that the author chooses; below it stands `*`.
    Named,
    /// A list of tables (`[[claim]]`) with the keys listed below it.
    Tables,
    /// An overlay on the workload: keys of its own and most of the top.
    Overlay,
    /// One of the generators, or a constant.
    Generator,
    /// A list of steps.
    Steps,
    /// A text.
    Text,
    /// One of a few words.
    Word,
    /// An integer, or arithmetic over constants.
    Integer,
    /// A number, or arithmetic over constants.
    Number,
    /// A duration such as `"500us"`.
    Duration,
    /// `true` or `false`.
    Flag,
    /// A text, a number, or `true` and `false`.
    Scalar,
    /// A list of plain values.
    List,
    /// Several kinds; whoever reads it says which.
    Other,
}

/// A key of the language.
#[derive(Clone, Copy, Debug)]
pub struct Key {
    /// Dotted path from the top; `*` stands for a name that the author chooses. Generators are listed under `generator`,
    /// steps under `step`, wherever they stand in a file.
    pub path: &'static str,
    /// What it takes.
    pub kind: Kind,
    /// Whether this version supports it.
    pub supported: bool,
    /// What it is for, in a few words.
    pub about: &'static str,
}

impl Key {
    /// The last part of the path.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.path.rsplit('.').next().unwrap_or(self.path)
    }

    /// The path of the table that the key stands in; empty at the top.
    #[must_use]
    pub fn parent(&self) -> &'static str {
        self.path.rsplit_once('.').map_or("", |(parent, _)| parent)
    }
}

/// Every key of the language.
#[must_use]
pub fn all() -> &'static [Key] {
    KEYS
}

/// Keys of the top that a variant may not set, each with where it belongs.
pub(super) const NOT_IN_A_VARIANT: [&str; 8] =
    ["name", "include", "dataset", "variants", "sweep", "compare", "claim", "expect"];

/// Keys of `[run]` that a variant may set.
pub(super) const RUN_KEYS_OF_A_VARIANT: [&str; 3] = ["clone", "cache", "workers"];

/// The keys that stand in a table; those of an overlay are its own, then those of the top that it may set.
pub(super) fn children(parent: &str) -> impl Iterator<Item = &'static Key> + Clone {
    let parent = parent.to_owned();
    let is_overlay = parent == "variants.*";
    let own = parent.clone();
    let of_the_top = move |key: &&Key| {
        is_overlay && key.parent().is_empty() && parent != key.parent() && !NOT_IN_A_VARIANT.contains(&key.path)
    };
    KEYS.iter().filter(move |key| key.parent() == own).chain(KEYS.iter().filter(of_the_top))
}

/// The key of that name in a table (or what `*` stands for).
pub(super) fn child(parent: &str, name: &str) -> Option<&'static Key> {
    children(parent).find(|key| key.name() == name).or_else(|| children(parent).find(|key| key.name() == "*"))
}

/// The path under which the keys inside of a value are listed.
pub(super) fn inside(key: &Key) -> &'static str {
    match key.kind {
        Kind::Generator => "generator",
        Kind::Steps => "step",
        _ => key.path,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_stands_once_and_in_a_table_that_stands_too() {
        for (index, key) in KEYS.iter().enumerate() {
            assert!(!KEYS[..index].iter().any(|other| other.path == key.path), "{} stands twice", key.path);
            let parent = key.parent();
            let known = parent.is_empty() || matches!(parent, "generator" | "step") || {
                KEYS.iter().any(|other| {
                    other.path == parent
                        && (matches!(
                            other.kind,
                            Kind::Table | Kind::Named | Kind::Tables | Kind::Overlay | Kind::Other
                        ) || other.path.ends_with('*'))
                })
            };
            assert!(known, "{} stands in nothing", key.path);
            assert!(!key.about.is_empty(), "{} has no purpose", key.path);
        }
    }

    #[test]
    fn nothing_supported_stands_in_something_refused() {
        for key in KEYS.iter().filter(|key| key.supported) {
            for outer in KEYS.iter().filter(|outer| !outer.supported) {
                assert!(!key.path.starts_with(&format!("{}.", outer.path)), "{} in {}", key.path, outer.path);
            }
        }
    }
}
