//! What the operator asks for fails: nothing is half done, and asking again is enough.

use identity::User;
use jiff::SignedDuration;
use scenarios::{Case, Failing, World};
use serde_json::{Value, json};

/// What the operator asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asked {
    /// An organization.
    Bootstrap,
    /// A way in for an administrator who lost everything.
    Recovery,
    /// A link, in the answer.
    Invitation,
    /// A link, by mail.
    MailedInvitation,
    /// The end of somebody's access.
    Block,
    /// The end of an administrator's access, which all of them are told.
    AdministratorsBlock,
    /// Somebody's access again.
    Unblock,
    /// The last day of somebody, which is over.
    LastDay,
    /// A provisioning key.
    Key,
    /// The list of provisioning keys.
    Keys,
    /// The end of a provisioning key.
    Revocation,
}

/// The domain of what the operator asks for.
const DOMAIN: &str = "contoso.test";

/// Asks for something, by a wire that is well.
async fn operate(world: &World, action: &str, more: Value) -> Value {
    let mut payload = more;
    payload["action"] = json!(action);
    payload["domain"] = json!(DOMAIN);
    world.operate(payload).await.unwrap()
}

/// The ids of the provisioning keys that there are.
async fn keys(world: &World) -> Vec<String> {
    let listed = operate(world, "list_scim_keys", json!({})).await;
    let ids = listed["keys"].as_array().unwrap().iter().map(|key| key["key_id"].as_str().unwrap());
    ids.map(str::to_owned).collect()
}

impl Asked {
    /// What is asked for, once everything is there that it is about.
    async fn payload(self, world: &World, number: usize) -> Value {
        let user = match self {
            Self::Block | Self::Unblock | Self::LastDay => {
                world.user(&format!("user-{number}")).await.user_name.as_str().to_owned()
            }
            Self::AdministratorsBlock => "root@contoso.test".to_owned(),
            _ => "ada@contoso.test".to_owned(),
        };
        let new = format!("number-{number}.company.test");
        let domain = if self == Self::Bootstrap { &*new } else { DOMAIN };
        let mut payload = match self {
            Self::Bootstrap | Self::Recovery => json!({
                "action": "bootstrap", "organization": "Company", "email": format!("admin@{domain}"),
            }),
            Self::Invitation => json!({ "action": "invite", "email": user }),
            Self::MailedInvitation => json!({ "action": "invite", "email": user, "by": "mail" }),
            Self::Block => json!({ "action": "block", "email": user }),
            Self::AdministratorsBlock => {
                if number == 0 {
                    world.administrator("root").await;
                }
                operate(world, "unblock", json!({ "email": user })).await;
                json!({ "action": "block", "email": user })
            }
            Self::Unblock => {
                operate(world, "block", json!({ "email": user })).await;
                json!({ "action": "unblock", "email": user })
            }
            Self::LastDay => json!({
                "action": "set_last_day", "email": user, "last_day": "2026-03-01", "time_zone": "UTC",
            }),
            Self::Key => {
                for key in keys(world).await {
                    operate(world, "revoke_scim_key", json!({ "key_id": key })).await;
                }
                json!({ "action": "create_scim_key", "name": "Entra", "client": "entra" })
            }
            Self::Keys | Self::Revocation => {
                let asked = json!({ "name": "Entra", "client": "entra" });
                let made = match keys(world).await.pop() {
                    Some(id) => json!({ "key_id": id }),
                    None => operate(world, "create_scim_key", asked).await,
                };
                let revocation = json!({ "action": "revoke_scim_key", "key_id": made["key_id"] });
                if self == Self::Keys { json!({ "action": "list_scim_keys" }) } else { revocation }
            }
        };
        payload["domain"] = json!(domain);
        payload
    }

    /// Asks; when it fails, once more after the services are well again. Tells whether it failed.
    async fn ask(self, world: &World, payload: &Value, case: &Case, what: &str) -> bool {
        let mails = self.mails(world);
        let first = world.operate(payload.clone()).await;
        world.operator.mend_spent(what);
        let failed = first.is_err();
        let answer = match first {
            Ok(answer) => answer,
            Err(error) => {
                let said = error["errorMessage"].as_str().unwrap();
                assert!(said.ends_with(": try again"), "{what}: {said}");
                match world.operate(payload.clone()).await {
                    Err(error) if self == Self::Revocation => {
                        let lost = case.failing == Failing::AnswerLost;
                        assert!(lost, "{what}: {error}");
                        assert_eq!(error["errorType"], "NotFound", "{what}: it is gone already");
                        json!({ "key_id": payload["key_id"] })
                    }
                    again => again.expect(what),
                }
            }
        };
        self.check(world, payload, &answer, mails, what).await;
        failed
    }

    /// How many mails went to whoever gets one.
    fn mails(self, world: &World) -> usize {
        let administrators = self == Self::AdministratorsBlock;
        let to = if administrators { "admin@contoso.test" } else { "ada@personal.test" };
        world.mails(to).len()
    }

