//! Makes and lists directories, says how their people sign in, and who is in which.

use identity::{Directory, DirectoryId, Method, Organization, OrganizationId, Role};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};
use store::{Action, Resource, Stage, Stored};
use web::failure::RequestId;

use crate::access::Access;
use crate::app::App;
use crate::failure::Failure;
use crate::name;

/// Asks for a directory.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateDirectory {
    /// A domain of the organization.
    domain: String,
    /// What lists call it.
    name: String,
    /// How its people sign in.
    method: Method,
}

/// Asks which directories there are.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListDirectories {
    /// A domain of the organization.
    domain: String,
}

/// Changes how a directory's people sign in.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SetDirectoryMethod {
    /// A domain of the organization.
    domain: String,
    /// Its id, as lists show it.
    directory_id: String,
    /// How its people sign in from now on.
    method: Method,
}

/// Puts a user into another directory.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct MoveUser {
    /// A domain of the organization.
    domain: String,
    /// The user's work address.
    email: String,
    /// The directory's id; the organization's own where nothing is said.
    directory_id: Option<String>,
}

/// The directory of an id.
pub(crate) fn find<'a>(organization: &'a Organization, id: &str) -> Result<&'a Directory, Failure> {
    let id: DirectoryId = id.parse().map_err(|_| Failure::NoDirectory)?;
    organization.directory(id).ok_or(Failure::NoDirectory)
}

impl App {
    /// Makes a directory, in which nobody is yet.
    pub(crate) async fn create_directory(
        &self,
        asked: CreateDirectory,
        request_id: &RequestId,
    ) -> Result<Value, Failure> {
        let now = self.clock.now();
        let name = name::read(&asked.name).ok_or(Failure::NotADirectoryName)?;
        let before = self.stored_organization(&asked.domain, now).await?;
        let mut directories = before.value.directories.clone();
        if directories.iter().any(|one| one.name.to_lowercase() == name.to_lowercase()) {
            return Err(Failure::NotADirectoryName);
        }
        if directories.len() >= Directory::MOST {
            return Err(Failure::TooManyDirectories);
        }
        self.may_be(before.value.id, asked.method, now).await?;
        let id = DirectoryId::mint(&*self.entropy);
        let (name, method) = (name.to_owned(), asked.method);
        directories.push(Directory { id, name, method, created_at: now });
        let action = Action::DirectoryCreated;
        self.store_directories(&before, directories, (action, id, method), request_id, now).await
    }

    /// Answers every directory, the organization's own first.
    pub(crate) async fn list_directories(&self, asked: ListDirectories) -> Result<Value, Failure> {
        let now = self.clock.now();
        let organization = self.stored_organization(&asked.domain, now).await?.value;
        let own = json!({ "directory_id": null, "name": null, "method": Method::Passkey });
        let all = organization.directories.iter().map(shown);
        let all = std::iter::once(own).chain(all).collect::<Vec<_>>();
        Ok(json!({ "directories": all }))
    }

    /// Changes how a directory's people sign in, from their next request on.
    pub(crate) async fn set_method(
        &self,
        asked: SetDirectoryMethod,
        request_id: &RequestId,
    ) -> Result<Value, Failure> {
        let now = self.clock.now();
        let before = self.stored_organization(&asked.domain, now).await?;
        let directory = find(&before.value, &asked.directory_id)?;
        let (id, method) = (directory.id, asked.method);
        if directory.method == method {
            return Ok(shown(directory));
        }
        self.may_be(before.value.id, method, now).await?;
        let mut directories = before.value.directories.clone();
        for directory in directories.iter_mut().filter(|directory| directory.id == id) {
            directory.method = method;
        }
        let action = Action::DirectoryMethodChanged;
        self.store_directories(&before, directories, (action, id, method), request_id, now).await
    }

    /// Puts a user into another directory; their sessions are over.
    pub(crate) async fn move_user(
        &self,
        asked: MoveUser,
        request_id: &RequestId,
    ) -> Result<Value, Failure> {
        let now = self.clock.now();
        let organization = self.stored_organization(&asked.domain, now).await?.value;
        let directory = asked.directory_id.as_deref();
        let directory = directory.map(|id| find(&organization, id)).transpose()?;
        let named = Access { domain: asked.domain, email: asked.email };
        let (org, user) = self.named(&named, now).await?;
        if user.value.role == Role::Administrator {
            return Err(Failure::AdministratorMoved);
        }
        let method = directory.map_or(Method::Passkey, |directory| directory.method);
        let id = directory.map(|directory| directory.id);
        let mut audit = self.audit(Action::UserMoved, request_id, now);
        audit.subject = Some(user.value.id);
        audit.resource = id.map(Resource::Directory);
        audit.reason = Some(method.word().to_owned());
        self.store.move_user(org, user.value.id, id, &audit).await?;
        Ok(json!({ "directory_id": id, "method": method }))
    }

    pub(crate) async fn stored_organization(
        &self,
        domain: &str,
        now: Timestamp,
    ) -> Result<Stored<Organization>, Failure> {
        let org = self.owner(&Self::domain(domain)?, now).await?;
        self.store.organization(org, now).await?.ok_or(Failure::NoOrganization)
    }

    /// Whether anybody could sign in so.
    async fn may_be(
        &self,
        org: OrganizationId,
        method: Method,
        now: Timestamp,
    ) -> Result<(), Failure> {
        if method == Method::Passkey {
            return Ok(());
        }
        let connection = self.store.connection(org, now).await?;
        let works = connection.is_some_and(|stored| stored.value.stage == Stage::Connected);
        if works { Ok(()) } else { Err(Failure::NotConnected) }
    }

    /// Stores the directories as they are now, and answers the one that it is about.
    async fn store_directories(
        &self,
        before: &Stored<Organization>,
        directories: Vec<Directory>,
        (action, id, method): (Action, DirectoryId, Method),
        request_id: &RequestId,
        now: Timestamp,
    ) -> Result<Value, Failure> {
        let mut audit = self.audit(action, request_id, now);
        audit.resource = Some(Resource::Directory(id));
        audit.reason = Some(method.word().to_owned());
        let organization = Organization { directories, ..before.value.clone() };
        self.store.change_organization(before, &organization, &audit).await?;
        Ok(shown(organization.directory(id).ok_or(Failure::NoDirectory)?))
    }
}

fn shown(directory: &Directory) -> Value {
    json!({
        "directory_id": directory.id,
        "name": directory.name,
        "method": directory.method,
        "created_at": directory.created_at,
    })
}
