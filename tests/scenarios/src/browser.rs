//! Somebody at a keyboard: cookies, forms, and no redirect followed unseen.

use std::collections::BTreeMap;

use http::StatusCode;
use reqwest::Client;
use reqwest::header::{COOKIE, HeaderMap, LOCATION, ORIGIN, SET_COOKIE};
use reqwest::redirect::Policy;

use crate::Authenticator;

/// A browser with a cookie jar of its own, which takes `Secure` cookies from localhost as Chromium
/// does.
#[derive(Clone, Debug)]
pub struct Browser {
    client: Client,
    base_url: String,
    /// The cookies that it holds, by their whole names.
    pub cookies: BTreeMap<String, String>,
    /// What it says as `Accept-Language`.
    pub language: &'static str,
    /// How many requests it has sent.
    pub requests: usize,
}

/// A page that a browser was given.
#[derive(Clone, Debug)]
pub struct Page {
    /// Its status.
    pub status: StatusCode,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its text.
    pub text: String,
}

impl Browser {
    /// A browser that never was at this site.
    pub fn new(base_url: &str) -> Self {
        let client = Client::builder().redirect(Policy::none()).build().unwrap();
        let base_url = base_url.to_owned();
        Self { client, base_url, cookies: BTreeMap::new(), language: "en", requests: 0 }
    }

    /// Opens an address: a path of the site, or a whole URL.
    pub async fn get(&mut self, path: &str) -> Page {
        let request = self.client.get(self.url(path)).header("accept-language", self.language);
        self.send(request).await
    }

    /// Opens an address and follows redirects within the site.
    pub async fn visit(&mut self, path: &str) -> Page {
        let page = self.get(path).await;
        self.follow(page).await
    }

    /// Follows redirects within the site.
    pub async fn follow(&mut self, mut page: Page) -> Page {
        while let Some(next) = page.location().filter(|url| self.is_own(url)) {
            page = self.get(&next).await;
        }
        page
    }

    /// Sends a form of the site's own page.
    pub async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Page {
        let origin = self.base_url.clone();
        self.post_from(&origin, path, fields).await
    }

    /// Sends a form of a page of any origin. One from another site carries no `SameSite=Lax`
    /// cookie, as all of ours are.
    pub async fn post_from(&mut self, origin: &str, path: &str, fields: &[(&str, &str)]) -> Page {
        let request = self.client.post(self.url(path)).header(ORIGIN, origin).form(fields);
        let request = request.header("accept-language", self.language);
        if origin == self.base_url { self.send(request).await } else { self.receive(request).await }
    }

