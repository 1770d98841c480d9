//! Time as SAML writes it: `xs:dateTime` in UTC.

use jiff::{SignedDuration, Timestamp};

/// Writes `instant` in UTC with three digits of milliseconds, the rest cut off.
///
/// SAML Core §1.3.3: nobody may rely on more than milliseconds.
pub(crate) fn written(instant: Timestamp) -> String {
    instant.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}

/// Writes the instant that lies `offset` from `now`, at most the calendar's ends.
pub(crate) fn written_from(now: Timestamp, offset: SignedDuration) -> String {
    let end = if offset.is_negative() { Timestamp::MIN } else { Timestamp::MAX };
    written(now.checked_add(offset).unwrap_or(end))
}

/// Reads an instant in UTC, or [`None`] for any other shape.
///
/// SAML Core §1.3.3. `Z` is required: a time without it could be anybody's local time.
pub(crate) fn read(text: &str) -> Option<Timestamp> {
    let (date_time, fraction) = match text.strip_suffix('Z')?.split_once('.') {
        Some((date_time, fraction)) => (date_time, Some(fraction)),
        None => (text.strip_suffix('Z')?, None),
    };
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let shaped = date_time.len() == 19
        && date_time.bytes().enumerate().all(|(index, byte)| match index {
            4 | 7 => byte == b'-',
            10 => byte == b'T',
            13 | 16 => byte == b':',
            _ => byte.is_ascii_digit(),
        })
        && fraction.is_none_or(digits);
    if shaped { text.parse().ok() } else { None }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn instants_are_written_with_milliseconds_cut_off() {
        let cases = [
            ("2026-08-21T09:15:00Z", "2026-08-21T09:15:00.000Z"),
            ("2026-08-21T09:15:00.1239999Z", "2026-08-21T09:15:00.123Z"),
            ("2026-12-31T23:59:59.999999999Z", "2026-12-31T23:59:59.999Z"),
        ];
        for (instant, expected) in cases {
            assert_eq!(written(instant.parse().unwrap()), expected);
        }
    }

    #[test]
    fn an_offset_beyond_the_calendar_stops_at_its_end() {
        let hour = SignedDuration::from_hours(1);
        assert_eq!(written_from(Timestamp::MAX, hour), written(Timestamp::MAX));
        assert_eq!(written_from(Timestamp::MIN, -hour), written(Timestamp::MIN));
    }

    #[test]
    fn only_utc_in_the_shape_of_the_schema_is_read() {
        let cases = [
            ("2026-08-21T09:15:00Z", true),
            ("2026-08-21T09:15:00.123Z", true),
            ("2026-08-21T09:15:00.1234567Z", true),
            ("2026-02-29T09:15:00Z", false),
            ("2026-08-21T24:00:01Z", false),
            ("2026-08-21T09:15:00", false),
            ("2026-08-21T09:15:00.Z", false),
            ("2026-08-21T09:15:00+00:00", false),
            ("2026-08-21T09:15:00+00:00Z", false),
            ("2026-08-21 09:15:00Z", false),
            ("2026-08-21T09:15Z", false),
            (" 2026-08-21T09:15:00Z", false),
            ("2026-08-21T09:15:00z", false),
            ("20260821T091500Z", false),
            ("2026-08-21T09:15:00Z[UTC]", false),
            ("+002026-08-21T09:15:00Z", false),
            ("", false),
            ("Z", false),
        ];
        for (text, expected) in cases {
            assert_eq!(read(text).is_some(), expected, "{text}");
        }
    }
}
