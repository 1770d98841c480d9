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

/// Counts one occurrence, beside how large something is, in all and by organization.
///
/// CloudWatch asks a price for each metric of each organization in the hours in which it is told: only
/// for what is out of order.
pub fn count_of(
    name: &str,
    measures: &[(&str, i64)],
    (function, organization): (&str, &str),
    at: Timestamp,
) {
    let line = line_of(name, measures, (function, organization), at);
    if let Err(error) = writeln!(io::stdout().lock(), "{line}") {
        tracing::warn!(error = %error, metric.name = name, "a metric was not written");
    }
}

/// What [`count_of`] writes, without its line end.
#[must_use]
pub fn line_of(
    name: &str,
    measures: &[(&str, i64)],
    (function, organization): (&str, &str),
    at: Timestamp,
) -> String {
    let mut metrics = vec![json!({ "Name": name, "Unit": "Count" })];
    metrics.extend(measures.iter().map(|(measure, _)| json!({ "Name": measure })));
    let mut line = json!({
        "_aws": {
            "Timestamp": at.as_millisecond(),
            "CloudWatchMetrics": [{
                "Namespace": NAMESPACE,
                "Dimensions": [["Function"], ["Function", "Organization"]],
                "Metrics": metrics,
            }],
        },
        "Function": function,
        "Organization": organization,
        name: 1,
    });
    if let Some(line) = line.as_object_mut() {
        line.extend(measures.iter().map(|(measure, size)| ((*measure).to_owned(), json!(size))));
    }
    line.to_string()
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
    fn what_is_told_by_organization_is_told_in_all_too() {
        let at = "2026-11-22T12:00:00Z".parse().unwrap();
        let measures = [("FailedInARow", 3), ("HoursUnchecked", 9)];
        for measures in [&measures[..], &measures[..1], &[]] {
            let line = line_of("RoundFailed", measures, ("directory", "0d2f"), at);

            let value: serde_json::Value = serde_json::from_str(&line).unwrap();
            let directive = &value["_aws"]["CloudWatchMetrics"][0];
            let metrics = directive["Metrics"].as_array().unwrap();
            assert_eq!(metrics.len(), 1 + measures.len());
            for metric in metrics {
                assert!(value[metric["Name"].as_str().unwrap()].is_i64(), "{metric}");
            }
            for dimensions in directive["Dimensions"].as_array().unwrap() {
                for dimension in dimensions.as_array().unwrap() {
                    assert!(value[dimension.as_str().unwrap()].is_string(), "{dimension}");
                }
            }
            assert_eq!(value["RoundFailed"], 1);
            for (measure, size) in measures {
                assert_eq!(value[*measure], *size);
            }
        }
    }

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
