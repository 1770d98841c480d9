//! Event patterns of EventBridge. Pure: a pattern, an event, yes or no.
//!
//! EventBridge User Guide, *Comparison operators for use in event patterns*. Operators that are
//! not served (`cidr`) are refused when the pattern is read, so that no rule silently never fires.

use std::collections::BTreeMap;

use serde_json::{Number, Value};

/// Why a pattern cannot be used.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the event pattern is not valid at {path}: {problem}")]
pub struct PatternError {
    path: String,
    problem: String,
}

/// A pattern that has been read.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Pattern {
    /// Every field must match.
    Fields(BTreeMap<String, Self>),
    /// One of the alternatives must match (`$or`), and every field beside it.
    Either(BTreeMap<String, Self>, Vec<Self>),
    /// One of the conditions must hold for the field.
    Leaf(Vec<Condition>),
}

/// What is asked of a value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Condition {
    /// The same value.
    Equals(Value),
    /// A text of this shape.
    Text(Text),
    /// None of these values.
    AnythingBut(Vec<Value>),
    /// No text of any of these shapes.
    AnythingButText(Vec<Text>),
    /// A number within all bounds.
    Numeric(Vec<(Comparison, f64)>),
    /// There is a value.
    Exists,
    /// There is no value.
    Missing,
}

/// The shape of a text.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Text {
    /// Begins with.
    Prefix(String, Case),
    /// Ends with.
    Suffix(String, Case),
    /// The same but for case.
    EqualsIgnoreCase(String),
    /// `*` stands for any characters.
    Wildcard(String),
}

/// Whether upper and lower case differ.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Case {
    /// They do.
    Exact,
    /// They do not.
    Ignored,
}

/// A bound of `numeric`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Comparison {
    /// `=`
    Equal,
    /// `<`
    Less,
    /// `<=`
    AtMost,
    /// `>`
    Greater,
    /// `>=`
    AtLeast,
}

impl Pattern {
    /// Reads a pattern.
    pub(crate) fn parse(pattern: &Value) -> Result<Self, PatternError> {
        match pattern {
            Value::Object(fields) if !fields.is_empty() => Self::read(pattern, "$"),
            _ => Err(problem("$", "a pattern is an object with at least one field")),
        }
    }

    /// Whether `event` matches.
    pub(crate) fn matches(&self, event: &Value) -> bool {
        self.matches_at(Some(event))
    }

    fn read(pattern: &Value, path: &str) -> Result<Self, PatternError> {
        match pattern {
            Value::Object(fields) => {
                let mut read = BTreeMap::new();
                let mut either = None;
                for (name, value) in fields {
                    let path = format!("{path}.{name}");
                    match (name.as_str(), value) {
                        ("$or", Value::Array(alternatives)) if alternatives.len() > 1 => {
                            let all = alternatives.iter().map(|one| Self::read(one, &path));
                            either = Some(all.collect::<Result<_, _>>()?);
                        }
                        _ => {
                            read.insert(name.clone(), Self::read(value, &path)?);
                        }
                    }
                }
                Ok(match either {
                    Some(alternatives) => Self::Either(read, alternatives),
                    None => Self::Fields(read),
                })
            }
            Value::Array(conditions) if !conditions.is_empty() => conditions
                .iter()
                .map(|condition| Condition::read(condition, path))
                .collect::<Result<_, _>>()
                .map(Self::Leaf),
            _ => Err(problem(path, "a field is matched by a list of values that is not empty")),
        }
    }

    fn matches_at(&self, value: Option<&Value>) -> bool {
        match self {
            Self::Leaf(conditions) => {
                let mut values = Vec::new();
                value.into_iter().for_each(|value| flatten(value, &mut values));
                conditions.iter().any(|condition| condition.holds(&values))
            }
            Self::Fields(fields) => fields_match(fields, value),
            Self::Either(fields, alternatives) => {
                fields_match(fields, value)
                    && alternatives.iter().any(|alternative| alternative.matches_at(value))
            }
        }
    }
}

