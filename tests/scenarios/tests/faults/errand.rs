//! What somebody comes for.

use identity::RecoveryCode;
use jiff::SignedDuration;
use scenarios::saml::between;
use scenarios::{Authenticator, Case, World};

use crate::visitor::{Over, Visitor};
use crate::way;

/// What somebody comes for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Errand {
    /// An answer by the session.
    Silent,
    /// The answer that nobody is signed in, for a request that lets nobody be asked.
    Passive,
    /// An answer by the passkey, for a request that came by HTTP-Redirect.
    Redirect,
    /// An answer by the passkey, for a request that came by HTTP-POST.
    Post,
    /// A first passkey by a mailed code, and an answer.
    Code,
    /// The same by the second code that is asked for.
    Resend,
    /// The same after a code that is wrong.
    WrongCode,
    /// A first passkey by a one-time link.
    Link,
    /// Another passkey by the recovery code, and an answer.
    Recover,
    /// The end of the session.
    SignOut,
}

impl Errand {
    /// Whether the errand is done all the same when a call of it fails for good: the sweep makes up
    /// for a lost event, and a session is over even if nobody can be told so.
    pub(crate) fn does_without(self, case: &Case) -> bool {
        /// The calls that end the session come before.
        const TELLING: usize = 4;
        case.call.service == "events" || self == Self::SignOut && case.position >= TELLING
    }

    /// Whether somebody does it only once.
    pub(crate) fn is_for_newcomers(self) -> bool {
        match self {
            Self::Code | Self::Resend | Self::WrongCode | Self::Link | Self::Recover => true,
            Self::Silent | Self::Passive | Self::Redirect | Self::Post | Self::SignOut => false,
        }
    }

    /// Brings the visitor to where the errand begins.
    pub(crate) async fn prepare(self, world: &World, visitor: &mut Visitor) {
        match self {
            Self::Silent | Self::Code | Self::Resend | Self::WrongCode => {}
            Self::Passive | Self::Redirect | Self::Post => visitor.browser = world.browser(),
            Self::SignOut => {
                visitor.browser = world.browser();
                way::redirect(world, visitor).await.unwrap();
            }
            Self::Link => {
                let link = world.link(&world.contoso(), &visitor.user).await;
                visitor.link = link.trim_start_matches(&world.base_url).to_owned();
            }
            Self::Recover => {
                // What no event brought in an earlier case.
                world.clock.pass(SignedDuration::from_secs(31));
                world.sweep().await;
                let person = world.enrolled(&world.contoso(), visitor.user.clone()).await;
                let code: RecoveryCode = person.recovery_code.parse().unwrap();
                visitor.recovery = Some((person.recovery_code, code.hash()));
                visitor.authenticator = Authenticator::default();
            }
        }
    }

    /// Does it; when the way ends, as a person would go on.
    pub(crate) async fn go(self, world: &World, visitor: &mut Visitor) {
        if self.run(world, visitor).await.is_ok() {
            return;
        }
        let what = visitor.what.clone();
        let again = match self {
            // The passkey is there already; whoever has one signs in with it.
            _ if self.is_for_newcomers() && visitor.is_done_wholly(world).await => {
                way::redirect(world, visitor).await
            }
            _ => self.run(world, visitor).await,
        };
        again.expect(&what);
    }

    async fn run(self, world: &World, visitor: &mut Visitor) -> Result<(), Over> {
        match self {
            Self::Silent => way::silent(world, visitor).await,
            Self::Passive => way::passive(world, visitor).await,
            Self::Redirect => way::redirect(world, visitor).await,
            Self::Post => way::post(world, visitor).await,
            Self::Code => way::code(world, visitor, way::Detour::None).await,
            Self::Resend => way::code(world, visitor, way::Detour::Resend).await,
            Self::WrongCode => way::code(world, visitor, way::Detour::WrongCode).await,
            Self::Link => way::link(world, visitor).await,
            Self::Recover => way::recover(world, visitor).await,
            Self::SignOut => way::sign_out(world, visitor).await,
        }
    }

    /// Checks what everybody must have in the end.
    pub(crate) async fn check(self, world: &World, visitor: &mut Visitor) {
        let what = visitor.what.clone();
        assert!(visitor.is_done_wholly(world).await, "{what}: not enrolled");
        let mails = world.mails(&visitor.personal()).len();
        match self {
            Self::SignOut => {
                let page = visitor.browser.visit(&world.sso("_after")).await;
                assert!(page.answer().is_none(), "{what}: the session goes on");
                page.options();
                return;
            }
            Self::Link => way::redirect(world, visitor).await.unwrap(),
            Self::Code | Self::WrongCode => assert_eq!(mails, 1, "{what}: mails with codes"),
            // Whoever is told that it failed asks once more.
            Self::Resend => {
                let most = 2 + visitor.troubles();
                assert!((1..=most).contains(&mails), "{what}: {mails} mails with codes");
            }
            Self::Silent | Self::Passive | Self::Redirect | Self::Post | Self::Recover => {}
        }
        if self == Self::WrongCode {
            let audit = world.records().await.audit();
            let wrong = |entry: &&serde_json::Value| {
                entry["subject"] == visitor.user.id.to_string() && entry["reason"] == "code_wrong"
            };
            let tries = audit.iter().filter(wrong).count();
            assert!((1..=1 + visitor.troubles()).contains(&tries), "{what}: {tries} tries");
        }
        if self == Self::Recover {
            let used = visitor.recovery.clone().unwrap().0;
            let mut browser = world.browser();
            let page = browser.visit(&world.sso("_used")).await;
            let way = between(&page.text, "href=\"/enrol/", "\"").unwrap();
            let page = browser.visit(&format!("/enrol/{way}/recover")).await;
            let fields = [("address", visitor.user.user_name.as_str()), ("code", used.as_str())];
            let page = browser.submit(&page, &fields).await;
            assert!(page.notice().is_some(), "{what}: the code is good once more");
        }
        assert!(visitor.was_answered(), "{what}: no answer");
        if self != Self::Passive {
            let reload = visitor.browser.visit(&world.sso(&visitor.asked())).await;
            reload.assert_refused(410, &what);
        }
    }
}
