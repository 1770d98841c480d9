//! What puts something into the outbox, with its event lost on the way.

use identity::{OrganizationId, OutboxId};
use jiff::SignedDuration;
use local::services::mail::Message;
use scenarios::saml::between;
use scenarios::world::code_of;
use scenarios::{Authenticator, Browser, Effect, Fault, Page, Records, Wire, World};
use serde_json::{Value, json};

/// What puts something into the outbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Errand {
    /// Somebody asks for a code.
    Code,
    /// Somebody enrolled, which is reported.
    Report,
    /// The operator has a link mailed.
    Invitation,
    /// The operator lets an administrator in, which all of them are told.
    Alert,
}

/// Something that waits in the outbox.
pub(crate) struct Item {
    pub(crate) due: (OrganizationId, OutboxId),
    errand: Errand,
    to: String,
    /// Mails to that address before.
    before: usize,
    /// Where a code is typed.
    page: Option<(Browser, Page)>,
}

impl Errand {
    /// Decides something, and loses the event that says so.
    pub(crate) async fn begin(self, world: &World, number: usize) -> Item {
        let name = format!("user-{number}");
        let to = match self {
            Self::Code | Self::Invitation => format!("{name}@personal.test"),
            Self::Report => format!("{name}@contoso.test"),
            Self::Alert => "admin@contoso.test".to_owned(),
        };
        let before = world.mails(&to).len();
        let page = match self {
            Self::Code => {
                world.user(&name).await;
                Some(ask_for_code(world, &name).await)
            }
            Self::Report => {
                enrol(world, &name).await;
                None
            }
            Self::Invitation => {
                let user = world.user(&name).await;
                let email = user.user_name.as_str();
                operate(world, json!({ "action": "invite", "email": email, "by": "mail" })).await;
                None
            }
            Self::Alert => {
                let payload = json!({
                    "action": "bootstrap", "organization": "Contoso", "email": to,
                });
                operate(world, payload).await;
                None
            }
        };
        let wire = match self {
            Self::Code | Self::Report => &world.login,
            Self::Invitation | Self::Alert => &world.operator,
        };
        let due = announced(wire);
        assert_eq!(due.0, world.organization);
        Item { due, errand: self, to, before, page }
    }
}

impl Item {
    /// The mails that it brought so far, newest first.
    pub(crate) fn mails(&self, world: &World) -> Vec<Message> {
        let mut mails = world.mails(&self.to);
        mails.truncate(mails.len() - self.before);
        mails
    }

    /// The table, where the audit must tell how it went.
    pub(crate) async fn audited(&self, world: &World) -> Option<Records> {
        if self.errand == Errand::Code { Some(world.records().await) } else { None }
    }

    /// Lets the sweep carry out what followed from it, if anything did.
    pub(crate) async fn follow(&self, world: &World) {
        if self.errand == Errand::Alert {
            world.clock.pass(SignedDuration::from_secs(31));
            world.sweep().await;
        }
    }

    /// Whether it still waits.
    pub(crate) async fn waits(&self, world: &World) -> bool {
        world.holds(&format!("OUTBOX#{}", self.due.1), "OUTBOX").await == 1
    }

    /// Checks that the newest mail does what it is for, and that all of them say the same.
    pub(crate) async fn finish(&mut self, world: &World, what: &str) {
        let mails = self.mails(world);
        let newest = mails.first().unwrap_or_else(|| panic!("{what}: no mail"));
        match self.errand {
            Errand::Code => {
                let code = code_of(newest);
                assert!(mails.iter().all(|mail| code_of(mail) == code), "{what}: other codes");
                let (browser, page) = self.page.as_mut().unwrap();
                let page = browser.submit(page, &[("code", &code)]).await;
                page.options();
            }
            Errand::Invitation => {
                let link = between(newest.text.as_ref().unwrap(), "http://", "\n").expect(what);
                let page = world.browser().visit(&format!("http://{}", link.trim())).await;
                assert_eq!(page.status, 200, "{what}: {link}");
            }
            Errand::Report | Errand::Alert => {
                let subject = &newest.subject;
                assert!(mails.iter().all(|mail| mail.subject == *subject), "{what}");
            }
        }
    }
}

/// What the lost event says.
pub(crate) fn announced(wire: &Wire) -> (OrganizationId, OutboxId) {
    let events = wire.last_seen("PutEvents").expect("an event");
    let detail = events["Entries"][0]["Detail"].as_str().unwrap();
    let due: Value = serde_json::from_str(detail).unwrap();
    let id = |name: &str| due[name].as_str().unwrap();
    (id("organization").parse().unwrap(), id("item").parse().unwrap())
}

fn silence(wire: &Wire) {
    let effect = Effect::Refuse(400, "AccessDeniedException");
    wire.fault(Fault { operation: "PutEvents", skip: 0, times: usize::MAX, effect });
}

async fn operate(world: &World, mut payload: Value) {
    payload["domain"] = json!("contoso.test");
    silence(&world.operator);
    world.operate(payload).await.unwrap();
    world.operator.mend_spent("an event of operator");
}

/// Asks for a code for `{name}@contoso.test`.
pub(crate) async fn ask_for_code(world: &World, name: &str) -> (Browser, Page) {
    let mut browser = world.browser();
    silence(&world.login);
    let page = browser.begin_enrolment(&world.sso(&format!("_{name}"))).await;
    let page = browser.submit(&page, &[("address", &format!("{name}@contoso.test"))]).await;
    world.login.mend_spent("an event of login");
    (browser, page)
}

async fn enrol(world: &World, name: &str) {
    let user = world.user(name).await;
    let link = world.link(&world.contoso(), &user).await;
    let mut browser = world.browser();
    silence(&world.login);
    let page = browser.open_link(&link).await;
    let page = browser.register(&page, &mut Authenticator::default()).await;
    world.login.mend_spent("an event of login");
    assert!(page.recovery_code().is_some());
}
