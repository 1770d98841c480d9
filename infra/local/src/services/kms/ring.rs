//! All keys and aliases of the account, kept in one file.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use ambient::Entropy;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::key::{Key, KeySpec, KeyState, Material};
use crate::services::ServicesError;
use crate::services::disk::{DiskError, read_document, write_document};
use crate::services::protocol::Refusal;
use crate::template::model;

/// An alias.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Alias {
    pub(super) target: Uuid,
    pub(super) created_at: Timestamp,
    pub(super) updated_at: Timestamp,
}

/// What the file holds.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Contents {
    pub(super) keys: BTreeMap<Uuid, Key>,
    pub(super) aliases: BTreeMap<String, Alias>,
}

/// The keys and aliases, and the file that they are in.
#[derive(Debug)]
pub(super) struct Ring {
    path: PathBuf,
    /// `arn:aws:kms:REGION:ACCOUNT:`.
    arn_prefix: String,
    contents: Contents,
}

impl Ring {
    /// Reads the ring and makes what the template names and the ring lacks.
    pub(super) fn open(
        folder: &Path,
        arn_prefix: String,
        keys: &[model::Key],
        now: Timestamp,
        entropy: &dyn Entropy,
    ) -> Result<Self, ServicesError> {
        let path = folder.join("keys.json");
        let contents = read_document(&path)?.unwrap_or_default();
        let mut ring = Self { path, arn_prefix, contents };
        let mut next = ring.contents.clone();
        next.keys.retain(|_, key| !key.is_gone(now));
        next.aliases.retain(|_, alias| next.keys.contains_key(&alias.target));
        for key in keys {
            seed(&mut next, key, now, entropy)?;
        }
        ring.replace(next)?;
        Ok(ring)
    }

    /// Everything there is.
    pub(super) fn contents(&self) -> &Contents {
        &self.contents
    }

    /// ARN of a key.
    pub(super) fn key_arn(&self, id: Uuid) -> String {
        format!("{}key/{id}", self.arn_prefix)
    }

    /// ARN of an alias, whose name begins with `alias/`.
    pub(super) fn alias_arn(&self, name: &str) -> String {
        format!("{}{name}", self.arn_prefix)
    }

    /// Finds a key by its id, its ARN, an alias's name or an alias's ARN.
    pub(super) fn find(&self, name: &str, now: Timestamp) -> Result<&Key, Refusal> {
        let local = name.strip_prefix(&self.arn_prefix).unwrap_or(name);
        let id = if local.starts_with("alias/") {
            let alias = self.contents.aliases.get(local).ok_or_else(|| {
                not_found(&format!("Alias {} is not found.", self.alias_arn(local)))
            })?;
            Some(alias.target)
        } else {
            // Only an ARN has `key/` in front of the id.
            let id =
                if local.len() == name.len() { Some(local) } else { local.strip_prefix("key/") };
            // KMS knows ids in their one spelling.
            id.and_then(|id| Uuid::parse_str(id).ok().filter(|uuid| uuid.to_string() == id))
        };
        id.and_then(|id| self.contents.keys.get(&id))
            .filter(|key| !key.is_gone(now))
            .ok_or_else(|| not_found(&format!("Key '{}' does not exist", self.full(local))))
    }

    /// Changes the contents: afterwards file and memory are the new ones, or both the old.
    pub(super) fn change<T>(
        &mut self,
        change: impl FnOnce(&mut Contents) -> Result<T, Refusal>,
    ) -> Result<T, Refusal> {
        let mut next = self.contents.clone();
        let answer = change(&mut next)?;
        self.replace(next)?;
        Ok(answer)
    }

    fn replace(&mut self, next: Contents) -> Result<(), DiskError> {
        write_document(&self.path, &next)?;
        self.contents = next;
        Ok(())
    }

    fn full(&self, local: &str) -> String {
        if local.starts_with("arn:") || local.starts_with("key/") {
            local.to_owned()
        } else {
            format!("{}key/{local}", self.arn_prefix)
        }
    }
}

/// Makes a key of the template unless it is there, and points its aliases at it.
fn seed(
    contents: &mut Contents,
    wanted: &model::Key,
    now: Timestamp,
    entropy: &dyn Entropy,
) -> Result<(), ServicesError> {
    let wrong = |problem: &str| ServicesError::Template {
        resource: wanted.logical_id.clone(),
        problem: problem.to_owned(),
    };
    let id = Uuid::parse_str(&wanted.id).map_err(|_| wrong("the key's id is no UUID"))?;
    let spec = KeySpec::parse(&wanted.spec).ok_or_else(|| wrong("this KeySpec is not served"))?;
    let usage = spec
        .usage(&wanted.usage)
        .ok_or_else(|| wrong("this KeyUsage is not served with this KeySpec"))?;
    match contents.keys.get(&id) {
        Some(there) if there.spec != spec || there.usage != usage => {
            return Err(wrong(
                "the stored key was made with another KeySpec or KeyUsage, which CloudFormation \
                 cannot change either",
            ));
        }
        Some(_) => {}
        None => {
            let material =
                Material::generate(spec, entropy).map_err(|_| ServicesError::KeyGeneration)?;
            let state = if wanted.enabled { KeyState::Enabled } else { KeyState::Disabled };
            let key = Key {
                id,
                spec,
                usage,
                state,
                description: String::new(),
                created_at: now,
                tags: wanted.tags.clone(),
                material,
            };
            contents.keys.insert(id, key);
        }
    }
    for name in &wanted.aliases {
        let alias = contents.aliases.entry(name.clone()).or_insert_with(|| Alias {
            target: id,
            created_at: now,
            updated_at: now,
        });
        alias.target = id;
    }
    Ok(())
}

fn not_found(message: &str) -> Refusal {
    Refusal::new("NotFoundException", message)
}
