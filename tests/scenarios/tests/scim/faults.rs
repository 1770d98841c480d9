//! Each call to the account fails, once and for good: all of a change is there or nothing of it.

use http::Method;
use jiff::SignedDuration;
use scenarios::scim::{entra_user, patch};
use scenarios::{Answer, Case, Failing, Provisioner, Spell, World};
use serde_json::{Value, json};

use crate::{id, object, path, with_entra};

/// Worlds that share the cases of one errand.
const LANES: usize = 3;

/// What a client does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Errand {
    Create,
    Disable,
    Rename,
    Delete,
    AddMember,
    AddMembers,
    DeleteGroup,
    Bulk,
}

/// Somebody and something to do it to.
struct Stage {
    number: usize,
    user: Value,
    group: Value,
    others: Vec<String>,
}

impl Errand {
    async fn stage(self, entra: &Provisioner, others: &[String], number: usize) -> Stage {
        let user = entra_user(&format!("somebody-{number}"), &object(1000 + number));
        let user = entra.create(&user).await;
        let group = json!({ "displayName": format!("Group {number}") });
        let group = entra.post("/Groups", &group).await.expect(201);
        Stage { number, user, group, others: others.to_vec() }
    }

    fn request(self, stage: &Stage) -> (Method, String, Value) {
        let number = stage.number;
        let (user, group) = (path(&stage.user), format!("/Groups/{}", id(&stage.group)));
        let op = |op: &str, path: &str, value: Value| {
            patch(json!([{ "op": op, "path": path, "value": value }]))
        };
        let name = format!("renamed-{number}@contoso.test");
        let members =
            |ids: &[String]| ids.iter().map(|id| json!({ "value": id })).collect::<Value>();
        match self {
            Self::Create => (
                Method::POST,
                "/Users".to_owned(),
                entra_user(&format!("new-{number}"), &object(number)),
            ),
            Self::Disable => (Method::PATCH, user, op("Replace", "active", json!("False"))),
            Self::Rename => (Method::PATCH, user, op("Replace", "userName", json!(name))),
            Self::Delete => (Method::DELETE, user, Value::Null),
            Self::AddMember => {
                (Method::PATCH, group, op("Add", "members", members(&stage.others[..1])))
            }
            Self::AddMembers => {
                (Method::PATCH, group, op("Add", "members", members(&stage.others)))
            }
            Self::DeleteGroup => (Method::DELETE, group, Value::Null),
            Self::Bulk => {
                let operations = json!([
                    { "method": "POST", "path": "/Users", "bulkId": "n", "data": entra_user(&format!("new-{number}"), &object(number)) },
                    { "method": "PATCH", "path": group, "data": op("Add", "members", json!([{ "value": "bulkId:n" }])) },
                    { "method": "DELETE", "path": user },
                ]);
                (Method::POST, "/Bulk".to_owned(), json!({ "Operations": operations }))
            }
        }
    }

    /// Whether it is done, not done, or, which must not be, something between.
    async fn is_done(self, entra: &Provisioner, stage: &Stage, what: &str) -> bool {
        let number = stage.number;
        let found = async |filter: String| {
            entra.filter("/Users", &filter).await.expect(200)["totalResults"].as_u64().unwrap()
        };
        let there = async |path: String| match entra.get(&path).await.status.as_u16() {
            200 => true,
            404 => false,
            other => panic!("{what}: {other}"),
        };
        let made = async || {
            let by_name = found(format!("userName eq \"new-{number}@contoso.test\"")).await;
            let by_external = found(format!("externalId eq \"{}\"", object(number))).await;
            let by_mail = found(format!("emails.value eq \"new-{number}@contoso.test\"")).await;
            assert!(by_name == by_external && by_name == by_mail, "{what}: half made");
            by_name == 1
        };
        let group = format!("/Groups/{}", id(&stage.group));
        let members = async || {
            let group = entra.get(&group).await.expect(200);
            group["members"].as_array().map_or(0, Vec::len)
        };
        match self {
            Self::Create => made().await,
            Self::Disable => entra.get(&path(&stage.user)).await.expect(200)["active"] == false,
            Self::Rename => {
                let new = found(format!("userName eq \"renamed-{number}@contoso.test\"")).await;
                let old = found(format!("userName eq \"somebody-{number}@contoso.test\"")).await;
                assert_eq!(new + old, 1, "{what}: two names or none");
                new == 1
            }
            Self::Delete => {
                let there = there(path(&stage.user)).await;
                let found = found(format!("userName eq \"somebody-{number}@contoso.test\"")).await;
                assert_eq!(found, u64::from(there), "{what}: a name of nobody");
                !there
            }
            Self::AddMember => members().await == 1,
            Self::AddMembers => {
                let members = members().await;
                assert!([0, stage.others.len()].contains(&members), "{what}: {members} members");
                members > 0
            }
            Self::DeleteGroup => !there(group).await,
            Self::Bulk => {
                let (made, gone) = (made().await, !there(path(&stage.user)).await);
                made && gone && members().await == 1
            }
        }
    }

