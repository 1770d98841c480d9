//! What Graph is told to do wrong.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What goes wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// 429, with `Retry-After` or without.
    Throttled {
        /// In seconds.
        retry_after: Option<u64>,
    },
    /// 503, with `Retry-After` or without.
    Unavailable {
        /// In seconds.
        retry_after: Option<u64>,
    },
    /// A status, and nothing is done.
    Status(u16),
    /// 410 with the address of a new beginning: the server lost its state.
    Reset,
    /// 400 `syncStateNotFound`: the link is too old.
    Expired,
    /// Nothing is answered.
    Hang,
    /// It is done, but 504 is answered.
    Lost,
    /// A page of HTML with status 200, as from a proxy.
    Garbage,
    /// JSON that breaks off.
    Torn,
    /// A redirect to this address.
    Redirect(String),
    /// The next page is at this address.
    ForeignLink(String),
    /// A list says that it is empty, and that this is all.
    Empty,
    /// A list holds this too, instead of whatever has the same id.
    Odd(Value),
    /// An answer of this many bytes.
    Huge(usize),
    /// 403, as if consent were gone.
    ConsentLost,
    /// 401, as if the token were not good any more.
    Unauthorized,
    /// 404, from a server that has not heard of the thing.
    Unheard,
}

/// A fault, and which calls it meets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GraphFault {
    /// What goes wrong.
    pub fault: Fault,
    /// Only calls with this method.
    #[serde(default)]
    pub method: Option<String>,
    /// Only calls whose path begins like this, below the version.
    #[serde(default)]
    pub path: Option<String>,
    /// Only changes that name this property.
    #[serde(default)]
    pub property: Option<String>,
    /// How many such calls go well before.
    #[serde(default)]
    pub skip: u32,
    /// How many calls it meets then.
    #[serde(default = "once")]
    pub times: u32,
}

fn once() -> u32 {
    1
}

impl GraphFault {
    /// Meets the next call, whichever it is.
    #[must_use]
    pub fn next(fault: Fault) -> Self {
        Self { fault, method: None, path: None, property: None, skip: 0, times: 1 }
    }

    /// Only calls whose path begins like this.
    #[must_use]
    pub fn at(self, path: &str) -> Self {
        Self { path: Some(path.to_owned()), ..self }
    }

    /// Only calls with this method.
    #[must_use]
    pub fn when(self, method: &str) -> Self {
        Self { method: Some(method.to_owned()), ..self }
    }

    /// Only changes that name this property.
    #[must_use]
    pub fn naming(self, property: &str) -> Self {
        Self { property: Some(property.to_owned()), ..self }
    }

    /// After so many calls that go well.
    #[must_use]
    pub fn after(self, skip: u32) -> Self {
        Self { skip, ..self }
    }

    /// So many times.
    #[must_use]
    pub fn times(self, times: u32) -> Self {
        Self { times, ..self }
    }

    fn meets(&self, method: &str, path: &str, changes: &[String]) -> bool {
        self.method.as_deref().is_none_or(|wanted| wanted == method)
            && self.path.as_deref().is_none_or(|wanted| path.starts_with(wanted))
            && self.property.as_ref().is_none_or(|wanted| changes.contains(wanted))
    }
}

/// Takes the fault that meets a call, and forgets those that are used up.
pub(crate) fn take(
    faults: &mut Vec<GraphFault>,
    (method, path): (&str, &str),
    changes: &[String],
) -> Option<Fault> {
    let fault = faults.iter_mut().find(|fault| fault.meets(method, path, changes))?;
    if fault.skip > 0 {
        fault.skip -= 1;
        return None;
    }
    fault.times = fault.times.saturating_sub(1);
    let found = fault.fault.clone();
    faults.retain(|fault| fault.times > 0);
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_meets_the_calls_that_it_names_and_then_no_more() {
        let fault = GraphFault::next(Fault::Status(503)).at("/users/delta").after(1).times(2);
        let mut faults = vec![fault];
        let mut meet = |method: &str, path: &str| take(&mut faults, (method, path), &[]).is_some();

        assert!(!meet("GET", "/users"));
        assert!(!meet("GET", "/users/delta"), "one is skipped");
        assert!(meet("GET", "/users/delta"));
        assert!(meet("GET", "/users/delta"));
        assert!(!meet("GET", "/users/delta"), "it is used up");
    }

    #[test]
    fn a_fault_of_a_property_meets_the_changes_that_name_it() {
        let fault = GraphFault::next(Fault::Status(400)).naming("displayName");
        let mut faults = vec![fault];
        let mut meet = |changes: &[&str]| {
            let changes: Vec<String> = changes.iter().map(|name| (*name).to_owned()).collect();
            take(&mut faults, ("PATCH", "/users/x"), &changes).is_some()
        };

        assert!(!meet(&[]) && !meet(&["mail"]));
        assert!(meet(&["displayName", "mail"]));
    }
}
