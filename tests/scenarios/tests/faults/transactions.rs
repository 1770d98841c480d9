//! DynamoDB cancels a transaction, which its emulators never do by themselves.

use scenarios::{Authenticator, Effect, Fault, Page, World};

const WRITE: &str = "TransactWriteItems";

/// Somebody signs in by a passkey; the second write of it is the one that answers.
async fn sign_in(world: &World, authenticator: &mut Authenticator, id: &str) -> (Page, Page) {
    let mut browser = world.browser();
    let asked = browser.visit(&world.sso(id)).await;
    let response = authenticator.get(&asked.options(), &world.base_url);
    let fields = [("csrf", asked.field("csrf").unwrap()), ("response", response)];
    let fields = fields.each_ref().map(|(name, value)| (*name, value.as_str()));
    let first = browser.post(&asked.action(), &fields).await;
    world.login.mend_spent(id);
    let reloaded = browser.post(&asked.action(), &fields).await;
    (first, reloaded)
}

#[tokio::test]
async fn a_cancelled_answer_is_tried_again_when_that_may_help_and_never_leaves_otherwise() {
    let world = World::start().await;
    let mut ada = world.person("ada").await;
    let cases = [
        // what happens, how often, whether the first try answers
        (Effect::Cancel("TransactionConflict"), 1, true),
        (Effect::Cancel("TransactionConflict"), 6, true),
        (Effect::Cancel("TransactionConflict"), 7, false),
        (Effect::Cancel("ThrottlingError"), 1, true),
        (Effect::Cancel("ProvisionedThroughputExceeded"), 1, true),
        (Effect::Cancel("ConditionalCheckFailed"), 1, false),
        (Effect::Cancel("ItemCollectionSizeLimitExceeded"), 1, false),
        (Effect::Cancel("ValidationError"), 1, false),
        // An earlier attempt of the same call is under way.
        (Effect::Refuse(400, "TransactionInProgressException"), 2, true),
        (Effect::Refuse(400, "TransactionInProgressException"), 3, false),
    ];
    for (position, (effect, times, answers)) in cases.into_iter().enumerate() {
        let (id, what) = (format!("_{position}"), format!("{effect:?} {times} times"));
        world.login.fault(Fault { operation: WRITE, skip: 1, times, effect });

        let (first, reloaded) = sign_in(&world, &mut ada.authenticator, &id).await;

        assert_eq!(first.answer().is_some(), answers, "{what}: {}", first.text);
        assert_eq!(world.consumed(&id).await, 1, "{what}");
        if answers {
            // The answer took the browser's half of the request away.
            reloaded.assert_refused(403, &what);
        } else {
            first.assert_refused(503, &what);
            assert!(reloaded.answer().is_some(), "{what}: {}", reloaded.text);
        }
    }
}

#[tokio::test]
async fn a_cancelled_registration_leaves_nothing_and_can_be_sent_again() {
    let world = World::start().await;
    let cases = [
        // reason, how often, whether the first try enrols
        ("TransactionConflict", 6, true),
        ("TransactionConflict", 7, false),
        ("ConditionalCheckFailed", 1, false),
    ];
    for (position, (reason, times, enrols)) in cases.into_iter().enumerate() {
        let what = format!("{reason} {times} times");
        let user = world.user(&format!("user-{position}")).await;
        let link = world.link(&world.contoso(), &user).await;
        let mut browser = world.browser();
        let page = browser.open_link(&link).await;
        let response = Authenticator::default().create(&page.options(), &world.base_url);
        let csrf = page.field("csrf").unwrap();
        let fields = [("csrf", csrf.as_str()), ("label", "Phone"), ("response", &response)];
        let effect = Effect::Cancel(reason);
        world.login.fault(Fault { operation: WRITE, skip: 0, times, effect });

        let first = browser.post(&page.action(), &fields).await;
        world.login.mend_spent(&what);

        assert_eq!(world.enrolled_wholly(&user, &what).await, enrols, "{what}");
        assert_eq!(first.recovery_code().is_some(), enrols, "{what}: {}", first.text);
        if !enrols {
            first.assert_refused(503, &what);
            let again = browser.post(&page.action(), &fields).await;
            assert!(again.recovery_code().is_some(), "{what}: {}", again.text);
        }
        assert!(world.enrolled_wholly(&user, &what).await, "{what}");
    }
}

/// The passkey would be there, and the one page with the recovery code would never have been shown.
#[tokio::test]
async fn a_registration_whose_answer_is_lost_for_good_still_shows_its_recovery_code() {
    let world = World::start().await;
    let cases = [(Effect::LoseAnswer, true), (Effect::StallAnswer, true), (Effect::Lose, false)];
    for (position, (effect, carried_out)) in cases.into_iter().enumerate() {
        let what = format!("{effect:?}");
        let user = world.user(&format!("user-{position}")).await;
        let link = world.link(&world.contoso(), &user).await;
        let mut browser = world.browser();
        let page = browser.open_link(&link).await;
        let fault = Fault { operation: WRITE, skip: 0, times: usize::MAX, effect };
        world.login.fault(fault.clone());

        let shown = browser.register(&page, &mut Authenticator::default()).await;
        world.login.mend_spent(&what);

        assert_eq!(world.enrolled_wholly(&user, &what).await, carried_out, "{what}");
        if !carried_out {
            shown.assert_refused(503, &what);
            continue;
        }
        let code = shown.recovery_code().expect(&what);
        let silent = browser.visit(&world.sso(&format!("_{position}"))).await;
        assert!(silent.answer().is_some(), "{what}: the session that it began");
        let recover = async |code: &str| {
            let mut other = world.browser();
            let page = other.begin_enrolment(&world.sso("_recover")).await;
            let page = other.visit(&format!("{}/recover", page.action())).await;
            let fields = [("address", user.user_name.as_str()), ("code", code)];
            let page = other.submit(&page, &fields).await;
            (other, page)
        };
        let (mut other, page) = recover(&code).await;
        world.login.fault(fault);
        let renewed = other.register(&page, &mut Authenticator::default()).await;
        world.login.mend_spent(&what);
        let next = renewed.recovery_code().expect(&what);
        assert!(recover(&code).await.1.notice().is_some(), "{what}: the first is good again");
        recover(&next).await.1.options();
    }
}
