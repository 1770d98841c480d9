//! Whose anchor is not repaired: by what is known here, and by what is there in the end.

use entra_sim::Fault;
use identity::{Anchor, Block, User, UserId};
use jiff::SignedDuration;
use scenarios::World;
use scenarios::microsoft::account;
use serde_json::{Value, json};

use crate::place::{
    Somebody, begin, changes, connected, ended, fail, here, later, object, operate, repair, settle,
    stopped_midway, there, under_way,
};

const SYNCED: &str = "dGhlIG9uZSBvZiBBRCE=";

fn kind(answer: &Result<Value, Value>) -> &str {
    answer.as_ref().unwrap_err()["errorType"].as_str().unwrap()
}

#[tokio::test]
async fn whoever_cannot_be_repaired_is_refused_with_words_and_nothing_is_written() {
    let world = World::federated().await;
    let people = [Somebody("ada", None), Somebody("good", Some("theirs"))];
    let mut olga = connected(&world, &people).await;
    let made = |name: &'static str, change: fn(&mut User)| world.user_with(name, change);
    let unanchored = |user: &mut User| {
        user.anchor = None;
        user.object_id = Some(user.id.uuid());
    };
    made("stranger", |user| user.anchor = None).await;
    world.user_with("synced", |user| (unanchored(user), user.on_premises = true).1).await;
    world
        .user_with("blocked", |user| {
            unanchored(user);
            user.blocks = [Block::Administrator].into();
        })
        .await;
    world
        .user_with("managed", |user| {
            unanchored(user);
            user.user_name = "managed@contoso.onmicrosoft.com".parse().unwrap();
        })
        .await;
    // The id of one is the anchor of another.
    let robbed = world.user_with("robbed", unanchored).await;
    let thief = UserId::from_bytes([7; 16]);
    world
        .user_with("thief", |user| (user.id, user.anchor) = (thief, Some(Anchor::of(robbed.id))))
        .await;
    let (before, known) = (world.quiet().await, world.microsoft.graph_calls().len());

    for name in ["good", "stranger", "synced", "blocked", "robbed"] {
        assert_eq!(kind(&repair(&world, name, None).await), "Refused", "{name}");
    }
    let managed = json!({ "email": "managed@contoso.onmicrosoft.com" });
    assert_eq!(kind(&operate(&world, "repair_anchor", managed).await), "Refused");
    assert_eq!(kind(&repair(&world, "nobody", None).await), "NotFound");
    let good = json!({ "email": "ada@contoso.test", "replaces": "a_b" });
    assert_eq!(kind(&operate(&world, "repair_anchor", good).await), "Refused", "it signs in");
    let nobodys = operate(&world, "abandon_repair", json!({ "user": robbed.id })).await;
    assert_eq!(kind(&nobodys), "NotFound");
    let nothing = operate(&world, "list_repairs", json!({ "next": "x" })).await;
    assert_eq!(kind(&nothing), "BadRequest");
    world.unwritten_since(&before, "refused").await;
    assert_eq!(world.microsoft.graph_calls().len(), known);

    // What somebody may do for one organization is nothing for another.
    let fabrikam = world.found("Fabrikam", "fabrikam.test").await;
    let plan = repair(&world, "ada", None).await.unwrap();
    for confirm in [Value::Null, plan["plan"].clone()] {
        let asked = json!({
            "action": "repair_anchor", "domain": fabrikam.domain, "email": "ada@contoso.test",
            "confirm": confirm,
        });
        assert_eq!(kind(&world.operate(asked).await), "NotFound");
    }
    stopped_midway(&world, "ada").await;
    let asked = |action: &str, more: Value| {
        let mut asked = more;
        (asked["action"], asked["domain"]) = (json!(action), json!(fabrikam.domain));
        world.operate(asked)
    };
    let listed = asked("list_repairs", json!({})).await.unwrap();
    assert_eq!(listed["repairs"], json!([]));
    let abandoned = asked("abandon_repair", json!({ "user": plan["user"] })).await;
    assert_eq!(kind(&abandoned), "NotFound");
    assert_eq!(kind(&repair(&world, "ada", None).await), "Refused", "it is under way");
    world.microsoft.mend();
    later(&world).await;
    assert!(under_way(&world).await.is_empty());
    olga.press("disconnect").await;
    assert_eq!(kind(&repair(&world, "robbed", None).await), "Refused");
}

