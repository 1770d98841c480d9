//! Where the simulated Graph writes down what it is asked and says: `tests/run unit` names a folder, which
//! `tests/judges` reads.

use std::path::PathBuf;

/// The folder, where somebody wants to know.
#[expect(clippy::disallowed_methods, reason = "for tests alone, which have no command line")]
pub fn exchanges() -> Option<PathBuf> {
    std::env::var_os("PASSERELLE_EXCHANGES").map(PathBuf::from)
}
