//! CloudFormation's intrinsic functions, parameters, conditions and mappings.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::{Context, Fault};

/// Deeper than any sane template: a longer chain is a circle.
const DEEPEST: usize = 64;

/// The parsed document and everything that its intrinsics may refer to.
pub(crate) struct Resolver<'a> {
    pub(super) context: &'a Context,
    document: Value,
    parameters: BTreeMap<String, Value>,
}

/// A resolved value, or `None` for `AWS::NoValue`.
type Resolved = Result<Option<Value>, Fault>;

impl<'a> Resolver<'a> {
    pub(super) fn new(document: Value, context: &'a Context) -> Result<Self, Fault> {
        let mut parameters = BTreeMap::new();
        for (name, declared) in section(&document, "Parameters") {
            let given = context.parameters.get(name).or_else(|| context.known.get(name));
            let given = given.map(|text| Value::String(text.clone()));
            let value = given.or_else(|| declared.get("Default").map(scalar));
            let list = declared
                .get("Type")
                .and_then(Value::as_str)
                .is_some_and(|kind| kind == "CommaDelimitedList" || kind.starts_with("List<"));
            let Some(value) = value else {
                return Err(Fault::new(name, "this parameter has no default and was not given"));
            };
            parameters.insert(name.clone(), if list { comma_list(&value) } else { value });
        }
        for name in context.parameters.keys() {
            if !parameters.contains_key(name) {
                return Err(Fault::new(name, "the template declares no such parameter"));
            }
        }
        Ok(Self { context, document, parameters })
    }

    /// Resources whose condition holds.
    pub(super) fn active_resources(&self) -> Result<Vec<(String, &Value)>, Fault> {
        let mut active = Vec::new();
        for (id, resource) in section(&self.document, "Resources") {
            if self.is_active(id, resource)? {
                active.push((id.clone(), resource));
            }
        }
        Ok(active)
    }

    fn is_active(&self, id: &str, resource: &Value) -> Result<bool, Fault> {
        match resource.get("Condition").and_then(Value::as_str) {
            Some(name) => self.condition(name, id, 0),
            None => Ok(true),
        }
    }

    /// `Globals.{kind}`, empty when absent.
    pub(super) fn globals(&self, kind: &str) -> Value {
        let globals = self.document.get("Globals").and_then(|globals| globals.get(kind));
        globals.cloned().unwrap_or(Value::Object(Map::new()))
    }

    pub(super) fn resource(&self, id: &str) -> Option<&Value> {
        self.document.get("Resources").and_then(|resources| resources.get(id))
    }

    /// Outputs whose value can be told here; the others speak of resources that do not exist here.
    pub(super) fn outputs(&self) -> BTreeMap<String, String> {
        let mut outputs = BTreeMap::new();
        for (name, output) in section(&self.document, "Outputs") {
            if !self.is_active(name, output).unwrap_or(false) {
                continue;
            }
            let value = output.get("Value").map(|value| self.resolve(value, name));
            if let Some(Ok(Some(value))) = value {
                outputs.insert(name.clone(), text_of(&value));
            }
        }
        outputs
    }

    /// Resolves every intrinsic inside `value`; `at` names the place in messages.
    pub(super) fn resolve(&self, value: &Value, at: &str) -> Resolved {
        self.resolve_at(value, at, 0)
    }

    fn resolve_at(&self, value: &Value, at: &str, depth: usize) -> Resolved {
        if depth > DEEPEST {
            return Err(Fault::new(at, "the value refers to itself"));
        }
        match value {
            Value::Array(items) => {
                let mut resolved = Vec::new();
                for item in items {
                    resolved.extend(self.resolve_at(item, at, depth + 1)?);
                }
                Ok(Some(Value::Array(resolved)))
            }
            Value::Object(entries) => match lone_intrinsic(entries) {
                Some((name, argument)) => self.intrinsic(name, argument, at, depth + 1),
                None => self.object(entries, at, depth),
            },
            plain => Ok(Some(plain.clone())),
        }
    }

    fn object(&self, entries: &Map<String, Value>, at: &str, depth: usize) -> Resolved {
        let mut resolved = Map::new();
        for (name, value) in entries {
            if let Some(value) = self.resolve_at(value, &format!("{at}.{name}"), depth + 1)? {
                resolved.insert(name.clone(), value);
            }
        }
        Ok(Some(Value::Object(resolved)))
    }

