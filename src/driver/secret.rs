//! Passwords.

use std::fmt;

/// A password. Cannot be printed, compared or serialized.
///
/// ```compile_fail
/// println!("{}", dbbench::driver::Secret::new("hunter2"));
/// ```
/// ```compile_fail
/// serde_json::to_string(&dbbench::driver::Secret::new("hunter2"));
/// ```
/// ```
/// assert_eq!(format!("{:?}", dbbench::driver::Secret::new("hunter2")), "<secret>");
/// ```
#[derive(Clone)]
pub struct Secret(String);

impl Secret {
    /// Takes the text in.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text, for the login alone.
    #[must_use]
    pub(in crate::driver) fn reveal(&self) -> &str {
        &self.0
    }

    /// The text, for a 0600 file that the server's own tools read.
    #[must_use]
    pub fn for_private_file(&self) -> &str {
        self.reveal()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<secret>")
    }
}
