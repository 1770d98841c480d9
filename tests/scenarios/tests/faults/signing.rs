//! The key service refuses, fails or says nothing: a bounded wait, a clear page, never an unsigned
//! answer.

use std::time::Duration;

use scenarios::{Effect, Fault, World};
use tokio::time::timeout;

/// Longer than all attempts may take together, with time to spare on a busy machine.
const PATIENCE: Duration = Duration::from_secs(15);

#[tokio::test]
async fn a_key_service_that_does_not_sign_is_asked_a_few_times_and_nothing_is_consumed() {
    let world = World::start().await;
    let mut ada = world.person("ada").await;
    let cases = [
        // what it does, how often it is asked at least and at most
        (Effect::Refuse(400, "ThrottlingException"), 3, 3),
        (Effect::Refuse(400, "LimitExceededException"), 3, 3),
        (Effect::Refuse(400, "DisabledException"), 1, 1),
        (Effect::Refuse(400, "KMSInvalidStateException"), 1, 1),
        (Effect::Refuse(400, "NotFoundException"), 1, 1),
        (Effect::Refuse(400, "AccessDeniedException"), 1, 1),
        (Effect::Refuse(500, "KMSInternalException"), 3, 3),
        (Effect::Refuse(503, "KeyUnavailableException"), 3, 3),
        (Effect::Lose, 3, 3),
        (Effect::LoseAnswer, 3, 3),
        (Effect::Stall, 2, 3),
    ];
    for (position, (effect, least, most)) in cases.into_iter().enumerate() {
        let (id, what) = (format!("_{position}"), format!("{effect:?}"));
        world.login.calls();
        world.login.fault(Fault { operation: "Sign", skip: 0, times: usize::MAX, effect });

        let url = world.sso(&id);
        let page = timeout(PATIENCE, ada.browser.visit(&url)).await.expect(&what);

        page.assert_refused(503, &what);
        let calls = world.login.calls();
        let asked = calls.iter().filter(|call| call.operation == "Sign").count();
        assert!((least..=most).contains(&asked), "{what}: asked {asked} times");
        assert!(calls.iter().all(|call| call.operation != "TransactWriteItems"), "{what}");
        assert_eq!(world.consumed(&id).await, 0, "{what}");
        world.login.mend_spent(&what);
        assert!(ada.browser.visit(&world.sso(&id)).await.answer().is_some(), "{what}: a reload");
    }
}

#[tokio::test]
async fn metadata_that_cannot_be_signed_is_not_served_and_not_remembered() {
    let world = World::start().await;
    let path = "/saml/contoso.test/metadata";
    let effect = Effect::Refuse(400, "DisabledException");
    world.login.fault(Fault { operation: "Sign", skip: 0, times: 1, effect });

    let failed = world.browser().visit(path).await;
    world.login.mend_spent("metadata");
    let again = world.browser().visit(path).await;

    failed.assert_refused(503, "metadata");
    assert_eq!(again.status, 200);
    assert!(again.text.contains("SignatureValue>"));
}
