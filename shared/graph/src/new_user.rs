//! What is written to the directory.

use ambient::Entropy;
use serde::Serialize;
use zeroize::{Zeroize as _, Zeroizing};

/// A user who is to be made in the directory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NewUser {
    /// The sign-in name, in a verified domain of the tenant.
    pub user_principal_name: String,
    /// The name shown to people.
    pub display_name: String,
    /// The alias.
    pub mail_nickname: String,
    /// Whether the user may sign in.
    pub account_enabled: bool,
    /// The anchor; the directory insists on one where the domain is federated.
    pub on_premises_immutable_id: String,
    /// The given name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub given_name: Option<String>,
    /// The family name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub surname: Option<String>,
    /// The country whose services a licence may bring, two letters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub usage_location: Option<String>,
    /// Further addresses, the personal ones among them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub other_mails: Vec<String>,
    /// The mobile number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mobile_phone: Option<String>,
    /// A password that nobody ever knows: the directory insists on one.
    pub password_profile: Password,
}

/// A random password, overwritten as soon as it is sent.
#[derive(Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Password {
    password: String,
    force_change_password_next_sign_in: bool,
}

impl Password {
    /// Draws 32 characters of all four kinds that a policy may ask for.
    pub fn random(entropy: &dyn Entropy) -> Self {
        const ALPHABET: &[u8; 64] =
            b"abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ0123456789-+=!.";
        let drawn = Zeroizing::new(entropy.bytes::<28>());
        let letter = |byte: u8| ALPHABET.get(usize::from(byte % 64)).copied().unwrap_or(b'x');
        // Never moved while it grows: nothing of it is left behind.
        let mut password = String::with_capacity(32);
        password.extend(drawn.iter().map(|byte| char::from(letter(*byte))));
        // Of each kind one, whatever was drawn; the strength is in the rest.
        password.push_str("aA1!");
        Self { password, force_change_password_next_sign_in: false }
    }
}

impl Drop for Password {
    fn drop(&mut self) {
        self.password.zeroize();
    }
}

impl std::fmt::Debug for Password {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Password(..)")
    }
}

/// What is to change of a user; what is [`None`] stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct UserChange {
    /// The sign-in name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_principal_name: Option<String>,
    /// The anchor. Never of a user who is mastered on-premises.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on_premises_immutable_id: Option<String>,
    /// Whether the user may sign in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account_enabled: Option<bool>,
    /// The name shown to people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// The country whose services a licence may bring, two letters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub usage_location: Option<String>,
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    struct Counting;
    impl Entropy for Counting {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.iter_mut().enumerate().for_each(|(at, byte)| *byte = at as u8);
        }
    }

    #[test]
    fn a_password_has_every_kind_of_character_and_is_shown_to_no_log() {
        let password = Password::random(&Counting);

        let text = &password.password;
        assert_eq!(text.len(), 32);
        assert!(text.chars().any(|c| c.is_ascii_lowercase()));
        assert!(text.chars().any(|c| c.is_ascii_uppercase()));
        assert!(text.chars().any(|c| c.is_ascii_digit()));
        assert!(text.chars().any(|c| c.is_ascii_punctuation()));
        assert_eq!(format!("{password:?}"), "Password(..)");
    }

    #[test]
    fn a_change_names_only_what_changes() {
        let change = UserChange { account_enabled: Some(false), ..UserChange::default() };

        assert_eq!(serde_json::to_string(&change).unwrap(), r#"{"accountEnabled":false}"#);
    }
}
