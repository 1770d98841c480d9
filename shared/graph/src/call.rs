//! One call: what is asked of Graph.

use std::fmt;

use reqwest::Method;
use serde::Serialize;
use serde_json::Value;

use crate::address::Address;
use crate::link::Link;

/// Where a call goes.
#[derive(Clone, Debug)]
pub(crate) enum Target {
    /// Below the origin.
    Address(Address),
    /// Where Graph said.
    Link(Link),
}

/// What is asked of Graph.
#[derive(Clone)]
pub(crate) struct Call {
    pub(crate) method: Method,
    pub(crate) target: Target,
    pub(crate) body: Option<Value>,
    /// How many things a page may have, where Graph has no parameter for it.
    pub(crate) page_size: Option<usize>,
    /// Whether what is counted may be a while old: only then does Graph count.
    pub(crate) eventual: bool,
}

/// Shows that there is a body, and nothing of it: it may hold a password, and says who people are.
impl fmt::Debug for Call {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Call")
            .field("method", &self.method)
            .field("has_body", &self.body.is_some())
            .finish_non_exhaustive()
    }
}

impl Call {
    pub(crate) fn get(address: Address) -> Self {
        Self::new(Method::GET, Target::Address(address))
    }

    pub(crate) fn follow(link: Link) -> Self {
        Self::new(Method::GET, Target::Link(link))
    }

    pub(crate) fn delete(address: Address) -> Self {
        Self::new(Method::DELETE, Target::Address(address))
    }

    pub(crate) fn post(address: Address) -> Self {
        Self::new(Method::POST, Target::Address(address))
    }

    pub(crate) fn patch(address: Address) -> Self {
        Self::new(Method::PATCH, Target::Address(address))
    }

    fn new(method: Method, target: Target) -> Self {
        Self { method, target, body: None, page_size: None, eventual: false }
    }

    /// With a body. What is ours to send always is JSON; if it ever were not, Graph says so.
    pub(crate) fn with(mut self, body: &impl Serialize) -> Self {
        self.body = Some(serde_json::to_value(body).unwrap_or_default());
        self
    }

    /// With a count that may be a while old.
    pub(crate) fn counted(mut self) -> Self {
        self.eventual = true;
        self
    }

    /// With a wish for the size of a page.
    pub(crate) fn pages_of(mut self, size: usize) -> Self {
        self.page_size = Some(size);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_shows_no_log_what_it_says() {
        let body = serde_json::json!({ "passwordProfile": { "password": "hunter2" } });
        let address = Address::new("/users").segment("ada@contoso.test");

        let shown = format!("{:?}", Call::patch(address).with(&body));

        assert_eq!(shown, "Call { method: PATCH, has_body: true, .. }");
    }
}
