//! The `Retry-After` of an answer, RFC 9110 §10.2.3.

use std::time::Duration;

use jiff::Timestamp;

/// Nothing asks us to wait longer: an hour, after which whoever schedules the work asks again anyway.
const LONGEST: Duration = Duration::from_secs(3_600);

/// Reads seconds or a date; what is neither is as if it were not there.
pub(crate) fn parse(text: &str, now: Timestamp) -> Option<Duration> {
    let text = text.trim();
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(text.parse().map_or(LONGEST, Duration::from_secs).min(LONGEST));
    }
    let at = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(text).ok()?;
    Some(Duration::try_from(at.duration_since(now)).unwrap_or_default().min(LONGEST))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn seconds_and_dates_are_read_and_nothing_waits_longer_than_an_hour() {
        let now = "2026-11-21T12:00:00Z".parse().unwrap();
        let seconds = Duration::from_secs;
        let cases = [
            ("0", Some(seconds(0))),
            ("17", Some(seconds(17))),
            (" 17 ", Some(seconds(17))),
            ("3601", Some(seconds(3_600))),
            ("99999999999999999999999", Some(seconds(3_600))),
            ("Sat, 21 Nov 2026 12:00:30 GMT", Some(seconds(30))),
            ("Sat, 21 Nov 2026 11:59:30 GMT", Some(seconds(0))),
            ("Sun, 22 Nov 2026 12:00:00 GMT", Some(seconds(3_600))),
            ("-1", None),
            ("1.5", None),
            ("soon", None),
            ("", None),
        ];

        for (text, expected) in cases {
            assert_eq!(parse(text, now), expected, "{text}");
        }
    }
}
