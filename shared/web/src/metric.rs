//! Metrics as lines of the log: CloudWatch's embedded metric format.
//!
//! Calls no service and asks no clock; CloudWatch reads the function's output.

use std::io::{self, Write};

use jiff::Timestamp;
use serde_json::json;

/// The namespace of all our metrics.
pub const NAMESPACE: &str = "Passerelle";

/// Counts one occurrence: writes [`line()`] to standard output.
///
/// An output that cannot be written to loses the count; the request must not fail for it.
pub fn count(name: &str, function: &str, at: Timestamp) {
    if let Err(error) = writeln!(io::stdout().lock(), "{}", line(name, function, at)) {
        tracing::warn!(error = %error, metric.name = name, "a metric was not written");
    }
}

/// One occurrence of `name` in `function`, as a line of JSON without its line end.
#[must_use]
pub fn line(name: &str, function: &str, at: Timestamp) -> String {
    json!({
        "_aws": {
            "Timestamp": at.as_millisecond(),
            "CloudWatchMetrics": [{
                "Namespace": NAMESPACE,
                "Dimensions": [["Function"]],
                "Metrics": [{ "Name": name, "Unit": "Count" }],
            }],
        },
        "Function": function,
        name: 1,
    })
    .to_string()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_one_line_whose_parts_refer_to_each_other() {
        let line = line("SigningFailed", "login", "2026-11-21T12:00:00.25Z".parse().unwrap());

        let value: serde_json::Value = serde_json::from_str(&line).unwrap();
        let directive = &value["_aws"]["CloudWatchMetrics"][0];
        assert!(!line.contains('\n'));
        assert_eq!(value["_aws"]["Timestamp"], 1_795_262_400_250_i64);
        assert_eq!(directive["Namespace"], "Passerelle");
        assert_eq!(value[directive["Metrics"][0]["Name"].as_str().unwrap()], 1);
        assert_eq!(value[directive["Dimensions"][0][0].as_str().unwrap()], "login");
    }
}