    fn intrinsic(&self, name: &str, argument: &Value, at: &str, depth: usize) -> Resolved {
        let value = match name {
            "Ref" => return self.reference(&self.word(argument, at, depth)?, at),
            "Fn::If" => return self.choose(argument, at, depth),
            "Fn::GetAtt" => self.get_att(argument, at, depth)?,
            "Fn::Sub" => self.substitute(argument, at, depth)?,
            "Fn::Join" => self.join(argument, at, depth)?,
            "Fn::Select" => self.select(argument, at, depth)?,
            "Fn::Split" => self.split(argument, at, depth)?,
            "Fn::FindInMap" => self.find_in_map(argument, at, depth)?,
            "Fn::Base64" => {
                use base64::Engine as _;
                let text = self.word(argument, at, depth)?;
                Value::String(base64::engine::general_purpose::STANDARD.encode(text))
            }
            "Fn::ToJsonString" => {
                Value::String(self.resolve_at(argument, at, depth)?.unwrap_or_default().to_string())
            }
            "Fn::GetAZs" => ["a", "b", "c"]
                .iter()
                .map(|zone| Value::String(format!("{}{zone}", self.context.region)))
                .collect(),
            "Condition" | "Fn::Equals" | "Fn::Not" | "Fn::And" | "Fn::Or" => {
                Value::Bool(self.test(name, argument, at, depth)?)
            }
            "Fn::ImportValue" => {
                let export = self.word(argument, at, depth)?;
                return Err(Fault::new(at, format!("nothing here exports `{export}`")));
            }
            other => return Err(Fault::new(at, format!("`{other}` is not known here"))),
        };
        Ok(Some(value))
    }

    fn reference(&self, name: &str, at: &str) -> Resolved {
        if name == "AWS::NoValue" {
            return Ok(None);
        }
        if let Some(value) = self.pseudo(name) {
            return Ok(Some(Value::String(value)));
        }
        if let Some(value) = self.parameters.get(name) {
            return Ok(Some(value.clone()));
        }
        super::attributes::reference(self, name, at).map(|text| Some(Value::String(text)))
    }

    fn pseudo(&self, name: &str) -> Option<String> {
        let context = self.context;
        Some(match name {
            "AWS::Region" => context.region.clone(),
            "AWS::AccountId" => context.account.clone(),
            "AWS::StackName" => context.stack.clone(),
            "AWS::StackId" => format!(
                "arn:aws:cloudformation:{}:{}:stack/{}/local",
                context.region, context.account, context.stack
            ),
            "AWS::Partition" => "aws".to_owned(),
            "AWS::URLSuffix" => "amazonaws.com".to_owned(),
            _ => return None,
        })
    }

    fn get_att(&self, argument: &Value, at: &str, depth: usize) -> Result<Value, Fault> {
        let text = match argument {
            Value::String(text) => text.clone(),
            list => self.words(list, at, depth)?.join("."),
        };
        let Some((id, attribute)) = text.split_once('.') else {
            return Err(Fault::new(at, "`Fn::GetAtt` needs a logical id and an attribute"));
        };
        super::attributes::attribute(self, id, attribute, at).map(Value::String)
    }

    fn choose(&self, argument: &Value, at: &str, depth: usize) -> Resolved {
        let Some([Value::String(name), yes, no]) = argument.as_array().map(Vec::as_slice) else {
            return Err(Fault::new(at, "`Fn::If` needs a condition's name and two values"));
        };
        let chosen = if self.condition(name, at, depth)? { yes } else { no };
        self.resolve_at(chosen, at, depth)
    }

    fn condition(&self, name: &str, at: &str, depth: usize) -> Result<bool, Fault> {
        let Some(condition) = self.document.get("Conditions").and_then(|all| all.get(name)) else {
            return Err(Fault::new(at, format!("there is no condition `{name}`")));
        };
        match self.resolve_at(condition, name, depth + 1)? {
            Some(Value::Bool(holds)) => Ok(holds),
            _ => Err(Fault::new(name, "a condition must be a test")),
        }
    }

    fn test(&self, name: &str, argument: &Value, at: &str, depth: usize) -> Result<bool, Fault> {
        if let ("Condition", Value::String(other)) = (name, argument) {
            return self.condition(other, at, depth);
        }
        let Some(Value::Array(sides)) = self.resolve_at(argument, at, depth)? else {
            return Err(Fault::new(at, format!("`{name}` needs a list")));
        };
        let truths = || sides.iter().map(|side| side == &Value::Bool(true) || side == "true");
        match (name, sides.as_slice()) {
            ("Fn::Equals", [left, right]) => Ok(text_of(left) == text_of(right)),
            ("Fn::Not", [_]) => Ok(!truths().all(|truth| truth)),
            ("Fn::And", _) => Ok(truths().all(|truth| truth)),
            ("Fn::Or", _) => Ok(truths().any(|truth| truth)),
            _ => Err(Fault::new(at, format!("`{name}` has the wrong number of values"))),
        }
    }

