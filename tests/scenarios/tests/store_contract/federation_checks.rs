//! What somebody saw of how domains are federated.

use std::collections::BTreeMap;

use store::{Action, Connection, Feature, FederationCheck, Stage, TableError};
use uuid::Uuid;

use crate::{Place, RACERS, audit, noon, race, seconds};

const TENANT: Uuid = Uuid::from_u128(7);

fn connection(tenant: Uuid, stage: Stage) -> Connection {
    Connection {
        tenant,
        stage,
        since: noon(),
        feature: Feature::ReadUsers,
        authorised: None,
        granted: BTreeMap::new(),
        name: None,
        domains: Vec::new(),
        checked_at: None,
        lost: [].into(),
    }
}

fn check() -> FederationCheck {
    let (granted, domains, left_out) = (Vec::new(), Vec::new(), 0);
    FederationCheck { tenant: TENANT, at: noon(), by: None, granted, domains, left_out }
}

#[tokio::test]
async fn a_look_is_kept_only_while_its_tenant_is_connected_and_of_two_one_stands() {
    let place = Place::new().await;
    let (store, org) = (&place.store, place.org());
    let keep = async |before: Option<&store::Stored<FederationCheck>>| {
        let audit = audit(Action::FederationChecked);
        store.keep_federation_check(org, before, &check(), &audit).await
    };
    let at_position = |kept: Result<(), TableError>| match kept {
        Err(TableError::Conflict { position }) => Some(position),
        other => panic!("{other:?}"),
    };
    assert_eq!(at_position(keep(None).await), Some(0), "nothing is connected");
    let mut before = None;
    for (tenant, stage, kept) in [
        (TENANT, Stage::AwaitingToken, false),
        (TENANT, Stage::Lost, false),
        (TENANT, Stage::Disconnected, false),
        (Uuid::from_u128(8), Stage::Connected, false),
        (TENANT, Stage::Connected, true),
    ] {
        let connection = connection(tenant, stage);
        store.connect(org, &connection, before.as_ref(), None, &[]).await.unwrap();
        before = store.connection(org, noon()).await.unwrap();
        let result = keep(None).await;
        assert_eq!(result.is_ok(), kept, "{tenant} {stage:?}");
        assert!(kept || at_position(result) == Some(0), "{tenant} {stage:?}");
    }

    let stored = store.federation_check(org, noon()).await.unwrap().unwrap();
    assert_eq!((&stored.value, stored.version), (&check(), 1));
    assert_eq!(at_position(keep(None).await), Some(1), "somebody looked before");
    assert_eq!(race((0..RACERS).map(|_| keep(Some(&stored)))).await, 1);
    // It has no end: it is shown with its age.
    let later = noon() + seconds(400 * 86_400);
    assert_eq!(store.federation_check(org, later).await.unwrap().unwrap().version, 2);
}
