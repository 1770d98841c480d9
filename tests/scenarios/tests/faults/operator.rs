//! What the operator asks for fails: nothing is half done, and asking again is enough.

use jiff::SignedDuration;
use scenarios::{Case, World};
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
}

impl Asked {
    fn payload(self, number: usize) -> Value {
        let domain = match self {
            Self::Bootstrap => format!("number-{number}.test"),
            Self::Recovery | Self::Invitation | Self::MailedInvitation => "contoso.test".to_owned(),
        };
        let (email, user) = (format!("admin@{domain}"), "ada@contoso.test");
        match self {
            Self::Bootstrap | Self::Recovery => json!({
                "action": "bootstrap", "organization": "Company", "domain": domain, "email": email,
            }),
            Self::Invitation => json!({ "action": "invite", "domain": domain, "email": user }),
            Self::MailedInvitation => {
                json!({ "action": "invite", "domain": domain, "email": user, "by": "mail" })
            }
        }
    }

    /// Asks; when it fails, once more after the services are well again. Tells whether it failed.
    async fn ask(self, world: &World, payload: &Value, what: &str) -> bool {
        let mails = world.mails("ada@personal.test").len();
        let (answer, failed) = match world.operate(payload.clone()).await {
            Ok(answer) => (answer, false),
            Err(error) => {
                let said = error["errorMessage"].as_str().unwrap();
                assert!(said.ends_with(": try again"), "{what}: {said}");
                world.operator.mend();
                (world.operate(payload.clone()).await.expect(what), true)
            }
        };
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
                assert!(world.mails("ada@personal.test").len() > mails, "{what}: no mail");
            }
        }
        failed
    }
}

async fn survive(asked: Asked) {
    let world = World::start().await;
    world.user("ada").await;
    let name = format!("{asked:?}");
    world.operator.calls();
    asked.ask(&world, &asked.payload(0), &name).await;
    let calls = world.operator.calls();
    assert!(calls.len() > 3, "{calls:?}");

    for (number, case) in Case::all(&calls).iter().enumerate() {
        let (payload, what) = (asked.payload(number + 1), format!("{asked:?} {case:?}"));
        world.operator.fault(case.fault());
        let failed = asked.ask(&world, &payload, &what).await;
        world.operator.mend();

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
