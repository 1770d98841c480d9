//! Ways through the product that many stories take, and what must hold wherever one breaks off.

use aws_sdk_dynamodb::types::AttributeValue;
use identity::{SecretHash, User};

use crate::saml::{AuthnRequest, redirect_value};
use crate::world::DOMAIN;
use crate::{Browser, Page, World};

/// Where Entra's own forms come from.
pub const ENTRA: &str = "https://login.microsoftonline.com";
/// What Entra sends along with every request of these ways.
pub const RELAY_STATE: &str = "estsredirect=2&estsrequest=abc";

impl World {
    /// Where a sign-out of Entra's leads.
    pub fn slo(&self, id: &str) -> String {
        let xml = format!(
            "<samlp:LogoutRequest xmlns:samlp=\"urn:oasis:names:tc:SAML:2.0:protocol\" ID=\"{id}\" \
             Version=\"2.0\" IssueInstant=\"{:.3}\">\
             <Issuer xmlns=\"urn:oasis:names:tc:SAML:2.0:assertion\">\
             urn:federation:MicrosoftOnline</Issuer>\
             <NameID xmlns=\"urn:oasis:names:tc:SAML:2.0:assertion\" \
             Format=\"urn:oasis:names:tc:SAML:2.0:nameid-format:persistent\">anchor</NameID>\
             <samlp:SessionIndex>_session</samlp:SessionIndex></samlp:LogoutRequest>",
            self.now()
        );
        format!("/saml/{DOMAIN}/slo?SAMLRequest={}", redirect_value(&xml))
    }

    /// How often a request of a relying party was consumed: never, or once.
    pub async fn consumed(&self, id: &str) -> usize {
        let hash = SecretHash::of(&[DOMAIN.as_bytes(), id.as_bytes()]);
        self.holds(&format!("ANSWERED#{}", hash.as_str()), "ANSWERED").await
    }

    /// How many items the organization has under a key: none or one.
    pub async fn holds(&self, pk: &str, sk: &str) -> usize {
        let pk = AttributeValue::S(format!("ORG#{}#{pk}", self.organization));
        let get = self.dynamodb.get_item().table_name(&self.table).consistent_read(true);
        let get = get.key("pk", pk).key("sk", AttributeValue::S(sk.to_owned()));
        usize::from(get.send().await.unwrap().item.is_some())
    }

    /// Checks that a user is enrolled wholly or not at all, and tells which.
    pub async fn enrolled_wholly(&self, user: &User, what: &str) -> bool {
        let (user, passkeys) = self.passkeys_of(user, what).await;
        let enrolled = user.enrolled_at.is_some();
        assert_eq!(user.recovery.is_some(), enrolled, "{what}: recovery code");
        assert_eq!(passkeys, usize::from(enrolled), "{what}: passkeys");
        enrolled
    }

    /// Checks that somebody who had one passkey and this recovery code has another one of each or
    /// of neither, and tells which.
    pub async fn renewed_wholly(&self, user: &User, recovery: &SecretHash, what: &str) -> bool {
        let (user, passkeys) = self.passkeys_of(user, what).await;
        let renewed = user.recovery.expect(what) != *recovery;
        assert_eq!(passkeys, 1 + usize::from(renewed), "{what}: passkeys");
        renewed
    }

    /// A user as they are now, and how many passkeys they have, each with its claim.
    async fn passkeys_of(&self, user: &User, what: &str) -> (User, usize) {
        let (org, now) = (self.organization, self.now());
        let passkeys = self.store.passkeys(org, user.id, now).await.unwrap();
        let user = self.store.user(org, user.id, now).await.unwrap().unwrap().value;
        for passkey in &passkeys {
            let claim = format!("CREDENTIAL#{}", passkey.value.id.as_str());
            assert_eq!(self.holds(&claim, "OWNER").await, 1, "{what}: claim on the credential");
        }
        (user, passkeys.len())
    }

    /// Checks that there is no passkey without the claim on its credential, and no such claim
    /// without its passkey.
    pub async fn has_no_orphans(&self) {
        let records = self.records().await;
        assert_eq!(records.count("#CREDENTIAL#"), records.count("PASSKEY#"));
    }
}

impl Browser {
    /// Brings a request of Entra's as a form of Entra's own page, and does not go on yet.
    pub async fn land(&mut self, request: &AuthnRequest) -> Page {
        let form = request.form_value();
        let fields = [("SAMLRequest", form.as_str()), ("RelayState", RELAY_STATE)];
        self.post_from(ENTRA, &format!("/saml/{DOMAIN}/sso"), &fields).await
    }
}
