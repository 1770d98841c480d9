//! Schedule expressions: `rate(…)`, `cron(…)`, `at(…)`. Pure: an instant in, the next one out.
//!
//! EventBridge User Guide, *Setting a schedule pattern*.

use std::collections::BTreeSet;

use jiff::civil::{Date, DateTime, Time, Weekday};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan as _};

/// The last year that `cron` knows.
const LAST_YEAR: i16 = 2199;

/// Why an expression cannot be used.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the schedule expression is not valid: {0}")]
pub struct ExpressionError(&'static str);

/// When a schedule fires.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Expression {
    /// Every so often.
    Rate(SignedDuration),
    /// At certain minutes of certain days.
    Cron(Box<Cron>),
    /// Once.
    At(Timestamp),
}

/// The fields of `cron(…)`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Cron {
    minutes: BTreeSet<i16>,
    hours: BTreeSet<i16>,
    days: Days,
    months: BTreeSet<i16>,
    years: BTreeSet<i16>,
    zone: TimeZone,
}

/// `day-of-month` or `day-of-week`: one of the two is `?`.
#[derive(Clone, Debug, Eq, PartialEq)]
enum Days {
    /// Days of the month.
    OfMonth(BTreeSet<i16>),
    /// `L`: the last day of the month.
    Last,
    /// `15W`: the weekday nearest to a day of the month.
    NearestWeekday(i16),
    /// Days of the week, Sunday is 1.
    OfWeek(BTreeSet<i16>),
    /// `6L`: the last such day of the month.
    LastOfWeek(i16),
    /// `3#2`: the second such day of the month.
    NthOfWeek(i16, i16),
}

impl Expression {
    /// Reads an expression; `zone` is the scheduler's time zone, UTC for rules.
    pub(crate) fn parse(text: &str, zone: TimeZone) -> Result<Self, ExpressionError> {
        let (kind, inside) = text
            .trim()
            .strip_suffix(')')
            .and_then(|text| text.split_once('('))
            .ok_or(ExpressionError("it is none of rate(…), cron(…), at(…)"))?;
        match kind {
            "rate" => rate(inside).map(Self::Rate),
            "cron" => Cron::parse(inside, zone).map(|cron| Self::Cron(Box::new(cron))),
            "at" => {
                let wrong = ExpressionError("at(…) holds yyyy-mm-ddThh:mm:ss");
                let at: DateTime = inside.parse().map_err(|_| wrong.clone())?;
                zone.to_timestamp(at).map(Self::At).map_err(|_| wrong)
            }
            _ => Err(ExpressionError("it is none of rate(…), cron(…), at(…)")),
        }
    }

    /// The first firing after `now`; `None` when there is none any more.
    pub(crate) fn next(&self, now: Timestamp) -> Option<Timestamp> {
        match self {
            Self::Rate(period) => now.checked_add(*period).ok(),
            Self::Cron(cron) => cron.next(now),
            Self::At(at) => (*at > now).then_some(*at),
        }
    }
}

fn rate(inside: &str) -> Result<SignedDuration, ExpressionError> {
    let wrong = ExpressionError("rate(…) holds a positive number and minutes, hours or days");
    let (number, unit) = inside.split_once(' ').ok_or_else(|| wrong.clone())?;
    let number: i64 = number.parse().map_err(|_| wrong.clone())?;
    let minutes = match (number, unit) {
        (1, "minute") | (2.., "minutes") => 1,
        (1, "hour") | (2.., "hours") => 60,
        (1, "day") | (2.., "days") => 24 * 60,
        _ => return Err(wrong),
    };
    number.checked_mul(minutes).map(SignedDuration::from_mins).ok_or(wrong)
}

impl Cron {
    fn parse(inside: &str, zone: TimeZone) -> Result<Self, ExpressionError> {
        let fields: Vec<_> = inside.split_whitespace().collect();
        let [minutes, hours, of_month, months, of_week, years] = fields.as_slice() else {
            return Err(ExpressionError("cron(…) has six fields"));
        };
        let days = match (*of_month, *of_week) {
            (of_month, "?") => Days::of_month(of_month)?,
            ("?", of_week) => Days::of_week(of_week)?,
            _ => return Err(ExpressionError("one of cron's two day fields is ?")),
        };
        Ok(Self {
            minutes: numbers(minutes, 0, 59, &[])?,
            hours: numbers(hours, 0, 23, &[])?,
            days,
            months: numbers(months, 1, 12, &MONTHS)?,
            years: numbers(years, 1970, LAST_YEAR, &[])?,
            zone,
        })
    }

