//! What a provisioning client does, one request each.

use std::sync::atomic::{AtomicUsize, Ordering};

use reqwest::Method;
use scenarios::scim::{encoded, entra_user, patch};
use serde_json::{Value, json};

use super::filled::{Filled, PAGE, User, resources};
use crate::Failure;

/// One request.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Operation {
    Find,
    Read,
    SetActive,
    FirstPage,
    LastPage,
    LastPageByCursor,
    Create,
}

/// In the order in which they are measured: the one that adds users is the last.
pub(crate) const ALL: [Operation; 7] = [
    Operation::Find,
    Operation::Read,
    Operation::SetActive,
    Operation::FirstPage,
    Operation::LastPage,
    Operation::LastPageByCursor,
    Operation::Create,
];

/// Numbers of users who are created, of any server.
static CREATED: AtomicUsize = AtomicUsize::new(0);

impl Operation {
    /// What the table calls it.
    pub(crate) fn name(self, users: usize) -> String {
        let last = users.div_ceil(PAGE);
        match self {
            Self::Find => "GET, `filter=userName eq`".to_owned(),
            Self::Read => "GET by id".to_owned(),
            Self::SetActive => "PATCH `active`".to_owned(),
            Self::FirstPage => format!("GET page 1 of {PAGE}"),
            Self::LastPage => format!("GET page {last}, by `startIndex`"),
            Self::LastPageByCursor => format!("GET page {last}, by cursor"),
            Self::Create => "POST".to_owned(),
        }
    }

    /// Whether a server can be asked for it.
    pub(crate) fn is_for(self, server: &Filled<'_>) -> bool {
        self != Self::LastPageByCursor || server.cursor.is_some()
    }

    /// Does it once, and looks at the answer.
    pub(crate) async fn carry_out(self, filled: &Filled<'_>) -> Result<(), Failure> {
        let server = &filled.server;
        match self {
            Self::Find => {
                let (User { name, .. }, _) = next(filled)?;
                let filter = encoded(&format!("userName eq \"{name}\""));
                let found = server.get(&format!("/Users?filter={filter}")).await?;
                check(found.get("totalResults") == Some(&json!(1)), &found)
            }
            Self::Read => {
                let (User { id, .. }, _) = next(filled)?;
                let found = server.get(&format!("/Users/{id}")).await?;
                check(found.get("id").and_then(Value::as_str) == Some(id), &found)
            }
            Self::SetActive => {
                let (User { id, .. }, round) = next(filled)?;
                let active = round % 2 == 1;
                let change = json!([{ "op": "Replace", "path": "active", "value": active }]);
                let path = format!("/Users/{id}");
                let good = [200, 204];
                let said = server.send(Method::PATCH, &path, Some(&patch(change)), &good).await?;
                let now = said.get("active").and_then(Value::as_bool);
                check(now.is_none_or(|now| now == active), &said)
            }
            Self::FirstPage => page(filled, &format!("startIndex=1&count={PAGE}")).await,
            Self::LastPage => {
                page(filled, &format!("startIndex={}&count={PAGE}", filled.last)).await
            }
            Self::LastPageByCursor => {
                let cursor = filled.cursor.as_deref().ok_or("no cursor")?;
                page(filled, &format!("cursor={cursor}&count={PAGE}")).await
            }
            Self::Create => {
                let number = CREATED.fetch_add(1, Ordering::Relaxed);
                let object = format!("10000000-0000-4000-8000-{number:012x}");
                let user = entra_user(&format!("joiner{number}"), &object);
                let made = server.send(Method::POST, "/Users", Some(&user), &[201]).await?;
                check(made.get("id").is_some_and(Value::is_string), &made)
            }
        }
    }
}

async fn page(filled: &Filled<'_>, query: &str) -> Result<(), Failure> {
    let list = filled.server.get(&format!("/Users?{query}")).await?;
    check(resources(&list).len() == PAGE, &list)
}

/// Somebody who was not asked for just now, and how often everybody was. A step that is prime to
/// most counts spreads them over the whole table.
fn next<'a>(filled: &'a Filled<'_>) -> Result<(&'a User, usize), Failure> {
    let count = filled.users.len();
    let asked = filled.asked.fetch_add(1, Ordering::Relaxed);
    let place = (asked % count.max(1)).wrapping_mul(7_919) % count.max(1);
    let user = filled.users.get(place).ok_or("nobody is there")?;
    Ok((user, asked / count.max(1)))
}

fn check(good: bool, answer: &Value) -> Result<(), Failure> {
    if good { Ok(()) } else { Err(format!("not what was asked for: {answer}").into()) }
}
