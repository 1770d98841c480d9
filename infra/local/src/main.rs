//! Runs the product on a laptop; `--help` tells how.

use std::process::ExitCode;

fn main() -> ExitCode {
    #[expect(clippy::disallowed_methods, reason = "the one place that passes the environment on")]
    let environment = std::env::vars().collect();
    local::cli::run(std::env::args().skip(1).collect(), environment)
}