/// An array of objects matches by any of its elements.
fn fields_match(fields: &BTreeMap<String, Pattern>, value: Option<&Value>) -> bool {
    match value {
        Some(Value::Array(elements)) => {
            elements.iter().any(|element| fields_match(fields, Some(element)))
        }
        other => fields.iter().all(|(name, pattern)| {
            pattern.matches_at(other.and_then(|value| value.as_object()?.get(name)))
        }),
    }
}

/// The leaves that a list of conditions is compared with: arrays match by any element, objects
/// are no leaves.
fn flatten<'v>(value: &'v Value, values: &mut Vec<&'v Value>) {
    match value {
        Value::Array(elements) => elements.iter().for_each(|element| flatten(element, values)),
        Value::Object(_) => {}
        leaf => values.push(leaf),
    }
}

impl Condition {
    fn read(condition: &Value, path: &str) -> Result<Self, PatternError> {
        let operator = match condition {
            Value::Object(operator) => operator,
            Value::Array(_) => return Err(problem(path, "a value cannot be a list")),
            value => return Ok(Self::Equals(value.clone())),
        };
        let mut operators = operator.iter();
        let (Some((name, operand)), None) = (operators.next(), operators.next()) else {
            return Err(problem(path, "a condition has exactly one operator"));
        };
        match (name.as_str(), operand) {
            ("exists", Value::Bool(true)) => Ok(Self::Exists),
            ("exists", Value::Bool(false)) => Ok(Self::Missing),
            ("numeric", Value::Array(bounds)) => numeric(bounds, path).map(Self::Numeric),
            ("anything-but", Value::Object(shapes)) => {
                let shapes = shapes.iter().map(|(name, operand)| texts(name, operand, path));
                let shapes = shapes.collect::<Result<Vec<_>, _>>()?;
                Ok(Self::AnythingButText(shapes.into_iter().flatten().collect()))
            }
            ("anything-but", Value::Array(values)) => Ok(Self::AnythingBut(values.clone())),
            ("anything-but", value) => Ok(Self::AnythingBut(vec![value.clone()])),
            (name, operand) => text(name, operand, path).map(Self::Text),
        }
    }

    fn holds(&self, values: &[&Value]) -> bool {
        match self {
            Self::Equals(expected) => values.iter().any(|value| equal(value, expected)),
            Self::Text(shape) => values.iter().any(|value| shape.fits(value)),
            Self::AnythingBut(refused) => {
                values.iter().any(|value| !refused.iter().any(|refused| equal(value, refused)))
            }
            Self::AnythingButText(refused) => values
                .iter()
                .any(|value| value.is_string() && !refused.iter().any(|shape| shape.fits(value))),
            Self::Numeric(bounds) => {
                values.iter().filter_map(|value| value.as_f64()).any(|number| {
                    bounds.iter().all(|(comparison, bound)| comparison.holds(number, *bound))
                })
            }
            Self::Exists => !values.is_empty(),
            Self::Missing => values.is_empty(),
        }
    }
}

/// `anything-but` takes one shape, or a list of operands for one.
fn texts(name: &str, operand: &Value, path: &str) -> Result<Vec<Text>, PatternError> {
    match operand {
        Value::Array(operands) => {
            operands.iter().map(|operand| text(name, operand, path)).collect()
        }
        operand => text(name, operand, path).map(|text| vec![text]),
    }
}

fn text(name: &str, operand: &Value, path: &str) -> Result<Text, PatternError> {
    let (case, operand) = match operand {
        Value::String(text) => (Case::Exact, text),
        Value::Object(fields) => match fields.get("equals-ignore-case") {
            Some(Value::String(text)) => (Case::Ignored, text),
            _ => return Err(problem(path, "an operand is not a text")),
        },
        _ => return Err(problem(path, &format!("the operand of {name} is of the wrong kind"))),
    };
    match (name, case) {
        ("prefix", case) => Ok(Text::Prefix(operand.clone(), case)),
        ("suffix", case) => Ok(Text::Suffix(operand.clone(), case)),
        ("equals-ignore-case", Case::Exact) => Ok(Text::EqualsIgnoreCase(operand.clone())),
        ("wildcard", Case::Exact) => Ok(Text::Wildcard(operand.clone())),
        _ => Err(problem(path, &format!("the operator {name} is not served"))),
    }
}

