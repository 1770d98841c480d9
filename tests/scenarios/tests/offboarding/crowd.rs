//! Many organizations, each with a tenant of its own.

use entra_sim::{Crowd, GraphUser};
use identity::{Block, OrganizationId, User};
use jiff::SignedDuration;
use scenarios::World;
use store::Order;

const ORGANIZATIONS: u32 = 12;
const PEOPLE: usize = 5;

async fn users(world: &World, organization: OrganizationId) -> Vec<User> {
    let page = world.store.list_users(organization, Order::Stored, None, 50, world.now());
    page.await.unwrap().items.into_iter().map(|user| user.user.value).collect()
}

async fn round(world: &World) {
    world.clock.pass(SignedDuration::from_hours(4));
    world.agree();
    world.sweep().await;
    world.swept_by(SignedDuration::from_mins(5)).await;
}

#[tokio::test]
async fn each_of_many_organizations_is_read_from_its_own_tenant_and_loses_whom_that_disables() {
    let world = World::start().await;
    world.connector().await.connected().await;
    world.gather(10_000, PEOPLE as u32);
    let organizations = world.pretend_connected(ORGANIZATIONS, world.now()).await;

    round(&world).await;
    assert_eq!(world.microsoft.gathered(), organizations.len());
    for organization in &organizations {
        let users = users(&world, *organization).await;
        assert_eq!(users.len(), PEOPLE);
        assert!(users.iter().all(|user| user.blocks.is_empty()));
    }

    let tenant = Crowd::tenant_id(7);
    let leaver = world.microsoft.users_of(&tenant).unwrap().unwrap().remove(3);
    let disabled = GraphUser { account_enabled: false, ..leaver.clone() };
    world.microsoft.put_user_of(&tenant, disabled).unwrap().unwrap();
    round(&world).await;
    for (number, organization) in organizations.iter().enumerate() {
        let users = users(&world, *organization).await;
        let blocked = users.iter().filter(|user| user.blocks.contains(&Block::Entra));
        let blocked: Vec<_> = blocked.map(|user| user.object_id.unwrap().to_string()).collect();
        let expected = if number == 7 { vec![leaver.id.clone()] } else { Vec::new() };
        assert_eq!(blocked, expected, "organization {number}");
    }
    world.quiet().await;
}
