//! Users in the target: matching, creating, updating, disabling, deleting.

use reqwest::Method;
use serde_json::Value;
use url::form_urlencoded;

use super::client::Request;
use super::creation;
use super::decision::{Standing, Step, decide};
use super::fault::Fault;
use super::filter::{equals, equals_unquoted, query};
use super::job::Charge;
use super::mapping::EXTERNAL_ID;
use super::patch::{Change, Message, difference, state};
use super::report::Outcome;
use super::run::Run;
use super::settings::{Scope, Shapes};
use super::target::{Target, member};
use crate::graph_user::GraphUser;

/// What became of a user, and why where it is not plain.
pub(crate) type Done = (Outcome, Option<&'static str>);

/// A user as it stands in the source; one that is gone has no properties.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    pub(crate) standing: Standing,
    pub(crate) user: Option<GraphUser>,
}

impl Source {
    /// What the log calls it.
    pub(crate) fn subject<'s>(&'s self, id: &'s str) -> &'s str {
        self.user.as_ref().map_or(id, |user| &user.user_principal_name)
    }
}

impl Run<'_> {
    /// Looks a user up in the source.
    pub(crate) fn source(&self, id: &str) -> Source {
        let directory = self.app.directory();
        if let Some(user) = directory.users.get(id) {
            let in_scope = self.settings.scope == Scope::Everyone || directory.is_assigned(id);
            let standing = match (in_scope, user.account_enabled) {
                (false, _) => Standing::OutOfScope,
                (true, true) => Standing::Active,
                (true, false) => Standing::Disabled,
            };
            return Source { standing, user: Some(user.clone()) };
        }
        match directory.deleted.get(id) {
            Some(deleted) => {
                Source { standing: Standing::SoftDeleted, user: Some(deleted.user.clone()) }
            }
            None => Source { standing: Standing::HardDeleted, user: None },
        }
    }

    /// Brings one user into step.
    pub(crate) async fn user(&self, id: &str, source: &Source) -> Result<Done, Fault> {
        let (known, target) = {
            let job = self.job();
            (job.known(id), job.users.get(id).map(|link| link.id.clone()))
        };
        let subject = source.subject(id);
        match (decide(source.standing, known), &source.user, target) {
            (Step::Skip(reason), _, _) => Ok((Outcome::Skipped, Some(reason))),
            (Step::Ensure, Some(user), target) => self.ensure(user, target).await,
            (Step::Disable, _, Some(target)) => self.disable(id, subject, &target).await,
            (Step::Release, _, Some(target)) => {
                let done = self.disable(id, subject, &target).await?;
                if let Some(link) = self.job().users.get_mut(id) {
                    link.charge = Charge::Released;
                }
                Ok(done)
            }
            (Step::Delete, _, Some(target)) => {
                let path = format!("/Users/{}", segment(&target));
                let answer = self.client.send(&Request::delete(subject, &path)).await?;
                answer.expect(&[200, 204, 404])?;
                self.job().users.remove(id);
                Ok((Outcome::Deleted, None))
            }
            (Step::Forget, _, _) => {
                self.job().users.remove(id);
                Ok((Outcome::Skipped, Some("deleted after it was released")))
            }
            (Step::Ensure, None, _) | (Step::Disable | Step::Release | Step::Delete, _, None) => {
                Ok((Outcome::Skipped, Some("not provisioned")))
            }
        }
    }

    async fn ensure(&self, user: &GraphUser, target: Option<String>) -> Result<Done, Fault> {
        if let Some(target) = target {
            if let Some(resource) = self.fetch(&user.user_principal_name, &target).await? {
                self.job().link_user(&user.id, &target);
                let changed = self.update(user, &target, &resource).await?;
                return Ok((changed, None));
            }
            self.job().users.remove(&user.id);
        }
        if let Some(resource) = self.find(user).await? {
            return self.adopt(user, &resource).await;
        }
        if !user.account_enabled {
            return Ok((Outcome::Skipped, Some("disabled and gone from the target")));
        }
        let body = creation::user(&self.rules, user, self.settings.shapes);
        let request = Request::with_body(&user.user_principal_name, Method::POST, "/Users", &body);
        let created = match self.client.send(&request).await?.expect(&[200, 201]) {
            // Somebody was faster, or the answer to an earlier try got lost.
            Err(fault) if fault.status() == Some(409) => {
                let resource = self.find(user).await?.ok_or(fault)?;
                return self.adopt(user, &resource).await;
            }
            created => created?,
        };
        let created = created.ok_or(Fault::Malformed("to a creation has no body"))?;
        self.job().link_user(&user.id, &identifier(&created)?);
        Ok((Outcome::Created, None))
    }

    async fn adopt(&self, user: &GraphUser, resource: &Value) -> Result<Done, Fault> {
        let target = identifier(resource)?;
        self.job().link_user(&user.id, &target);
        self.update(user, &target, resource).await?;
        Ok((Outcome::Linked, None))
    }

    /// Reads a user by the target's id; it may be gone.
    async fn fetch(&self, subject: &str, target: &str) -> Result<Option<Value>, Fault> {
        let path = format!("/Users/{}", segment(target));
        match self.client.send(&Request::get(subject, &path, None)).await?.expect(&[200]) {
            Err(fault) if fault.status() == Some(404) => Ok(None),
            found => found?.ok_or(Fault::Malformed("to a GET has no JSON body")).map(Some),
        }
    }

    /// Asks for the user by one matching attribute after the other.
    async fn find(&self, user: &GraphUser) -> Result<Option<Value>, Fault> {
        let mut asked = false;
        for target in self.settings.mapping.matching() {
            let value = self.settings.mapping.matching_value(*target, user);
            let Some(value) = value.filter(|value| !value.is_empty()) else { continue };
            asked = true;
            let filter = self.matching_filter(*target, &value);
            let query = query(&[("filter", &filter)]);
            let request = Request::get(&user.user_principal_name, "/Users", Some(&query));
            let answer = self.client.send(&request).await?;
            if let Some(found) = only(answer.expect(&[200]))? {
                return Ok(Some(found));
            }
        }
        if asked { Ok(None) } else { Err(Fault::NothingToMatch) }
    }

    fn matching_filter(&self, target: Target, value: &str) -> String {
        let path = target.to_string();
        let plain = !value.contains([' ', '"', '(', ')']);
        if self.settings.shapes == Shapes::Tutorial && target == EXTERNAL_ID && plain {
            return equals_unquoted(&path, value);
        }
        equals(&path, value)
    }

    async fn update(
        &self,
        user: &GraphUser,
        target: &str,
        resource: &Value,
    ) -> Result<Outcome, Fault> {
        let changes = difference(&self.rules, user, resource);
        self.patch(&user.user_principal_name, target, &changes).await
    }

    async fn disable(&self, id: &str, subject: &str, target: &str) -> Result<Done, Fault> {
        let Some(resource) = self.fetch(subject, target).await? else {
            self.job().users.remove(id);
            return Ok((Outcome::Skipped, Some("gone from the target")));
        };
        let changes: Vec<Change> = state(false, &resource).into_iter().collect();
        match self.patch(subject, target, &changes).await? {
            Outcome::Updated => Ok((Outcome::Disabled, None)),
            other => Ok((other, None)),
        }
    }

    async fn patch(
        &self,
        subject: &str,
        target: &str,
        changes: &[Change],
    ) -> Result<Outcome, Fault> {
        if changes.is_empty() {
            return Ok(Outcome::Unchanged);
        }
        let path = format!("/Users/{}", segment(target));
        let message = Message::of(changes, self.dialect);
        let request = Request::with_body(subject, Method::PATCH, &path, &message);
        self.client.send(&request).await?.expect(&[200, 204])?;
        Ok(Outcome::Updated)
    }
}

