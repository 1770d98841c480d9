//! What somebody comes for.

use jiff::SignedDuration;
use scenarios::saml::between;
use scenarios::world::REPLY_URL;
use scenarios::{Case, World};

use crate::visitor::{Action, Over, Visitor};

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
    /// A first passkey by a one-time link.
    Link,
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
        matches!(self, Self::Code | Self::Link)
    }

    /// Brings the visitor to where the errand begins.
    pub(crate) async fn prepare(self, world: &World, visitor: &mut Visitor) {
        match self {
            Self::Silent | Self::Code => {}
            Self::Passive | Self::Redirect | Self::Post => visitor.browser = world.browser(),
            Self::SignOut => {
                visitor.browser = world.browser();
                redirect(world, visitor).await.unwrap();
            }
            Self::Link => {
                let link = world.link(&world.contoso(), &visitor.user).await;
                visitor.link = link.trim_start_matches(&world.base_url).to_owned();
            }
        }
    }

    /// Does it; when the way ends, as a person would go on.
    pub(crate) async fn go(self, world: &World, visitor: &mut Visitor) {
        if self.run(world, visitor).await.is_ok() {
            return;
        }
        let what = visitor.what.clone();
        let enrolled = world.enrolled_wholly(&visitor.user, &what).await;
        let again = match self {
            // The passkey is there already; whoever has one signs in with it.
            Self::Code | Self::Link if enrolled => redirect(world, visitor).await,
            _ => self.run(world, visitor).await,
        };
        again.expect(&what);
    }

    async fn run(self, world: &World, visitor: &mut Visitor) -> Result<(), Over> {
        match self {
            Self::Silent => silent(world, visitor).await,
            Self::Passive => passive(world, visitor).await,
            Self::Redirect => redirect(world, visitor).await,
            Self::Post => post(world, visitor).await,
            Self::Code => code(world, visitor).await,
            Self::Link => link(world, visitor).await,
            Self::SignOut => sign_out(world, visitor).await,
        }
    }

    /// Checks what everybody must have in the end.
    pub(crate) async fn check(self, world: &World, visitor: &mut Visitor) {
        let what = visitor.what.clone();
        assert!(world.enrolled_wholly(&visitor.user, &what).await, "{what}: not enrolled");
        match self {
            Self::SignOut => {
                let page = visitor.browser.visit(&world.sso("_after")).await;
                assert!(page.answer().is_none(), "{what}: the session goes on");
                page.options();
                return;
            }
            Self::Link => redirect(world, visitor).await.unwrap(),
            Self::Code => {
                let mails = world.mails(&personal(visitor)).len();
                assert_eq!(mails, 1, "{what}: mails with codes");
            }
            Self::Silent | Self::Passive | Self::Redirect | Self::Post => {}
        }
        assert!(visitor.was_answered(), "{what}: no answer");
        if self != Self::Passive {
            let reload = visitor.browser.visit(&world.sso(&visitor.asked())).await;
            reload.assert_refused(410, &what);
        }
    }
}

fn personal(visitor: &Visitor) -> String {
    visitor.user.personal_email.as_ref().unwrap().as_str().to_owned()
}

async fn silent(world: &World, visitor: &mut Visitor) -> Result<(), Over> {
    let request = visitor.ask(world);
    let page = visitor.act(world, Action::Open(world.sso_of(&request))).await?;
    assert!(page.answer().is_some(), "{}: {}", visitor.what, page.text);
    Ok(())
}

async fn passive(world: &World, visitor: &mut Visitor) -> Result<(), Over> {
    let mut request = visitor.ask(world);
    request.attributes = " IsPassive=\"true\"".to_owned();
    let page = visitor.act(world, Action::Open(world.sso_of(&request))).await?;
    assert!(page.answer().is_some(), "{}: {}", visitor.what, page.text);
    Ok(())
}

async fn redirect(world: &World, visitor: &mut Visitor) -> Result<(), Over> {
    let request = visitor.ask(world);
    by_passkey(world, visitor, Action::Open(world.sso_of(&request))).await
}

async fn post(world: &World, visitor: &mut Visitor) -> Result<(), Over> {
    let request = visitor.ask(world);
    by_passkey(world, visitor, Action::Land(request)).await
}

/// Signs in, by the passkey unless a session is there by now.
async fn by_passkey(world: &World, visitor: &mut Visitor, arrival: Action) -> Result<(), Over> {
    let page = visitor.act(world, arrival).await?;
    if page.answer().is_some() {
        return Ok(());
    }
    let response = visitor.authenticator.get(&page.options(), &world.base_url);
    let page = visitor.submit(world, &page, &[("response", &response)]).await?;
    assert!(page.answer().is_some(), "{}: {}", visitor.what, page.text);
    Ok(())
}

async fn code(world: &World, visitor: &mut Visitor) -> Result<(), Over> {
    let request = visitor.ask(world);
    let page = visitor.act(world, Action::Open(world.sso_of(&request))).await?;
    let way = between(&page.text, "href=\"/enrol/", "\"").expect("a way to enrol");
    let page = visitor.act(world, Action::Open(format!("/enrol/{way}"))).await?;
    let address = visitor.user.user_name.as_str().to_owned();
    let page = visitor.submit(world, &page, &[("address", &address)]).await?;
    if visitor.without_events {
        world.clock.pass(SignedDuration::from_secs(31));
        world.sweep().await;
    }
    let code = world.code(&personal(visitor)).await;
    let page = visitor.submit(world, &page, &[("code", &code)]).await?;
    let response = visitor.authenticator.create(&page.options(), &world.base_url);
    let fields = [("label", "Laptop"), ("response", response.as_str())];
    let page = visitor.submit(world, &page, &fields).await?;
    assert!(page.recovery_code().is_some());
    let way = between(&page.text, "href=\"/sign-in/", "\"").expect("a way on");
    let page = visitor.act(world, Action::Open(format!("/sign-in/{way}"))).await?;
    assert!(page.answer().is_some(), "{}: {}", visitor.what, page.text);
    Ok(())
}

async fn link(world: &World, visitor: &mut Visitor) -> Result<(), Over> {
    let page = visitor.act(world, Action::Open(visitor.link.clone())).await?;
    let page = visitor.submit(world, &page, &[]).await?;
    let response = visitor.authenticator.create(&page.options(), &world.base_url);
    let fields = [("label", "Laptop"), ("response", response.as_str())];
    let page = visitor.submit(world, &page, &fields).await?;
    assert!(page.recovery_code().is_some());
    Ok(())
}

async fn sign_out(world: &World, visitor: &mut Visitor) -> Result<(), Over> {
    let page = visitor.act(world, Action::Open(world.slo("_out"))).await?;
    let told = page.location().is_some_and(|url| {
        url.starts_with(REPLY_URL) && url.contains("SAMLResponse=") && url.contains("Signature=")
    });
    let shown = page.status == 200 && page.text.contains("igned out");
    assert!(told || shown, "{}: {}", visitor.what, page.text);
    Ok(())
}
