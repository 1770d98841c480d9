//! Makes a user here who is made in Entra too.

use identity::{Address, Country, Mode, User, UserId};
use serde::Deserialize;
use serde_json::{Value, json};
use store::{Action, CreateUserError, OutboxItem, Particulars, Push};
use uuid::Uuid;
use web::failure::RequestId;

use crate::app::App;
use crate::failure::Failure;
use crate::name;

/// Asks for a user.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateUser {
    /// A domain of the organization.
    domain: String,
    /// The given name.
    given_name: String,
    /// The family name.
    surname: String,
    /// The user principal name, in that domain or below it.
    user_name: String,
    /// The address by which the person enrols.
    personal_email: Option<String>,
    /// The mobile number, with the country's code.
    phone: Option<String>,
    /// The country whose services a licence may bring.
    usage_location: Option<String>,
    /// The licences to assign, by the ids of their SKUs.
    #[serde(default)]
    licences: Vec<Uuid>,
}

impl App {
    /// Makes the user, and decides in the same transaction that they are made in Entra.
    pub(crate) async fn create_user(
        &self,
        asked: CreateUser,
        request_id: &RequestId,
    ) -> Result<Value, Failure> {
        let now = self.clock.now();
        let organization = self.stored_organization(&asked.domain, now).await?.value;
        if organization.mode == Mode::Hybrid {
            return Err(Failure::Hybrid);
        }
        let org = organization.id;
        let address: Address = asked.user_name.parse().map_err(|_| Failure::NotAPrincipalName)?;
        let covered = Self::domain(&asked.domain)?.covers(address.domain());
        if !covered || !is_principal_name(&address) {
            return Err(Failure::NotAPrincipalName);
        }
        let part = |text: &str| name::read(text).map(str::to_owned).ok_or(Failure::NotAPersonsName);
        let (given_name, surname) = (part(&asked.given_name)?, part(&asked.surname)?);
        let personal_email = asked.personal_email.map(|text| text.parse::<Address>()).transpose();
        let personal_email = personal_email.map_err(|_| Failure::NotAPersonalAddress)?;
        if personal_email.as_ref() == Some(&address) {
            return Err(Failure::NotAPersonalAddress);
        }
        if !asked.phone.as_deref().is_none_or(is_phone) {
            return Err(Failure::NotAPhone);
        }
        let usage_location = asked.usage_location.map(|text| text.parse::<Country>()).transpose();
        let usage_location = usage_location.map_err(|_| Failure::NotACountry)?;
        let mut licences = asked.licences;
        licences.sort_unstable();
        licences.dedup();
        let placed = licences.is_empty() || usage_location.is_some();
        if licences.len() > Push::MOST_LICENCES || !placed {
            return Err(Failure::NotLicences);
        }

        let id = UserId::mint(&*self.entropy);
        let display_name = format!("{given_name} {surname}");
        let user = User { personal_email, ..User::new(id, address.into(), display_name, now) };
        let particulars = Particulars {
            given_name: Some(given_name),
            surname: Some(surname),
            mobile_phone: asked.phone,
            usage_location,
            licences,
        };
        let push = Push::new(id, particulars, now);
        let item = OutboxItem::pushing(org, id, now);
        let mut audit = self.audit(Action::UserCreated, request_id, now);
        audit.subject = Some(id);
        audit.reason = Some("operator".to_owned());
        match self.store.create_user_to_push(org, &user, (&push, &item), &audit).await {
            Ok(()) => {}
            Err(CreateUserError::Taken(_)) => return Err(Failure::NameTaken),
            Err(CreateUserError::Table(error)) => return Err(error.into()),
        }
        self.announce(&[item], request_id).await;
        Ok(json!({ "user": id, "user_name": user.user_name, "status": "pending" }))
    }
}

/// What Graph takes as a user principal name: ASCII letters and digits, and `'.-_!#^~`.
fn is_principal_name(address: &Address) -> bool {
    let local = address.as_str().rsplit_once('@').map_or("", |(local, _)| local);
    let taken = |c: char| c.is_ascii_alphanumeric() || "'.-_!#^~".contains(c);
    local.chars().all(taken) && !local.starts_with('.') && !local.ends_with('.')
}

/// `+` and 7 to 15 digits, with spaces between them.
fn is_phone(text: &str) -> bool {
    let Some(rest) = text.strip_prefix('+') else { return false };
    let digits = rest.bytes().filter(u8::is_ascii_digit).count();
    let good = rest.bytes().all(|byte| byte.is_ascii_digit() || byte == b' ');
    good && (7..=15).contains(&digits) && text.len() <= 32
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn a_principal_name_has_no_accents_and_no_dot_at_an_end() {
        let cases = [
            ("ada@contoso.com", true),
            ("ada.o'neil-1_x!#^~@contoso.com", true),
            ("adä@contoso.com", false),
            ("ada+x@contoso.com", false),
            (".ada@contoso.com", false),
            ("ada.@contoso.com", false),
        ];
        for (text, good) in cases {
            assert_eq!(is_principal_name(&text.parse().unwrap()), good, "{text}");
        }
    }

    #[test]
    fn a_phone_is_a_plus_and_digits() {
        let cases = [
            ("+49 171 1234567", true),
            ("+1234567", true),
            ("+123456", false),
            ("0171 1234567", false),
            ("+49-171-1234567", false),
            ("+1234567890123456", false),
        ];
        for (text, good) in cases {
            assert_eq!(is_phone(text), good, "{text}");
        }
    }
}
