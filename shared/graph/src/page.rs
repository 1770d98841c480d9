//! A page of a list or of a round of changes.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use uuid::Uuid;

use crate::link::{ForeignLink, Link, Origin};

/// Some of the things that were asked for; none of them is no reason to stop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T> {
    /// The things. One may come several times in a round, and the last one counts.
    pub value: Vec<T>,
    /// Those that are not of the shape that Graph promises: nothing is believed of them, and the
    /// others do not wait for them.
    pub unread: Vec<Unread>,
    /// Where it goes on.
    pub next: Next,
}

/// A thing of a page that is not of the shape that Graph promises.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unread {
    /// Which it is, where that much can be read.
    pub id: Option<Uuid>,
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
pub(crate) struct Written {
    value: Vec<Value>,
    #[serde(default, rename = "@odata.nextLink")]
    next: Option<String>,
    #[serde(default, rename = "@odata.deltaLink")]
    delta: Option<String>,
}

impl Written {
    /// Believes its links, if they lead back, and each thing that can be read.
    pub(crate) fn accept<T: DeserializeOwned>(
        self,
        origin: &Origin,
    ) -> Result<Page<T>, ForeignLink> {
        let next = match (self.next, self.delta) {
            (Some(next), _) => Next::More(origin.link(&next)?),
            (None, Some(delta)) => Next::Round(origin.link(&delta)?),
            (None, None) => Next::End,
        };
        let mut page =
            Page { value: Vec::with_capacity(self.value.len()), unread: Vec::new(), next };
        for thing in &self.value {
            match T::deserialize(thing) {
                Ok(read) => page.value.push(read),
                Err(_) => page.unread.push(Unread { id: id(thing) }),
            }
        }
        Ok(page)
    }
}

fn id(thing: &Value) -> Option<Uuid> {
    thing.get("id")?.as_str()?.parse().ok()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::DirectoryUser;

    const ADA: &str = "7c2f1a34-0f8e-4a7f-9a51-2d1f0c9be001";

    #[test]
    fn what_is_not_of_the_promised_shape_keeps_nobody_else_from_being_read() {
        let odd = [
            (json!({ "id": ADA, "accountEnabled": "false" }), true),
            (json!({ "id": ADA, "accountEnabled": 0 }), true),
            (json!({ "id": ADA, "@removed": { "reason": "moved" } }), true),
            (json!({ "id": ADA, "@removed": "deleted" }), true),
            (json!({ "id": ADA, "otherMails": "one@contoso.test" }), true),
            (json!({ "id": "not an id" }), false),
            (json!({ "displayName": "nobody" }), false),
            (json!("a word"), false),
            (json!(null), false),
        ];
        for (thing, named) in odd {
            let grace = json!({ "id": ADA.replace('7', "8"), "newInTheFuture": { "x": [1] } });
            let value = vec![thing.clone(), grace];
            let written = Written {
                value,
                next: None,
                delta: Some(format!("{}/users/delta?$deltatoken=1", Origin::WORLD)),
            };

            let origin = Origin::parse(Origin::WORLD).unwrap();
            let page: Page<DirectoryUser> = written.accept(&origin).unwrap();

            assert_eq!(page.value.len(), 1, "{thing}");
            assert_eq!(page.unread.len(), 1, "{thing}");
            assert_eq!(page.unread.iter().any(|unread| unread.id.is_some()), named, "{thing}");
        }
    }
}