#[tokio::test]
async fn with_the_consent_to_read_alone_nothing_is_planned_and_nothing_is_written() {
    let world = World::federated().await;
    settle(&world, Somebody("ada", None));
    let mut olga = world.connector().await;
    olga.connect("read-users", account::BOSS).await;
    world.swept().await;

    assert_eq!(kind(&repair(&world, "ada", None).await), "Refused");

    let calls = world.microsoft.graph_calls();
    assert!(calls.iter().all(|call| call.method != "PATCH"), "{calls:?}");
    // A consent that is gone before anything is begun ends it.
    olga.connect("write-users", account::BOSS).await;
    world.swept().await;
    let before = world.quiet().await;
    let object = object(&world, "ada").await;
    let known = world.microsoft.graph_calls().len();
    olga.revoke(scenarios::world::WRITER).await;
    // No token of before is good any more.
    world.clock.pass(SignedDuration::from_hours(2));
    world.agree();
    begin(&world, "ada").await;
    later(&world).await;
    later(&world).await;

    assert_eq!(changes(&world, &object, known), []);
    let audited = world.records().await.audited_since(&before);
    assert_eq!(ended(&audited), [("anchor_repair_ended", Some("no_consent"))]);
    assert!(here(&world, "ada").await.anchor.is_none());
}

#[tokio::test]
async fn what_is_there_decides_before_anything_is_begun() {
    let names = ["synced", "given", "illegal", "renamed", "deleted", "robbed", "protected"];
    let world = World::federated().await;
    connected(&world, &names.map(|name| Somebody(name, None))).await;
    for name in names {
        let (user, object) = (here(&world, name).await, object(&world, name).await);
        let before = world.records().await;
        let mut theirs = there(&world, &object);
        let mut plan = json!({});
        let reason = match name {
            "synced" => {
                theirs.on_premises_sync_enabled = Some(true);
                theirs.on_premises_immutable_id = Some(SYNCED.to_owned());
                "synced"
            }
            "given" => {
                theirs.on_premises_immutable_id = Some("theirs".to_owned());
                "has_anchor"
            }
            // Nobody named it.
            "illegal" => {
                plan = repair(&world, name, None).await.unwrap();
                theirs.on_premises_immutable_id = Some(crate::place::ILLEGAL.to_owned());
                "has_anchor"
            }
            "renamed" => {
                theirs.user_principal_name = "other@contoso.test".to_owned();
                "other_name"
            }
            "deleted" => {
                world.microsoft.soft_delete_user("deleted@contoso.test").unwrap();
                "deleted"
            }
            "robbed" => {
                let thief = settle(&world, Somebody("thief", None));
                let mut thief = there(&world, &thief);
                thief.on_premises_immutable_id = Some(Anchor::of(user.id).as_str().to_owned());
                world.microsoft.put_user(thief).unwrap();
                "anchor_taken"
            }
            _ => {
                fail(&world, &object, Fault::Status(403), 0);
                "forbidden"
            }
        };
        if name != "deleted" {
            world.microsoft.put_user(theirs.clone()).unwrap();
        }
        let known = world.microsoft.graph_calls().len();

        if name == "illegal" {
            let email = format!("{name}@contoso.test");
            let asked = json!({ "email": email, "confirm": plan["plan"] });
            operate(&world, "repair_anchor", asked).await.unwrap();
        } else {
            begin(&world, name).await;
        }
        for _ in 0..2 {
            later(&world).await;
        }

        world.microsoft.mend();
        assert!(under_way(&world).await.is_empty(), "{name}");
        let audited = world.records().await.audited_since(&before);
        assert_eq!(ended(&audited), [("anchor_repair_ended", Some(reason))], "{name}");
        let done = changes(&world, &object, known).into_iter().filter(|(_, status)| *status < 300);
        assert_eq!(done.count(), 0, "{name}");
        if name != "deleted" {
            assert_eq!(there(&world, &object), theirs, "{name}");
        }
        world.records().await.check_invariants();
    }
}

#[tokio::test]
async fn whoever_is_blocked_deleted_or_waited_for_too_long_before_anything_is_begun_is_left_alone()
{
    let names = ["blocked", "deleted", "late"];
    let world = World::federated().await;
    connected(&world, &names.map(|name| Somebody(name, None))).await;
    for name in names {
        let (user, object) = (here(&world, name).await, object(&world, name).await);
        let (before, known) = (world.records().await, world.microsoft.graph_calls().len());
        // Nothing can be looked at for now.
        let busy = entra_sim::GraphFault::next(crate::place::BUSY).times(u32::MAX);
        world.microsoft.inject(busy.at(&format!("/users/{object}")));
        begin(&world, name).await;
        let reason = match name {
            "blocked" => {
                let asked = json!({ "email": format!("{name}@contoso.test") });
                operate(&world, "block", asked).await.unwrap();
                "user_changed"
            }
            "deleted" => {
                let path = format!("/Users/{}", user.id);
                world.other_client().await.delete(&path).await.expect(204);
                "user_changed"
            }
            _ => {
                later(&world).await;
                "too_late"
            }
        };
        world.microsoft.mend();
        later(&world).await;

        // Whoever is blocked here is disabled there, and nothing else of them is touched.
        let expected = [("accountEnabled".to_owned(), 204)];
        let expected = if name == "blocked" { &expected[..] } else { &[] };
        assert_eq!(changes(&world, &object, known), expected, "{name}");
        let audited = world.records().await.audited_since(&before);
        assert_eq!(ended(&audited), [("anchor_repair_ended", Some(reason))], "{name}");
        world.records().await.check_invariants();
    }
}
