//! The table of a month in `docs/PERFORMANCE.md` is what the command says.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use std::process::Command;

fn month(options: &[&str]) -> String {
    let command = Command::new(env!("CARGO_BIN_EXE_bench")).arg("month").args(options).output();
    let output = command.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn what_a_month_costs_is_what_is_counted_times_what_is_asked() {
    let document = include_str!("../../../docs/PERFORMANCE.md");

    let tables = month(&[]);

    assert!(document.contains(tables.trim()), "docs/PERFORMANCE.md does not say:\n{tables}");
}

#[test]
fn programs_are_told_the_same() {
    let told: serde_json::Value = serde_json::from_str(&month(&["--json"])).unwrap();

    let months = told["months"].as_array().unwrap();
    let people = |month: &serde_json::Value| {
        month["organizations"].as_u64().unwrap() * month["people"].as_u64().unwrap()
    };
    assert_eq!(months.iter().map(people).collect::<Vec<_>>(), [10, 500, 10_000, 50_000]);
    for month in months {
        let parts = month["parts"].as_array().unwrap().iter();
        let parts: f64 = parts.map(|part| part["dollars"].as_f64().unwrap()).sum();
        let sum = parts + month["standing_dollars"].as_f64().unwrap();
        assert!((sum - month["dollars"].as_f64().unwrap()).abs() < 1e-9, "{month}");
    }
}
