//! What is large: it is written and answered, listed page by page, and never fills an answer beyond
//! what leaves us.

use std::collections::BTreeSet;

use jiff::SignedDuration;
use scenarios::scim::{encoded, entra_user};
use scenarios::{Answer, Provisioner};
use serde_json::{Value, json};

use crate::{group_path, id, object, path, with_entra};

/// The largest answer: Lambda takes 6 MB, and its own envelope around.
const MOST_BYTES: usize = 5_000_000;

fn ids(list: &Value) -> Vec<String> {
    let resources = list["Resources"].as_array().unwrap();
    resources.iter().map(|resource| id(resource).to_owned()).collect()
}

/// Somebody with sixty thousand bytes of attributes.
async fn portly(entra: &Provisioner, number: usize) -> String {
    let mut user = entra_user(&format!("user-{number:03}"), &object(number));
    let text = "x".repeat(7_500);
    for name in ["title", "nickName", "locale", "timezone", "userType", "preferredLanguage"] {
        user[name] = json!(text);
    }
    user["name"] = json!({ "formatted": text, "middleName": text });
    id(&entra.create(&user).await).to_owned()
}

/// Waits out what a busy machine makes of an emulator.
async fn patiently<F: Future<Output = Answer>>(ask: impl Fn() -> F) -> Answer {
    loop {
        let answer = ask().await;
        if answer.status != 503 {
            return answer;
        }
    }
}

/// Walks to the end of a list by `startIndex`, and answers what was seen and in how many pages.
async fn walk(entra: &Provisioner, path: &str) -> (Vec<String>, usize) {
    let (mut seen, mut pages) = (Vec::new(), 0);
    loop {
        let from = format!("{path}startIndex={}&count=200", seen.len() + 1);
        let page = patiently(|| entra.get(&from)).await.expect(200);
        assert!(page.to_string().len() <= MOST_BYTES, "{from}: {}", page.to_string().len());
        let ids = ids(&page);
        if ids.is_empty() {
            assert_eq!(page["totalResults"], seen.len(), "{from}");
            return (seen, pages);
        }
        seen.extend(ids);
        pages += 1;
    }
}

/// The same by cursor.
async fn follow(entra: &Provisioner, path: &str) -> (Vec<String>, usize) {
    let (mut seen, mut pages, mut cursor) = (Vec::new(), 0, String::new());
    loop {
        let from = format!("{path}cursor={}&count=200", encoded(&cursor));
        let page = patiently(|| entra.get(&from)).await.expect(200);
        assert!(page.to_string().len() <= MOST_BYTES, "{from}: {}", page.to_string().len());
        seen.extend(ids(&page));
        pages += 1;
        match page["nextCursor"].as_str() {
            Some(next) => cursor = next.to_owned(),
            None => return (seen, pages),
        }
    }
}

fn set(ids: &[String]) -> BTreeSet<&String> {
    ids.iter().collect()
}

#[tokio::test]
async fn a_page_of_large_people_ends_where_an_answer_is_full() {
    let (_world, entra) = with_entra().await;
    let admin = entra.filter("/Users", "userName eq \"admin@contoso.test\"").await.expect(200);
    let mut people = ids(&admin);
    for number in 0..80 {
        people.push(portly(&entra, number).await);
    }
    let group = entra.post("/Groups", &json!({ "displayName": "Staff" })).await.expect(201);
    let everything = [people.as_slice(), &[id(&group).to_owned()]].concat();

    let (seen, pages) = walk(&entra, "/?").await;
    assert_eq!((seen.len(), set(&seen)), (everything.len(), set(&everything)));
    assert_eq!(pages, 2, "of four million bytes each");
    for (seen, pages) in [
        follow(&entra, "/Users?sortBy=userName&").await,
        walk(&entra, "/Users?filter=title%20pr%20or%20active%20eq%20true&").await,
    ] {
        assert_eq!((seen.len(), set(&seen), pages), (people.len(), set(&people), 2));
    }
}

#[tokio::test]
async fn a_group_that_fits_no_answer_ends_the_page_before_it() {
    let (world, entra) = with_entra().await;
    let mut groups = Vec::new();
    for name in ["A", "B", "C"] {
        groups.push(entra.post("/Groups", &json!({ "displayName": name })).await.expect(201));
    }
    world.pretend_members(id(&groups[1]), 26_000).await;
    let sorted = "/Groups?sortBy=displayName&";
    let (first, second) = (format!("{sorted}startIndex=1"), format!("{sorted}startIndex=2"));

    let first = patiently(|| entra.get(&first)).await.expect(200);
    assert_eq!((&first["totalResults"], ids(&first)), (&json!(3), vec![id(&groups[0]).to_owned()]));
    let second = patiently(|| entra.get(&second)).await;
    second.assert_error(400, Some("tooMany"), "it says how to be asked");
    // Whoever wrote is told of it all the same.
    let rename = json!([{ "op": "replace", "path": "displayName", "value": "B2" }]);
    let asked = format!("{}?attributes=displayName,members", group_path(&groups[1]));
    let patched = patiently(|| entra.patch(&asked, rename.clone())).await.expect(200);
    assert!(patched.get("members").is_none() && patched["displayName"] == "B2", "{patched:.200}");
    let all = entra.get(&format!("{sorted}excludedAttributes=members")).await.expect(200);
    assert_eq!(ids(&all).len(), 3);
}

#[tokio::test]
async fn a_list_ends_a_page_when_time_is_short() {
    let (world, entra) = with_entra().await;
    let mut groups = Vec::new();
    for number in 0..12 {
        let group = json!({ "displayName": format!("Group {number}") });
        groups.push(id(&entra.post("/Groups", &group).await.expect(201)).to_owned());
    }
    let ada = entra.create(&entra_user("ada", &object(1))).await;
    // Each look at the clock is two seconds later: of fifteen, some groups are left.
    for path in ["/Groups?", "/Groups?filter=displayName%20pr&"] {
        let (mut seen, mut pages) = (BTreeSet::new(), 0);
        while seen.len() < groups.len() {
            world.clock.hurry(SignedDuration::from_secs(2));
            let from = format!("{path}startIndex={}", seen.len() + 1);
            let answer = entra.get(&from).await;
            world.clock.hurry(SignedDuration::ZERO);
            if path.contains("filter") {
                // It reads everything first, has no time left, and would have none another time.
                answer.assert_error(400, Some("tooMany"), &from);
                break;
            }
            seen.extend(ids(&answer.expect(200)));
            pages += 1;
        }
        assert!(pages != 1, "{path}: {pages} pages");
    }
    assert!(entra.get(&path(&ada)).await.status.is_success());
}