    /// Checks that the answer is true; so many mails had gone out before.
    async fn check(self, world: &World, payload: &Value, answer: &Value, mails: usize, what: &str) {
        match self {
            Self::Bootstrap | Self::Recovery | Self::Invitation => {
                let link = answer["enrolment_url"].as_str().expect(what);
                assert_eq!(world.browser().visit(link).await.status, 200, "{what}");
            }
            Self::MailedInvitation => {
                assert_eq!(answer["mailed"], true, "{what}");
                world.clock.pass(SignedDuration::from_secs(31));
                world.sweep().await;
                world.quiet().await;
                assert!(self.mails(world) > mails, "{what}: no mail");
            }
            Self::Block | Self::Unblock => {
                let (blocks, done) = match self {
                    Self::Block => (json!(["administrator"]), "access_taken"),
                    _ => (json!([]), "access_given"),
                };
                let user = named(world, payload).await;
                assert_eq!((&answer["blocks"], &json!(user.blocks)), (&blocks, &blocks), "{what}");
                let audit = world.records().await.audit();
                let id = user.id.to_string();
                let told = |entry: &&Value| entry["subject"] == id && entry["action"] == done;
                assert_eq!(audit.iter().filter(told).count(), 1, "{what}: told once");
            }
            Self::AdministratorsBlock => {
                assert_eq!(answer["blocks"], json!(["administrator"]), "{what}");
                world.swept().await;
                assert_eq!(self.mails(world), mails + 1, "{what}: told once");
            }
            Self::LastDay => {
                assert_eq!(answer["has_access"], false, "{what}");
                world.swept().await;
                let user = named(world, payload).await;
                assert_eq!(json!(user.blocks), json!(["last_day"]), "{what}");
                let audit = world.records().await.audit();
                let id = user.id.to_string();
                for done in ["last_day_changed", "access_taken"] {
                    let told = |entry: &&Value| entry["subject"] == id && entry["action"] == done;
                    assert_eq!(audit.iter().filter(told).count(), 1, "{what}: {done} once");
                }
            }
            Self::Key => {
                let id = answer["key_id"].as_str().expect(what).to_owned();
                let there = keys(world).await;
                assert!(there.contains(&id) && there.len() <= 2, "{what}: {there:?}");
                let url = answer["tenant_url"].as_str().expect(what);
                let request = reqwest::Client::new().get(format!("{url}/Users?count=1"));
                let used = request.bearer_auth(answer["key"].as_str().expect(what)).send().await;
                assert_eq!(used.unwrap().status(), 200, "{what}");
            }
            Self::Keys => {
                let listed = &answer["keys"][0]["key_id"];
                assert_eq!(
                    listed.as_str(),
                    keys(world).await.first().map(String::as_str),
                    "{what}"
                );
            }
            Self::Revocation => {
                let id = answer["key_id"].as_str().expect(what).to_owned();
                assert!(!keys(world).await.contains(&id), "{what}: it is still there");
            }
        }
    }
}

/// Whom a payload is about.
async fn named(world: &World, payload: &Value) -> User {
    let name = payload["email"].as_str().unwrap().parse().unwrap();
    let user = world.store.user_named(world.organization, &name, world.now()).await.unwrap();
    user.unwrap().value
}

async fn survive(asked: Asked) {
    let world = World::start().await;
    world.user("ada").await;
    let payload = asked.payload(&world, 0).await;
    world.operator.calls();
    let mails = asked.mails(&world);
    let clean = world.operate(payload.clone()).await.unwrap();
    let calls = world.operator.calls();
    asked.check(&world, &payload, &clean, mails, &format!("{asked:?}")).await;
    assert!(calls.len() >= 3, "{calls:?}");

    for (number, case) in Case::all(&calls).iter().enumerate() {
        let what = format!("{asked:?} {case:?}");
        let payload = asked.payload(&world, number + 1).await;
        world.operator.fault(case.fault());
        let failed = asked.ask(&world, &payload, case, &what).await;

        let announces = case.call.service == "events";
        assert!(!failed || !(case.is_mended_by_another_attempt() || announces), "{what}: needless");
        if asked == Asked::Bootstrap {
            let records = world.records().await;
            let domain = payload["domain"].as_str().unwrap();
            assert_eq!(records.count(&format!("DOMAIN#{domain}")), 2, "{what}: owner and domain");
            assert_eq!(records.count("ORGANIZATION"), number + 3, "{what}: organizations");
            assert_eq!(records.count("RING"), number + 3, "{what}: key rings");
        }
    }
    world.records().await.check_invariants();
}

#[tokio::test]
async fn a_bootstrap_survives_every_fault() {
    survive(Asked::Bootstrap).await;
}

#[tokio::test]
async fn a_recovery_survives_every_fault() {
    survive(Asked::Recovery).await;
}

#[tokio::test]
async fn an_invitation_survives_every_fault() {
    survive(Asked::Invitation).await;
}

#[tokio::test]
async fn a_mailed_invitation_survives_every_fault() {
    survive(Asked::MailedInvitation).await;
}

#[tokio::test]
async fn a_block_survives_every_fault() {
    survive(Asked::Block).await;
}

#[tokio::test]
async fn an_administrators_block_survives_every_fault() {
    survive(Asked::AdministratorsBlock).await;
}

#[tokio::test]
async fn a_last_day_survives_every_fault() {
    survive(Asked::LastDay).await;
}

#[tokio::test]
async fn an_unblock_survives_every_fault() {
    survive(Asked::Unblock).await;
}

#[tokio::test]
async fn a_new_provisioning_key_survives_every_fault() {
    survive(Asked::Key).await;
}

#[tokio::test]
async fn a_list_of_provisioning_keys_survives_every_fault() {
    survive(Asked::Keys).await;
}

#[tokio::test]
async fn a_revocation_survives_every_fault() {
    survive(Asked::Revocation).await;
}
