//! The ceremonies of one relying party.

use identity::{User, UserId};
use serde_json::{Value, json};
use url::Url;
use webauthn_rs::prelude::{
    DiscoverableAuthentication, Passkey, PasskeyRegistration, PublicKeyCredential,
    RegisterPublicKeyCredential,
};
use webauthn_rs::{Webauthn, WebauthnBuilder};

use crate::Refused;

/// The longest answer that is read, in bytes. A real one has one to three thousand.
const LONGEST_ANSWER: usize = 32 * 1024;

/// A relying party (WebAuthn §4): one RP ID, one origin.
#[derive(Debug)]
pub struct RelyingParty {
    webauthn: Webauthn,
}

/// The RP ID and the origin do not belong together, or a stored value cannot be read back.
#[derive(Debug, thiserror::Error)]
#[error("the relying party is not set up right")]
pub struct Misconfigured(#[source] Box<dyn std::error::Error + Send + Sync>);

/// A ceremony that was begun.
#[derive(Clone, Debug)]
pub struct Begun {
    /// The options for the browser, as JSON (WebAuthn §5.4, §5.5).
    pub options: String,
    /// What must be remembered until the answer comes, and used once.
    pub state: String,
}

/// A browser's answer to a registration, not believed yet.
#[derive(Debug)]
pub struct RegistrationAnswer(RegisterPublicKeyCredential);

/// A browser's answer to a sign-in, not believed yet.
#[derive(Debug)]
pub struct SignInAnswer(PublicKeyCredential);

/// Who an answer says it comes from: good for looking things up, and for nothing else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claimed {
    /// The user handle.
    pub user: UserId,
    /// The credential id.
    pub credential_id: Vec<u8>,
}

/// A credential that was registered, with user verification.
#[derive(Clone, Debug)]
pub struct Registered {
    /// Its id.
    pub credential_id: Vec<u8>,
    /// What must be stored of it.
    pub credential: String,
}

/// A credential that signed in, with user verification.
#[derive(Clone, Debug)]
pub struct Verified {
    /// What must be stored of it now: counter and backup state are kept.
    pub credential: String,
}

impl RelyingParty {
    /// Sets up the relying party of an origin such as `https://id.example.org`.
    ///
    /// # Errors
    ///
    /// [`Misconfigured`] when the RP ID is not the origin's host or a suffix of it.
    pub fn new(rp_id: &str, origin: &str, name: &str) -> Result<Self, Misconfigured> {
        let origin = Url::parse(origin).map_err(|error| Misconfigured(error.into()))?;
        let webauthn = WebauthnBuilder::new(rp_id, &origin)
            .and_then(|builder| builder.rp_name(name).build())
            .map_err(|error| Misconfigured(error.into()))?;
        Ok(Self { webauthn })
    }

    /// Begins a sign-in in which the authenticator says who it is (WebAuthn §7.2).
    ///
    /// # Errors
    ///
    /// [`Misconfigured`] when the options cannot be made.
    pub fn begin_sign_in(&self) -> Result<Begun, Misconfigured> {
        let (challenge, state) = self
            .webauthn
            .start_discoverable_authentication()
            .map_err(|error| Misconfigured(error.into()))?;
        // The wrapper's `mediation` asks for autofill; ours is a button.
        Ok(Begun { options: text(&challenge.public_key)?, state: text(&state)? })
    }

    /// Judges the answer to a sign-in by a stored credential of the user that it claims.
    ///
    /// # Errors
    ///
    /// [`Refused`] says what does not hold; nothing may be done then.
    pub fn finish_sign_in(
        &self,
        answer: &SignInAnswer,
        state: &str,
        credential: &str,
    ) -> Result<Verified, Refused> {
        let state: DiscoverableAuthentication =
            serde_json::from_str(state).map_err(|_| Refused::Challenge)?;
        let mut passkey: Passkey =
            serde_json::from_str(credential).map_err(|_| Refused::Malformed)?;
        // The library looks at this at registrations only.
        if answer.is_framed() {
            return Err(Refused::Origin);
        }
        let result =
            self.webauthn.finish_discoverable_authentication_v2(&answer.0, state, &passkey)?;
        if !result.user_verified() {
            return Err(Refused::UserVerification);
        }
        passkey.update_credential(&result);
        let credential = serde_json::to_string(&passkey).map_err(|_| Refused::Malformed)?;
        Ok(Verified { credential })
    }

