//! Each call by the permission that it needs.

use reqwest::Method;
use serde_json::{Value, json};

use crate::lab::{ADA, Lab};

/// Method, path, body, and the least permissions, each of which is enough; with the permission to read
/// users, where that is named beside it.
fn calls() -> Vec<(Method, String, Option<Value>, Vec<&'static str>)> {
    let user = json!({
        "accountEnabled": true, "displayName": "x", "mailNickname": "x",
        "userPrincipalName": "x@contoso.test", "passwordProfile": { "password": "abcdEFGH1234!" },
    });
    let at = |path: &str| path.replace("{ada}", ADA);
    let read = vec!["User.Read.All", "User.ReadWrite.All"];
    vec![
        (Method::GET, at("/users"), None, read.clone()),
        (Method::GET, at("/users/{ada}"), None, read.clone()),
        (Method::GET, at("/users/delta"), None, read.clone()),
        (Method::GET, at("/subscriptions"), None, read),
        (Method::GET, at("/users/{ada}/transitiveMemberOf"), None, vec!["User.Read.All"]),
        (Method::POST, at("/users"), Some(user), vec!["User.ReadWrite.All"]),
        (
            Method::PATCH,
            at("/users/{ada}"),
            Some(json!({ "accountEnabled": true })),
            vec!["User.EnableDisableAccount.All+User.Read.All", "User.ReadWrite.All"],
        ),
        (
            Method::PATCH,
            at("/users/{ada}"),
            Some(json!({ "accountEnabled": true, "displayName": "x" })),
            vec!["User.ReadWrite.All"],
        ),
        (
            Method::POST,
            at("/users/{ada}/revokeSignInSessions"),
            None,
            vec!["User.RevokeSessions.All", "User.ReadWrite.All"],
        ),
        (Method::DELETE, at("/users/{ada}"), None, vec!["User.DeleteRestore.All"]),
        (Method::GET, at("/organization"), None, vec!["Organization.Read.All", "User.Read.All"]),
        (Method::GET, at("/domains"), None, vec!["Domain.Read.All", "Domain.ReadWrite.All"]),
        (Method::GET, at("/domains/contoso.test"), None, vec!["Domain.Read.All"]),
        (
            Method::GET,
            at("/domains/contoso.test/federationConfiguration"),
            None,
            vec!["Domain-InternalFederation.Read.All", "Domain.ReadWrite.All"],
        ),
    ]
}

#[tokio::test]
async fn each_call_passes_with_its_permission_and_with_no_other() {
    const ALL: [&str; 10] = [
        "User.Read.All",
        "User.ReadWrite.All",
        "User.EnableDisableAccount.All",
        "User.EnableDisableAccount.All+User.Read.All",
        "User.RevokeSessions.All",
        "User.DeleteRestore.All",
        "Organization.Read.All",
        "Domain.Read.All",
        "Domain.ReadWrite.All",
        "Domain-InternalFederation.Read.All",
    ];
    // Wider ones that are let in besides those that a call names.
    let wider = |path: &str, role: &str, enough: &[&str]| {
        (path == "/organization" && role.starts_with("User."))
            || (path.starts_with("/domains") && role == "Domain.ReadWrite.All")
            || (path.starts_with("/users") && role == "User.ReadWrite.All")
            || role.split('+').any(|part| part != role && enough.contains(&part))
    };

    let mut lab = Lab::start();
    for (method, path, body, enough) in calls() {
        for role in ALL {
            lab.roles = role.split('+').collect();
            let answer = lab.send(method.clone(), &path, body.clone()).await;
            if answer.status.is_success() {
                let may = enough.contains(&role) || wider(&path, role, &enough);
                assert!(may, "{method} {path} with {role}: {answer:?}");
                // What it did must not stand in the way of the next one.
                if method != Method::GET {
                    lab = Lab::start();
                }
            } else {
                assert!(!enough.contains(&role), "{method} {path} with {role}: {answer:?}");
                let told = (answer.status.as_u16(), answer.code());
                assert_eq!(told, (403, "Authorization_RequestDenied"), "{method} {path} {role}");
            }
        }
    }
}

#[tokio::test]
async fn without_a_good_token_nothing_is_told() {
    let lab = Lab::start();
    let good = lab.simulator.graph_token(&["User.Read.All"]).unwrap();
    let other = Lab::start();
    let stranger = other.simulator.graph_token(&["User.Read.All"]).unwrap();
    let cases =
        [String::new(), "Basic abc".into(), "Bearer x".into(), format!("Bearer {stranger}")];

    for token in cases {
        let answer = lab.with_token(&token).await;
        assert_eq!((answer.status.as_u16(), answer.code()), (401, "InvalidAuthenticationToken"));
    }

    assert_eq!(lab.with_token(&format!("Bearer {good}")).await.status, 200);
    lab.simulator.set_clock_offset(jiff::SignedDuration::from_mins(61)).unwrap();
    assert_eq!(lab.with_token(&format!("Bearer {good}")).await.status, 401);
}
