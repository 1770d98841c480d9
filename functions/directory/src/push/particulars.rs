//! What Entra is told of somebody beside what they are here.

use serde_json::{Map, Value};
use store::{Particulars, Profile, TableError};

/// How long a name or a number may be.
const MOST: usize = 64;

/// Of whom a provisioning client keeps, what it says now; of others, what was asked for.
pub(super) fn particulars(
    asked: &Particulars,
    profile: Option<&Profile>,
) -> Result<Particulars, TableError> {
    let Some(profile) = profile else { return Ok(asked.clone()) };
    let kept = profile.attributes.read()?;
    let name = |part: &str| {
        let text = kept.get("name")?.get(part)?.as_str()?.trim();
        (!text.is_empty()).then(|| text.chars().take(MOST).collect())
    };
    Ok(Particulars {
        given_name: name("givenName"),
        surname: name("familyName"),
        mobile_phone: typed(&kept, "phoneNumbers", "mobile", "value"),
        usage_location: typed(&kept, "addresses", "work", "country")
            .and_then(|country| country.parse().ok()),
        licences: asked.licences.clone(),
    })
}

/// A part of the first value of a type, where it is short enough.
fn typed(kept: &Map<String, Value>, list: &str, kind: &str, part: &str) -> Option<String> {
    let mut values = kept.get(list)?.as_array()?.iter();
    let is_it = |value: &&Value| value.get("type").and_then(Value::as_str) == Some(kind);
    let text = values.find(is_it)?.get(part)?.as_str()?.trim();
    (1..=MOST).contains(&text.chars().count()).then(|| text.to_owned())
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use serde_json::json;
    use store::KeptAttributes;

    use super::*;

    #[test]
    fn what_a_client_keeps_counts_and_what_entra_would_not_take_is_left_out() {
        let asked = Particulars { surname: Some("Asked".to_owned()), ..Particulars::default() };
        assert_eq!(particulars(&asked, None).unwrap(), asked);

        let mut profile = Profile::new("2026-03-02T09:00:00Z".parse().unwrap());
        let kept = json!({
            "name": { "givenName": " Ada ", "familyName": "x".repeat(70) },
            "phoneNumbers": [
                { "type": "work", "value": "+49 30 1" }, { "type": "mobile", "value": "+49 171 1" },
            ],
            "addresses": [{ "type": "work", "country": "Germany" }],
        });
        profile.attributes = KeptAttributes::of(kept.as_object().unwrap().clone());
        let said = particulars(&asked, Some(&profile)).unwrap();
        assert_eq!(said.given_name.as_deref(), Some("Ada"));
        assert_eq!(said.surname.map(|name| name.len()), Some(MOST));
        assert_eq!(said.mobile_phone.as_deref(), Some("+49 171 1"));
        assert_eq!(said.usage_location, None);
    }
}
