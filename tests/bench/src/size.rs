//! What is uploaded.

use std::fs;
use std::io::Write as _;
use std::path::Path;

use flate2::Compression;
use flate2::write::DeflateEncoder;

use crate::Failure;

/// What a zip adds around one file called `bootstrap`: local header, directory entry, end.
const AROUND: usize = 30 + 9 + 46 + 9 + 22;

/// One function's executable, in MB (10⁶ bytes).
#[derive(Clone, Debug)]
pub(crate) struct Size {
    pub(crate) function: &'static str,
    pub(crate) plain: f64,
    pub(crate) zipped: f64,
}

/// Weighs executables, as it is and deflated as a zip would hold it.
pub(crate) fn measure(folder: &Path, functions: &[&'static str]) -> Result<Vec<Size>, Failure> {
    let mut sizes = Vec::new();
    for &function in functions {
        let path = folder.join(function);
        let executable = fs::read(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        let mut deflated = DeflateEncoder::new(Vec::new(), Compression::default());
        deflated.write_all(&executable)?;
        let zipped = deflated.finish()?.len() + AROUND;
        let megabytes = |bytes: usize| bytes as f64 / 1e6;
        let (plain, zipped) = (megabytes(executable.len()), megabytes(zipped));
        sizes.push(Size { function, plain, zipped });
    }
    Ok(sizes)
}
