//! Reads `template.yaml` into the [`Model`] that the local stack executes.
//!
//! No network, no process: text and a [`Context`] in, plain values out. Whatever an executed
//! resource says in intrinsics is resolved; resources that nothing here executes are not looked at.

pub mod model;

mod attributes;
mod events;
mod functions;
mod properties;
mod resolve;
mod resources;
mod yaml;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

pub use model::Model;

use resolve::Resolver;

/// What the template cannot know by itself.
#[derive(Clone, Debug)]
pub struct Context {
    /// The HTTP API's address, without a slash at the end: what `!GetAtt HttpApi.ApiEndpoint` says.
    pub base_url: String,
    /// Address of the SQS endpoint, in front of each queue's URL.
    pub sqs_endpoint: String,
    /// `AWS::Region`.
    pub region: String,
    /// `AWS::AccountId`.
    pub account: String,
    /// `AWS::StackName`.
    pub stack: String,
    /// Values for the template's parameters, over their defaults.
    pub parameters: BTreeMap<String, String>,
    /// Values for parameters that the template may declare or not.
    pub known: BTreeMap<String, String>,
}

/// A template that cannot be executed.
#[derive(Debug, thiserror::Error)]
pub enum TemplateError {
    /// The file cannot be read.
    #[error("{} cannot be read", path.display())]
    Read {
        /// The template.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It is no YAML.
    #[error("the template is not well-formed YAML")]
    Yaml(#[from] serde_yaml_ng::Error),
    /// It is YAML and says something that the local stack cannot execute.
    #[error("template line {line}, {at}: {what}")]
    Invalid {
        /// Line where the resource, parameter or condition begins; 0 when it has none.
        line: usize,
        /// Where in the template: `LoginFunction.Environment.TABLE`.
        at: String,
        /// What is wrong with it.
        what: String,
    },
}

impl Model {
    /// Reads and resolves the template at `path`.
    ///
    /// # Errors
    /// Every [`TemplateError`].
    pub fn read(path: &Path, context: &Context) -> Result<Self, TemplateError> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| TemplateError::Read { path: path.to_owned(), source })?;
        Self::parse(&text, context)
    }

    /// Resolves a template's text.
    ///
    /// # Errors
    /// [`TemplateError::Yaml`] and [`TemplateError::Invalid`].
    pub fn parse(text: &str, context: &Context) -> Result<Self, TemplateError> {
        let resolver =
            Resolver::new(yaml::document(text)?, context).map_err(|fault| fault.located(text))?;
        Self::build(&resolver).map_err(|fault| fault.located(text))
    }

    fn build(resolver: &Resolver<'_>) -> Result<Self, Fault> {
        let mut model = Self::default();
        resources::account(resolver, &mut model);
        for (id, resource) in resolver.active_resources()? {
            functions::read(resolver, &id, resource, &mut model)?;
            resources::read(resolver, &id, resource, &mut model)?;
        }
        resources::aliases(resolver, &mut model)?;
        model.outputs = resolver.outputs();
        Ok(model)
    }
}

/// A [`TemplateError::Invalid`] before its line is known.
#[derive(Debug)]
pub(crate) struct Fault {
    pub(crate) at: String,
    pub(crate) what: String,
}

impl Fault {
    pub(crate) fn new(at: &str, what: impl Into<String>) -> Self {
        Self { at: at.to_owned(), what: what.into() }
    }

    /// The line is that of the first logical id in `at`: YAML values carry no positions.
    fn located(self, text: &str) -> TemplateError {
        let id = self.at.split('.').next().unwrap_or_default();
        let line = text.lines().position(|line| {
            line.starts_with([' ', '\t'])
                && line.trim().strip_prefix(id).is_some_and(|rest| rest.starts_with(':'))
        });
        TemplateError::Invalid {
            line: line.map_or(0, |index| index + 1),
            at: self.at,
            what: self.what,
        }
    }
}
