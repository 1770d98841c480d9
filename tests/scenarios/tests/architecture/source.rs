//! The repository's own text.

use std::fs;
use std::path::{Path, PathBuf};

/// The root of the repository.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().expect("the repository")
}

/// A file's text.
pub(crate) fn read(file: &Path) -> String {
    fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

/// Every Rust file below some folders of the repository.
pub(crate) fn rust_files(folders: &[String]) -> Vec<PathBuf> {
    let files: Vec<_> =
        folders.iter().flat_map(|folder| below(&root().join(folder), "rs")).collect();
    assert!(!files.is_empty(), "no Rust file in {folders:?}");
    files
}

/// Every file below a folder whose name ends with `.extension`, sorted.
pub(crate) fn below(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry.expect("a folder's entry").path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if path.is_dir() && !["node_modules", "target"].contains(&name.as_str()) {
            files.extend(below(&path, extension));
        } else if path.is_file() && name.ends_with(&format!(".{extension}")) {
            files.push(path);
        }
    }
    files.sort();
    files
}

/// A text as its words.
pub(crate) fn words(text: &str) -> Vec<String> {
    text.split_whitespace().map(str::to_owned).collect()
}