    /// Walks the days, so that an expression that never holds costs no more than the years it may.
    fn next(&self, now: Timestamp) -> Option<Timestamp> {
        let local = now.to_zoned(self.zone.clone()).datetime();
        let mut date = local.date();
        while date.year() <= LAST_YEAR {
            self.years.range(date.year()..).next()?;
            if self.is_day(date) {
                for time in self.times() {
                    // A time that a change of clocks skips moves on; one it repeats fires once.
                    let at = self.zone.to_timestamp(DateTime::from_parts(date, time)).ok()?;
                    if at > now {
                        return Some(at);
                    }
                }
            }
            date = date.tomorrow().ok()?;
        }
        None
    }

    fn is_day(&self, date: Date) -> bool {
        self.years.contains(&date.year())
            && self.months.contains(&i16::from(date.month()))
            && self.days.contains(date)
    }

    fn times(&self) -> impl Iterator<Item = Time> {
        self.hours.iter().flat_map(|hour| {
            self.minutes.iter().filter_map(|minute| {
                let (hour, minute) = (i8::try_from(*hour).ok()?, i8::try_from(*minute).ok()?);
                Time::new(hour, minute, 0, 0).ok()
            })
        })
    }
}

impl Days {
    fn of_month(field: &str) -> Result<Self, ExpressionError> {
        if field == "L" {
            return Ok(Self::Last);
        }
        if let Some(day) = field.strip_suffix('W') {
            let day = day.parse().ok().filter(|day| (1..=31).contains(day));
            return day
                .map(Self::NearestWeekday)
                .ok_or(ExpressionError("W follows a day of the month"));
        }
        numbers(field, 1, 31, &[]).map(Self::OfMonth)
    }

    fn of_week(field: &str) -> Result<Self, ExpressionError> {
        if field == "L" {
            return Ok(Self::OfWeek(BTreeSet::from([7])));
        }
        if let Some(day) = field.strip_suffix('L') {
            return number(day, 1, 7, &WEEKDAYS).map(Self::LastOfWeek);
        }
        if let Some((day, nth)) = field.split_once('#') {
            return Ok(Self::NthOfWeek(number(day, 1, 7, &WEEKDAYS)?, number(nth, 1, 5, &[])?));
        }
        numbers(field, 1, 7, &WEEKDAYS).map(Self::OfWeek)
    }

    fn contains(&self, date: Date) -> bool {
        let day = i16::from(date.day());
        let weekday = i16::from(date.weekday().to_sunday_one_offset());
        let days = i16::from(date.days_in_month());
        match self {
            Self::OfMonth(all) => all.contains(&day),
            Self::Last => day == days,
            Self::NearestWeekday(wanted) => nearest_weekday(date, *wanted) == Some(date),
            Self::OfWeek(all) => all.contains(&weekday),
            Self::LastOfWeek(wanted) => weekday == *wanted && day + 7 > days,
            Self::NthOfWeek(wanted, nth) => weekday == *wanted && (day - 1) / 7 + 1 == *nth,
        }
    }
}

/// The weekday nearest to day `wanted` of the month of `date`, never leaving the month.
fn nearest_weekday(date: Date, wanted: i16) -> Option<Date> {
    let target = Date::new(date.year(), date.month(), i8::try_from(wanted).ok()?).ok()?;
    let (back, on) = match target.weekday() {
        Weekday::Saturday if target.day() == 1 => (0, 2),
        Weekday::Saturday => (1, 0),
        Weekday::Sunday if target.day() == target.days_in_month() => (2, 0),
        Weekday::Sunday => (0, 1),
        _ => (0, 0),
    };
    target.checked_add(on.days()).and_then(|date| date.checked_sub(back.days())).ok()
}

const MONTHS: [&str; 12] =
    ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
const WEEKDAYS: [&str; 7] = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

/// Reads `*`, lists, ranges and steps.
fn numbers(
    field: &str,
    first: i16,
    last: i16,
    names: &[&str],
) -> Result<BTreeSet<i16>, ExpressionError> {
    let mut all = BTreeSet::new();
    for part in field.split(',') {
        let (range, step) = match part.split_once('/') {
            Some((range, step)) => (range, Some(number(step, 1, last.max(1), &[])?)),
            None => (part, None),
        };
        let (from, to) = match range.split_once('-') {
            _ if range == "*" => (first, last),
            Some((from, to)) => {
                (number(from, first, last, names)?, number(to, first, last, names)?)
            }
            // `5/15` begins at 5 and goes on to the end.
            None => {
                let from = number(range, first, last, names)?;
                (from, if step.is_some() { last } else { from })
            }
        };
        let step = usize::try_from(step.unwrap_or(1)).unwrap_or(1);
        if from <= to {
            all.extend((from..=to).step_by(step));
        } else {
            // `FRI-MON` goes on over the end.
            all.extend((from..=last).chain(first..=to).step_by(step));
        }
    }
    Ok(all)
}

