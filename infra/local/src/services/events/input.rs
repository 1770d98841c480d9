//! What a target receives: the event, a part of it, a fixed text, or a text made from it.
//!
//! EventBridge User Guide, *Amazon EventBridge input transformation*.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::template::model::Input;

/// Facts about the rule that placeholders may name.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rule<'a> {
    /// `aws.events.rule-name`.
    pub(crate) name: &'a str,
    /// `aws.events.rule-arn`.
    pub(crate) arn: &'a str,
}

/// Makes the payload for one target.
pub(crate) fn payload(input: &Input, event: &Value, rule: Rule<'_>) -> String {
    match input {
        Input::Event => event.to_string(),
        Input::Constant(text) => text.clone(),
        Input::Path(path) => at_path(event, path).cloned().unwrap_or(Value::Null).to_string(),
        Input::Transformer { paths, template } => transform(paths, template, event, rule),
    }
}

/// Replaces each `<name>` of `template`: inside quotes by the bare text, outside by JSON.
fn transform(
    paths: &BTreeMap<String, String>,
    template: &str,
    event: &Value,
    rule: Rule<'_>,
) -> String {
    let mut made = String::new();
    let mut quoted = Quoted::No;
    let mut rest = template;
    while let Some(c) = rest.chars().next() {
        let placeholder = rest.strip_prefix('<').and_then(|after| {
            let (name, after) = after.split_once('>')?;
            Some((value_of(name, paths, event, rule)?, after))
        });
        if let Some((value, after)) = placeholder {
            made.push_str(&shown(&value, quoted));
            rest = after;
            continue;
        }
        quoted = quoted.after(c);
        made.push(c);
        rest = rest.get(c.len_utf8()..).unwrap_or_default();
    }
    made
}

/// Whether a place in a template is inside a JSON string.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Quoted {
    No,
    Yes,
    Escaped,
}

impl Quoted {
    fn after(self, c: char) -> Self {
        match (self, c) {
            (Self::No, '"') | (Self::Escaped, _) => Self::Yes,
            (Self::Yes, '\\') => Self::Escaped,
            (Self::Yes, '"') => Self::No,
            (unchanged, _) => unchanged,
        }
    }
}

fn shown(value: &Value, quoted: Quoted) -> String {
    if quoted == Quoted::No {
        return value.to_string();
    }
    let text = match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let escaped = Value::String(text).to_string();
    escaped.get(1..escaped.len() - 1).unwrap_or_default().to_owned()
}

/// A placeholder whose path leads nowhere is empty; one that was never defined stays as it is.
fn value_of(
    name: &str,
    paths: &BTreeMap<String, String>,
    event: &Value,
    rule: Rule<'_>,
) -> Option<Value> {
    match name {
        "aws.events.rule-name" => Some(rule.name.into()),
        "aws.events.rule-arn" => Some(rule.arn.into()),
        "aws.events.event" | "aws.events.event.json" => Some(event.clone()),
        "aws.events.event.ingestion-time" => event.get("time").cloned(),
        name => {
            let path = paths.get(name)?;
            Some(at_path(event, path).cloned().unwrap_or_else(|| "".into()))
        }
    }
}

/// Follows a JSON path of fields and positions: `$.detail.items[0]['a name']`.
fn at_path<'v>(event: &'v Value, path: &str) -> Option<&'v Value> {
    let mut value = event;
    let mut rest = path.strip_prefix('$')?;
    while !rest.is_empty() {
        let (step, after) = next_step(rest)?;
        value = match step {
            Step::Field(name) => value.get(name)?,
            Step::Position(position) => value.get(position)?,
        };
        rest = after;
    }
    Some(value)
}

enum Step<'a> {
    Field(&'a str),
    Position(usize),
}

fn next_step(path: &str) -> Option<(Step<'_>, &str)> {
    if let Some(after) = path.strip_prefix('.') {
        let end = after.find(['.', '[']).unwrap_or(after.len());
        let (name, after) = after.split_at_checked(end)?;
        return (!name.is_empty()).then_some((Step::Field(name), after));
    }
    let (inside, after) = path.strip_prefix('[')?.split_once(']')?;
    let step = match inside.strip_prefix(['\'', '"']) {
        Some(name) => Step::Field(name.strip_suffix(['\'', '"'])?),
        None => Step::Position(inside.parse().ok()?),
    };
    Some((step, after))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const RULE: Rule<'_> = Rule { name: "Rule", arn: "arn:rule" };

    fn event() -> Value {
        json!({
            "time": "2026-01-01T00:00:00Z",
            "detail": { "name": "a \"b\"", "count": 3, "list": [{ "x": 1 }], "a key": true },
        })
    }

    #[test]
    fn paths_lead_to_parts() {
        let cases = [
            ("$.detail.count", "3"),
            ("$.detail.list[0].x", "1"),
            ("$['detail']['a key']", "true"),
            ("$.detail.absent", "null"),
            ("$.detail.list[7]", "null"),
        ];
        for (path, expected) in cases {
            let made = payload(&Input::Path(path.to_owned()), &event(), RULE);
            assert_eq!(made, expected, "{path}");
        }
    }

    #[test]
    fn placeholders_are_texts_inside_quotes_and_json_outside() {
        let paths = [("name", "$.detail.name"), ("count", "$.detail.count"), ("none", "$.none")];
        let paths: BTreeMap<_, _> =
            paths.into_iter().map(|(name, path)| (name.to_owned(), path.to_owned())).collect();
        let cases = [
            (r#"{"n":<name>,"c":<count>}"#, r#"{"n":"a \"b\"","c":3}"#),
            (r#""<name>: <count>""#, r#""a \"b\": 3""#),
            (r#""<none>|<undefined>""#, r#""|<undefined>""#),
            (r#"{"rule":"<aws.events.rule-name>"}"#, r#"{"rule":"Rule"}"#),
            (r#""\"<count>" <count>"#, r#""\"3" 3"#),
        ];
        for (template, expected) in cases {
            let input = Input::Transformer { paths: paths.clone(), template: template.to_owned() };
            assert_eq!(payload(&input, &event(), RULE), expected, "{template}");
        }
    }
}
