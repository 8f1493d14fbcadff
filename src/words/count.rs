//! Counts in sentences.

use std::fmt::Display;

/// `1 row`, `2 rows`, `0 rows`: for nouns whose plural takes an `s`.
#[must_use]
pub fn counted<T: Display + PartialEq + From<u8>>(count: T, noun: &str) -> String {
    let ending = ending(&count);
    format!("{count} {noun}{ending}")
}

/// The `s` of a plural, where the number is written in another way.
#[must_use]
pub fn ending<T: PartialEq + From<u8>>(count: &T) -> &'static str {
    if *count == T::from(1) { "" } else { "s" }
}

#[cfg(test)]
mod tests {
    use super::counted;

    #[test]
    fn one_is_no_plural() {
        assert_eq!(
            [counted(0_u64, "row"), counted(1_usize, "row"), counted(2_u32, "row")],
            ["0 rows", "1 row", "2 rows"]
        );
    }
}
