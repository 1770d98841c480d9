//! Session, request, challenge and passkey belong to the domain's own organization.

use scenarios::saml::decode;
use scenarios::{Company, Page, Person, World};

struct Two {
    world: World,
    contoso: Company,
    fabrikam: Company,
    ada: Person,
    bob: Person,
}

async fn two() -> Two {
    let world = World::start().await;
    let contoso = world.contoso();
    let fabrikam = world.found("Fabrikam", "fabrikam.test").await;
    let ada = world.user_of(&contoso, "ada").await;
    let ada = world.enrolled(&contoso, ada).await;
    let bob = world.user_of(&fabrikam, "bob").await;
    let bob = world.enrolled(&fabrikam, bob).await;
    Two { world, contoso, fabrikam, ada, bob }
}

/// The page of one organization's request, at another organization's address.
fn moved(page: &Page, from: &str, to: &str) -> String {
    let action = page.action();
    assert!(action.contains(from));
    action.replace(from, to)
}

#[tokio::test]
async fn each_organization_signs_in_its_own_people_under_its_own_issuer() {
    let Two { world, contoso, fabrikam, mut ada, mut bob } = two().await;
    for (company, person) in [(&contoso, &mut ada), (&fabrikam, &mut bob)] {
        let mut browser = world.browser();
        let page = browser.visit(&world.sso_at(company, "_own")).await;
        let page = browser.sign_in(&page, &mut person.authenticator).await;

        let xml = decode(&page.answer().expect("an answer").1);
        let issuer = format!(">{}/saml/{}</", world.base_url, company.domain);
        assert!(xml.contains(&issuer), "{xml}");
        assert!(xml.contains(person.user.user_name.as_str()));
    }
}

#[tokio::test]
async fn a_request_of_one_organization_is_nothing_under_the_domain_of_another() {
    let Two { world, contoso, fabrikam, mut ada, mut bob } = two().await;
    let mut browser = world.browser();
    let page = browser.visit(&world.sso_at(&contoso, "_a")).await;
    let url = moved(&page, "contoso.test", "fabrikam.test");
    let csrf = page.field("csrf").unwrap();
    let before = world.quiet().await;

    browser.visit(&url).await.assert_refused(410, "its page");
    for authenticator in [&mut ada.authenticator, &mut bob.authenticator] {
        let response = authenticator.get(&page.options(), &world.base_url);
        let fields = [("csrf", csrf.as_str()), ("response", response.as_str())];
        browser.post(&url, &fields).await.assert_refused(410, "its form");
    }
    let ticket = page.action().rsplit('/').next().unwrap().to_owned();
    for step in ["", "/code", "/passkey", "/recover"] {
        let url = format!("/enrol/{}/{ticket}{step}", fabrikam.id);
        browser.visit(&url).await.assert_refused(410, step);
    }

    world.unchanged_since(&before, "the other organization").await;
    let page = browser.sign_in(&page, &mut ada.authenticator).await;
    assert!(page.answer().is_some(), "its own goes on: {}", page.text);
}

#[tokio::test]
async fn a_passkey_of_one_organization_signs_nobody_in_at_another() {
    let Two { world, fabrikam, mut ada, bob, .. } = two().await;
    let mut browser = world.browser();
    let mut page = browser.visit(&world.sso_at(&fabrikam, "_b")).await;
    for handle in [None, Some(bob.user.id.uuid().as_bytes().to_vec())] {
        ada.authenticator.user_handle = handle;
        let before = world.quiet().await;

        page = browser.sign_in(&page, &mut ada.authenticator).await;

        assert_eq!(page.status, 200, "{}", page.text);
        assert!(page.answer().is_none());
        world.unchanged_but(&before, &["#REQUEST#"], "another organization's passkey").await;
        let expected = ("sign_in_refused".to_owned(), Some("passkey_unknown".to_owned()));
        assert_eq!(world.records().await.audited_since(&before), [expected]);
    }
}

#[tokio::test]
async fn a_session_of_one_organization_says_nothing_to_another() {
    let Two { world, contoso, fabrikam, ada, .. } = two().await;
    let mut browser = ada.browser;
    let (_, value) = browser.cookie("s-").expect("a session");
    browser.cookies.insert(format!("__Host-s-{}", fabrikam.id), value);
    let before = world.quiet().await;

    let page = browser.visit(&world.sso_at(&fabrikam, "_b")).await;

    assert!(page.answer().is_none());
    page.options();
    world.unchanged_but(&before, &["#REQUEST#"], "another organization's session").await;
    let page = browser.visit(&world.sso_at(&contoso, "_a")).await;
    assert!(page.answer().is_some(), "its own answers: {}", page.text);
}

#[tokio::test]
async fn a_link_of_one_organization_enrols_nobody_at_another() {
    let Two { world, contoso, fabrikam, ada, .. } = two().await;
    let link = world.link(&contoso, &ada.user).await;
    let before = world.quiet().await;

    let moved = link.replace(&contoso.id.to_string(), &fabrikam.id.to_string());
    assert_ne!(moved, link);
    let mut browser = world.browser();
    browser.visit(&moved).await.assert_refused(410, "its page");
    let page = browser.visit(&link).await;
    let csrf = page.field("csrf").unwrap();
    browser.post(&moved, &[("csrf", &csrf)]).await.assert_refused(410, "its form");

    world.unchanged_since(&before, "another organization's link").await;
}
