//! What a user becomes by what a provisioning client says. Decides, and does nothing.

use identity::{Address, Anchor, Attributes, Block, ScimClient, User, UserId, UserName};
use jiff::Timestamp;
use scim::{Error, Resource, ScimType};
use serde_json::Value;
use store::{KeptAttributes, Profile, Provisioned};
use uuid::Uuid;

/// What a user becomes.
#[derive(Clone, Debug)]
pub(crate) struct Change {
    pub(crate) user: User,
    pub(crate) profile: Profile,
    /// The attributes that differ; their names only.
    pub(crate) attributes: Vec<String>,
    /// What was left out for safety.
    pub(crate) ignored: Option<Ignored>,
}

/// What was left out of a change, for safety.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ignored {
    /// Somebody who ever had a passkey keeps the address that proved who they are. An error would
    /// stop all of Entra's provisioning.
    PersonalEmailOfEnrolled,
    /// It is no address, so that no code is ever sent there.
    PersonalEmailUnusable,
    /// The name is what the user has in Entra only while their anchor is repaired.
    TemporaryName,
}

impl Ignored {
    /// The word of the audit.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::PersonalEmailOfEnrolled => "personal_email_of_enrolled",
            Self::PersonalEmailUnusable => "personal_email_unusable",
            Self::TemporaryName => "temporary_name",
        }
    }
}

/// The word of the audit for a change that is refused for safety.
pub(crate) fn word(refused: &Error) -> Option<&'static str> {
    if *refused == Error::OBJECT_ID_DIFFERS {
        Some("object_id_differs")
    } else if *refused == Error::ENROLLED_UNKNOWN {
        Some("enrolled_unknown")
    } else {
        None
    }
}

const USER_NAME: Error = Error::known(
    ScimType::InvalidValue,
    "userName must be 1 to 256 characters, none of them a control character",
);
const IMMUTABLE_ID: Error = Error::known(
    ScimType::InvalidValue,
    "immutableId must be 1 to 64 printable ASCII characters without spaces",
);

/// A new user.
pub(crate) fn create(
    id: UserId,
    mut resource: Resource,
    client: ScimClient,
    now: Timestamp,
) -> Result<Change, Error> {
    let name = user_name(&resource)?;
    let user = User::new(id, name, String::new(), now);
    let attributes = resource.changes(&Resource::empty(resource.kind()));
    if resource.active().is_none() {
        resource.set("active", true);
    }
    let profile = Profile { made_by: Some(client), ..Profile::new(now) };
    let mut change = Change { user, profile, attributes, ignored: None };
    change.amend(resource, None, client, now)?;
    // The first claim of somebody new is as good as any.
    change.user.claim_changed_at = None;
    Ok(change)
}

/// A changed user, whose resource is `base` and shall be another.
pub(crate) fn change(
    before: &Provisioned,
    base: &Resource,
    mut resource: Resource,
    client: ScimClient,
    now: Timestamp,
) -> Result<Change, Error> {
    let mut user = before.user.value.clone();
    let name = user_name(&resource)?;
    let is_temporary = name.temporary_of() == Some(user.id);
    if is_temporary {
        resource.set("userName", user.user_name.as_str());
    } else {
        user.user_name = name;
    }
    let mut change = Change {
        user,
        profile: before.profile.value.clone(),
        attributes: base.changes(&resource),
        ignored: is_temporary.then_some(Ignored::TemporaryName),
    };
    change.amend(resource, base.personal_email(), client, now)?;
    Ok(change)
}

fn user_name(resource: &Resource) -> Result<UserName, Error> {
    resource.user_name().unwrap_or_default().parse().map_err(|_| USER_NAME)
}

impl Change {
    fn amend(
        &mut self,
        mut resource: Resource,
        personal_email: Option<&str>,
        client: ScimClient,
        now: Timestamp,
    ) -> Result<(), Error> {
        let known = self.user.clone();
        if let Some(text) = resource.immutable_id() {
            let anchor: Anchor = text.parse().map_err(|_| IMMUTABLE_ID)?;
            self.user.anchor = Some(anchor);
        }
        // What another client wrote, and this request leaves as it is, says nothing of who they are.
        let is_said = resource.external_id() != self.profile.external_id.as_deref();
        if client == ScimClient::Entra && is_said {
            self.identify(resource.external_id())?;
        }
        self.link(&known, now)?;
        self.claim(&mut resource, personal_email, now);
        match resource.active() {
            Some(false) if !self.user.blocks.contains(&Block::Provisioning) => {
                self.user.block(Block::Provisioning, now);
            }
            Some(false) => {}
            // Removed by name: the word that took access away is taken back, RFC 7644 §3.5.2.2.
            // Who leaves it out of a PUT, or gives it no value in a PATCH, removes nothing.
            Some(true) | None => self.user.unblock(Block::Provisioning, now),
        }
        self.user.display_name = display_name(&resource);
        // From now on the client says it, and the profile has it.
        self.user.attributes = Attributes::default();
        self.profile.external_id = resource.external_id().map(str::to_owned);
        self.profile.emails = resource.emails().map(str::to_owned).collect();
        self.profile.attributes = rest(resource, &self.user);
        Ok(())
    }

    /// From Entra, an external id that is a UUID is the object that the user is: a name that is
    /// used again for another object is another person.
    fn identify(&mut self, external_id: Option<&str>) -> Result<(), Error> {
        let object = external_id.filter(|text| text.len() == 36);
        let object = object.and_then(|text| Uuid::try_parse(text).ok());
        match (object, self.user.object_id) {
            (Some(object), Some(known)) if object != known => Err(Error::OBJECT_ID_DIFFERS),
            (Some(object), _) => {
                self.user.object_id = Some(object);
                Ok(())
            }
            (None, _) => Ok(()),
        }
    }

