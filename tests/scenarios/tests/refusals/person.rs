//! People who may not sign in: the page says what to do, and nothing is issued.

use identity::User;
use scenarios::World;

type Change = fn(&mut User);

#[tokio::test]
async fn whoever_may_not_sign_in_is_told_what_to_do() {
    let world = World::start().await;
    let cases: [(&str, Change, &str); 2] = [
        ("bare", |user| user.anchor = None, "user_without_anchor"),
        (
            "outside",
            |user| user.user_name = "outside@fabrikam.test".parse().unwrap(),
            "user_outside_domain",
        ),
    ];
    for (name, change, reason) in cases {
        let user = world.user_with(name, change).await;
        let mut person = world.enrolled(&world.contoso(), user).await;
        let mut fresh = world.browser();
        let page = fresh.visit(&world.sso(&format!("_{name}"))).await;
        let before = world.quiet().await;

        let asked = fresh.sign_in(&page, &mut person.authenticator).await;
        let silent = person.browser.visit(&world.sso(&format!("_{name}-silent"))).await;

        asked.assert_refused(403, name);
        silent.assert_refused(403, name);
        assert!(asked.text.contains("For your administrator"), "{name}: {}", asked.text);
        assert!(!asked.text.contains(person.user.user_name.as_str()), "{name}");
        world.unchanged_but(&before, &["#REQUEST#"], name).await;
        let audited = world.records().await.audited_since(&before);
        let expected = ("sign_in_refused".to_owned(), Some(reason.to_owned()));
        assert!(audited.contains(&expected), "{name}: {audited:?}");
        assert_eq!(audited.len(), 2, "{name}: each refusal is audited: {audited:?}");
    }
}

#[tokio::test]
async fn a_disabled_user_is_told_so_and_their_passkey_works_again_afterwards() {
    let world = World::start().await;
    let mut person = world.person("ada").await;
    let mut browser = world.browser();
    let page = browser.visit(&world.sso("_blocked")).await;
    world.block(&person.user).await;
    let before = world.quiet().await;

    let refused = browser.sign_in(&page, &mut person.authenticator).await;

    refused.assert_refused(403, "disabled");
    assert!(refused.text.contains("administrator"), "{}", refused.text);
    world.unchanged_but(&before, &["#REQUEST#"], "disabled").await;
    let expected = ("sign_in_refused".to_owned(), Some("user_blocked".to_owned()));
    assert_eq!(world.records().await.audited_since(&before), [expected]);
    world.unblock(&person.user).await;
    let page = browser.visit(&world.sso("_unblocked")).await;
    let page = browser.sign_in(&page, &mut person.authenticator).await;
    assert!(page.answer().is_some(), "{}", page.text);
}