    /// Begins the registration of a discoverable credential (WebAuthn §7.1). Authenticators that
    /// hold one of `existing` decline.
    ///
    /// # Errors
    ///
    /// [`Misconfigured`] when a stored credential cannot be read, or the options cannot be made.
    pub fn begin_registration<'a>(
        &self,
        user: &User,
        existing: impl Iterator<Item = &'a str>,
    ) -> Result<Begun, Misconfigured> {
        let stored = |credential: &str| -> Result<_, Misconfigured> {
            let passkey: Passkey =
                serde_json::from_str(credential).map_err(|error| Misconfigured(error.into()))?;
            Ok(passkey.cred_id().clone())
        };
        let existing = existing.map(stored).collect::<Result<Vec<_>, _>>()?;
        let (challenge, state) = self
            .webauthn
            .start_passkey_registration(
                user.id.uuid(),
                user.user_name.as_str(),
                &user.display_name,
                Some(existing),
            )
            .map_err(|error| Misconfigured(error.into()))?;
        let mut options = serde_json::to_value(&challenge.public_key)
            .map_err(|error| Misconfigured(error.into()))?;
        // The library asks for `discouraged`; without discoverable credentials nobody could sign
        // in without typing a name first.
        if let Some(Value::Object(selection)) = options.get_mut("authenticatorSelection") {
            selection.insert("residentKey".to_owned(), json!("required"));
            selection.insert("requireResidentKey".to_owned(), json!(true));
        }
        Ok(Begun { options: options.to_string(), state: text(&state)? })
    }

    /// Judges the answer to a registration.
    ///
    /// # Errors
    ///
    /// [`Refused`] says what does not hold; nothing may be stored then.
    pub fn finish_registration(
        &self,
        answer: &RegistrationAnswer,
        state: &str,
    ) -> Result<Registered, Refused> {
        let state: PasskeyRegistration =
            serde_json::from_str(state).map_err(|_| Refused::Challenge)?;
        let properties = answer.0.extensions.cred_props.as_ref();
        if properties.is_some_and(|properties| properties.rk == Some(false)) {
            return Err(Refused::NotDiscoverable);
        }
        let passkey = self.webauthn.finish_passkey_registration(&answer.0, &state)?;
        let credential = serde_json::to_string(&passkey).map_err(|_| Refused::Malformed)?;
        Ok(Registered { credential_id: passkey.cred_id().to_vec(), credential })
    }
}

impl RegistrationAnswer {
    /// Reads what a browser sent, `RegistrationResponseJSON` (WebAuthn §5.1).
    ///
    /// # Errors
    ///
    /// [`Refused::Malformed`].
    pub fn parse(text: &str) -> Result<Self, Refused> {
        parse(text).map(Self)
    }
}

impl SignInAnswer {
    /// Reads what a browser sent, `AuthenticationResponseJSON` (WebAuthn §5.1).
    ///
    /// # Errors
    ///
    /// [`Refused::Malformed`].
    pub fn parse(text: &str) -> Result<Self, Refused> {
        parse(text).map(Self)
    }

    /// Whether it was made within a frame of another site (WebAuthn §5.8.1).
    fn is_framed(&self) -> bool {
        #[derive(serde::Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct ClientData {
            #[serde(default)]
            cross_origin: bool,
        }
        let data = serde_json::from_slice(&self.0.response.client_data_json);
        data.is_ok_and(|data: ClientData| data.cross_origin)
    }

    /// Who it says it comes from.
    ///
    /// # Errors
    ///
    /// [`Refused::Malformed`] when it names nobody that could be one of ours.
    pub fn claimed(&self) -> Result<Claimed, Refused> {
        let handle = self.0.response.user_handle.as_deref().ok_or(Refused::Malformed)?;
        let handle: [u8; 16] = handle.try_into().map_err(|_| Refused::Malformed)?;
        let user = UserId::from_bytes(handle);
        Ok(Claimed { user, credential_id: self.0.raw_id.to_vec() })
    }
}

fn parse<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, Refused> {
    if text.len() > LONGEST_ANSWER {
        return Err(Refused::Malformed);
    }
    serde_json::from_str(text).map_err(|_| Refused::Malformed)
}

fn text(value: &impl serde::Serialize) -> Result<String, Misconfigured> {
    serde_json::to_string(value).map_err(|error| Misconfigured(error.into()))
}
