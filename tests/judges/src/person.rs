//! Somebody with a browser and a passkey, and what they bring back.

use scenarios::saml::{between, decode, escape};
use scenarios::{Authenticator, Browser, Page};
use serde_json::json;

use crate::Site;
use crate::site::DOMAIN;

/// Somebody who enrolled.
#[derive(Debug)]
pub struct Person {
    /// Their user principal name.
    pub upn: String,
    /// What Entra knows them by.
    pub anchor: String,
    browser: Browser,
    authenticator: Authenticator,
}

/// An answer to a service provider, on the way to it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Response {
    /// Where it is posted to.
    pub action: String,
    /// Its text.
    pub xml: String,
    /// The value of the form's field.
    pub form_value: String,
    /// What came with the request.
    pub relay_state: Option<String>,
}

/// People whose names and anchors hold whatever `identity` lets in.
pub const HOSTILE: [(&str, &str); 4] = [
    ("o'neil&sons+x/y=z@contoso.test", "+/v7+/v7+/v7+/v7+/v7+w=="),
    ("&amp&lt{}|^~#%*?!@contoso.test", "<!--x-->&amp;\"'>]]>&#13;<x/>"),
    ("jörg-ß.日本@contoso.test", "%3C%2FNameID%3E;'&\"\\|`^~{}"),
    ("A.Very-Long_Local-Part.Of.Sixty-Four.Characters.Exactly.As.Allow@contoso.test", "="),
];

impl Person {
    /// Ada of the demo organization, whose anchor is base64 as Active Directory's are: she enrols
    /// by a code that is mailed to her, on the way from the simulated Entra.
    pub async fn ada(site: &Site) -> Self {
        let ada = site.ready().users.iter().find(|user| user.upn == "ada@contoso.test").unwrap();
        let mut browser = Browser::new(&site.ready().base_url);
        let page = browser.visit(&departure(site, &ada.upn).await.0).await;
        let link = between(&page.text, "href=\"/enrol/", "\"").expect("a way to enrol");
        let page = browser.visit(&format!("/enrol/{link}")).await;
        let page = browser.submit(&page, &[("address", &ada.upn)]).await;
        let code = site.code(ada.personal_email.as_ref().unwrap()).await;
        let page = browser.submit(&page, &[("code", &code)]).await;
        let mut authenticator = Authenticator::default();
        browser.register(&page, &mut authenticator).await;
        let anchor = ada.anchor.clone().unwrap();
        // A browser that was never here: the first sign-in needs the passkey.
        let browser = Browser::new(&site.ready().base_url);
        Self { upn: ada.upn.clone(), anchor, browser, authenticator }
    }

    /// Somebody new, who enrols by a one-time link.
    pub async fn hired(site: &Site, upn: &str, anchor: &str) -> Self {
        site.hire(upn, anchor).await.unwrap();
        site.introduce(upn, anchor);
        let invited = json!({ "action": "invite", "domain": DOMAIN, "email": upn });
        let invited = site.operate(invited).await;
        let mut browser = Browser::new(&site.ready().base_url);
        let page = browser.visit(invited["enrolment_url"].as_str().unwrap()).await;
        let page = browser.submit(&page, &[]).await;
        let mut authenticator = Authenticator::default();
        browser.register(&page, &mut authenticator).await;
        let browser = Browser::new(&site.ready().base_url);
        Self { upn: upn.to_owned(), anchor: anchor.to_owned(), browser, authenticator }
    }

    /// Goes where a service provider sends them: with the passkey the first time, silently later.
    pub async fn answer(&mut self, url: &str) -> Response {
        Response::of(&self.page(url).await)
    }

    /// The page that the answer is on.
    pub async fn page(&mut self, url: &str) -> Page {
        let page = self.browser.visit(url).await;
        self.finish(page).await
    }

    /// The same, sent by a form of another site.
    pub async fn post(&mut self, origin: &str, url: &str, fields: &[(&str, &str)]) -> Page {
        let page = self.browser.post_from(origin, url, fields).await;
        let page = self.browser.follow(page).await;
        self.finish(page).await
    }

    async fn finish(&mut self, page: Page) -> Page {
        if page.answer().is_some() {
            return page;
        }
        self.browser.sign_in(&page, &mut self.authenticator).await
    }

    /// The page that a visit ends on, whatever it is.
    pub async fn visit(&mut self, url: &str) -> Page {
        self.browser.visit(url).await
    }

    /// Signs out and tells where the browser is sent then.
    pub async fn sign_out(&mut self, url: &str) -> String {
        self.browser.get(url).await.location().expect("a redirect back")
    }
}

impl Response {
    /// The answer on a page.
    pub fn of(page: &Page) -> Self {
        let (action, form_value, relay_state) = page.answer().unwrap_or_else(|| {
            panic!("{} without an answer: {}", page.status, page.text);
        });
        Self { action, xml: decode(&form_value), form_value, relay_state }
    }
}

/// Begins a sign-in at the simulated Entra: where the browser is sent, and the cookie that it gets.
pub async fn departure(site: &Site, upn: &str) -> (String, String) {
    let url = format!("{}/start?address={}", site.ready().entra_url, escape(upn));
    let sent = site.client().get(url).header("accept", "application/json").send().await.unwrap();
    let sent: serde_json::Value = sent.json().await.unwrap();
    let text = |name: &str| sent[name].as_str().unwrap_or_else(|| panic!("{sent}")).to_owned();
    (text("location"), text("cookie"))
}
