//! Queries over users and groups together, RFC 7644 §3.4.2.1: all users, and then all groups.

use axum::extract::{RawQuery, State};
use axum::response::Response;
use scim::schema::{GROUP, USER};
use scim::{Error, ListQuery, ListResponse, Page, Parameters, Start};

use crate::answer;
use crate::app::App;
use crate::caller::{Caller, Presented};
use crate::failure::Failure;
use crate::list::Room;
use crate::payload::{LARGEST, Payload};

/// `GET` of the base URL.
pub(crate) async fn list(
    State(app): State<App>,
    presented: Presented,
    RawQuery(query): RawQuery,
) -> Result<Response, Failure> {
    let caller = app.caller(presented).await?;
    let parameters = Parameters::read(query.as_deref().unwrap_or_default());
    let users = ListQuery::from_query(&USER, &parameters)?;
    let groups = ListQuery::from_query(&GROUP, &parameters)?;
    Ok(answer::list(app.list_both(&caller, users, groups).await?))
}

/// `POST /.search` of the base URL, RFC 7644 §3.4.3.
pub(crate) async fn search(
    State(app): State<App>,
    presented: Presented,
    payload: Payload,
) -> Result<Response, Failure> {
    let caller = app.caller(presented).await?;
    let body = payload.json(LARGEST)?;
    let users = ListQuery::from_search(&USER, &body)?;
    let groups = ListQuery::from_search(&GROUP, &body)?;
    Ok(answer::list(app.list_both(&caller, users, groups).await?))
}

/// Before the cursor of the list that a page of both goes on in.
const USERS: &str = "users.";
const GROUPS: &str = "groups.";

impl App {
    async fn list_both(
        &self,
        caller: &Caller,
        users: ListQuery,
        groups: ListQuery,
    ) -> Result<ListResponse, Failure> {
        match users.page.clone() {
            Page::Index(start) => self.list_both_from(caller, users, groups, start).await,
            Page::Cursor(cursor) => {
                self.list_both_after(caller, users, groups, cursor.as_deref()).await
            }
        }
    }

    /// From a place on, counted over both.
    async fn list_both_from(
        &self,
        caller: &Caller,
        users: ListQuery,
        mut groups: ListQuery,
        start: u64,
    ) -> Result<ListResponse, Failure> {
        let count = users.count;
        let mut room = Room::default();
        let first = self.list_users(caller, &users, &mut room).await?;
        let ListResponse { total, mut resources, .. } = first;
        let next = start.saturating_add(u64::try_from(resources.len()).unwrap_or(u64::MAX));
        groups.page = Page::Index(next.saturating_sub(total).max(1));
        groups.count = if next > total { count - resources.len() } else { 0 };
        let second = self.list_groups(caller, &groups, &mut room).await?;
        resources.extend(second.resources);
        Ok(ListResponse { total: total + second.total, start: Start::Index(start), resources })
    }

    /// Where a cursor says; the page on which the users end has no groups.
    async fn list_both_after(
        &self,
        caller: &Caller,
        mut users: ListQuery,
        mut groups: ListQuery,
        cursor: Option<&str>,
    ) -> Result<ListResponse, Failure> {
        let count = users.count;
        let within = |rest: &str| Page::Cursor(Some(rest.to_owned()).filter(|it| !it.is_empty()));
        let cursor = cursor.unwrap_or(USERS);
        let in_users = cursor.strip_prefix(USERS);
        (users.page, users.count, groups.page, groups.count) = match in_users {
            Some(rest) => (within(rest), count, Page::Cursor(None), 0),
            None => {
                let rest = cursor.strip_prefix(GROUPS).ok_or(Error::INVALID_CURSOR)?;
                (Page::Cursor(None), 0, within(rest), count)
            }
        };
        let mut room = Room::default();
        let first = self.list_users(caller, &users, &mut room).await?;
        let second = self.list_groups(caller, &groups, &mut room).await?;
        let next = match (in_users.is_some(), first.start, second.start) {
            (true, Start::Cursor(Some(next)), _) => Some(format!("{USERS}{next}")),
            (true, ..) => (second.total > 0).then(|| GROUPS.to_owned()),
            (false, _, Start::Cursor(Some(next))) => Some(format!("{GROUPS}{next}")),
            (false, ..) => None,
        };
        let resources = first.resources.into_iter().chain(second.resources).collect();
        let total = first.total + second.total;
        Ok(ListResponse { total, start: Start::Cursor(next), resources })
    }
}
