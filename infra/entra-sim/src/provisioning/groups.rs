//! Groups in the target: matching, creating, renaming, deleting.

use reqwest::Method;
use serde_json::{Value, json};

use super::client::Request;
use super::creation;
use super::fault::Fault;
use super::filter::{equals, query};
use super::job::GroupLink;
use super::mapping::EXTERNAL_ID;
use super::patch::{Change, Message, change};
use super::report::Outcome;
use super::run::Run;
use super::settings::Scope;
use super::target::Target;
use super::users::{identifier, only, segment};
use crate::graph_group::GraphGroup;

/// How much is known of the members of a group in the target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Members {
    /// None: it was just created.
    Fresh,
    /// Those that were sent, unless somebody else changed them.
    Remembered,
}

const WITHOUT_MEMBERS: (&str, &str) = ("excludedAttributes", "members");

impl Run<'_> {
    /// The group as it is in the source, when it is in scope.
    pub(crate) fn group_source(&self, id: &str) -> Option<GraphGroup> {
        let directory = self.app.directory();
        let in_scope = self.settings.scope == Scope::Everyone || directory.assigned.contains(id);
        directory.groups.get(id).filter(|_| in_scope).cloned()
    }

    /// Brings one group into step, but for its members.
    pub(crate) async fn group(
        &self,
        id: &str,
        source: Option<&GraphGroup>,
    ) -> Result<(Outcome, Members), Fault> {
        let link = self.job().groups.get(id).map(|link| link.id.clone());
        match (source, link) {
            (None, None) => Ok((Outcome::Skipped, Members::Remembered)),
            // A group has no state to switch off, so it is deleted when it leaves the scope too.
            (None, Some(target)) => {
                let path = format!("/Groups/{}", segment(&target));
                let answer = self.client.send(&Request::delete(id, &path)).await?;
                answer.expect(&[200, 204, 404])?;
                self.job().groups.remove(id);
                Ok((Outcome::Deleted, Members::Remembered))
            }
            (Some(group), Some(target)) => match self.fetch_group(group, &target).await? {
                Some(resource) => {
                    let outcome = self.update_group(group, &target, &resource).await?;
                    Ok((outcome, Members::Remembered))
                }
                None => {
                    self.job().groups.remove(id);
                    self.match_or_create(group).await
                }
            },
            (Some(group), None) => self.match_or_create(group).await,
        }
    }

    async fn match_or_create(&self, group: &GraphGroup) -> Result<(Outcome, Members), Fault> {
        if let Some(resource) = self.find_group(group).await? {
            return self.adopt_group(group, &resource).await;
        }
        let body = creation::group(group);
        let request = Request::with_body(&group.display_name, Method::POST, "/Groups", &body);
        let created = match self.client.send(&request).await?.expect(&[200, 201]) {
            Err(fault) if fault.status() == Some(409) => {
                let resource = self.find_group(group).await?.ok_or(fault)?;
                return self.adopt_group(group, &resource).await;
            }
            created => created?,
        };
        let created = created.ok_or(Fault::Malformed("to a creation has no body"))?;
        self.link_group(&group.id, identifier(&created)?);
        Ok((Outcome::Created, Members::Fresh))
    }

    async fn adopt_group(
        &self,
        group: &GraphGroup,
        resource: &Value,
    ) -> Result<(Outcome, Members), Fault> {
        let target = identifier(resource)?;
        self.link_group(&group.id, target.clone());
        self.update_group(group, &target, resource).await?;
        Ok((Outcome::Linked, Members::Remembered))
    }

    fn link_group(&self, id: &str, target: String) {
        self.job().groups.insert(id.to_owned(), GroupLink { id: target, ..GroupLink::default() });
    }

    async fn fetch_group(&self, group: &GraphGroup, target: &str) -> Result<Option<Value>, Fault> {
        let path = format!("/Groups/{}", segment(target));
        let query = query(&[WITHOUT_MEMBERS]);
        let request = Request::get(&group.display_name, &path, Some(&query));
        match self.client.send(&request).await?.expect(&[200]) {
            Err(fault) if fault.status() == Some(404) => Ok(None),
            found => found?.ok_or(Fault::Malformed("to a GET has no JSON body")).map(Some),
        }
    }

    async fn find_group(&self, group: &GraphGroup) -> Result<Option<Value>, Fault> {
        let filter = equals("displayName", &group.display_name);
        let query = query(&[WITHOUT_MEMBERS, ("filter", &filter)]);
        let request = Request::get(&group.display_name, "/Groups", Some(&query));
        only(self.client.send(&request).await?.expect(&[200]))
    }

    async fn update_group(
        &self,
        group: &GraphGroup,
        target: &str,
        resource: &Value,
    ) -> Result<Outcome, Fault> {
        let attributes =
            [(Target::Plain("displayName"), &group.display_name), (EXTERNAL_ID, &group.id)];
        let changes: Vec<Change> = attributes
            .into_iter()
            .filter_map(|(attribute, wanted)| {
                change(attribute, json!(wanted), attribute.read(resource))
            })
            .collect();
        if changes.is_empty() {
            return Ok(Outcome::Unchanged);
        }
        let path = format!("/Groups/{}", segment(target));
        let message = Message::of(&changes, self.dialect);
        let request = Request::with_body(&group.display_name, Method::PATCH, &path, &message);
        self.client.send(&request).await?.expect(&[200, 204])?;
        Ok(Outcome::Updated)
    }
}
