//! What a filter compares with, typed by the attribute that it is compared to.

use std::cmp::Ordering;

use jiff::Timestamp;
use serde_json::{Number, Value};

use super::{INVALID, Operator, Subject};
use crate::error::{Error, ScimType};
use crate::schema::{Attribute, Kind};
use crate::value::fold;

/// A value in a filter as it stands there.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Literal {
    /// A JSON string.
    Quoted(String),
    /// `true`, `17`, `null`, and texts that a client forgot to quote.
    Bare(String),
}

/// The same, of the attribute's type.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Comparand {
    Null,
    Boolean(bool),
    /// The number as written, and as it is compared.
    Number(String, Number),
    /// The text as written, and as it is compared.
    Text(String, String),
    /// The instant as written, and as it is compared.
    Instant(String, Timestamp),
}

impl Comparand {
    /// Types a literal for what it is compared to.
    pub(super) fn read(
        subject: &Subject,
        operator: Operator,
        literal: Literal,
    ) -> Result<Self, Error> {
        match subject.decisive() {
            None => unknown(literal),
            Some(attribute) => {
                Self::typed(attribute, operator, literal).map_err(|error| match subject.whole() {
                    Some(whole) => error.within(whole),
                    None => error,
                })
            }
        }
    }

    fn typed(attribute: &Attribute, operator: Operator, literal: Literal) -> Result<Self, Error> {
        check_operator(attribute, operator)?;
        if literal == Literal::Bare("null".to_owned()) {
            return match operator {
                Operator::Equal | Operator::NotEqual => Ok(Self::Null),
                _ => Err(refused(attribute, "null has no order and no parts")),
            };
        }
        let (Literal::Quoted(text) | Literal::Bare(text)) = literal;
        match attribute.kind {
            Kind::Complex => Err(refused(attribute, "compare one of its sub-attributes")),
            Kind::Boolean if text.eq_ignore_ascii_case("true") => Ok(Self::Boolean(true)),
            Kind::Boolean if text.eq_ignore_ascii_case("false") => Ok(Self::Boolean(false)),
            Kind::Boolean => Err(refused(attribute, "is compared with true or false")),
            Kind::Integer | Kind::Decimal => match serde_json::from_str(&text) {
                Ok(number) => Ok(Self::Number(text, number)),
                Err(_) => Err(refused(attribute, "is compared with a number")),
            },
            Kind::DateTime if !operator.is_textual() => {
                let instant = text.parse::<Timestamp>();
                let instant =
                    instant.map_err(|_| refused(attribute, "is compared with a date and time"))?;
                Ok(Self::Instant(text, instant))
            }
            Kind::DateTime | Kind::String | Kind::Reference | Kind::Binary => {
                let compared = if attribute.is_case_exact() { text.clone() } else { fold(&text) };
                Ok(Self::Text(text, compared))
            }
        }
    }

    /// The order of a value relative to this, if they can be compared.
    pub(super) fn order(&self, attribute: &Attribute, value: &Value) -> Option<Ordering> {
        match (self, value) {
            (Self::Boolean(ours), Value::Bool(theirs)) => Some(theirs.cmp(ours)),
            (Self::Number(_, ours), Value::Number(theirs)) => numbers(theirs, ours),
            (Self::Text(_, ours), Value::String(theirs)) if attribute.is_case_exact() => {
                Some(theirs.as_str().cmp(ours))
            }
            (Self::Text(_, ours), Value::String(theirs)) => Some(fold(theirs).as_str().cmp(ours)),
            (Self::Instant(_, ours), Value::String(theirs)) => {
                theirs.parse::<Timestamp>().ok().map(|theirs| theirs.cmp(ours))
            }
            _ => None,
        }
    }

    /// Whether a text contains, starts or ends with this.
    pub(super) fn is_in(&self, operator: Operator, attribute: &Attribute, value: &Value) -> bool {
        let (Self::Text(_, ours), Value::String(theirs)) = (self, value) else { return false };
        let folded;
        let theirs = if attribute.is_case_exact() {
            theirs.as_str()
        } else {
            folded = fold(theirs);
            &folded
        };
        match operator {
            Operator::Contains => theirs.contains(ours.as_str()),
            Operator::StartsWith => theirs.starts_with(ours.as_str()),
            _ => theirs.ends_with(ours.as_str()),
        }
    }

    /// The value that a PATCH gives to what it creates, RFC 7644 §3.5.2.
    pub(crate) fn to_value(&self) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Boolean(value) => Value::Bool(*value),
            Self::Number(_, number) => Value::Number(number.clone()),
            Self::Text(text, _) | Self::Instant(text, _) => Value::String(text.clone()),
        }
    }
}

/// Types a literal that is compared to nothing we know.
fn unknown(literal: Literal) -> Result<Comparand, Error> {
    let text = match literal {
        Literal::Quoted(text) => return Ok(Comparand::Text(text.clone(), text)),
        Literal::Bare(text) => text,
    };
    Ok(match serde_json::from_str(&text) {
        Ok(Value::Null) => Comparand::Null,
        Ok(Value::Bool(value)) => Comparand::Boolean(value),
        Ok(Value::Number(number)) => Comparand::Number(text, number),
        Ok(_) => return Err(INVALID),
        Err(_) => Comparand::Text(text.clone(), text),
    })
}

/// RFC 7644 §3.4.2.2: booleans and bytes have no order.
fn check_operator(attribute: &Attribute, operator: Operator) -> Result<(), Error> {
    let refuses = match attribute.kind {
        Kind::Boolean | Kind::Binary => operator.is_ordering() || operator.is_textual(),
        Kind::Integer | Kind::Decimal => operator.is_textual(),
        Kind::String | Kind::DateTime | Kind::Reference | Kind::Complex => false,
    };
    if refuses { Err(refused(attribute, "cannot be compared with this operator")) } else { Ok(()) }
}

fn refused(attribute: &Attribute, detail: &str) -> Error {
    Error::about(ScimType::InvalidFilter, attribute, detail)
}

fn numbers(one: &Number, other: &Number) -> Option<Ordering> {
    if let (Some(one), Some(other)) = (one.as_i128(), other.as_i128()) {
        return Some(one.cmp(&other));
    }
    one.as_f64()?.partial_cmp(&other.as_f64()?)
}
