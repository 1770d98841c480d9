//! Looking at how the tenant has our domains federated, with the rights of whoever is there: the whole
//! way, what is refused on it, and what fails.

mod faults;
mod refusals;
mod story;

use scenarios::World;
use scenarios::saml::between;
use scenarios::{Page, Records};
use serde_json::Value;

/// What the latest look saw, as it is stored.
fn stored(records: &Records) -> Option<Value> {
    let mut found = records.values("#FEDERATION").into_iter();
    let check = found.next().cloned();
    assert!(found.next().is_none(), "there is one");
    check
}

/// What the page says of a domain, in a word.
fn verdict<'page>(page: &'page Page, domain: &str) -> &'page str {
    let section = between(&page.text, &format!("<h2>{domain} <span class=\"badge"), "</span>");
    let section = section.unwrap_or_else(|| panic!("{}: {}", page.status, page.text));
    section.split('>').nth(1).unwrap()
}

/// What the page says that a property is, and should be.
fn difference(page: &Page, property: &str) -> Option<(String, String)> {
    let start = format!("<h3><code>{property}</code>");
    let list = between(page.text.split_once(&start)?.1, "<dl>", "</dl>")?;
    let mut values = list.split("<dd>").skip(1).map(|rest| rest.split("</dd>").next().unwrap());
    let text = |value: &str| value.replace("<code>", "").replace("</code>", "");
    Some((text(values.next()?), text(values.next()?)))
}

/// What was audited since an earlier reading.
async fn audited(world: &World, before: &Records) -> Vec<(String, Option<String>)> {
    world.records().await.audited_since(before)
}

fn entry(action: &str, reason: &str) -> (String, Option<String>) {
    (action.to_owned(), Some(reason.to_owned()))
}