fn number(text: &str, first: i16, last: i16, names: &[&str]) -> Result<i16, ExpressionError> {
    let named = names.iter().position(|name| name.eq_ignore_ascii_case(text));
    let number = match named {
        Some(position) => i16::try_from(position).ok().map(|position| position + 1),
        None => text.parse().ok(),
    };
    number
        .filter(|number| (first..=last).contains(number))
        .ok_or(ExpressionError("a field of cron(…) holds something else than its numbers"))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn next(expression: &str, now: &str) -> Option<String> {
        let expression = Expression::parse(expression, TimeZone::UTC).unwrap();
        expression.next(now.parse().unwrap()).map(|at| at.to_string())
    }

    #[test]
    fn expressions_fire_when_the_user_guide_says() {
        let cases = [
            ("rate(1 minute)", "2026-01-01T00:00:30Z", "2026-01-01T00:01:30Z"),
            ("rate(5 hours)", "2026-01-01T00:00:00Z", "2026-01-01T05:00:00Z"),
            ("cron(0 10 * * ? *)", "2026-01-01T10:00:00Z", "2026-01-02T10:00:00Z"),
            ("cron(0 10 * * ? *)", "2026-01-01T09:59:59Z", "2026-01-01T10:00:00Z"),
            ("cron(15 12 * * ? *)", "2026-01-01T12:14:00Z", "2026-01-01T12:15:00Z"),
            ("cron(0 18 ? * MON-FRI *)", "2026-01-02T18:00:00Z", "2026-01-05T18:00:00Z"),
            ("cron(0 8 1 * ? *)", "2026-01-15T00:00:00Z", "2026-02-01T08:00:00Z"),
            ("cron(0/15 * * * ? *)", "2026-01-01T00:46:00Z", "2026-01-01T01:00:00Z"),
            ("cron(0/5 8-17 ? * MON-FRI *)", "2026-01-02T17:55:00Z", "2026-01-05T08:00:00Z"),
            ("cron(0 9 ? * 2#1 *)", "2026-01-01T00:00:00Z", "2026-01-05T09:00:00Z"),
            ("cron(0 9 L * ? *)", "2026-02-01T00:00:00Z", "2026-02-28T09:00:00Z"),
            ("cron(0 9 ? * 6L *)", "2026-01-01T00:00:00Z", "2026-01-30T09:00:00Z"),
            ("cron(0 9 1W * ? *)", "2026-08-01T00:00:00Z", "2026-08-03T09:00:00Z"),
            ("cron(0 9 31W * ? *)", "2026-05-01T00:00:00Z", "2026-05-29T09:00:00Z"),
            ("cron(0 9 29 2 ? *)", "2026-01-01T00:00:00Z", "2028-02-29T09:00:00Z"),
            ("cron(0 0 ? JAN,JUL FRI-SAT *)", "2026-02-01T00:00:00Z", "2026-07-03T00:00:00Z"),
            ("at(2026-05-01T08:00:00)", "2026-01-01T00:00:00Z", "2026-05-01T08:00:00Z"),
        ];
        for (expression, now, expected) in cases {
            assert_eq!(next(expression, now).as_deref(), Some(expected), "{expression} at {now}");
        }
    }

    #[test]
    fn an_expression_that_has_ended_fires_no_more() {
        for expression in
            ["cron(0 9 1 1 ? 2025)", "cron(0 9 31 2 ? 2026-2030)", "at(2025-05-01T08:00:00)"]
        {
            assert_eq!(next(expression, "2026-01-01T00:00:00Z"), None, "{expression}");
        }
    }

    #[test]
    fn a_zone_moves_the_hour() {
        let zone = TimeZone::fixed(jiff::tz::offset(2));
        let expression = Expression::parse("cron(0 10 * * ? *)", zone).unwrap();

        let at = expression.next("2026-01-01T00:00:00Z".parse().unwrap()).unwrap();

        assert_eq!(at.to_string(), "2026-01-01T08:00:00Z");
    }

    #[test]
    fn expressions_that_aws_refuses_are_refused() {
        for expression in [
            "",
            "rate()",
            "rate(0 minutes)",
            "rate(-1 minutes)",
            "rate(1 minutes)",
            "rate(2 minute)",
            "rate(5 seconds)",
            "cron(* * * * *)",
            "cron(0 9 * * * *)",
            "cron(0 9 ? * ? *)",
            "cron(60 9 * * ? *)",
            "cron(0 9 32 * ? *)",
            "cron(0 9 ? * MOND *)",
            "at(tomorrow)",
        ] {
            assert!(Expression::parse(expression, TimeZone::UTC).is_err(), "{expression}");
        }
    }
}
