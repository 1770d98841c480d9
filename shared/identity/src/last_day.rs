//! The last day of somebody who leaves.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};
use serde::{Deserialize, Serialize};

/// Why something is no last day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotALastDay {
    /// Nobody knows the place.
    #[error("a time zone has a name of the IANA database, such as Europe/Berlin")]
    TimeZone,
    /// The day after it is beyond what a calendar holds.
    #[error("the day is not of this calendar")]
    Date,
}

/// The last day on which a person has access, as it is where they work. It ends with the day, not with
/// whatever tidies up afterwards.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastDay {
    /// The day.
    pub date: Date,
    /// Where it is that day: a name of the IANA database.
    pub time_zone: String,
    /// The first instant after it. Later changes of the place's law do not move it.
    pub over_at: Timestamp,
}

impl LastDay {
    /// The whole of a day in a time zone.
    ///
    /// # Errors
    ///
    /// [`NotALastDay`] says which of both makes no sense.
    pub fn new(date: Date, time_zone: &str) -> Result<Self, NotALastDay> {
        let zone = TimeZone::get(time_zone).map_err(|_| NotALastDay::TimeZone)?;
        // The database's own name for a clock that nobody has set.
        let name = zone.iana_name().filter(|name| *name != "Factory");
        let name = name.ok_or(NotALastDay::TimeZone)?.to_owned();
        let next = date.tomorrow().map_err(|_| NotALastDay::Date)?;
        let over_at = next.to_zoned(zone).map_err(|_| NotALastDay::Date)?.timestamp();
        Ok(Self { date, time_zone: name, over_at })
    }

    /// Whether it is over.
    pub fn is_over(&self, now: Timestamp) -> bool {
        self.over_at <= now
    }

    /// How many days follow today, until it is over: none on the day itself, less than none afterwards.
    pub fn days_left(&self, now: Timestamp) -> i32 {
        let zone = TimeZone::get(&self.time_zone).unwrap_or(TimeZone::UTC);
        let today = now.to_zoned(zone).date();
        today.until(self.date).as_ref().map_or(0, Span::get_days)
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn last_day(date: &str, zone: &str) -> Result<LastDay, NotALastDay> {
        LastDay::new(date.parse().unwrap(), zone)
    }

    #[test]
    fn a_day_is_over_when_the_next_one_begins_there() {
        let cases = [
            ("2026-12-31", "Europe/Berlin", "2026-12-31T23:00:00Z"),
            ("2026-06-30", "Europe/Berlin", "2026-06-30T22:00:00Z"),
            ("2026-12-31", "Pacific/Kiritimati", "2026-12-31T10:00:00Z"),
            ("2026-12-31", "Pacific/Honolulu", "2027-01-01T10:00:00Z"),
            ("2026-12-31", "Asia/Kolkata", "2026-12-31T18:30:00Z"),
            ("2026-12-31", "UTC", "2027-01-01T00:00:00Z"),
            // Midnight of the next day does not exist there: the day begins at one o'clock.
            ("2018-11-03", "America/Sao_Paulo", "2018-11-04T03:00:00Z"),
        ];
        for (date, zone, over_at) in cases {
            let day = last_day(date, zone).unwrap();
            assert_eq!(day.over_at, over_at.parse().unwrap(), "{date} {zone}");
            assert!(day.is_over(day.over_at), "{date} {zone}");
            assert!(
                !day.is_over(day.over_at - jiff::SignedDuration::from_secs(1)),
                "{date} {zone}"
            );
        }
    }

    #[test]
    fn days_are_counted_where_the_person_is() {
        let day = last_day("2026-12-31", "Europe/Berlin").unwrap();
        let cases = [
            ("2026-12-28T12:00:00Z", 3),
            // In Berlin it is the 29th already.
            ("2026-12-28T23:30:00Z", 2),
            ("2026-12-31T22:59:59Z", 0),
            ("2026-12-31T23:00:00Z", -1),
            ("2025-12-31T12:00:00Z", 365),
        ];
        for (now, left) in cases {
            assert_eq!(day.days_left(now.parse().unwrap()), left, "{now}");
        }
    }

    #[test]
    fn a_place_has_the_databases_own_spelling() {
        assert_eq!(last_day("2026-12-31", "europe/berlin").unwrap().time_zone, "Europe/Berlin");
        for zone in ["", "Berlin", "+01:00", "Europe/Berlin\n", "/etc/localtime", "Factory"] {
            assert_eq!(last_day("2026-12-31", zone), Err(NotALastDay::TimeZone), "{zone:?}");
        }
        assert_eq!(last_day("9999-12-31", "UTC"), Err(NotALastDay::Date));
    }
}
