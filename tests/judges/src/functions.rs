//! The functions' executables, as cargo builds them from this workspace.

use std::path::{Path, PathBuf};

use local::build;

/// The root of the workspace.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// `template.yaml`.
pub fn template() -> PathBuf {
    root().join("template.yaml")
}

/// Builds the functions, which takes a moment when nothing changed, and tells where they are.
pub fn folder() -> PathBuf {
    build::tested(env!("CARGO")).unwrap().1
}
