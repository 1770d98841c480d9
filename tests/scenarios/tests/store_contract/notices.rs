//! Whom Microsoft names: who is to be read at once.

use std::collections::BTreeSet;

use store::{Noticed, Stored};
use uuid::Uuid;

use crate::{Place, noon, seconds};

const ADA: Uuid = Uuid::from_u128(1);
const GRACE: Uuid = Uuid::from_u128(2);

fn objects(noticed: &[Stored<Noticed>]) -> BTreeSet<Uuid> {
    noticed.iter().map(|noticed| noticed.value.object).collect()
}

#[tokio::test]
async fn whoever_is_noticed_again_while_they_are_read_is_read_again() {
    let place = Place::new().await;
    let (store, org) = (&place.store, place.org());
    let noticed = async || store.noticed(org, 9, noon() + seconds(2)).await.unwrap();
    store.notice(org, &[ADA, GRACE].into(), noon()).await.unwrap();
    let read = noticed().await;
    assert_eq!(objects(&read), [ADA, GRACE].into());

    // At the same time, and later.
    for later in [0, 1] {
        let read = noticed().await;
        store.notice(org, &[ADA].into(), noon() + seconds(later)).await.unwrap();
        store.forget_noticed(org, &read).await.unwrap();
        assert_eq!(objects(&noticed().await), [ADA].into(), "what was read of her may be older");
    }

    let left = noticed().await;
    store.forget_noticed(org, &left).await.unwrap();
    assert!(noticed().await.is_empty());
    store.forget_noticed(org, &left).await.unwrap();
    store.forget_noticed(org, &[]).await.unwrap();
    assert!(noticed().await.is_empty(), "twice is once");
    store.notice(org, &[ADA].into(), noon() + seconds(1)).await.unwrap();
    store.forget_noticed(org, &read).await.unwrap();
    assert_eq!(objects(&noticed().await), [ADA].into(), "nobody had read her by then");
}

#[tokio::test]
async fn what_is_noticed_at_the_same_time_or_earlier_by_another_clock_is_seen_to_by_itself() {
    let place = Place::new().await;
    let (store, org) = (&place.store, place.org());
    let latest = async || store.latest_notice(org, noon()).await.unwrap();
    let notice = async |at| store.notice(org, &BTreeSet::new(), at).await.unwrap();
    assert!(latest().await.is_none());
    assert!(notice(noon()).await.is_some(), "what reads it is new");

    for at in [noon(), noon() - seconds(1), noon() + seconds(1)] {
        let read = latest().await.unwrap();
        assert!(notice(at).await.is_some(), "nobody is at it yet");
        assert!(!store.see_to_notices(org, &read).await.unwrap(), "at {at}");
        assert!(latest().await.is_some());
    }
    let read = latest().await.unwrap();
    assert!(store.see_to_notices(org, &read).await.unwrap());
    assert!(latest().await.is_none());
    assert!(store.see_to_notices(org, &read).await.unwrap(), "twice is once");
    let item = notice(noon()).await.unwrap();
    let item = store.outbox(org, item.id, noon()).await.unwrap().unwrap();
    store.take_outbox(item, noon()).await.unwrap().unwrap();
    assert!(notice(noon()).await.is_none(), "whoever is at it sees to this one too");
    assert!(store.see_to_notices(org, &latest().await.unwrap()).await.unwrap());

    // As often as the one that was read, and another.
    for second in 2..=5 {
        notice(noon() + seconds(second)).await;
    }
    assert_eq!(latest().await.unwrap().version, read.version);
    assert!(!store.see_to_notices(org, &read).await.unwrap());
    assert!(latest().await.is_some());
}

#[tokio::test]
async fn everybody_whom_one_request_of_graph_names_is_to_be_read() {
    let place = Place::new().await;
    let (store, org) = (&place.store, place.org());
    let told: BTreeSet<Uuid> = (0..120).map(Uuid::from_u128).collect();

    store.notice(org, &told, noon()).await.unwrap();

    let noticed = store.noticed(org, 999, noon()).await.unwrap();
    assert_eq!(objects(&noticed), told);
}
