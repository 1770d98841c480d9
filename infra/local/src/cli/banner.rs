//! What a person sees when everything runs.

use crate::stack::{DemoUser, Ready};

/// Tells where to click, and what for.
pub(super) fn banner(ready: &Ready) -> String {
    let mut text = String::from("\n  Passerelle runs on this machine. Nothing leaves it.\n\n");
    if let Some(person) = ready.users.iter().find(|user| user.kind == "hybrid") {
        text.push_str(&steps(ready, person));
    }
    let provisioning = match ready.scim_url.as_str() {
        "" => String::new(),
        _ => format!("{}/provisioning", ready.entra_url),
    };
    let table = [
        ("portal", ready.entra_url.as_str(), "a simulated Microsoft 365: start here"),
        ("our site", ready.base_url.as_str(), "where Entra sends the browser"),
        ("outbox", ready.outbox_url.as_str(), "mails and text messages"),
        ("first admin", ready.bootstrap_url.as_str(), "one-time enrolment link"),
        ("connection", ready.connect_url.as_str(), "where the first admin connects the tenant"),
        ("metadata", ready.metadata_url.as_str(), "of the federated domain"),
        (
            "provisioning",
            provisioning.as_str(),
            "block somebody there: out within a minute, connected within seconds",
        ),
        ("scim", ready.scim_url.as_str(), "where Entra provisions; its key is in --json"),
    ];
    for (name, address, what) in table.iter().filter(|(_, address, _)| !address.is_empty()) {
        text.push_str(&format!("  {name:<12} {address}\n  {:<12} {what}\n", ""));
    }
    text.push_str(&people(&ready.users));
    text.push_str("\n  Ctrl-C ends it; --fresh starts anew; --help tells more.\n\n");
    text
}

fn steps(ready: &Ready, person: &DemoUser) -> String {
    format!(
        "  1. Open the portal        {}\n\
         \x20 2. Sign in as             {}\n\
         \x20 3. The code arrives in    {}\n\
         \x20 4. Make a passkey, and you are back in the portal, signed in.\n\n",
        ready.entra_url, person.upn, ready.outbox_url
    )
}

fn people(users: &[DemoUser]) -> String {
    if users.is_empty() {
        return String::new();
    }
    let mut text = String::from("\n  people\n");
    for user in users {
        text.push_str(&format!("    {:<26} {:<18} {}\n", user.upn, user.display_name, user.kind));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_banner_says_what_to_click_and_fits_a_terminal() {
        let ready = Ready {
            base_url: "http://localhost:8080".to_owned(),
            entra_url: "http://127.0.0.1:8081".to_owned(),
            outbox_url: "http://127.0.0.1:40123".to_owned(),
            users: vec![DemoUser {
                upn: "ada@contoso.test".to_owned(),
                display_name: "Ada Lovelace".to_owned(),
                kind: "hybrid".to_owned(),
                ..DemoUser::default()
            }],
            ..Ready::default()
        };

        let text = banner(&ready);

        assert!(text.contains("1. Open the portal        http://127.0.0.1:8081\n"));
        assert!(text.contains("2. Sign in as             ada@contoso.test\n"));
        assert!(!text.contains("metadata"), "nothing that is not there");
        assert!(text.lines().all(|line| line.len() <= 90), "{text}");
    }
}
