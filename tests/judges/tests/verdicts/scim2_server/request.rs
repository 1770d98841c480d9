//! A request, before it is said to either server.

use std::fmt;

use reqwest::Method;

use super::model::Kind;

/// Which version of its resource a request insists on.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Version {
    Current,
    /// The one that the resource was made with.
    First,
    Any,
}

/// What of a list of resources is compared beside the resources.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Order {
    /// The standard leaves it open, RFC 7644 §3.4.2.3.
    Open,
    /// By this attribute.
    By(&'static str),
}

/// How a client goes from page to page.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Walk {
    No,
    /// RFC 7644 §3.4.2.4.
    ByIndex,
    /// RFC 9865 §2.
    ByCursor,
}

#[derive(Clone, Debug)]
pub(super) struct Request {
    /// What kind of request it is, for the list of differences.
    pub(super) what: String,
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) query: Vec<(&'static str, String)>,
    pub(super) content_type: Option<&'static str>,
    pub(super) conditions: Vec<(&'static str, Version)>,
    pub(super) body: Option<String>,
    /// Our name for the resource that it is about.
    pub(super) about: Option<String>,
    pub(super) order: Order,
    /// Whether the pages after the first are asked for too.
    pub(super) walk: Walk,
    /// Which of our keys it is sent with: a key that walked remembers where it was.
    pub(super) key: usize,
    /// Where each server said that the next page begins.
    pub(super) cursors: Option<[String; 2]>,
}

impl Request {
    pub(super) fn new(what: impl Into<String>, method: Method, path: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            method,
            path: path.into(),
            query: Vec::new(),
            content_type: None,
            conditions: Vec::new(),
            body: None,
            about: None,
            order: Order::Open,
            walk: Walk::No,
            key: 0,
            cursors: None,
        }
    }

    pub(super) fn get(what: impl Into<String>, path: impl Into<String>) -> Self {
        Self::new(what, Method::GET, path)
    }

    pub(super) fn about(self, name: &str) -> Self {
        Self { about: Some(name.to_owned()), ..self }
    }

    pub(super) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.query.push((name, value.into()));
        self
    }

    pub(super) fn body(self, body: impl fmt::Display) -> Self {
        let content_type = Some("application/scim+json");
        Self { body: Some(body.to_string()), content_type, ..self }
    }

    pub(super) fn insisting(mut self, header: &'static str, version: Version) -> Self {
        self.conditions.push((header, version));
        self
    }

    /// What it makes.
    pub(super) fn creates(&self) -> Option<Kind> {
        let kinds = [Kind::User, Kind::Group].into_iter();
        let mut kinds = kinds.filter(|kind| self.path == kind.endpoint());
        kinds.next().filter(|_| self.method == Method::POST)
    }

    /// Where the page begins that is asked for, alone.
    pub(super) fn start(&self) -> Option<usize> {
        let mut query = self.query.iter().filter(|_| self.walk == Walk::No);
        let (_, start) = query.find(|(name, _)| *name == "startIndex")?;
        Some(start.parse().unwrap_or(1).max(1))
    }

    /// Whether it changes nothing, and nothing follows from it.
    pub(super) fn is_alone(&self) -> bool {
        !self.is_write() && self.walk == Walk::No && self.start().is_none()
    }

    pub(super) fn is_write(&self) -> bool {
        self.method != Method::GET && !self.path.ends_with("/.search")
    }
}

impl fmt::Display for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.path)?;
        for (place, (name, value)) in self.query.iter().enumerate() {
            write!(f, "{}{name}={value}", if place == 0 { '?' } else { '&' })?;
        }
        for (header, version) in &self.conditions {
            write!(f, " [{header}: {version:?}]")?;
        }
        if let Some(content_type) = self.content_type.filter(|it| *it != "application/scim+json") {
            write!(f, " [{content_type}]")?;
        }
        self.body.as_ref().map_or(Ok(()), |body| write!(f, " {body}"))
    }
}
