//! Each call to the account fails, once and for good: all of a change is there or nothing of it.

use http::Method;
use jiff::SignedDuration;
use scenarios::scim::{entra_user, patch};
use scenarios::{Answer, Call, Case, Failing, Provisioner, Spell, World};
use serde_json::{Value, json};

use crate::{OWN, id, object, path, with_entra};

/// Worlds that share the cases of one errand.
const LANES: usize = 3;

/// What a client does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Errand {
    Create,
    CreateIgnored,
    Disable,
    Rename,
    Replace,
    Delete,
    CreateGroup,
    AddMember,
    AddMembers,
    AddThousand,
    ReplaceGroup,
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
        let mut new = entra_user(&format!("new-{number}"), &object(number));
        match self {
            Self::Create => (Method::POST, "/Users".to_owned(), new),
            Self::CreateIgnored => {
                new[OWN]["personalEmail"] = json!("call me");
                (Method::POST, "/Users".to_owned(), new)
            }
            Self::Replace => {
                let object = object(1000 + number);
                let mut whole = entra_user(&format!("somebody-{number}"), &object);
                whole["userName"] = json!(name);
                (Method::PUT, user, whole)
            }
            Self::CreateGroup => {
                let members = members(&stage.others);
                let body = json!({ "displayName": format!("New {number}"), "externalId": object(number), "members": members });
                (Method::POST, "/Groups".to_owned(), body)
            }
            Self::ReplaceGroup => {
                let members = members(&stage.others);
                (
                    Method::PUT,
                    group,
                    json!({ "displayName": format!("Put {number}"), "members": members }),
                )
            }
            Self::Disable => (Method::PATCH, user, op("Replace", "active", json!("False"))),
            Self::Rename => (Method::PATCH, user, op("Replace", "userName", json!(name))),
            Self::Delete => (Method::DELETE, user, Value::Null),
            Self::AddMember => {
                (Method::PATCH, group, op("Add", "members", members(&stage.others[..1])))
            }
            Self::AddMembers | Self::AddThousand => {
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
            Self::Create | Self::CreateIgnored => made().await,
            Self::CreateGroup => {
                let filter = format!("externalId eq \"{}\"", object(number));
                let found = entra.filter("/Groups", &filter).await.expect(200);
                let by_name = format!("displayName eq \"New {number}\"");
                let by_name = entra.filter("/Groups", &by_name).await.expect(200);
                assert_eq!(found, by_name, "{what}: half made");
                let group = &found["Resources"][0];
                let members = group["members"].as_array().map_or(0, Vec::len);
                let all = if group.is_null() { 0 } else { stage.others.len() };
                assert_eq!(members, all, "{what}: half filled");
                !group.is_null()
            }
            Self::ReplaceGroup => {
                let renamed =
                    entra.get(&group).await.expect(200)["displayName"] == format!("Put {number}");
                let all = if renamed { stage.others.len() } else { 0 };
                assert_eq!(members().await, all, "{what}: half replaced");
                renamed
            }
            Self::Disable => entra.get(&path(&stage.user)).await.expect(200)["active"] == false,
            Self::Rename | Self::Replace => {
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
            Self::AddMembers | Self::AddThousand => {
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
        if self == Self::AddThousand {
            others = world.pretend_people(1_001).await;
        }
        let first = self.stage(&entra, &others, 0).await;
        world.scim.calls();
        let (method, path, body) = self.request(&first);
        let answer = entra.call(method, &path, &body).await;
        assert!(answer.status.is_success(), "{self:?}: {}", answer.body);
        let calls = world.scim.calls();
        let cases = self.cases(&calls);
        for (number, case) in cases.iter().enumerate().skip(lane).step_by(LANES) {
            self.play(&world, &entra, &others, number + 1, case).await;
        }
        world.clock.pass(SignedDuration::from_mins(1));
        world.sweep().await;
        if self == Self::AddThousand {
            // Of people who are only pretended nothing else is there.
            return;
        }
        let records = world.quiet().await;
        if self == Self::CreateIgnored {
            // Whoever was made is said to have been made without something, and nobody else is.
            let about = |action: &str| {
                let audit = records.audit();
                let entries = audit.iter().filter(|entry| entry["action"] == action);
                let about = entries.map(|entry| entry["subject"].as_str().unwrap().to_owned());
                about.collect::<Vec<_>>()
            };
            let staged = about("provisioning_ignored");
            assert_eq!(staged.len(), (cases.len() - lane).div_ceil(LANES) + 1);
            let made = about("user_created");
            assert!(staged.iter().all(|user| made.contains(user)));
        }
        records.check_invariants();
    }

    /// How its calls fail: each in each way, but for those of which there are very many.
    fn cases(self, calls: &[Call]) -> Vec<Case> {
        let mut cases = Case::all(calls);
        if self == Self::ReplaceGroup {
            // The partitions of its members are alike, and are read at the same time.
            cases.retain(|case| case.call.operation != "Query" || case.position.is_multiple_of(8));
        }
        if self == Self::AddThousand {
            let writes = calls.iter().enumerate().filter(|(_, call)| call.writes());
            let writes = writes.map(|(position, _)| position).collect::<Vec<_>>();
            let few = [0, 1, 2, writes.len() - 1].map(|number| writes[number]);
            cases.retain(|case| {
                let failing = [Failing::Broken, Failing::AnswerLost].contains(&case.failing);
                let position = case.position == 0 || few.contains(&case.position);
                failing && position && case.spell == Spell::ForGood
            });
        }
        cases
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
async fn a_creation_without_something_and_what_is_said_of_it_survive_every_fault() {
    Errand::CreateIgnored.survive().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replacement_survives_every_fault() {
    Errand::Replace.survive().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_groups_creation_with_members_survives_every_fault() {
    Errand::CreateGroup.survive().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_groups_replacement_survives_every_fault() {
    Errand::ReplaceGroup.survive().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_new_members_survive_faults() {
    Errand::AddThousand.survive().await;
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