    /// In several worlds, which share the cases.
    async fn survive(self) {
        let lanes = (0..LANES).map(|lane| tokio::spawn(self.survive_in_lane(lane)));
        for lane in lanes.collect::<Vec<_>>() {
            lane.await.unwrap();
        }
    }

    async fn survive_in_lane(self, lane: usize) {
        let (world, entra) = with_entra().await;
        let mut others = Vec::new();
        for number in 0..35 {
            others.push(world.user(&format!("other-{number}")).await.id.to_string());
        }
        let first = self.stage(&entra, &others, 0).await;
        world.scim.calls();
        let (method, path, body) = self.request(&first);
        let answer = entra.call(method, &path, &body).await;
        assert!(answer.status.is_success(), "{self:?}: {}", answer.body);
        let calls = world.scim.calls();
        let cases = Case::all(&calls);
        for (number, case) in cases.iter().enumerate().skip(lane).step_by(LANES) {
            self.play(&world, &entra, &others, number + 1, case).await;
        }
        world.clock.pass(SignedDuration::from_mins(1));
        world.sweep().await;
        world.quiet().await.check_invariants();
    }

    async fn play(
        self,
        world: &World,
        entra: &Provisioner,
        others: &[String],
        number: usize,
        case: &Case,
    ) {
        let what = format!("{self:?} {case:?}");
        let stage = self.stage(entra, others, number).await;
        let (method, path, body) = self.request(&stage);
        world.scim.fault(case.fault());
        let answer = entra.call(method.clone(), &path, &body).await;
        world.scim.mend_spent(&what);
        let announces = case.call.service == "events";
        let failed = failed(&answer, &what);
        let needless = case.is_mended_by_another_attempt() || announces;
        assert!(!failed || !needless, "{what}: needless: {}", answer.body);
        let done = self.is_done(entra, &stage, &what).await;
        assert!(failed || done, "{what}: answered and not done");
        let lost = case.failing == Failing::AnswerLost && case.spell == Spell::ForGood;
        if failed && self != Self::Bulk {
            assert!(lost || !done, "{what}: done and not answered");
        }
        // The client tries again: by its own query, if what it wants is there already.
        let again = entra.call(method, &path, &body).await;
        let there = [404, 409].contains(&again.status.as_u16());
        assert!(again.status.is_success() || (done && there), "{what}: again: {}", again.body);
        // Whoever asks for the same bulk again must look up what the first one made.
        let done = self.is_done(entra, &stage, &what).await;
        assert!(done || self == Self::Bulk, "{what}: not done at last");
    }
}

/// Whether it failed: as one that may be tried again, and without a cause.
fn failed(answer: &Answer, what: &str) -> bool {
    let text = answer.body.to_string();
    for cause in ["injected", "Exception", "InternalServerError", "dynamodb", "::"] {
        assert!(!text.contains(cause), "{what}: {cause} in {text}");
    }
    if let Some(operations) = answer.body["Operations"].as_array() {
        let failed = operations.iter().find(|it| it.get("response").is_some());
        let is_known = |it: &&Value| ["503", "409"].contains(&it["status"].as_str().unwrap());
        assert!(failed.as_ref().is_none_or(is_known), "{what}: {text}");
        return failed.is_some();
    }
    if answer.status.is_success() {
        return false;
    }
    answer.assert_error(503, None, what);
    true
}

#[tokio::test(flavor = "multi_thread")]
async fn a_creation_survives_every_fault() {
    Errand::Create.survive().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disabling_survives_every_fault() {
    Errand::Disable.survive().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_renaming_survives_every_fault() {
    Errand::Rename.survive().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deletion_survives_every_fault() {
    Errand::Delete.survive().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_new_member_survives_every_fault() {
    Errand::AddMember.survive().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn many_new_members_survive_every_fault() {
    Errand::AddMembers.survive().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_groups_deletion_survives_every_fault() {
    Errand::DeleteGroup.survive().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bulk_survives_every_fault() {
    Errand::Bulk.survive().await;
}
