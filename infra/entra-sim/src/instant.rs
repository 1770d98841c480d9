//! Instants of SAML messages: UTC, written with a `Z`, SAML Core §1.3.3.

use jiff::{SignedDuration, Timestamp};

/// By how much two clocks may differ; Entra's own figure is not documented.
pub(crate) const TOLERANCE: SignedDuration = SignedDuration::from_mins(5);

/// Reads an `xs:dateTime` in UTC.
pub(crate) fn parse(value: &str) -> Option<Timestamp> {
    let shape = value.len() >= 20
        && value.ends_with('Z')
        && value.as_bytes().get(10) == Some(&b'T')
        && value
            .bytes()
            .all(|b| b.is_ascii_digit() || matches!(b, b'-' | b':' | b'.' | b'T' | b'Z'));
    shape.then(|| value.parse().ok()).flatten()
}

/// Writes an instant as Entra does, with milliseconds.
pub(crate) fn write(instant: Timestamp) -> String {
    format!("{instant:.3}")
}

/// Whether `instant` lies in the future even if the clocks differ.
pub(crate) fn is_future(instant: Timestamp, now: Timestamp) -> bool {
    instant.duration_since(now) > TOLERANCE
}

/// Whether the half-open interval that ends at `end` is over even if the clocks differ.
pub(crate) fn is_over(end: Timestamp, now: Timestamp) -> bool {
    now.duration_since(end) >= TOLERANCE
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn only_utc_with_a_z_is_an_instant() {
        let good = ["2026-11-21T12:00:00Z", "2026-11-21T12:00:00.123Z"];
        let bad = [
            "2026-11-21T12:00:00+00:00",
            "2026-11-21T12:00:00",
            "2026-11-21 12:00:00Z",
            "2026-11-21T12:00:00z",
            "20261121T120000Z",
            "",
        ];
        for value in good {
            assert!(parse(value).is_some(), "{value}");
        }
        for value in bad {
            assert!(parse(value).is_none(), "{value}");
        }
    }

    #[test]
    fn the_end_is_outside_and_the_tolerance_moves_it_by_five_minutes() {
        let end = parse("2026-11-21T12:00:00Z").unwrap();
        let cases = [
            ("2026-11-21T12:04:59.999Z", false),
            ("2026-11-21T12:05:00Z", true),
            ("2026-11-21T12:05:01Z", true),
        ];
        for (now, over) in cases {
            assert_eq!(is_over(end, parse(now).unwrap()), over, "{now}");
        }
        assert!(!is_future(end, parse("2026-11-21T11:55:00Z").unwrap()));
        assert!(is_future(end, parse("2026-11-21T11:54:59Z").unwrap()));
    }

    #[test]
    fn an_instant_is_written_with_milliseconds() {
        assert_eq!(write(parse("2026-11-21T12:00:00Z").unwrap()), "2026-11-21T12:00:00.000Z");
    }
}
