//! A page of a list or of a round of changes.

use serde::Deserialize;

use crate::link::{ForeignLink, Link, Origin};

/// Some of the things that were asked for; none of them is no reason to stop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T> {
    /// The things. One may come several times in a round, and the last one counts.
    pub value: Vec<T>,
    /// Where it goes on.
    pub next: Next,
}

/// Where a list or a round of changes goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// There are more pages.
    More(Link),
    /// The round is over; the next one begins here, within seven days.
    Round(Link),
    /// The list is over.
    End,
}

/// A page as it is written.
#[derive(Debug, Deserialize)]
pub(crate) struct Written<T> {
    value: Vec<T>,
    #[serde(default, rename = "@odata.nextLink")]
    next: Option<String>,
    #[serde(default, rename = "@odata.deltaLink")]
    delta: Option<String>,
}

impl<T> Written<T> {
    /// Believes its links, if they lead back.
    pub(crate) fn accept(self, origin: &Origin) -> Result<Page<T>, ForeignLink> {
        let next = match (self.next, self.delta) {
            (Some(next), _) => Next::More(origin.link(&next)?),
            (None, Some(delta)) => Next::Round(origin.link(&delta)?),
            (None, None) => Next::End,
        };
        Ok(Page { value: self.value, next })
    }
}