    /// Sends a form with headers of the story's own and none of the browser's, its cookies apart:
    /// what a page of another origin of the same site could bring about.
    pub async fn forge(
        &mut self,
        headers: &[(&'static str, &str)],
        path: &str,
        fields: &[(&str, &str)],
    ) -> Page {
        let mut request = self.client.post(self.url(path)).form(fields);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.send(request).await
    }

    /// Fills in and sends the first form of a page, hidden fields included.
    pub async fn submit(&mut self, page: &Page, fields: &[(&str, &str)]) -> Page {
        let hidden = page.hidden();
        let mut all = hidden.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect::<Vec<_>>();
        all.retain(|(name, _)| !fields.iter().any(|(own, _)| own == name));
        all.extend_from_slice(fields);
        let page = self.post(&page.action(), &all).await;
        self.follow(page).await
    }

    /// Answers a page that asks for a passkey.
    pub async fn sign_in(&mut self, page: &Page, authenticator: &mut Authenticator) -> Page {
        let response = authenticator.get(&page.options(), &self.base_url);
        self.submit(page, &[("response", &response)]).await
    }

    /// Answers a page that asks for a new passkey.
    pub async fn register(&mut self, page: &Page, authenticator: &mut Authenticator) -> Page {
        let response = authenticator.create(&page.options(), &self.base_url);
        self.submit(page, &[("label", "Laptop"), ("response", &response)]).await
    }

    /// The name and value of the one cookie whose name begins so.
    pub fn cookie(&self, prefix: &str) -> Option<(String, String)> {
        let prefix = format!("__Host-{prefix}");
        let mut found = self.cookies.iter().filter(|(name, _)| name.starts_with(&prefix));
        found.next().map(|(name, value)| (name.clone(), value.clone()))
    }

    fn is_own(&self, url: &str) -> bool {
        url.starts_with('/') || url.starts_with(&self.base_url)
    }

    fn url(&self, path: &str) -> String {
        if path.starts_with('/') { format!("{}{path}", self.base_url) } else { path.to_owned() }
    }

    async fn send(&mut self, request: reqwest::RequestBuilder) -> Page {
        let cookies = self.cookies.iter().map(|(name, value)| format!("{name}={value}"));
        let cookies = cookies.collect::<Vec<_>>().join("; ");
        let request = if cookies.is_empty() { request } else { request.header(COOKIE, cookies) };
        self.receive(request).await
    }

    async fn receive(&mut self, request: reqwest::RequestBuilder) -> Page {
        self.requests += 1;
        let response = request.send().await.unwrap();
        for cookie in response.headers().get_all(SET_COOKIE) {
            self.keep(cookie.to_str().unwrap());
        }
        let (status, headers) = (response.status(), response.headers().clone());
        Page { status, headers, text: response.text().await.unwrap() }
    }

    fn keep(&mut self, cookie: &str) {
        let (pair, attributes) = cookie.split_once(';').unwrap();
        let (name, value) = pair.split_once('=').unwrap();
        for guard in ["Secure", "HttpOnly", "SameSite=Lax", "Path=/"] {
            assert!(attributes.contains(guard), "{name} lacks {guard}");
        }
        if attributes.contains("Max-Age=0") {
            self.cookies.remove(name);
        } else {
            self.cookies.insert(name.to_owned(), value.to_owned());
        }
    }
}

impl Page {
    /// Where it redirects to.
    pub fn location(&self) -> Option<String> {
        Some(self.headers.get(LOCATION)?.to_str().unwrap().to_owned())
    }

    /// Where its first form goes.
    pub fn action(&self) -> String {
        self.attribute("<form", "action").expect("the page has a form")
    }

    /// The WebAuthn options that it carries.
    pub fn options(&self) -> String {
        self.attribute("<form", "data-options").expect("the page has options")
    }

    /// The hidden fields of its first form.
    pub fn hidden(&self) -> Vec<(String, String)> {
        let form = self.text.split("<form").nth(1).unwrap_or_default();
        let form = form.split("</form>").next().unwrap_or_default();
        let inputs = form.split("<input").skip(1).map(|rest| rest.split('>').next().unwrap());
        inputs
            .filter(|input| input.contains("type=\"hidden\""))
            .map(|input| {
                let value = attribute(input, "value").unwrap_or_default();
                (attribute(input, "name").unwrap(), value)
            })
            .collect()
    }

    /// A hidden field's value.
    pub fn field(&self, name: &str) -> Option<String> {
        self.hidden().into_iter().find(|(field, _)| field == name).map(|(_, value)| value)
    }

    /// The SAML response that it carries, and the RelayState, and where they go.
    pub fn answer(&self) -> Option<(String, String, Option<String>)> {
        let response = self.field("SAMLResponse")?;
        Some((self.action(), response, self.field("RelayState")))
    }

    /// What it says went wrong, or has happened.
    pub fn notice(&self) -> Option<&str> {
        let notice = self.text.split_once("id=\"notice\" role=\"alert\">")?.1.split('<').next()?;
        (!notice.is_empty()).then_some(notice)
    }

    /// Checks that it ends here: a page of ours of this status, with every guard, that neither
    /// answers a relying party nor begins a session.
    pub fn assert_refused(&self, status: u16, what: &str) {
        assert_eq!(self.status, status, "{what}: {}", self.text);
        self.assert_guarded(what);
        assert!(self.answer().is_none(), "{what}: it answers");
        assert!(!self.text.contains("data-options"), "{what}: it asks again");
        let mut cookies = self.headers.get_all(SET_COOKIE).iter();
        let session = cookies.find(|cookie| cookie.as_bytes().starts_with(b"__Host-s-"));
        assert!(session.is_none(), "{what}: it sets {session:?}");
    }

    /// Checks that no other site can frame it, and that nobody keeps it.
    pub fn assert_guarded(&self, what: &str) {
        let header = |name: &str| self.headers.get(name).map(|value| value.to_str().unwrap());
        assert_eq!(header("content-type"), Some("text/html; charset=utf-8"), "{what}");
        let policy = header("content-security-policy").expect(what);
        assert!(policy.contains("frame-ancestors 'none'"), "{what}: {policy}");
        assert!(policy.starts_with("default-src 'none'"), "{what}: {policy}");
        assert_eq!(header("x-frame-options"), Some("DENY"), "{what}");
        assert_eq!(header("cache-control"), Some("no-store"), "{what}");
        assert_eq!(header("x-content-type-options"), Some("nosniff"), "{what}");
        assert_eq!(header("referrer-policy"), Some("strict-origin"), "{what}");
    }

    fn attribute(&self, tag: &str, name: &str) -> Option<String> {
        let rest = self.text.split(tag).nth(1)?;
        attribute(rest.split('>').next()?, name)
    }
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    let start = tag.find(&format!(" {name}=\""))? + name.len() + 3;
    let value = tag.get(start..)?.split('"').next()?;
    Some(unescape(value))
}

/// Undoes the character references that our templates write.
pub fn unescape(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        out.push_str(&rest[..at]);
        let end = rest[at..].find(';').map_or(rest.len(), |end| at + end);
        match &rest[at + 1..end] {
            "amp" => out.push('&'),
            "lt" => out.push('<'),
            "gt" => out.push('>'),
            "quot" => out.push('"'),
            number => {
                let number = number.strip_prefix('#').expect("a numeric reference");
                out.push(char::from_u32(number.parse().unwrap()).unwrap());
            }
        }
        rest = &rest[end + 1..];
    }
    out.push_str(rest);
    out
}
