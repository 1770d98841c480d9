//! Typed reading of one resource's properties, intrinsics resolved on the way.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;

use super::Fault;
use super::resolve::{Resolver, text_of};

/// A map of properties and the place where it stands.
#[derive(Clone)]
pub(super) struct Properties<'r> {
    resolver: &'r Resolver<'r>,
    value: Value,
    pub(super) at: String,
}

impl<'r> Properties<'r> {
    pub(super) fn new(resolver: &'r Resolver<'r>, value: Value, at: impl Into<String>) -> Self {
        Self { resolver, value, at: at.into() }
    }

    pub(super) fn of_resource(resolver: &'r Resolver<'r>, id: &str, resource: &Value) -> Self {
        Self::new(resolver, resource.get("Properties").cloned().unwrap_or_default(), id)
    }

    fn place(&self, name: &str) -> String {
        format!("{}.{name}", self.at)
    }

    /// The resolved property; `None` when absent, null or `AWS::NoValue`.
    pub(super) fn value(&self, name: &str) -> Result<Option<Value>, Fault> {
        let Some(value) = self.value.get(name) else { return Ok(None) };
        Ok(self.resolver.resolve(value, &self.place(name))?.filter(|value| !value.is_null()))
    }

    /// The nested map of that name, empty when absent. Its own properties are resolved when read.
    pub(super) fn map(&self, name: &str) -> Result<Properties<'r>, Fault> {
        let value = self.value.get(name).cloned().unwrap_or_default();
        let at = self.place(name);
        // An intrinsic in its place decides what the map is; a plain map stays unresolved, so
        // that only what is read has to make sense here.
        let plain = value.as_object().is_some_and(|map| !map.keys().any(|key| key.contains(':')));
        let value =
            if plain { value } else { self.resolver.resolve(&value, &at)?.unwrap_or_default() };
        Ok(Properties::new(self.resolver, value, at))
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.value.get(name).is_some_and(|value| !value.is_null())
    }

    pub(super) fn names(&self) -> Vec<String> {
        self.value.as_object().into_iter().flat_map(|map| map.keys().cloned()).collect()
    }

    pub(super) fn text(&self, name: &str) -> Result<Option<String>, Fault> {
        match self.value(name)? {
            None => Ok(None),
            Some(Value::Array(_) | Value::Object(_)) => {
                Err(Fault::new(&self.place(name), "a text is needed here"))
            }
            Some(plain) => Ok(Some(text_of(&plain))),
        }
    }

    pub(super) fn needed_text(&self, name: &str) -> Result<String, Fault> {
        self.text(name)?.ok_or_else(|| Fault::new(&self.at, format!("`{name}` is missing")))
    }

    pub(super) fn number(&self, name: &str) -> Result<Option<u32>, Fault> {
        let parse = |text: String| {
            text.parse().map_err(|_| Fault::new(&self.place(name), "a whole number is needed here"))
        };
        self.text(name)?.map(parse).transpose()
    }

    pub(super) fn seconds(&self, name: &str) -> Result<Option<Duration>, Fault> {
        Ok(self.number(name)?.map(|number| Duration::from_secs(number.into())))
    }

    /// `true`/`false` as YAML or text; `None` when absent.
    pub(super) fn flag(&self, name: &str) -> Result<Option<bool>, Fault> {
        match self.text(name)?.as_deref() {
            None => Ok(None),
            Some("true") => Ok(Some(true)),
            Some("false") => Ok(Some(false)),
            Some(_) => Err(Fault::new(&self.place(name), "true or false is needed here")),
        }
    }

    pub(super) fn list(&self, name: &str) -> Result<Vec<Value>, Fault> {
        match self.value(name)? {
            None => Ok(Vec::new()),
            Some(Value::Array(items)) => Ok(items),
            Some(_) => Err(Fault::new(&self.place(name), "a list is needed here")),
        }
    }

    /// Every property of a map as text: environment variables, tags.
    pub(super) fn all_texts(&self) -> Result<BTreeMap<String, String>, Fault> {
        let mut texts = BTreeMap::new();
        for name in self.names() {
            if let Some(text) = self.text(&name)? {
                texts.insert(name, text);
            }
        }
        Ok(texts)
    }

    /// The whole map, resolved.
    pub(super) fn resolved(&self) -> Result<Value, Fault> {
        Ok(self.resolver.resolve(&self.value, &self.at)?.unwrap_or_default())
    }
}
