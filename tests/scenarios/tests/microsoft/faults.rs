//! Each call on the way back from Microsoft fails, once and for good: nobody is half signed in, and
//! whoever begins again gets in.

use scenarios::microsoft::account;
use scenarios::{Browser, Call, Case, Connector, Page, Spell, World};
use serde_json::json;

const BOSS: &str = "boss@contoso.onmicrosoft.com";

async fn left(olga: &Connector<'_>) -> (Browser, String) {
    let mut browser = olga.world.browser();
    let back = olga.return_address(&mut browser, BOSS, account::BOSS).await;
    (browser, back)
}

/// The sessions that Microsoft began.
async fn sessions(world: &World) -> usize {
    let records = world.records().await;
    records.check_invariants();
    let all = records.values("#USER#");
    all.iter().filter(|item| item["by"] == "microsoft").count()
}

fn is_in(olga: &Connector<'_>, page: &Page) -> bool {
    page.location() == Some(olga.world.connection_path())
}

#[tokio::test]
async fn a_sign_in_with_microsoft_survives_every_fault() {
    let world = World::start().await;
    world.named_boss().await;
    let mut olga = world.connector().await;
    olga.connected().await;
    let (mut browser, back) = left(&olga).await;
    world.oauth.calls();
    assert!(is_in(&olga, &browser.get(&back).await));
    let calls: Vec<Call> = world.oauth.calls();
    assert!(calls.len() >= 5, "{calls:?}");

    for case in Case::all(&calls) {
        let (mut browser, back) = left(&olga).await;
        let (known, what) = (sessions(&world).await, format!("{case:?}"));
        world.oauth.fault(case.fault());

        let page = browser.get(&back).await;
        world.oauth.mend();

        let begun = sessions(&world).await - known;
        if is_in(&olga, &page) {
            assert_eq!(begun, 1, "{what}");
        } else {
            page.assert_refused(page.status.as_u16(), &what);
            assert!(case.spell == Spell::ForGood, "{what}: {}", page.text);
            assert!([410, 503].contains(&page.status.as_u16()), "{what}: {}", page.status);
            // Whose answer was lost has a session that nobody holds, and which ends by itself.
            assert!(begun <= 1, "{what}");
            let again = browser.get(&back).await;
            if !is_in(&olga, &again) {
                again.assert_refused(410, &what);
                let (mut browser, back) = left(&olga).await;
                assert!(is_in(&olga, &browser.get(&back).await), "{what}: another time");
            }
        }
    }
}

#[tokio::test]
async fn microsoft_out_of_order_signs_nobody_in_and_says_so() {
    let world = World::start().await;
    world.named_boss().await;
    let mut olga = world.connector().await;
    olga.connected().await;
    let cases = [
        (json!({ "token": { "status": 503 } }), 503),
        (json!({ "token": { "status": 429, "retry_after": 60 } }), 503),
        (json!({ "token": { "status": 400, "error": "temporarily_unavailable" } }), 503),
        (json!({ "token": { "status": 401, "error": "invalid_client", "aadsts": 700_027 } }), 409),
        (json!({ "token": { "status": 400, "error": "invalid_grant", "aadsts": 70_008 } }), 410),
    ];

    for (fault, status) in cases {
        let (mut browser, back) = left(&olga).await;
        olga.simulate("faults", &fault).await;
        browser.get(&back).await.assert_refused(status, &fault.to_string());
        olga.simulate("faults", &json!({})).await;
        browser.get(&back).await.assert_refused(410, "the journey is over");
    }

    assert_eq!(sessions(&world).await, 0);
    let (mut browser, back) = left(&olga).await;
    assert!(is_in(&olga, &browser.get(&back).await));
}
