//! YAML with CloudFormation's short tags to JSON with their long names.

use serde_json::{Map, Value};
use serde_yaml_ng::Value as Yaml;

/// The document with `!Ref X` as `{"Ref": "X"}`, `!Sub …` as `{"Fn::Sub": …}` and so on.
pub(super) fn document(text: &str) -> Result<Value, serde_yaml_ng::Error> {
    let mut yaml: Yaml = serde_yaml_ng::from_str(text)?;
    yaml.apply_merge()?;
    Ok(json(yaml))
}

fn json(yaml: Yaml) -> Value {
    match yaml {
        Yaml::Null => Value::Null,
        Yaml::Bool(flag) => Value::Bool(flag),
        Yaml::Number(number) => number_value(&number),
        Yaml::String(text) => Value::String(text),
        Yaml::Sequence(items) => Value::Array(items.into_iter().map(json).collect()),
        Yaml::Mapping(entries) => Value::Object(
            entries.into_iter().map(|(name, value)| (key(name), json(value))).collect(),
        ),
        Yaml::Tagged(tagged) => {
            intrinsic(tagged.tag.to_string().trim_start_matches('!'), json(tagged.value))
        }
    }
}

fn number_value(number: &serde_yaml_ng::Number) -> Value {
    if let Some(whole) = number.as_i64() {
        return Value::from(whole);
    }
    number.as_u64().map_or_else(|| Value::from(number.as_f64()), Value::from)
}

fn key(name: Yaml) -> String {
    match json(name) {
        Value::String(text) => text,
        other => other.to_string(),
    }
}

fn intrinsic(tag: &str, value: Value) -> Value {
    let name = match tag {
        "Ref" | "Condition" => tag.to_owned(),
        other => format!("Fn::{other}"),
    };
    // `!GetAtt Table.Arn`: the attribute itself may hold dots, the logical id may not.
    let value = match (tag, value) {
        ("GetAtt", Value::String(text)) => {
            let (id, attribute) = text.split_once('.').unwrap_or((&text, ""));
            Value::from(vec![id, attribute])
        }
        (_, value) => value,
    };
    Value::Object(Map::from_iter([(name, value)]))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use serde_json::json;

    use super::document;

    #[test]
    fn short_tags_become_long_names() {
        let text = "a: !Ref X\nb: !GetAtt X.Y.Z\nc: !Sub ['${v}', {v: !Ref W}]\nd: !Condition Q\n\
                    e: 2012-10-17\nf: 2.0\ng: !Equals [!Ref P, '']\n";

        let value = document(text).unwrap();

        assert_eq!(
            value,
            json!({
                "a": {"Ref": "X"}, "b": {"Fn::GetAtt": ["X", "Y.Z"]},
                "c": {"Fn::Sub": ["${v}", {"v": {"Ref": "W"}}]}, "d": {"Condition": "Q"},
                "e": "2012-10-17", "f": 2.0, "g": {"Fn::Equals": [{"Ref": "P"}, ""]},
            })
        );
    }
}
