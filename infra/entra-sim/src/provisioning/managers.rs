//! References from users to their managers, behind the users themselves.

use reqwest::Method;
use serde_json::{Value, json};

use super::client::Request;
use super::fault::Fault;
use super::filter::{equals, query, reference};
use super::job::Charge;
use super::mapping::MANAGER;
use super::patch::{Message, Operation, Verb};
use super::run::Run;
use super::settings::Shapes;
use super::target::member;
use super::users::segment;

/// What is to be done about a manager.
#[derive(Debug, PartialEq)]
enum Plan {
    Nothing,
    Wait,
    Set { user: String, manager: String },
    Clear { user: String, manager: String },
}

impl Run<'_> {
    /// Brings the manager of one user into step.
    pub(crate) async fn manager(&self, id: &str, subject: &str) -> Result<(), Fault> {
        match self.plan(id) {
            Plan::Nothing => {}
            Plan::Wait => self.report().references.waiting += 1,
            Plan::Set { user, manager } => {
                if self.has_manager(subject, &user, &manager).await? {
                    self.report().references.unchanged += 1;
                } else {
                    let value = self.manager_value(&manager);
                    self.change_manager(subject, &user, Verb::Add, Some(value)).await?;
                    self.report().references.added += 1;
                }
                self.remember(id, Some(manager));
            }
            Plan::Clear { user, manager } => {
                if self.has_manager(subject, &user, &manager).await? {
                    self.change_manager(subject, &user, Verb::Remove, None).await?;
                    self.report().references.removed += 1;
                }
                self.remember(id, None);
            }
        }
        Ok(())
    }

    fn plan(&self, id: &str) -> Plan {
        let wanted = self.app.directory().users.get(id).map(|user| user.manager.clone());
        let Some(wanted) = wanted else { return Plan::Nothing };
        let mut job = self.job();
        let manager = wanted.as_ref().and_then(|manager| job.users.get(manager));
        let manager = manager.map(|link| link.id.clone());
        let Some(link) = job.users.get_mut(id) else { return Plan::Nothing };
        if link.charge == Charge::Released {
            return Plan::Nothing;
        }
        link.awaits_manager = wanted.is_some() && manager.is_none();
        let user = link.id.clone();
        match (manager, link.manager.clone()) {
            _ if link.awaits_manager => Plan::Wait,
            (Some(manager), Some(set)) if manager == set => Plan::Nothing,
            (Some(manager), _) => Plan::Set { user, manager },
            (None, Some(manager)) => Plan::Clear { user, manager },
            (None, None) => Plan::Nothing,
        }
    }

    fn remember(&self, id: &str, manager: Option<String>) {
        if let Some(link) = self.job().users.get_mut(id) {
            link.manager = manager;
        }
    }

    /// The reference check: the order of the two comparisons is not fixed.
    async fn has_manager(&self, subject: &str, user: &str, manager: &str) -> Result<bool, Fault> {
        let filter = match self.settings.shapes {
            Shapes::Reference => reference(user, "manager", manager),
            Shapes::Tutorial => {
                format!("{} and {}", equals("manager", manager), equals("id", user))
            }
        };
        let query = query(&[("attributes", "id"), ("filter", &filter)]);
        let request = Request::get(subject, "/Users", Some(&query));
        let list = self.client.send(&request).await?.expect(&[200])?;
        let total = list.as_ref().and_then(|list| member(list, "totalResults"));
        let total = total.and_then(Value::as_u64);
        Ok(total.ok_or(Fault::Malformed("to a query has no totalResults"))? > 0)
    }

    fn manager_value(&self, manager: &str) -> Value {
        match self.settings.shapes {
            Shapes::Reference => json!(manager),
            Shapes::Tutorial => {
                let address = format!("{}/Users/{}", self.client.url.base(), segment(manager));
                json!([{ "$ref": address, "value": manager }])
            }
        }
    }

    async fn change_manager(
        &self,
        subject: &str,
        user: &str,
        verb: Verb,
        value: Option<Value>,
    ) -> Result<(), Fault> {
        let path = match self.settings.shapes {
            Shapes::Reference => MANAGER.to_string(),
            Shapes::Tutorial => "manager".to_owned(),
        };
        let operation = Operation { op: verb.name(self.dialect), path: Some(path), value };
        let message = Message::new(vec![operation]);
        let path = format!("/Users/{}", segment(user));
        let request = Request::with_body(subject, Method::PATCH, &path, &message);
        self.client.send(&request).await?.expect(&[200, 204])?;
        Ok(())
    }
}