    fn substitute(&self, argument: &Value, at: &str, depth: usize) -> Result<Value, Fault> {
        let (pattern, own) = match argument {
            Value::String(pattern) => (pattern.as_str(), None),
            Value::Array(parts) => match parts.as_slice() {
                [Value::String(pattern), Value::Object(own)] => (pattern.as_str(), Some(own)),
                _ => return Err(Fault::new(at, "`Fn::Sub` needs a text and a map")),
            },
            _ => return Err(Fault::new(at, "`Fn::Sub` needs a text")),
        };
        let mut text = String::new();
        let mut rest = pattern;
        while let Some((before, after)) = rest.split_once("${") {
            let Some((name, tail)) = after.split_once('}') else {
                return Err(Fault::new(at, "`Fn::Sub` has a `${` without its `}`"));
            };
            text.push_str(before);
            rest = tail;
            if let Some(literal) = name.strip_prefix('!') {
                text.push_str(&format!("${{{literal}}}"));
                continue;
            }
            text.push_str(&self.substituted(name.trim(), own, at, depth)?);
        }
        text.push_str(rest);
        Ok(Value::String(text))
    }

    fn substituted(
        &self,
        name: &str,
        own: Option<&Map<String, Value>>,
        at: &str,
        depth: usize,
    ) -> Result<String, Fault> {
        if let Some(value) = own.and_then(|own| own.get(name)) {
            return self.word(value, at, depth);
        }
        if let Some((id, attribute)) = name.split_once('.') {
            return super::attributes::attribute(self, id, attribute, at);
        }
        Ok(self.reference(name, at)?.map(|value| text_of(&value)).unwrap_or_default())
    }

    fn join(&self, argument: &Value, at: &str, depth: usize) -> Result<Value, Fault> {
        match self.resolve_at(argument, at, depth)? {
            Some(Value::Array(parts)) => match parts.as_slice() {
                [Value::String(between), Value::Array(words)] => {
                    Ok(Value::String(words.iter().map(text_of).collect::<Vec<_>>().join(between)))
                }
                _ => Err(Fault::new(at, "`Fn::Join` needs a delimiter and a list")),
            },
            _ => Err(Fault::new(at, "`Fn::Join` needs a delimiter and a list")),
        }
    }

    fn select(&self, argument: &Value, at: &str, depth: usize) -> Result<Value, Fault> {
        let resolved = self.resolve_at(argument, at, depth)?;
        let parts = resolved.as_ref().and_then(Value::as_array).map(Vec::as_slice);
        if let Some([index, Value::Array(items)]) = parts
            && let Ok(index) = text_of(index).parse::<usize>()
        {
            return items.get(index).cloned().ok_or_else(|| {
                Fault::new(at, format!("`Fn::Select` asks for {index} of {}", items.len()))
            });
        }
        Err(Fault::new(at, "`Fn::Select` needs an index and a list"))
    }

    fn split(&self, argument: &Value, at: &str, depth: usize) -> Result<Value, Fault> {
        match self.words(argument, at, depth)?.as_slice() {
            [between, text] => Ok(text.split(between.as_str()).collect()),
            _ => Err(Fault::new(at, "`Fn::Split` needs a delimiter and a text")),
        }
    }

    fn find_in_map(&self, argument: &Value, at: &str, depth: usize) -> Result<Value, Fault> {
        let path = self.words(argument, at, depth)?;
        let mut found = self.document.get("Mappings");
        for name in &path {
            found = found.and_then(|value| value.get(name));
        }
        match (path.len(), found) {
            (3, Some(value)) => Ok(value.clone()),
            _ => Err(Fault::new(at, format!("there is no mapping {}", path.join(".")))),
        }
    }

    fn word(&self, value: &Value, at: &str, depth: usize) -> Result<String, Fault> {
        match self.resolve_at(value, at, depth)? {
            Some(Value::Array(_) | Value::Object(_)) | None => {
                Err(Fault::new(at, "a text is needed here"))
            }
            Some(plain) => Ok(text_of(&plain)),
        }
    }

    fn words(&self, value: &Value, at: &str, depth: usize) -> Result<Vec<String>, Fault> {
        match self.resolve_at(value, at, depth)? {
            Some(Value::Array(items)) => Ok(items.iter().map(text_of).collect()),
            _ => Err(Fault::new(at, "a list is needed here")),
        }
    }
}

/// A scalar as CloudFormation writes it into a text.
pub(super) fn text_of(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

fn scalar(value: &Value) -> Value {
    Value::String(text_of(value))
}

fn comma_list(value: &Value) -> Value {
    text_of(value).split(',').map(str::trim).filter(|part| !part.is_empty()).collect()
}

fn section<'v>(document: &'v Value, name: &str) -> impl Iterator<Item = (&'v String, &'v Value)> {
    document.get(name).and_then(Value::as_object).into_iter().flatten()
}

fn lone_intrinsic(entries: &Map<String, Value>) -> Option<(&str, &Value)> {
    let mut all = entries.iter();
    let (name, argument) = all.next()?;
    let lone = all.next().is_none();
    // A bare `Condition` with a map is a property of that name (IAM policies have one).
    let known =
        name == "Ref" || name.starts_with("Fn::") || (name == "Condition" && argument.is_string());
    (lone && known).then_some((name.as_str(), argument))
}