/// The only resource of a list, if there is one.
pub(crate) fn only(list: Result<Option<Value>, Fault>) -> Result<Option<Value>, Fault> {
    let list = match list {
        Err(Fault::Refused { status: 404, .. }) => return Err(Fault::NotScim),
        list => list?.ok_or(Fault::Malformed("to a query has no JSON body"))?,
    };
    let total = member(&list, "totalResults").and_then(Value::as_u64);
    let total = total.ok_or(Fault::Malformed("to a query has no totalResults"))?;
    let resources = member(&list, "Resources").and_then(Value::as_array);
    match (total, resources.map(Vec::as_slice)) {
        (0, _) => Ok(None),
        (1, Some([resource])) => Ok(Some(resource.clone())),
        (1, _) => Err(Fault::Malformed("to a query has totalResults 1 and another count")),
        _ => Err(Fault::SeveralMatch),
    }
}

/// The id that the server gave a resource.
pub(crate) fn identifier(resource: &Value) -> Result<String, Fault> {
    let id = member(resource, "id").and_then(Value::as_str).filter(|id| !id.is_empty());
    id.map(str::to_owned).ok_or(Fault::Malformed("has a resource without id"))
}

/// An id as a segment of a path.
pub(crate) fn segment(id: &str) -> String {
    form_urlencoded::byte_serialize(id.as_bytes()).collect::<String>().replace('+', "%20")
}
