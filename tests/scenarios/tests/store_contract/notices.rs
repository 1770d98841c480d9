//! Whom Microsoft names: who is to be read at once.

use std::collections::BTreeSet;

use store::Noticed;
use uuid::Uuid;

use crate::{Place, noon, seconds};

const ADA: Uuid = Uuid::from_u128(1);
const GRACE: Uuid = Uuid::from_u128(2);

fn objects(noticed: &[Noticed]) -> BTreeSet<Uuid> {
    noticed.iter().map(|noticed| noticed.object).collect()
}

#[tokio::test]
async fn whoever_is_noticed_again_while_they_are_read_is_read_again() {
    let place = Place::new().await;
    let (store, org) = (&place.store, place.org());
    let noticed = async || store.noticed(org, 9, noon() + seconds(2)).await.unwrap();
    store.notice(org, &[ADA, GRACE].into(), noon()).await.unwrap();
    let read = noticed().await;
    assert_eq!(objects(&read), [ADA, GRACE].into());

    store.notice(org, &[ADA].into(), noon() + seconds(1)).await.unwrap();
    store.forget_noticed(org, &read).await.unwrap();
    let left = noticed().await;
    assert_eq!(objects(&left), [ADA].into(), "what was read of her may be older");

    store.forget_noticed(org, &left).await.unwrap();
    assert_eq!(noticed().await, []);
    store.forget_noticed(org, &left).await.unwrap();
    store.forget_noticed(org, &[]).await.unwrap();
    assert_eq!(noticed().await, [], "twice is once");
}
