//! Ten thousand other tenants.

use entra_sim::{Crowd, GraphUser};
use serde_json::json;

use crate::lab::Lab;

const DELTA: &str = "/users/delta?$select=id,userPrincipalName,accountEnabled";

fn crowd() -> Crowd {
    Crowd { tenants: 10_000, people: 7, ..Crowd::default() }
}

#[tokio::test]
async fn each_tenant_of_a_crowd_has_people_of_its_own_and_is_made_when_it_is_asked_for() {
    let lab = Lab::start();
    lab.simulator.gather(crowd());
    assert_eq!(lab.simulator.gathered(), 0);

    let [first, last] = [0, 9_999].map(Crowd::tenant_id);
    let (one, other) = (lab.get_of(&first, DELTA).await, lab.get_of(&last, DELTA).await);
    assert_eq!(lab.simulator.gathered(), 2);
    assert_eq!((one.ids().len(), other.ids().len()), (7, 7));
    assert!(one.ids().iter().all(|id| !other.ids().contains(id)));
    let names = |number: u32| format!("person000000@tenant{number}.onmicrosoft.test");
    assert_eq!(one.body["value"][0]["userPrincipalName"], names(0));
    assert_eq!(other.body["value"][0]["userPrincipalName"], names(9_999));

    let ada = lab.simulator.users_of(&last).unwrap().unwrap().remove(0);
    let disabled = GraphUser { account_enabled: false, ..ada.clone() };
    lab.simulator.put_user_of(&last, disabled).unwrap().unwrap();
    let changed = lab.get_of(&last, other.delta().unwrap()).await;
    assert_eq!(changed.body["value"], json!([{ "id": ada.id, "accountEnabled": false }]));
    let unchanged = lab.get_of(&first, one.delta().unwrap()).await;
    assert_eq!(unchanged.body["value"], json!([]));
    let named = lab.get_of(&first, "/organization").await;
    assert_eq!(named.body["value"][0]["displayName"], "Tenant 0");
    assert_eq!(lab.get("/users").await.ids().len(), 3, "the one tenant has its own people");
}

#[tokio::test]
async fn a_tenant_that_is_none_of_the_crowd_is_not_there() {
    let lab = Lab::start();
    let within = Crowd::tenant_id(3);
    assert_eq!(lab.get_of(&within, DELTA).await.status, 401, "nobody gathered any");
    lab.simulator.gather(crowd());
    for number in [10_000, u32::MAX] {
        assert_eq!(lab.get_of(&Crowd::tenant_id(number), DELTA).await.status, 401);
    }
    assert_eq!(lab.get_of("c404d000-0000-4000-8000-3", DELTA).await.status, 401);
    assert_eq!(lab.get_of(&within, DELTA).await.status, 200);
    assert!(lab.simulator.put_user_of("elsewhere", GraphUser::default()).unwrap().is_none());
}
