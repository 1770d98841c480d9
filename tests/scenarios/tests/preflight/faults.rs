//! Each call of a look fails, once and for good: it ends all the same, and has found the same.

use entra_sim::GraphSettings;
use identity::{Block, Obstacle};
use jiff::SignedDuration;
use scenarios::mishap::AFTER_THE_LEASE;
use scenarios::{Case, Connector, World};
use serde_json::Value;
use store::pages_of;

use crate::asking::{THERE, crowd};
use crate::files::file;
use crate::story::{begin, preflight};

#[tokio::test]
async fn a_look_survives_every_fault() {
    let world = World::start().await;
    crowd(&world).await;
    // More than are looked at at once, and more pages of the tenant's list than one.
    for number in 0..205 {
        let blocked = [Block::Administrator].into();
        world.user_with(&format!("blocked-{number}"), |user| user.blocks = blocked).await;
    }
    world.microsoft.set_graph(GraphSettings { page_size: 7, ..GraphSettings::default() });
    let mut olga = world.connector().await;
    olga.connected().await;
    world.quiet().await;
    let due = begin(&world).await;
    world.directory.calls();
    world.batch(&[due]).await;
    let calls = world.directory.calls();
    let expected = names(&world).await;
    for (obstacle, name) in THERE {
        assert!(expected.contains(&(obstacle, name.to_owned())), "{name}: {expected:?}");
    }
    assert!(calls.iter().any(|call| call.operation == "PutObject"), "{calls:?}");

    // Wherever a read fails, the same is undone: nothing. The first of its kind stands for the others.
    let reads = ["GetItem", "BatchGetItem", "Query"];
    let mut cases = Case::all(&calls);
    cases.retain(|case| case.before == 0 || !reads.contains(&&*case.call.operation));
    for case in cases {
        let what = format!("{case:?}");
        let due = begin(&world).await;
        world.directory.fault(case.fault());
        world.batch(&[due]).await;
        world.directory.mend_spent(&what);
        for _ in 0..3 {
            if preflight(&world).await.look.is_none() {
                break;
            }
            world.clock.pass(AFTER_THE_LEASE);
            world.agree();
            world.sweep().await;
        }

        let found = preflight(&world).await;
        assert!(found.look.is_none(), "{what}: it did not end");
        assert_eq!(names(&world).await, expected, "{what}");
        assert_eq!(written(&mut olga).await, expected, "{what}");
    }
    for _ in 0..3 {
        world.clock.pass(SignedDuration::from_mins(31));
        world.agree();
        world.sweep().await;
    }
    let records = world.records().await;
    records.check_invariants();
    let left = records.values("#OUTBOX#");
    let looks = left.iter().filter(|item| item.to_string().contains("look_at_everybody"));
    assert_eq!(looks.count(), 0, "something is left");
}

/// Everybody in the files, in their order.
async fn written(olga: &mut Connector<'_>) -> Vec<(Obstacle, String)> {
    let lines = file(olga, "users.jsonl").await.text;
    let lines = lines.lines().map(|line| serde_json::from_str(line).unwrap());
    let named = lines.map(|line: Value| {
        let text = |name: &str| line[name].as_str().unwrap().to_owned();
        (Obstacle::of(&text("obstacle")).unwrap(), text("userName"))
    });
    let named: Vec<_> = named.collect();
    let table = file(olga, "users.csv").await.text;
    let rows = table.lines().skip(1).map(|row| row.split(',').take(2).collect::<Vec<_>>());
    let of_the_table = rows.map(|row| (Obstacle::of(row[0]).unwrap(), row[1].to_owned()));
    assert_eq!(of_the_table.collect::<Vec<_>>(), named, "both say the same");
    named
}

/// Everybody on every list.
async fn names(world: &World) -> Vec<(Obstacle, String)> {
    let findings = preflight(world).await.findings.unwrap();
    let users = u64::try_from(world.microsoft.users().len()).unwrap();
    assert_eq!(findings.told, Some(users), "the tenant was asked to the end");
    let mut names = Vec::new();
    for (obstacle, users) in findings.counts {
        let places: Vec<_> = (0..pages_of(users)).map(|number| (obstacle, number)).collect();
        let org = world.organization;
        let pages = world.store.findings(org, findings.id, &places, world.now()).await.unwrap();
        let listed: Vec<_> = pages.into_iter().flatten().collect();
        assert_eq!(users, u64::try_from(listed.len()).unwrap(), "{obstacle:?}");
        names.extend(listed.into_iter().map(|finding| (obstacle, finding.user_name)));
    }
    names
}