fn numeric(bounds: &[Value], path: &str) -> Result<Vec<(Comparison, f64)>, PatternError> {
    let wrong = || problem(path, "numeric takes one or two pairs of comparison and number");
    if bounds.is_empty() || bounds.len() > 4 {
        return Err(wrong());
    }
    bounds
        .chunks(2)
        .map(|pair| match pair {
            [Value::String(comparison), Value::Number(bound)] => {
                let comparison = Comparison::parse(comparison).ok_or_else(wrong)?;
                Ok((comparison, bound.as_f64().ok_or_else(wrong)?))
            }
            _ => Err(wrong()),
        })
        .collect()
}

impl Comparison {
    fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "=" => Self::Equal,
            "<" => Self::Less,
            "<=" => Self::AtMost,
            ">" => Self::Greater,
            ">=" => Self::AtLeast,
            _ => return None,
        })
    }

    fn holds(self, number: f64, bound: f64) -> bool {
        match self {
            Self::Equal => number == bound,
            Self::Less => number < bound,
            Self::AtMost => number <= bound,
            Self::Greater => number > bound,
            Self::AtLeast => number >= bound,
        }
    }
}

impl Text {
    fn fits(&self, value: &Value) -> bool {
        let Value::String(text) = value else { return false };
        match self {
            Self::Prefix(start, Case::Exact) => text.starts_with(start),
            Self::Suffix(end, Case::Exact) => text.ends_with(end),
            Self::Prefix(start, Case::Ignored) => {
                text.to_lowercase().starts_with(&start.to_lowercase())
            }
            Self::Suffix(end, Case::Ignored) => text.to_lowercase().ends_with(&end.to_lowercase()),
            Self::EqualsIgnoreCase(expected) => text.to_lowercase() == expected.to_lowercase(),
            Self::Wildcard(pattern) => wildcard(pattern, text),
        }
    }
}

fn wildcard(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| text.strip_prefix(first)) else {
        return false;
    };
    let mut parts = parts.peekable();
    if parts.peek().is_none() {
        return rest.is_empty();
    }
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return rest.ends_with(part);
        }
        match rest.split_once(part) {
            Some((_, after)) => rest = after,
            None => return false,
        }
    }
    true
}

/// Numbers are equal by value: `300`, `300.0` and `3.0e2` are the same.
fn equal(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => {
            left == right || as_f64(left).is_some_and(|number| as_f64(right) == Some(number))
        }
        _ => left == right,
    }
}

fn as_f64(number: &Number) -> Option<f64> {
    number.as_f64()
}

