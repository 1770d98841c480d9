//! The operations that make, describe, name and end keys.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use serde::Deserialize;
use serde_json::{Value, json};

use super::Kms;
use super::cryptography::KeyName;
use super::key::{Key, KeySpec, KeyState, Material, seconds};
use super::ring::{Alias, Contents};
use crate::services::protocol::{Refusal, mint_uuid};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct CreateKey {
    key_spec: Option<String>,
    customer_master_key_spec: Option<String>,
    key_usage: Option<String>,
    #[serde(default)]
    description: String,
    #[serde(default)]
    tags: Vec<Tag>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Tag {
    tag_key: String,
    tag_value: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct AliasOf {
    alias_name: String,
    target_key_id: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct AliasName {
    alias_name: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct List {
    key_id: Option<String>,
    limit: Option<usize>,
    marker: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ScheduleDeletion {
    key_id: String,
    pending_window_in_days: Option<i64>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct TagResource {
    key_id: String,
    tags: Vec<Tag>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct UntagResource {
    key_id: String,
    tag_keys: Vec<String>,
}

impl Kms {
    pub(super) fn create_key(&self, input: CreateKey) -> Result<Value, Refusal> {
        let spec = input.key_spec.or(input.customer_master_key_spec);
        let spec = spec.as_deref().unwrap_or("SYMMETRIC_DEFAULT");
        let spec = KeySpec::parse(spec).ok_or_else(|| {
            Refusal::new("UnsupportedOperationException", format!("KeySpec {spec} is not served."))
        })?;
        let usage = input.key_usage.as_deref().unwrap_or("ENCRYPT_DECRYPT");
        let usage = spec.usage(usage).ok_or_else(|| {
            Refusal::new(
                "ValidationException",
                format!("KeyUsage {usage} is not compatible with KeySpec {}", spec.name()),
            )
        })?;
        let material = Material::generate(spec, &*self.entropy)
            .map_err(|_| Refusal::new("KMSInternalException", "the key could not be generated"))?;
        let key = Key {
            id: mint_uuid(&*self.entropy),
            spec,
            usage,
            state: KeyState::Enabled,
            description: input.description,
            created_at: self.clock.now(),
            tags: merged(BTreeMap::new(), input.tags)?,
            material,
        };
        let mut ring = self.ring();
        let metadata = key.metadata(&self.account, &ring.key_arn(key.id));
        ring.change(|contents| {
            contents.keys.insert(key.id, key);
            Ok(())
        })?;
        Ok(json!({ "KeyMetadata": metadata }))
    }

    pub(super) fn describe_key(&self, input: KeyName) -> Result<Value, Refusal> {
        let (key, arn) = self.find(&input.key_id)?;
        Ok(json!({ "KeyMetadata": key.metadata(&self.account, &arn) }))
    }

    pub(super) fn list_keys(&self, input: List) -> Result<Value, Refusal> {
        let now = self.clock.now();
        let ring = self.ring();
        let keys = ring.contents().keys.values().filter(|key| !key.is_gone(now));
        let rows = keys.map(|key| {
            let id = key.id.to_string();
            (id.clone(), json!({ "KeyId": id, "KeyArn": ring.key_arn(key.id) }))
        });
        page("Keys", rows.collect(), &input)
    }

    pub(super) fn list_aliases(&self, input: List) -> Result<Value, Refusal> {
        let of = input.key_id.as_deref().map(|name| self.find(name)).transpose()?;
        let ring = self.ring();
        let aliases = ring.contents().aliases.iter();
        let rows = aliases
            .filter(|(_, alias)| of.as_ref().is_none_or(|(key, _)| key.id == alias.target))
            .map(|(name, alias)| {
                let row = json!({
                    "AliasName": name,
                    "AliasArn": ring.alias_arn(name),
                    "TargetKeyId": alias.target.to_string(),
                    "CreationDate": seconds(alias.created_at),
                    "LastUpdatedDate": seconds(alias.updated_at),
                });
                (name.clone(), row)
            });
        page("Aliases", rows.collect(), &input)
    }

    pub(super) fn create_alias(&self, input: AliasOf) -> Result<Value, Refusal> {
        require_alias_name(&input.alias_name)?;
        let (key, _) = self.find(&input.target_key_id)?;
        let now = self.clock.now();
        let mut ring = self.ring();
        let arn = ring.alias_arn(&input.alias_name);
        ring.change(|contents| {
            if contents.aliases.contains_key(&input.alias_name) {
                return Err(Refusal::new(
                    "AlreadyExistsException",
                    format!("An alias with the name {arn} already exists"),
                ));
            }
            let alias = Alias { target: key.id, created_at: now, updated_at: now };
            contents.aliases.insert(input.alias_name, alias);
            Ok(json!({}))
        })
    }

    pub(super) fn update_alias(&self, input: AliasOf) -> Result<Value, Refusal> {
        let (key, _) = self.find(&input.target_key_id)?;
        let now = self.clock.now();
        let mut ring = self.ring();
        let arn = ring.alias_arn(&input.alias_name);
        ring.change(|contents| {
            let alias = contents.aliases.get_mut(&input.alias_name);
            let alias = alias.ok_or_else(|| no_alias(&arn))?;
            alias.target = key.id;
            alias.updated_at = now;
            Ok(json!({}))
        })
    }

    pub(super) fn delete_alias(&self, input: AliasName) -> Result<Value, Refusal> {
        let mut ring = self.ring();
        let arn = ring.alias_arn(&input.alias_name);
        ring.change(|contents| {
            contents.aliases.remove(&input.alias_name).ok_or_else(|| no_alias(&arn))?;
            Ok(json!({}))
        })
    }

    pub(super) fn enable_key(&self, input: KeyName) -> Result<Value, Refusal> {
        self.switch(&input.key_id, KeyState::Enabled)
    }

    pub(super) fn disable_key(&self, input: KeyName) -> Result<Value, Refusal> {
        self.switch(&input.key_id, KeyState::Disabled)
    }

    fn switch(&self, name: &str, state: KeyState) -> Result<Value, Refusal> {
        self.edit(name, |key, arn| {
            if matches!(key.state, KeyState::PendingDeletion(_)) {
                return key.require_enabled(arn);
            }
            key.state = state;
            Ok(())
        })?;
        Ok(json!({}))
    }

    pub(super) fn schedule_key_deletion(&self, input: ScheduleDeletion) -> Result<Value, Refusal> {
        let days = input.pending_window_in_days.unwrap_or(30);
        if !(7..=30).contains(&days) {
            return Err(Refusal::new(
                "ValidationException",
                "1 validation error detected: Value at 'pendingWindowInDays' failed to satisfy \
                 constraint: Member must be between 7 and 30",
            ));
        }
        let at = self.clock.now() + SignedDuration::from_hours(24 * days);
        let arn = self.edit(&input.key_id, |key, arn| {
            if matches!(key.state, KeyState::PendingDeletion(_)) {
                return key.require_enabled(arn);
            }
            key.state = KeyState::PendingDeletion(at);
            Ok(())
        })?;
        Ok(json!({
            "KeyId": arn,
            "DeletionDate": seconds(at),
            "KeyState": "PendingDeletion",
            "PendingWindowInDays": days,
        }))
    }

    pub(super) fn cancel_key_deletion(&self, input: KeyName) -> Result<Value, Refusal> {
        let arn = self.edit(&input.key_id, |key, arn| {
            if !matches!(key.state, KeyState::PendingDeletion(_)) {
                return Err(Refusal::new(
                    "KMSInvalidStateException",
                    format!("{arn} is not pending deletion."),
                ));
            }
            key.state = KeyState::Disabled;
            Ok(())
        })?;
        Ok(json!({ "KeyId": arn }))
    }

    pub(super) fn list_resource_tags(&self, input: List) -> Result<Value, Refusal> {
        let (key, _) = self.find(input.key_id.as_deref().unwrap_or_default())?;
        let rows = key
            .tags
            .iter()
            .map(|(name, value)| (name.clone(), json!({ "TagKey": name, "TagValue": value })));
        page("Tags", rows.collect(), &input)
    }

    pub(super) fn tag_resource(&self, input: TagResource) -> Result<Value, Refusal> {
        self.edit(&input.key_id, |key, _| {
            key.tags = merged(std::mem::take(&mut key.tags), input.tags)?;
            Ok(())
        })?;
        Ok(json!({}))
    }

    pub(super) fn untag_resource(&self, input: UntagResource) -> Result<Value, Refusal> {
        self.edit(&input.key_id, |key, _| {
            key.tags.retain(|name, _| !input.tag_keys.contains(name));
            Ok(())
        })?;
        Ok(json!({}))
    }

    /// Changes one key and keeps it; answers its ARN.
    fn edit(
        &self,
        name: &str,
        change: impl FnOnce(&mut Key, &str) -> Result<(), Refusal>,
    ) -> Result<String, Refusal> {
        let mut ring = self.ring();
        let id = ring.find(name, self.clock.now())?.id;
        let arn = ring.key_arn(id);
        ring.change(|contents: &mut Contents| match contents.keys.get_mut(&id) {
            Some(key) => change(key, &arn),
            None => Err(Refusal::new("NotFoundException", format!("Key '{arn}' does not exist"))),
        })?;
        Ok(arn)
    }
}

/// One page of a list that is ordered by name: `Limit`, `Marker`, `Truncated`, `NextMarker`.
fn page(field: &str, rows: BTreeMap<String, Value>, input: &List) -> Result<Value, Refusal> {
    let limit = input.limit.unwrap_or(50);
    if !(1..=1000).contains(&limit) {
        return Err(Refusal::new(
            "ValidationException",
            "1 validation error detected: Value at 'limit' failed to satisfy constraint: \
             Member must be between 1 and 1000",
        ));
    }
    let after = input.marker.as_deref();
    let mut rest =
        rows.into_iter().filter(|(name, _)| after.is_none_or(|after| name.as_str() > after));
    let (names, shown): (Vec<_>, Vec<_>) = rest.by_ref().take(limit).unzip();
    let more = rest.next().is_some();
    let mut answer = json!({ field: shown, "Truncated": more });
    if let (true, Some(last), Some(fields)) = (more, names.last(), answer.as_object_mut()) {
        fields.insert("NextMarker".to_owned(), json!(last));
    }
    Ok(answer)
}

fn merged(
    mut tags: BTreeMap<String, String>,
    new: Vec<Tag>,
) -> Result<BTreeMap<String, String>, Refusal> {
    for tag in new {
        if tag.tag_key.is_empty() || tag.tag_key.len() > 128 || tag.tag_value.len() > 256 {
            return Err(Refusal::new("TagException", "A tag is empty or too long."));
        }
        tags.insert(tag.tag_key, tag.tag_value);
    }
    if tags.len() > 50 {
        return Err(Refusal::new("LimitExceededException", "A key has at most 50 tags."));
    }
    Ok(tags)
}

fn require_alias_name(name: &str) -> Result<(), Refusal> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "/_-".contains(c);
    match name.strip_prefix("alias/") {
        Some(rest) if rest.is_empty() || name.len() > 256 || !rest.chars().all(allowed) => {
            Err(Refusal::new("InvalidAliasNameException", "The alias contains invalid characters."))
        }
        Some(rest) if rest.starts_with("aws/") => {
            Err(Refusal::new("NotAuthorizedException", "alias/aws/ is reserved."))
        }
        Some(_) => Ok(()),
        None => Err(Refusal::new(
            "ValidationException",
            "1 validation error detected: Value at 'aliasName' failed to satisfy constraint: \
             Member must satisfy regular expression pattern: ^alias/",
        )),
    }
}

fn no_alias(arn: &str) -> Refusal {
    Refusal::new("NotFoundException", format!("Alias {arn} is not found."))
}
