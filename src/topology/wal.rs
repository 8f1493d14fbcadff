//! Names of WAL files: of a stopped server's only one is needed, the others are space kept for reuse.

use std::path::Path;

/// Whether it is the name of a WAL file.
pub(super) fn is_wal_name(name: &str) -> bool {
    name.len() == 24 && name.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Whether it is a WAL file other than the one that is needed.
pub(super) fn is_other_wal(path: &Path, needed: &str) -> bool {
    let name = path.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
    path.parent().is_some_and(|parent| parent.ends_with("pg_wal")) && is_wal_name(&name) && name != needed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wal_files_are_told_from_others() {
        let (needed, other) = ("000000010000000000000002", "000000010000000000000003");
        let is_other = |path: &str| is_other_wal(Path::new(path), needed);
        assert!(is_other(&format!("data/pg_wal/{other}")) && !is_other(&format!("data/pg_wal/{needed}")));
        assert!(!is_other(&format!("data/base/{other}")) && !is_other("data/pg_wal/00000002.history"));
    }
}
