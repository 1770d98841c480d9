//! A server that has its users, and who they are.

use std::sync::atomic::AtomicUsize;

use serde_json::Value;

use super::server::Server;
use crate::Failure;

/// How many users a page has.
pub(crate) const PAGE: usize = 100;

/// What the names of those who are provisioned begin with.
const PROVISIONED: &str = "person";

/// A server with users in it.
pub(crate) struct Filled<'a> {
    pub(crate) server: Server<'a>,
    /// Those who were provisioned; ours has its administrator and some more besides.
    pub(crate) users: Vec<User>,
    /// Where the last whole page of the first users begins.
    pub(crate) last: usize,
    /// The cursor of that page, where there are cursors.
    pub(crate) cursor: Option<String>,
    /// Counts requests, so that each is about somebody else.
    pub(crate) asked: AtomicUsize,
}

/// One of them.
pub(crate) struct User {
    pub(crate) id: String,
    pub(crate) name: String,
}

impl<'a> Filled<'a> {
    /// Walks through all pages, by index and where there are cursors by them.
    pub(crate) async fn read(server: Server<'a>, provisioned: usize) -> Result<Self, Failure> {
        let last = (provisioned.saturating_sub(1) / PAGE) * PAGE + 1;
        let mut filled = Self {
            server,
            users: Vec::with_capacity(provisioned),
            last,
            cursor: None,
            asked: AtomicUsize::default(),
        };
        let size = if filled.server.is_ours() { PAGE } else { 1_000 };
        let mut start = 1;
        loop {
            let page = format!("/Users?startIndex={start}&count={size}");
            let page = filled.server.get(&page).await?;
            let resources = resources(&page);
            if resources.is_empty() {
                break;
            }
            if filled.users.len() > provisioned {
                return Err(format!("{} lists somebody twice", filled.server.name).into());
            }
            start += resources.len();
            for resource in resources {
                let text = |name| resource.get(name).and_then(Value::as_str).map(str::to_owned);
                let (id, name) = text("id").zip(text("userName")).ok_or("a user of no name")?;
                if name.starts_with(PROVISIONED) {
                    filled.users.push(User { id, name });
                }
            }
        }
        if filled.users.len() < provisioned {
            return Err(format!("{} lists {}", filled.server.name, filled.users.len()).into());
        }
        if filled.server.is_ours() {
            filled.cursor = filled.walked_to(last).await?;
        }
        Ok(filled)
    }

    async fn walked_to(&self, place: usize) -> Result<Option<String>, Failure> {
        let (mut passed, mut cursor) = (1, Some(String::new()));
        while passed < place {
            let at = cursor.ok_or("the cursors ended early")?;
            let page = self.server.get(&format!("/Users?cursor={at}&count={PAGE}")).await?;
            passed += resources(&page).len();
            cursor = page.get("nextCursor").and_then(Value::as_str).map(str::to_owned);
        }
        Ok(cursor)
    }
}

/// What a list holds.
pub(crate) fn resources(list: &Value) -> &[Value] {
    list.get("Resources").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}
