//! Members of groups: only direct ones, only users, added and removed in batches.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::{Value, json};

use super::client::Request;
use super::fault::Fault;
use super::filter::{query, reference};
use super::groups::Members;
use super::patch::{Message, Operation, Verb};
use super::run::Run;
use super::target::member;
use super::tenant_url::Dialect;
use super::users::segment;
use crate::graph_group::GraphGroup;

/// Up to so many changes, each is preceded by the question whether it is needed.
const ASKED: usize = 10;

/// A member on both sides.
#[derive(Clone, Debug)]
struct Pair {
    source: String,
    target: String,
}

/// What is to be done about the members of a group.
#[derive(Debug, Default)]
struct Plan {
    group: String,
    added: Vec<Pair>,
    removed: Vec<Pair>,
}

impl Run<'_> {
    /// Brings the members of a linked group into step.
    pub(crate) async fn members(&self, group: &GraphGroup, known: Members) -> Result<(), Fault> {
        let Some(plan) = self.plan_members(group) else { return Ok(()) };
        let ask = known == Members::Remembered && plan.added.len() + plan.removed.len() <= ASKED;
        let steps = [(Verb::Remove, plan.removed), (Verb::Add, plan.added)];
        for (verb, pairs) in steps {
            let wanted = match (ask, verb) {
                (false, _) => pairs,
                (true, _) => self.needed(group, &plan.group, verb, pairs).await?,
            };
            for batch in wanted.chunks(self.settings.members_per_patch.max(1)) {
                self.change_members(group, &plan.group, verb, batch).await?;
                self.remember_members(group, verb, batch);
                let mut report = self.report();
                match verb {
                    Verb::Remove => report.references.removed += batch.len() as u64,
                    Verb::Add | Verb::Replace => report.references.added += batch.len() as u64,
                }
            }
        }
        Ok(())
    }

    /// Compares the members with those that were sent. Those in the recycle bin stay as they are,
    /// so a restore finds them in place; those gone for good went with their user.
    fn plan_members(&self, group: &GraphGroup) -> Option<Plan> {
        let live: BTreeSet<String> = {
            let directory = self.app.directory();
            let live = group.members.iter().filter(|id| directory.users.contains_key(*id));
            live.cloned().collect()
        };
        let mut job = self.job();
        let link = job.groups.get(&group.id)?;
        let pair = |source: &String| {
            let target = job.users.get(source)?.id.clone();
            Some(Pair { source: source.clone(), target })
        };
        let missing: Vec<&String> = live.difference(&link.members).collect();
        let added: Vec<Pair> = missing.iter().filter_map(|id| pair(id)).collect();
        let removed = link.members.difference(&group.members).filter_map(pair).collect();
        let waiting = missing.len() - added.len();
        let target = link.id.clone();
        let gone = link.members.iter().filter(|id| !job.users.contains_key(*id));
        let gone: Vec<String> = gone.cloned().collect();
        let link = job.groups.get_mut(&group.id)?;
        link.members.retain(|id| !gone.contains(id));
        link.awaits_members = waiting > 0;
        self.report().references.waiting += waiting as u64;
        Some(Plan { group: target, added, removed })
    }

    /// Asks for each member whether the change is needed, and remembers those that are in place.
    async fn needed(
        &self,
        group: &GraphGroup,
        target: &str,
        verb: Verb,
        pairs: Vec<Pair>,
    ) -> Result<Vec<Pair>, Fault> {
        let mut needed = Vec::new();
        for pair in pairs {
            let filter = reference(target, "members", &pair.target);
            let query = query(&[("excludedAttributes", "members"), ("filter", &filter)]);
            let request = Request::get(&group.display_name, "/Groups", Some(&query));
            let list = self.client.send(&request).await?.expect(&[200])?;
            let total = list.as_ref().and_then(|list| member(list, "totalResults"));
            let total = total.and_then(Value::as_u64);
            let within = total.ok_or(Fault::Malformed("to a query has no totalResults"))? > 0;
            if within == (verb == Verb::Remove) {
                needed.push(pair);
            } else {
                self.report().references.unchanged += 1;
                self.remember_members(group, verb, &[pair]);
            }
        }
        Ok(needed)
    }

    async fn change_members(
        &self,
        group: &GraphGroup,
        target: &str,
        verb: Verb,
        batch: &[Pair],
    ) -> Result<(), Fault> {
        let op = verb.name(self.dialect);
        let all = |value: Vec<Value>| Operation {
            op,
            path: Some("members".to_owned()),
            value: Some(Value::Array(value)),
        };
        let operations = match (verb, self.dialect) {
            (Verb::Remove, Dialect::Compliant) => batch
                .iter()
                .map(|pair| Operation {
                    op,
                    path: Some(format!("members[value eq \"{}\"]", pair.target)),
                    value: None,
                })
                .collect(),
            (Verb::Remove, Dialect::Classic) => {
                vec![all(batch.iter().map(|pair| json!({ "value": pair.target })).collect())]
            }
            (Verb::Add | Verb::Replace, _) => {
                let value = batch.iter().map(|pair| json!({ "$ref": null, "value": pair.target }));
                vec![all(value.collect())]
            }
        };
        let path = format!("/Groups/{}", segment(target));
        let message = Message::new(operations);
        let request = Request::with_body(&group.display_name, Method::PATCH, &path, &message);
        self.client.send(&request).await?.expect(&[200, 204])?;
        Ok(())
    }

    fn remember_members(&self, group: &GraphGroup, verb: Verb, batch: &[Pair]) {
        if let Some(link) = self.job().groups.get_mut(&group.id) {
            for pair in batch {
                match verb {
                    Verb::Remove => link.members.remove(&pair.source),
                    Verb::Add | Verb::Replace => link.members.insert(pair.source.clone()),
                };
            }
        }
    }
}
