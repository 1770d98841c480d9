//! How many codes are sent, whoever asks for them.

use identity::{Limit, User};
use jiff::SignedDuration;
use scenarios::{Page, World};

/// Asks for a code in a browser of its own, and waits until it is sent or not.
async fn ask(world: &World, user: &User) -> Page {
    let mut browser = world.browser();
    let page = browser.begin_enrolment(&world.sso("_limit")).await;
    let page = browser.submit(&page, &[("address", user.user_name.as_str())]).await;
    world.quiet().await;
    assert_eq!(page.status, 200, "{}", page.text);
    page
}

fn mails(world: &World, user: &User) -> usize {
    world.mails(user.personal_email.as_ref().unwrap().as_str()).len()
}

/// The people who were sent no code because there were too many, as the audit names them.
async fn too_many(world: &World) -> Vec<String> {
    let audit = world.records().await.audit();
    let refused = audit.iter().filter(|entry| entry["reason"] == "too_many_codes");
    refused.map(|entry| entry["subject"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_user_is_sent_five_codes_an_hour_and_no_more() {
    let world = World::start().await;
    let (ada, grace) = (world.user("ada").await, world.user("grace").await);
    // By a name that they had before, say: the address has asked for none.
    world.use_limit(&format!("CODES#USER#{}", ada.id), Limit::CODES_PER_USER, 4).await;

    let fifth = ask(&world, &ada).await;
    let sixth = ask(&world, &ada).await;
    ask(&world, &grace).await;

    assert_eq!((mails(&world, &ada), mails(&world, &grace)), (1, 1));
    assert_eq!(too_many(&world).await, [ada.id.to_string()]);
    assert_eq!(fifth.notice(), sixth.notice(), "nobody is told");
    world.clock.pass(SignedDuration::from_hours(1));
    ask(&world, &ada).await;
    assert_eq!(mails(&world, &ada), 2, "the next hour");
}

#[tokio::test]
async fn an_organization_is_sent_ten_thousand_codes_an_hour_and_invented_addresses_use_up_none() {
    let world = World::start().await;
    let (ada, grace) = (world.user("ada").await, world.user("grace").await);
    let mut nobody = ada.clone();
    nobody.user_name = "nobody@contoso.test".parse().unwrap();
    assert_eq!(Limit::CODES_PER_ORGANIZATION.times, 10_000);
    world.use_limit("CODES", Limit::CODES_PER_ORGANIZATION, 9_999).await;

    ask(&world, &nobody).await;
    ask(&world, &ada).await;
    ask(&world, &grace).await;

    assert_eq!((mails(&world, &ada), mails(&world, &grace)), (1, 0));
    assert_eq!(too_many(&world).await, [grace.id.to_string()]);
    world.clock.pass(SignedDuration::from_hours(1));
    ask(&world, &grace).await;
    assert_eq!(mails(&world, &grace), 1, "the next hour");
}