fn problem(path: &str, problem: &str) -> PatternError {
    PatternError { path: path.to_owned(), problem: problem.to_owned() }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_pattern_matches_what_the_user_guide_says() {
        let event = json!({
            "source": "passerelle",
            "detail-type": "outbox.due",
            "resources": ["arn:a", "arn:b"],
            "detail": {
                "organization": "Contoso",
                "count": 3,
                "empty": null,
                "nested": { "state": "running" },
                "people": [{ "name": "a", "age": 1 }, { "name": "b", "age": 2 }],
            },
        });
        let cases = [
            (json!({"source": ["passerelle"]}), true),
            (json!({"source": ["other", "passerelle"]}), true),
            (json!({"source": ["Passerelle"]}), false),
            (json!({"source": ["passerelle"], "detail-type": ["other"]}), false),
            (json!({"resources": ["arn:b"]}), true),
            (json!({"resources": ["arn:c"]}), false),
            (json!({"detail": {"organization": [{"prefix": "Con"}]}}), true),
            (json!({"detail": {"organization": [{"prefix": "con"}]}}), false),
            (
                json!({"detail": {"organization": [{"prefix": {"equals-ignore-case": "con"}}]}}),
                true,
            ),
            (json!({"detail": {"organization": [{"suffix": "so"}]}}), true),
            (json!({"detail": {"organization": [{"suffix": {"equals-ignore-case": "SO"}}]}}), true),
            (json!({"detail": {"organization": [{"suffix": "o s"}]}}), false),
            (json!({"detail": {"organization": [{"equals-ignore-case": "cONTOSO"}]}}), true),
            (json!({"detail": {"organization": [{"equals-ignore-case": "contos"}]}}), false),
            (json!({"detail": {"organization": [{"wildcard": "C*t*o"}]}}), true),
            (json!({"detail": {"organization": [{"wildcard": "C*x*o"}]}}), false),
            (json!({"detail": {"organization": [{"wildcard": "*"}]}}), true),
            (json!({"detail": {"organization": [{"wildcard": "Contos"}]}}), false),
            (json!({"detail": {"organization": [{"anything-but": "Contoso"}]}}), false),
            (json!({"detail": {"organization": [{"anything-but": ["a", "b"]}]}}), true),
            (json!({"detail": {"organization": [{"anything-but": {"prefix": "Con"}}]}}), false),
            (json!({"detail": {"organization": [{"anything-but": {"suffix": ["x", "y"]}}]}}), true),
            (json!({"detail": {"absent": [{"anything-but": "a"}]}}), false),
            (json!({"detail": {"count": [3]}}), true),
            (json!({"detail": {"count": [3.0]}}), true),
            (json!({"detail": {"count": ["3"]}}), false),
            (json!({"detail": {"count": [{"numeric": [">", 0, "<=", 3]}]}}), true),
            (json!({"detail": {"count": [{"numeric": ["<", 3]}]}}), false),
            (json!({"detail": {"count": [{"numeric": ["=", 3]}]}}), true),
            (json!({"detail": {"organization": [{"numeric": [">", 0]}]}}), false),
            (json!({"detail": {"empty": [null]}}), true),
            (json!({"detail": {"empty": [{"exists": true}]}}), true),
            (json!({"detail": {"absent": [{"exists": true}]}}), false),
            (json!({"detail": {"absent": [{"exists": false}]}}), true),
            (json!({"detail": {"absent": {"deeper": [{"exists": false}]}}}), true),
            (json!({"detail": {"count": [{"exists": false}]}}), false),
            (json!({"detail": {"nested": {"state": ["running", "stopped"]}}}), true),
            (json!({"detail": {"nested": {"state": ["stopped"]}}}), false),
            (json!({"detail": {"people": {"name": ["b"], "age": [2]}}}), true),
            (json!({"detail": {"people": {"name": ["a"], "age": [2]}}}), false),
            (json!({"$or": [{"source": ["x"]}, {"detail": {"count": [3]}}]}), true),
            (json!({"$or": [{"source": ["x"]}, {"detail": {"count": [4]}}]}), false),
        ];
        for (pattern, expected) in cases {
            assert_eq!(Pattern::parse(&pattern).unwrap().matches(&event), expected, "{pattern}");
        }
    }

    #[test]
    fn a_pattern_that_could_never_be_meant_is_refused() {
        for pattern in [
            json!({}),
            json!([]),
            json!({"source": "passerelle"}),
            json!({"source": []}),
            json!({"source": [["a"]]}),
            json!({"source": [{"cidr": "10.0.0.0/8"}]}),
            json!({"source": [{"prefix": 1}]}),
            json!({"source": [{"prefix": "a", "suffix": "b"}]}),
            json!({"source": [{"numeric": [">"]}]}),
            json!({"source": [{"numeric": ["~", 1]}]}),
            json!({"source": [{"exists": "yes"}]}),
        ] {
            assert!(Pattern::parse(&pattern).is_err(), "{pattern}");
        }
    }
}
