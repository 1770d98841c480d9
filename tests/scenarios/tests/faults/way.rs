//! The ways through the pages.

use jiff::SignedDuration;
use local::services::mail::Message;
use scenarios::saml::between;
use scenarios::world::{REPLY_URL, code_of};
use scenarios::{Page, World};

use crate::visitor::{Action, Over, Visitor};

/// What happens before the code is typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Detour {
    /// Nothing.
    None,
    /// Another code is asked for.
    Resend,
    /// A wrong code is typed.
    WrongCode,
}

pub(crate) async fn silent(world: &World, visitor: &mut Visitor) -> Result<(), Over> {
    let request = visitor.ask(world);
    let page = visitor.act(world, Action::Open(world.sso_of(&request))).await?;
    assert!(page.answer().is_some(), "{}: {}", visitor.what, page.text);
    Ok(())
}

pub(crate) async fn passive(world: &World, visitor: &mut Visitor) -> Result<(), Over> {
    let mut request = visitor.ask(world);
    request.attributes = " IsPassive=\"true\"".to_owned();
    let page = visitor.act(world, Action::Open(world.sso_of(&request))).await?;
    assert!(page.answer().is_some(), "{}: {}", visitor.what, page.text);
    Ok(())
}

pub(crate) async fn redirect(world: &World, visitor: &mut Visitor) -> Result<(), Over> {
    let request = visitor.ask(world);
    by_passkey(world, visitor, Action::Open(world.sso_of(&request))).await
}

pub(crate) async fn post(world: &World, visitor: &mut Visitor) -> Result<(), Over> {
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

/// From a request of the portal's to the page that wants the work address.
async fn begin(world: &World, visitor: &mut Visitor) -> Result<Page, Over> {
    let request = visitor.ask(world);
    let page = visitor.act(world, Action::Open(world.sso_of(&request))).await?;
    let way = between(&page.text, "href=\"/enrol/", "\"").expect("a way to enrol");
    visitor.act(world, Action::Open(format!("/enrol/{way}"))).await
}

/// Registers a passkey.
async fn register(world: &World, visitor: &mut Visitor, page: &Page) -> Result<Page, Over> {
    let response = visitor.authenticator.create(&page.options(), &world.base_url);
    let fields = [("label", "Laptop"), ("response", response.as_str())];
    let page = visitor.submit(world, page, &fields).await?;
    assert!(page.recovery_code().is_some(), "{}: {}", visitor.what, page.text);
    Ok(page)
}

/// From the recovery code on, back to the portal.
async fn go_on(world: &World, visitor: &mut Visitor, page: &Page) -> Result<(), Over> {
    let way = between(&page.text, "href=\"/sign-in/", "\"").expect("a way on");
    let page = visitor.act(world, Action::Open(format!("/sign-in/{way}"))).await?;
    assert!(page.answer().is_some(), "{}: {}", visitor.what, page.text);
    Ok(())
}

/// Waits for a mail that is none of these, and answers its code.
async fn new_code(world: &World, visitor: &Visitor, known: &[Message]) -> String {
    if visitor.without_events {
        world.clock.pass(SignedDuration::from_secs(31));
        world.sweep().await;
    }
    code_of(&world.new_mail(&visitor.personal(), known).await)
}

pub(crate) async fn code(world: &World, visitor: &mut Visitor, detour: Detour) -> Result<(), Over> {
    let known = world.mails(&visitor.personal());
    let page = begin(world, visitor).await?;
    let address = visitor.user.user_name.as_str().to_owned();
    let mut page = visitor.submit(world, &page, &[("address", &address)]).await?;
    let mut code = new_code(world, visitor, &known).await;
    let known = world.mails(&visitor.personal());
    visitor.enters(world);
    match detour {
        Detour::None => visitor.window = (0, usize::MAX),
        Detour::Resend => {
            let fields = vec![("csrf".to_owned(), page.field("csrf").unwrap())];
            let url = page.action().replace("/code", "/resend");
            page = visitor.act(world, Action::Send(url, fields)).await?;
            visitor.leaves(world);
            code = new_code(world, visitor, &known).await;
        }
        Detour::WrongCode => {
            let wrong = (code.parse::<u32>().unwrap() + 1) % 1_000_000;
            let typed = [("code", &*format!("{wrong:06}"))];
            page = visitor.submit(world, &page, &typed).await?;
            visitor.leaves(world);
            assert!(page.notice().is_some(), "{}: {}", visitor.what, page.text);
        }
    }
    let page = visitor.submit(world, &page, &[("code", &code)]).await?;
    let page = register(world, visitor, &page).await?;
    go_on(world, visitor, &page).await
}

pub(crate) async fn link(world: &World, visitor: &mut Visitor) -> Result<(), Over> {
    let page = visitor.act(world, Action::Open(visitor.link.clone())).await?;
    let page = visitor.submit(world, &page, &[]).await?;
    register(world, visitor, &page).await?;
    Ok(())
}

pub(crate) async fn recover(world: &World, visitor: &mut Visitor) -> Result<(), Over> {
    let page = begin(world, visitor).await?;
    visitor.enters(world);
    let page = visitor.act(world, Action::Open(format!("{}/recover", page.action()))).await?;
    let (code, _) = visitor.recovery.clone().expect("a recovery code");
    let address = visitor.user.user_name.as_str().to_owned();
    let fields = [("address", address.as_str()), ("code", code.as_str())];
    let page = visitor.submit(world, &page, &fields).await?;
    // The rest is as after any other proof.
    visitor.leaves(world);
    let page = register(world, visitor, &page).await?;
    go_on(world, visitor, &page).await
}

pub(crate) async fn sign_out(world: &World, visitor: &mut Visitor) -> Result<(), Over> {
    let page = visitor.act(world, Action::Open(world.slo("_out"))).await?;
    let told = page.location().is_some_and(|url| {
        url.starts_with(REPLY_URL) && url.contains("SAMLResponse=") && url.contains("Signature=")
    });
    let shown = page.status == 200 && page.text.contains("igned out");
    assert!(told || shown, "{}: {}", visitor.what, page.text);
    Ok(())
}
