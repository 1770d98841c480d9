//! Forms that our own page in this browser did not send.

use scenarios::{Authenticator, Browser, Page, World};

/// A form that would be accepted, if it came from its page.
struct Form {
    name: &'static str,
    browser: Browser,
    path: String,
    fields: Vec<(String, String)>,
}

impl Form {
    fn new(name: &'static str, browser: Browser, page: &Page, fields: &[(&str, &str)]) -> Self {
        let mut all = page.hidden();
        all.retain(|(name, _)| !fields.iter().any(|(own, _)| own == name));
        all.extend(fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        Self { name, browser, path: page.action(), fields: all }
    }

    /// Sends it with headers, and with another token if one is given.
    async fn send(&mut self, headers: Headers<'_>, token: Token<'_>) -> Page {
        let fields = self.fields.iter().filter_map(|(name, value)| match (&**name, token) {
            ("csrf", Token::Missing) => None,
            ("csrf", Token::Other(other)) => Some(("csrf", other)),
            (name, _) => Some((name, &**value)),
        });
        let fields = fields.collect::<Vec<_>>();
        self.browser.forge(headers, &self.path, &fields).await
    }

    fn token(&self) -> String {
        self.fields.iter().find(|(name, _)| name == "csrf").unwrap().1.clone()
    }
}

/// Names and values.
type Headers<'a> = &'a [(&'static str, &'a str)];

#[derive(Clone, Copy)]
enum Token<'a> {
    Own,
    Missing,
    Other(&'a str),
}

/// Every form of ours, each in a browser of its own, filled in honestly.
async fn every_form(world: &World) -> Vec<Form> {
    let mut ada = world.person("ada").await;
    let mut forms = Vec::new();

    let mut browser = world.browser();
    let page = browser.visit(&world.sso("_sign-in")).await;
    let response = ada.authenticator.get(&page.options(), &world.base_url);
    forms.push(Form::new("sign-in", browser, &page, &[("response", &response)]));

    let mut browser = world.browser();
    let page = browser.begin_enrolment(&world.sso("_address")).await;
    forms.push(Form::new("address", browser, &page, &[("address", "nobody@contoso.test")]));

    for name in ["code", "resend"] {
        world.user(name).await;
        let mut browser = world.browser();
        let page = browser.begin_enrolment(&world.sso(&format!("_{name}"))).await;
        let address = format!("{name}@contoso.test");
        let page = browser.submit(&page, &[("address", &address)]).await;
        let code = world.code(&format!("{name}@personal.test")).await;
        let mut form = Form::new(name, browser, &page, &[("code", &code)]);
        form.path = form.path.replace("/code", &format!("/{name}"));
        forms.push(form);
    }

    let mut browser = world.browser();
    let page = browser.begin_enrolment(&world.sso("_recover")).await;
    let page = browser.visit(&format!("{}/recover", page.action())).await;
    let fields = [("address", "ada@contoso.test"), ("code", ada.recovery_code.as_str())];
    forms.push(Form::new("recover", browser, &page, &fields));

    for name in ["link", "passkey"] {
        let user = world.user(name).await;
        let link = world.link(&world.contoso(), &user).await;
        let mut browser = world.browser();
        if name == "link" {
            let page = browser.visit(&link).await;
            forms.push(Form::new(name, browser, &page, &[]));
        } else {
            let page = browser.open_link(&link).await;
            let response = Authenticator::default().create(&page.options(), &world.base_url);
            let fields = [("label", "Key"), ("response", response.as_str())];
            forms.push(Form::new(name, browser, &page, &fields));
        }
    }
    forms
}

#[tokio::test]
async fn a_form_that_our_own_page_did_not_send_changes_nothing() {
    let world = World::start().await;
    let mut forms = every_form(&world).await;
    assert_eq!(forms.len(), 7);
    let tokens = forms.iter().map(Form::token).collect::<Vec<_>>();
    let own = ("origin", world.base_url.as_str());
    let elsewhere = world.base_url.replace("localhost", "evil.localhost");
    let before = world.quiet().await;

    for (position, form) in forms.iter_mut().enumerate() {
        let foreign = &tokens[(position + 1) % tokens.len()];
        let mut flipped = form.token();
        flipped.replace_range(..1, if flipped.starts_with('A') { "B" } else { "A" });
        let shorter = form.token()[1..].to_owned();
        let cases: [(&str, Headers<'_>, Token<'_>); 12] = [
            ("no token", &[own], Token::Missing),
            ("an empty token", &[own], Token::Other("")),
            ("the token of another browser", &[own], Token::Other(foreign)),
            ("a changed token", &[own], Token::Other(&flipped)),
            ("a shorter token", &[own], Token::Other(&shorter)),
            ("another site", &[("origin", "https://evil.test")], Token::Own),
            ("no origin", &[("origin", "null")], Token::Own),
            ("another port", &[("origin", "http://localhost:1")], Token::Own),
            ("another host of the site", &[("origin", &elsewhere)], Token::Own),
            ("two origins", &[own, ("origin", "https://evil.test")], Token::Own),
            ("across sites", &[("sec-fetch-site", "cross-site")], Token::Own),
            ("across origins", &[("sec-fetch-site", "same-site")], Token::Own),
        ];
        for (what, headers, token) in cases {
            let what = format!("{}: {what}", form.name);
            form.send(headers, token).await.assert_refused(403, &what);
            world.unchanged_since(&before, &what).await;
        }
        let mut bare = Form { browser: world.browser(), ..form.copy() };
        bare.send(&[own], Token::Own).await.assert_refused(403, "no cookie");
        world.unchanged_since(&before, "no cookie").await;
    }
    for mut form in forms {
        let page = form.send(&[own], Token::Own).await;
        let fine = page.status == 303 || (page.status == 200 && page.notice().is_none());
        assert!(fine, "{}: {} {}", form.name, page.status, page.text);
    }
    assert!(world.quiet().await != before, "the honest forms did something");
}

impl Form {
    fn copy(&self) -> Self {
        let Self { name, browser, path, fields } = self;
        Self { name, browser: browser.clone(), path: path.clone(), fields: fields.clone() }
    }
}

/// `enctype="text/plain"` and JSON are how other sites write bodies that are no forms.
#[tokio::test]
async fn a_body_that_is_no_form_is_refused() {
    let world = World::start().await;
    let forms = every_form(&world).await;
    let before = world.quiet().await;
    for form in &forms {
        let cookies = form.browser.cookies.iter().map(|(name, value)| format!("{name}={value}"));
        let cookies = cookies.collect::<Vec<_>>().join("; ");
        for kind in ["text/plain", "application/json", "multipart/form-data; boundary=x", ""] {
            let pairs = form.fields.iter().map(|(name, value)| format!("{name}={value}"));
            let body = pairs.collect::<Vec<_>>().join("&");
            let request = http::Request::post(&form.path)
                .header("cookie", &cookies)
                .header("origin", &world.base_url)
                .header("content-type", kind);
            let page = world.pass(request.body(body.into()).unwrap()).await;
            page.assert_refused(403, &format!("{}: {kind}", form.name));
        }
    }
    world.unchanged_since(&before, "a body that is no form").await;
}
