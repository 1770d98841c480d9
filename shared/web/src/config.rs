//! Environment variables as values: `main` passes them in, nothing else ever asks for them.

use std::collections::BTreeMap;

use thiserror::Error;

/// A set of variables, read once.
#[derive(Clone)]
pub struct Variables(BTreeMap<String, String>);

impl Variables {
    /// Takes the variables, usually `std::env::vars()`.
    pub fn read(variables: impl IntoIterator<Item = (String, String)>) -> Self {
        Self(variables.into_iter().collect())
    }

    /// A variable that must be there.
    ///
    /// # Errors
    /// [`Missing`] if it is absent or empty. For several, [`require_all`](Self::require_all) names
    /// all that are missing at once.
    pub fn require(&self, name: &'static str) -> Result<String, Missing> {
        self.optional(name).ok_or(Missing { names: vec![name] })
    }

    /// Several variables that must be there, in the order of their names.
    ///
    /// ```
    /// let variables = web::config::Variables::read([("TABLE".to_owned(), "t".to_owned())]);
    ///
    /// let missing = variables.require_all(["TABLE", "BUS", "FEDERATION_KEY"]).unwrap_err();
    ///
    /// assert_eq!(missing.to_string(), "environment variables are missing: BUS, FEDERATION_KEY");
    /// ```
    ///
    /// # Errors
    /// [`Missing`] with every name that is absent or empty.
    pub fn require_all<const N: usize>(
        &self,
        names: [&'static str; N],
    ) -> Result<[String; N], Missing> {
        let missing: Vec<_> =
            names.into_iter().filter(|name| self.optional(name).is_none()).collect();
        if missing.is_empty() {
            Ok(names.map(|name| self.optional(name).unwrap_or_default()))
        } else {
            Err(Missing { names: missing })
        }
    }

    /// A variable that may be absent; an empty one is.
    #[must_use]
    pub fn optional(&self, name: &str) -> Option<String> {
        self.0.get(name).filter(|value| !value.is_empty()).cloned()
    }
}

/// Variables that the function cannot run without.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("environment variables are missing: {}", names.join(", "))]
pub struct Missing {
    names: Vec<&'static str>,
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn variables() -> Variables {
        let pairs = [("TABLE", "table-1"), ("BUS", ""), ("TRIAL", "true")];
        Variables::read(pairs.map(|(name, value)| (name.to_owned(), value.to_owned())))
    }

    #[test]
    fn what_is_there_is_given_in_order() {
        let [trial, table] = variables().require_all(["TRIAL", "TABLE"]).unwrap();

        assert_eq!((trial.as_str(), table.as_str()), ("true", "table-1"));
        assert_eq!(variables().require("TABLE").unwrap(), "table-1");
    }

    #[test]
    fn every_missing_name_is_listed_and_an_empty_value_is_missing() {
        let missing = variables().require_all(["BUS", "TABLE", "FEDERATION_KEY"]).unwrap_err();

        assert_eq!(missing.to_string(), "environment variables are missing: BUS, FEDERATION_KEY");
        assert_eq!(variables().optional("BUS"), None);
        assert!(variables().require("BUS").is_err());
    }
}
