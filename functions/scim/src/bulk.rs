//! `/Bulk`, RFC 7644 §3.7: each operation as if it had come alone, one after the other.

use std::collections::HashMap;
use std::mem;

use axum::extract::State;
use axum::response::Response;
use scim::schema::{GROUP, USER};
use scim::{
    BulkMethod, BulkOperation, BulkRequest, BulkResponse, BulkResult, Error, MAX_PAYLOAD, Patch,
    Resource, member,
};
use store::{Group, Provisioned, Stored};

use crate::answer;
use crate::app::App;
use crate::caller::{Caller, Presented};
use crate::conditions::Conditions;
use crate::failure::Failure;
use crate::payload::Payload;
use crate::{groups, users};

/// `POST /Bulk`.
pub(crate) async fn carry_out(
    State(app): State<App>,
    presented: Presented,
    payload: Payload,
) -> Result<Response, Failure> {
    let caller = app.caller(presented).await?;
    let request = BulkRequest::read(payload.json(MAX_PAYLOAD)?)?;
    let mut response = BulkResponse::to(&request);
    let mut created = HashMap::new();
    for mut step in request.plan() {
        if response.is_stopped() {
            break;
        }
        // The answer must leave in time, or the client would not know what was done.
        let late = app.is_late(&caller);
        let creates = step.creates();
        // What is carried out is not kept beside: it may be as large as the request.
        let operation = mem::replace(&mut step.operation, Err(Error::UNAVAILABLE));
        let operation = if late { Err(Error::UNAVAILABLE) } else { operation };
        let operation = operation.and_then(|operation| operation.resolved(&created));
        let (location, done) = match operation {
            Ok(operation) => (location(&caller, &operation), app.operate(&caller, operation).await),
            Err(error) => (None, Err(error.into())),
        };
        let result = match done {
            Ok(done) => {
                if let (Some(name), Some(id)) = (creates, &done.id) {
                    created.insert(name, id.clone());
                }
                BulkResult::success(&step, done.status, &done.location, done.version.as_deref())
            }
            Err(failure) => {
                let answer = failure.answer();
                if answer.status() >= 500 {
                    web::failure::log(&failure, &caller.request_id);
                }
                BulkResult::failure(&step, location.as_deref(), &answer)
            }
        };
        response.push(result);
    }
    Ok(answer::document(&response.into_json()))
}

/// What became of an operation that was carried out.
struct Done {
    status: u16,
    location: String,
    version: Option<String>,
    /// Of what was made.
    id: Option<String>,
}

/// Where the resource of an operation is, unless it is to be made.
fn location(caller: &Caller, operation: &BulkOperation) -> Option<String> {
    let id = operation.id.as_ref()?;
    Some(format!("{}{}/{id}", caller.base(), operation.kind.endpoint))
}

impl App {
    async fn operate(&self, caller: &Caller, operation: BulkOperation) -> Result<Done, Failure> {
        if *operation.kind == USER {
            self.operate_on_user(caller, operation).await
        } else {
            self.operate_on_group(caller, operation).await
        }
    }

    async fn operate_on_user(
        &self,
        caller: &Caller,
        operation: BulkOperation,
    ) -> Result<Done, Failure> {
        let BulkOperation { method, version, id, data, .. } = operation;
        let conditions = Conditions::of_version(version.as_deref());
        let done = |user: &Provisioned, status| Done {
            status,
            location: caller.user_url(user.user.value.id),
            version: Some(users::version(caller, user)),
            id: Some(user.user.value.id.to_string()),
        };
        let Some(id) = id else {
            let created =
                self.create_user(caller, Resource::read(caller.user_kind(), data)?).await?;
            return Ok(done(&created, 201));
        };
        let id = id.parse().map_err(|_| Error::NOT_FOUND)?;
        let user = self.store.provisioned(caller.org, id, caller.now).await?;
        let user = user.ok_or(Error::NOT_FOUND)?;
        match method {
            BulkMethod::Post => Err(Error::METHOD_NOT_ALLOWED.into()),
            BulkMethod::Put => {
                let wanted = Resource::read(caller.user_kind(), data)?;
                Ok(done(&self.replace_user(caller, user, &conditions, &wanted).await?, 200))
            }
            BulkMethod::Patch => {
                let patch = Patch::read(caller.user_kind(), data)?;
                Ok(done(&self.patch_user(caller, user, &conditions, &patch).await?, 200))
            }
            BulkMethod::Delete => {
                self.delete_user(caller, user, &conditions).await?;
                Ok(Done { status: 204, location: caller.user_url(id), version: None, id: None })
            }
        }
    }

    async fn operate_on_group(
        &self,
        caller: &Caller,
        operation: BulkOperation,
    ) -> Result<Done, Failure> {
        let BulkOperation { method, version, id, data, .. } = operation;
        let conditions = Conditions::of_version(version.as_deref());
        let done = |group: &Stored<Group>, status| Done {
            status,
            location: caller.group_url(group.value.id),
            version: Some(groups::version(group)),
            id: Some(group.value.id.to_string()),
        };
        let Some(id) = id else {
            let members = groups::users(&member::listed(&data)?.unwrap_or_default())?;
            let wanted = Resource::read(&GROUP, data)?;
            return Ok(done(&self.create_group(caller, &wanted, &members).await?, 201));
        };
        let id = id.parse().map_err(|_| Error::NOT_FOUND)?;
        let group = self.store.group(caller.org, id, caller.now).await?;
        let group = group.ok_or(Error::NOT_FOUND)?;
        match method {
            BulkMethod::Post => Err(Error::METHOD_NOT_ALLOWED.into()),
            BulkMethod::Put => {
                let members = groups::users(&member::listed(&data)?.unwrap_or_default())?;
                let wanted = Resource::read(&GROUP, data)?;
                let replaced = self.replace_group(caller, group, &conditions, &wanted, &members);
                Ok(done(&replaced.await?, 200))
            }
            BulkMethod::Patch => {
                let patch = Patch::read(&GROUP, data)?;
                self.patch_group(caller, group, &conditions, &patch).await?;
                let location = caller.group_url(id);
                Ok(Done { status: 204, location, version: None, id: None })
            }
            BulkMethod::Delete => {
                self.delete_group(caller, group, &conditions).await?;
                let location = caller.group_url(id);
                Ok(Done { status: 204, location, version: None, id: None })
            }
        }
    }
}
