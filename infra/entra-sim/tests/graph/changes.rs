//! Rounds of changes.

use std::collections::BTreeSet;

use entra_sim::{Disorder, GraphSettings, GraphUser, population};
use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::lab::{ADA, Answer, GRACE, Lab};

const FIRST: &str = "/users/delta?$select=id,userPrincipalName,accountEnabled,displayName,mail";

fn delta(pages: &[Answer]) -> String {
    pages[pages.len() - 1].delta().unwrap().to_owned()
}

fn told(pages: &[Answer]) -> Vec<Value> {
    pages.iter().flat_map(|page| page.body["value"].as_array().unwrap().clone()).collect()
}

#[tokio::test]
async fn the_first_round_tells_of_everybody_and_the_next_one_of_what_changed() {
    let lab = Lab::start();
    let first = lab.walk(FIRST).await;
    assert_eq!(told(&first).len(), 3);

    let quiet = lab.walk(&delta(&first)).await;
    assert_eq!(told(&quiet), Vec::<Value>::new());

    lab.patch(&format!("/users/{ADA}"), json!({ "accountEnabled": false })).await;
    let next = lab.walk(&delta(&quiet)).await;
    assert_eq!(
        told(&next),
        [json!({ "id": ADA, "accountEnabled": false })],
        "no more than changed"
    );

    let again = lab.walk(&delta(&quiet)).await;
    assert_eq!(told(&again), told(&next), "a link may be followed twice");
}

#[tokio::test]
async fn what_was_not_selected_at_first_is_never_told_behind_it() {
    let lab = Lab::start();
    let more = "/users/delta?$select=id,department,country";
    let (less, more) = (delta(&lab.walk(FIRST).await), delta(&lab.walk(more).await));
    let mut users = lab.simulator.users().into_iter();
    let ada = users.find(|user| user.id == ADA).unwrap();
    let (department, country) = (Some("Research".to_owned()), Some("GB".to_owned()));
    lab.simulator.put_user(GraphUser { department, country, ..ada }).unwrap();

    let research = json!({ "id": ADA, "department": "Research", "country": "GB" });
    assert_eq!(told(&lab.walk(&less).await), [json!({ "id": ADA })]);
    assert_eq!(told(&lab.walk(&more).await), [research]);
}

#[tokio::test]
async fn a_user_who_is_made_later_is_told_of_as_a_whole() {
    let lab = Lab::start();
    let first = lab.walk(FIRST).await;
    let mut user =
        GraphUser { id: "44444444-0000-4000-8000-000000000004".into(), ..GraphUser::default() };
    user.user_principal_name = "new@contoso.test".into();
    lab.simulator.put_user(user).unwrap();

    let told = told(&lab.walk(&delta(&first)).await);

    assert_eq!(told.len(), 1);
    assert_eq!(told[0]["userPrincipalName"], "new@contoso.test");
    assert_eq!(told[0]["mail"], Value::Null);
}

#[tokio::test]
async fn removed_users_are_told_of_by_how_they_went_also_in_the_first_round() {
    let lab = Lab::start();
    let first = lab.walk(FIRST).await;
    lab.simulator.soft_delete_user("ada@contoso.test").unwrap();
    lab.simulator.delete_user("grace@contoso.test").unwrap();

    let removed = |pages: &[Answer]| -> BTreeSet<(String, String)> {
        let removed = told(pages).into_iter().filter(|user| user.get("@removed").is_some());
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        removed.map(|user| (text(&user["id"]), text(&user["@removed"]["reason"]))).collect()
    };

    let changed = (ADA.to_owned(), "changed".to_owned());
    let deleted = (GRACE.to_owned(), "deleted".to_owned());
    assert_eq!(
        removed(&lab.walk(&delta(&first)).await),
        BTreeSet::from([changed.clone(), deleted])
    );
    assert_eq!(removed(&lab.walk(FIRST).await), BTreeSet::from([changed]));
    let before = delta(&lab.walk(FIRST).await);
    lab.simulator.restore_user("ada@contoso.test").unwrap();
    let back = told(&lab.walk(&before).await);
    assert_eq!((back.len(), &back[0]["displayName"]), (1, &json!("ada")));
}

#[tokio::test]
async fn a_round_may_be_disordered_and_hold_empty_pages_and_still_tells_of_everybody() {
    let lab = Lab::start();
    lab.simulator.put_users(population(30)).unwrap();
    lab.simulator.set_graph(GraphSettings {
        page_size: 5,
        disorder: Disorder::Repeated,
        empty_every: Some(2),
        ..GraphSettings::default()
    });

    let pages = lab.walk(FIRST).await;

    assert!(pages.iter().any(|page| page.ids().is_empty() && page.next().is_some()));
    let all: Vec<_> = pages.iter().flat_map(|page| page.ids()).collect();
    let distinct: BTreeSet<_> = all.iter().collect();
    assert_eq!(distinct.len(), 33);
    assert!(all.len() > 33, "some are told of twice");
    let first = pages[0].ids();
    assert!(first[0] > first[1], "pages are in reverse");
}

#[tokio::test]
async fn a_change_may_be_seen_by_a_later_round_only() {
    let lab = Lab::start();
    let first = delta(&lab.walk(FIRST).await);
    lab.simulator.set_graph(GraphSettings { lag: 1, ..GraphSettings::default() });
    lab.patch(&format!("/users/{ADA}"), json!({ "displayName": "Other" })).await;

    let early = lab.walk(&first).await;
    lab.simulator.set_graph(GraphSettings::default());
    let late = lab.walk(&delta(&early)).await;

    assert_eq!(told(&early), Vec::<Value>::new());
    assert_eq!(told(&late), [json!({ "id": ADA, "displayName": "Other" })]);
}

#[tokio::test]
async fn a_link_is_good_for_seven_days_and_what_is_none_is_refused() {
    let lab = Lab::start();
    let link = delta(&lab.walk(FIRST).await);
    let days = |days: i64| SignedDuration::from_hours(24 * days);

    lab.simulator.set_clock_offset(days(7) - SignedDuration::from_mins(1)).unwrap();
    assert_eq!(lab.get(&link).await.status, 200);
    lab.simulator.set_clock_offset(days(7) + SignedDuration::from_mins(1)).unwrap();
    assert_eq!(lab.get(&link).await.code(), "syncStateNotFound");
    assert_eq!(lab.get("/users/delta?$skiptoken=made-up").await.code(), "syncStateNotFound");
}

#[tokio::test]
async fn from_now_on_begins_empty_and_what_a_round_does_not_take_is_refused() {
    let lab = Lab::start();

    let latest = lab.get("/users/delta?$deltatoken=latest&$select=displayName").await;
    assert_eq!(latest.ids(), Vec::<&str>::new());
    lab.patch(&format!("/users/{ADA}"), json!({ "displayName": "Other" })).await;
    assert_eq!(lab.get(latest.delta().unwrap()).await.ids(), [ADA]);

    for option in ["$top=5", "$orderby=mail", "$expand=manager", "$filter=mail%20eq%20'x'"] {
        assert_eq!(lab.get(&format!("/users/delta?{option}")).await.status, 400, "{option}");
    }
}
