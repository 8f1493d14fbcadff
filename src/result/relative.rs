//! Ways from one place to another within a folder, as text with `/` between the parts: they stay true when the folder is moved.

use std::path::{Component, Path, PathBuf};

/// The way from `folder` to `target`. Both must be absolute, or both relative to the same place; `None` where there is none.
///
/// # Examples
/// From `a/b` to `a/c/d` it is `../c/d`; to `a/b` itself `.`.
#[must_use]
pub fn relative(folder: &Path, target: &Path) -> Option<String> {
    if folder.is_absolute() != target.is_absolute() {
        return None;
    }
    let (from, to) = (parts(folder)?, parts(target)?);
    let common = from.iter().zip(&to).take_while(|(a, b)| a == b).count();
    let up = std::iter::repeat_n("..", from.len() - common);
    let way: Vec<&str> = up.chain(to[common..].iter().map(String::as_str)).collect();
    Some(if way.is_empty() { ".".to_owned() } else { way.join("/") })
}

/// Where `way` leads from `folder`, as a path relative to the same place as `folder`; `None` when that is outside of it.
#[must_use]
pub fn follow(folder: &Path, way: &str) -> Option<PathBuf> {
    let mut parts = parts(folder)?;
    for part in way.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part.to_owned()),
        }
    }
    // A way that begins with `/` is none of ours.
    (!way.starts_with('/') && !folder.is_absolute()).then(|| parts.iter().collect())
}

/// The parts of a path; `..` takes one away, and must not lead out.
fn parts(path: &Path) -> Option<Vec<String>> {
    let mut parts = Vec::new();
    for component in path.components() {
        match component {
            Component::Normal(part) => parts.push(part.to_string_lossy().into_owned()),
            Component::ParentDir => {
                parts.pop()?;
            }
            Component::CurDir | Component::RootDir | Component::Prefix(_) => {}
        }
    }
    Some(parts)
}

/// A way as it stands in a page's link: what has a meaning of its own in addresses is escaped, a colon too, so that nothing
/// but a place in the folder can be meant.
#[must_use]
pub fn as_address(way: &str) -> String {
    let mut address = String::with_capacity(way.len());
    for byte in way.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                address.push(char::from(byte));
            }
            other => address.push_str(&format!("%{other:02X}")),
        }
    }
    address
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn way(from: &str, to: &str) -> Option<String> {
        relative(Path::new(from), Path::new(to))
    }

    #[test]
    fn ways_lead_up_and_down() {
        assert_eq!(way("a/b", "a/c/d").as_deref(), Some("../c/d"));
        assert_eq!(way("/a/b", "/a/b/c").as_deref(), Some("c"));
        assert_eq!(way("a", "a").as_deref(), Some("."));
        assert_eq!(way("", "a/b").as_deref(), Some("a/b"));
        assert_eq!(way("./a", "b/../c").as_deref(), Some("../c"));
        assert_eq!((way("/a", "b"), way("../a", "b")), (None, None), "no common place is known");
        let outside = [follow(Path::new("a"), "../../b"), follow(Path::new("a"), "/etc"), follow(Path::new("/a"), "b")];
        assert_eq!(outside, [None, None, None]);
    }

    #[test]
    fn an_address_is_a_place_in_the_folder_and_nothing_else() {
        assert_eq!(as_address("../a b/ü#1?x%/r.html"), "../a%20b/%C3%BC%231%3Fx%25/r.html");
        assert_eq!(as_address("javascript:alert(1)"), "javascript%3Aalert%281%29");
        assert_eq!(as_address("\"><script>"), "%22%3E%3Cscript%3E");
    }

    proptest! {
        #[test]
        fn a_way_leads_where_it_says(from in "([a-c]{1,2}/){0,4}", to in "([a-c]{1,2}/){0,4}") {
            let way = way(&from, &to).expect("both are relative");
            let there = follow(Path::new(&from), &way).expect("within");
            prop_assert_eq!(there, Path::new(&to).components().collect::<PathBuf>());
        }
    }
}
