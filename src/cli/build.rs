//! Which dbbench this is, for the results that it leaves.

use std::path::Path;

use crate::result::run::Build;

/// This program.
pub fn build() -> Build {
    Build {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        profile: profile(),
        debug_assertions: cfg!(debug_assertions),
        target: Some(format!("{}-{}", std::env::consts::ARCH, std::env::consts::OS)),
    }
}

/// The cargo profile: the folder that the binary was built into, which names it for every profile but `dev`.
fn profile() -> String {
    let exe = std::env::current_exe().ok();
    let folder = exe.as_deref().and_then(Path::parent).and_then(Path::file_name).and_then(|name| name.to_str());
    match folder {
        Some("debug") => "dev".to_owned(),
        Some(name @ ("release" | "ci")) => name.to_owned(),
        _ if cfg!(debug_assertions) => "dev".to_owned(),
        _ => "release".to_owned(),
    }
}
