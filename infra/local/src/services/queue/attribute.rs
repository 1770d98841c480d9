//! Message attributes and the MD5 sums that SQS answers for them.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// `MessageAttributes` of a message, by name.
pub(crate) type Attributes = BTreeMap<String, Attribute>;

/// One message attribute.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Attribute {
    /// `String`, `Number`, `Binary`, each with an optional `.custom` part.
    pub(crate) data_type: String,
    /// The value of a `String` or `Number`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) string_value: Option<String>,
    /// The value of a `Binary`, base64.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) binary_value: Option<String>,
}

/// The value of an attribute, once it is known to be well formed.
enum Payload<'a> {
    Text(&'a str),
    Bytes(Vec<u8>),
}

impl Attribute {
    /// Makes a `String` attribute.
    pub(crate) fn text(value: impl Into<String>) -> Self {
        Self {
            data_type: "String".to_owned(),
            string_value: Some(value.into()),
            binary_value: None,
        }
    }

    /// Whether type and value fit each other.
    pub(crate) fn is_valid(&self) -> bool {
        self.payload().is_some()
    }

    /// What it counts towards the message's size, its name aside.
    pub(crate) fn size(&self) -> usize {
        let value = match self.payload() {
            Some(Payload::Text(text)) => text.len(),
            Some(Payload::Bytes(bytes)) => bytes.len(),
            None => 0,
        };
        self.data_type.len() + value
    }

    fn payload(&self) -> Option<Payload<'_>> {
        let kind = self.data_type.split('.').next()?;
        match (kind, &self.string_value, &self.binary_value) {
            ("String" | "Number", Some(text), None) if !text.is_empty() => {
                Some(Payload::Text(text))
            }
            ("Binary", None, Some(text)) => {
                STANDARD.decode(text).ok().filter(|bytes| !bytes.is_empty()).map(Payload::Bytes)
            }
            _ => None,
        }
    }

    /// The attribute as Lambda's event source mapping hands it on.
    pub(crate) fn for_function(&self) -> Value {
        let mut value = json!({ "stringListValues": [], "binaryListValues": [] });
        if let Some(fields) = value.as_object_mut() {
            if let Some(text) = &self.string_value {
                fields.insert("stringValue".to_owned(), json!(text));
            }
            if let Some(bytes) = &self.binary_value {
                fields.insert("binaryValue".to_owned(), json!(bytes));
            }
            fields.insert("dataType".to_owned(), json!(self.data_type));
        }
        value
    }
}

/// `MD5OfBody`.
pub(crate) fn md5_of_body(body: &str) -> String {
    format!("{:x}", md5::compute(body))
}

/// `MD5OfMessageAttributes`; `None` when there are none.
///
/// SQS Developer Guide, *Calculating the MD5 message digest for message attributes*: sorted by
/// name; name, type and value each behind its length, one byte before the value tells its
/// transport type.
pub(crate) fn md5_of_attributes(attributes: &Attributes) -> Option<String> {
    if attributes.is_empty() {
        return None;
    }
    let mut bytes = Vec::new();
    for (name, attribute) in attributes {
        push(&mut bytes, name.as_bytes());
        push(&mut bytes, attribute.data_type.as_bytes());
        match attribute.payload() {
            Some(Payload::Text(text)) => {
                bytes.push(1);
                push(&mut bytes, text.as_bytes());
            }
            Some(Payload::Bytes(value)) => {
                bytes.push(2);
                push(&mut bytes, &value);
            }
            None => {}
        }
    }
    Some(format!("{:x}", md5::compute(bytes)))
}

fn push(bytes: &mut Vec<u8>, part: &[u8]) {
    let length = u32::try_from(part.len()).unwrap_or(u32::MAX);
    bytes.extend_from_slice(&length.to_be_bytes());
    bytes.extend_from_slice(part);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_agree_with_those_that_sqs_documents() {
        // RFC 1321 §A.5.
        assert_eq!(md5_of_body("message digest"), "f96b697d7cb7938d525a2f31aaf161d0");

        // Worked out with Python's hashlib over the layout of the developer guide.
        let attributes = Attributes::from([("name".to_owned(), Attribute::text("value"))]);
        assert_eq!(
            md5_of_attributes(&attributes).as_deref(),
            Some("25ada41cad9d6e55ad5a2b3d2da508a2"),
        );
        assert_eq!(md5_of_attributes(&Attributes::new()), None);
    }

    #[test]
    fn type_and_value_must_fit() {
        let number = Attribute {
            data_type: "Number.int".to_owned(),
            string_value: Some("7".to_owned()),
            binary_value: None,
        };
        assert!(number.is_valid());
        for broken in [
            Attribute { data_type: "Binary".to_owned(), ..number.clone() },
            Attribute { data_type: "Text".to_owned(), ..number.clone() },
            Attribute { string_value: None, ..number.clone() },
            Attribute { string_value: Some(String::new()), ..number },
        ] {
            assert!(!broken.is_valid(), "{broken:?}");
        }
    }
}