    /// When Entra first says who somebody is whom another client made: nobody knows who enrolled as
    /// them before, and an address that the other client gave proves nothing for a day.
    fn link(&mut self, known: &User, now: Timestamp) -> Result<(), Error> {
        let was_linked = known.object_id.is_some() || known.anchor.is_some();
        let is_linked = self.user.object_id.is_some() || self.user.anchor.is_some();
        if was_linked || !is_linked || self.profile.made_by != Some(ScimClient::Other) {
            return Ok(());
        }
        if known.enrolled_at.is_some() {
            return Err(Error::ENROLLED_UNKNOWN);
        }
        if known.personal_email.is_some() {
            self.user.claim_changed_at = Some(now);
        }
        // Whoever was asked to enrol before was asked as somebody else.
        self.user.sessions_valid_from = self.user.sessions_valid_from.max(now);
        Ok(())
    }

    /// Takes the personal address over, unless it proved somebody already.
    fn claim(&mut self, resource: &mut Resource, before: Option<&str>, now: Timestamp) {
        let wanted = resource.personal_email().map(str::to_owned);
        if wanted.as_deref() == before {
            return;
        }
        if self.user.enrolled_at.is_some() {
            resource.set("personalEmail", before.map_or(Value::Null, Value::from));
            self.attributes.retain(|name| !name.ends_with(":personalEmail"));
            self.ignored = Some(Ignored::PersonalEmailOfEnrolled);
            return;
        }
        let address: Option<Address> = wanted.as_deref().and_then(|text| text.parse().ok());
        if wanted.is_some() && address.is_none() {
            self.ignored = Some(Ignored::PersonalEmailUnusable);
        }
        if address != self.user.personal_email {
            self.user.claim_changed_at = Some(now);
        }
        self.user.personal_email = address;
    }
}

/// What pages and mails call the person: the first of these that is there.
fn display_name(resource: &Resource) -> String {
    let text = |path: &str| resource.text(path).map(str::trim).filter(|text| !text.is_empty());
    let parts = [text("name.givenName"), text("name.familyName")];
    let parts = parts.into_iter().flatten().collect::<Vec<_>>().join(" ");
    let parts = Some(parts.as_str()).filter(|parts| !parts.is_empty());
    let name = text("displayName").or_else(|| text("name.formatted")).or(parts);
    name.or(resource.user_name()).unwrap_or_default().to_owned()
}

/// What the profile keeps: everything that is not the user's own. That somebody is not active is a
/// block; that a client said they are is kept.
fn rest(mut resource: Resource, user: &User) -> KeptAttributes {
    for path in ["userName", "externalId", "immutableId"] {
        resource.set(path, Value::Null);
    }
    if resource.active() == Some(false) {
        resource.set("active", Value::Null);
    }
    if user.personal_email.is_some() {
        resource.set("personalEmail", Value::Null);
    }
    KeptAttributes::of(resource.kept())
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use scim::schema::USER;
    use serde_json::json;

    use super::*;

    const NOW: &str = "2026-03-02T09:00:00Z";

    fn made(body: Value) -> Result<Change, Error> {
        let resource = Resource::read(&USER, body).unwrap();
        let id = UserId::from_bytes([1; 16]);
        create(id, resource, ScimClient::Entra, NOW.parse().unwrap())
    }

    #[test]
    fn somebody_is_called_by_the_best_name_there_is() {
        let name = json!({ "givenName": "Ada", "familyName": "Lovelace" });
        let formatted = json!({ "formatted": "Countess of Lovelace", "givenName": "Ada" });
        let cases = [
            (json!({ "displayName": "Ada L.", "name": name }), "Ada L."),
            (json!({ "displayName": " ", "name": formatted }), "Countess of Lovelace"),
            (json!({ "name": name }), "Ada Lovelace"),
            (json!({ "name": { "familyName": "Lovelace" } }), "Lovelace"),
            (json!({}), "ada@contoso.test"),
        ];
        for (mut body, expected) in cases {
            let map = body.as_object_mut().unwrap();
            map.insert("userName".to_owned(), json!("ada@contoso.test"));
            assert_eq!(made(body).unwrap().user.display_name, expected);
        }
    }

    #[test]
    fn from_entra_a_uuid_is_the_object_and_nothing_else_is() {
        let object = "6b0f1b2c-3d4e-4f60-8172-63544536271a";
        let cases = [
            (object, true),
            (&object.to_uppercase(), true),
            (&object.replace('-', ""), false),
            ("{6b0f1b2c-3d4e-4f60-8172-63544536271a}", false),
            ("ada", false),
        ];
        for (external_id, is_object) in cases {
            let user = made(json!({ "userName": "a", "externalId": external_id })).unwrap().user;
            assert_eq!(user.object_id.is_some(), is_object, "{external_id}");
        }
    }

    #[test]
    fn what_is_the_users_own_is_not_in_the_profile_twice() {
        let own = scim::schema::OWN_URN;
        let body = json!({
            "userName": "ada@contoso.test", "externalId": "e", "active": false, "title": "CTO",
            own: { "immutableId": "A", "personalEmail": "ada@personal.test" },
        });

        let change = made(body).unwrap();

        assert_eq!(change.user.blocks.into_iter().collect::<Vec<_>>(), [Block::Provisioning]);
        assert_eq!(change.user.anchor.unwrap().as_str(), "A");
        assert_eq!(change.user.claim_changed_at, None, "the first claim of somebody new");
        assert_eq!(change.profile.external_id.as_deref(), Some("e"));
        let kept = change.profile.attributes.read().unwrap();
        assert_eq!(Value::from(kept), json!({ "title": "CTO" }));
    }
}
