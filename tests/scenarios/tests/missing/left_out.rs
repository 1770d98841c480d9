//! Whom rounds left out, and whom the tenant does not know any more: what becomes of them is for a search
//! to say, with its limit, and with somebody to decide.

use ambient::SystemEntropy;
use identity::{User, UserId};
use scenarios::World;
use serde_json::json;
use store::{LeftOutReason, MissingEnd, MissingSearch, MissingStep};
use uuid::Uuid;

use crate::place::{
    asked, blocked_are, come_back, connected, held, next_round, operate, said, search, strangers,
    swept,
};

/// Has these objects left out, as by a round that tells nonsense of them.
async fn leave_out(world: &World, objects: impl IntoIterator<Item = Uuid>) {
    let (org, now) = (world.organization, world.now());
    let objects = objects.into_iter().map(|object| (object, LeftOutReason::Unread)).collect();
    let due_at = world.store.leave_out(org, &objects, now).await.unwrap();
    let mut import = world.store.import(org, now).await.unwrap().unwrap();
    import.value.leave_out(due_at);
    world.store.keep_import(org, import.version, &import.value).await.unwrap();
}

fn objects(users: &[User]) -> impl Iterator<Item = Uuid> {
    users.iter().filter_map(|user| user.object_id)
}

/// How many are left out.
async fn left_out(world: &World) -> usize {
    let import = world.store.import(world.organization, world.now()).await.unwrap().unwrap();
    let left_out = world.records().await.count("#LEFT_OUT");
    assert_eq!(left_out > 0, import.value.left_out_at.is_some(), "rounds know when to ask");
    left_out
}

/// Users whom the tenant does not know and who were left out, asked for twice by now.
async fn missed(world: &World, many: usize) -> (Vec<User>, MissingSearch) {
    let gone = strangers(world, many).await;
    leave_out(world, objects(&gone)).await;
    let before = search(world).await;
    next_round(world).await;
    assert_eq!(search(world).await, before, "who was just made is not seen everywhere at first");
    next_round(world).await;
    let search = asked(world).await;
    assert_ne!(search.id, before.id, "everybody is asked for");
    (gone, search)
}

#[tokio::test]
async fn few_whom_rounds_left_out_and_the_tenant_does_not_know_lose_access_by_one_search() {
    let world = World::start().await;
    connected(&world, 10).await;
    // Who is nobody here is nobody to search for.
    leave_out(&world, [UserId::mint(&SystemEntropy).uuid()]).await;

    let (gone, found) = missed(&world, 3).await;
    assert_eq!((found.found, found.missing), (12, 3), "{found:?}");
    blocked_are(&world, &[], "they are asked for once more").await;
    assert_eq!(left_out(&world).await, 3, "nobody waits for whoever is nobody");
    swept(&world).await;
    blocked_are(&world, &gone, "those who are missing, and nobody else").await;
    let over = search(&world).await;
    assert!(matches!(over.step, MissingStep::Over { end: MissingEnd::Taken, .. }), "{over:?}");

    for _ in 0..3 {
        next_round(&world).await;
    }
    assert_eq!(left_out(&world).await, 0, "whoever lost access is left out no more");
    assert_eq!(search(&world).await, over, "they were searched for once");
    let audit = world.quiet().await.audit();
    let taken = audit.iter().filter(|entry| entry["reason"] == "missing").count();
    assert_eq!(taken, 3, "each once");
}

#[tokio::test]
async fn many_whom_rounds_left_out_and_the_tenant_does_not_know_are_held_and_asked_about_once() {
    let world = World::start().await;
    connected(&world, 10).await;

    let (gone, found) = missed(&world, 7).await;
    assert_eq!((found.found, found.missing), (12, 7), "{found:?}");
    let (id, _) = held(&world).await;
    swept(&world).await;
    for _ in 0..3 {
        next_round(&world).await;
    }
    assert_eq!(held(&world).await, (id, 7), "somebody is asked to decide about one list");
    assert_eq!(said(&world).len(), 1);
    operate(&world, "dismiss_missing", json!({ "search": id })).await.unwrap();
    let dismissed = search(&world).await;
    for _ in 0..12 {
        next_round(&world).await;
    }
    assert_eq!(search(&world).await, dismissed, "it is decided");
    blocked_are(&world, &[], "nobody decided that they lose access").await;
    assert_eq!(left_out(&world).await, 7, "they may come back");

    // Whoever comes back is taken in; of one a round tells anew.
    for back in &gone[1..] {
        come_back(&world, back);
    }
    leave_out(&world, objects(&gone[..1])).await;
    for _ in 0..5 {
        next_round(&world).await;
    }
    assert_ne!(asked(&world).await.id, id);
    assert_eq!(held(&world).await.1, 1, "however few they are by now");
    assert_eq!(left_out(&world).await, 1);
    swept(&world).await;
    blocked_are(&world, &[], "their list was dismissed").await;
    world.quiet().await;
}
