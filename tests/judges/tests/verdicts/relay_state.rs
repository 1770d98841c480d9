//! RelayState, from a request of either binding to the form that leaves the browser.

use jiff::Timestamp;
use judges::{Person, Program, Response, Site};
use scenarios::saml::AuthnRequest;
use serde_json::json;

const HOSTILE: [&str; 7] = [
    "estsredirect=2&estsrequest=rQQIARAA%2f+/==",
    "\"'<>&amp;&#34;&quot;&",
    "\"></form><script>alert(1)</script><form action=\"https://evil.test\">",
    "first\r\nsecond\r\n\r\n<b>",
    " \t leading and trailing \t ",
    "ünï ✓ 日本 \u{202e}\u{feff}",
    "]]><!--'--!>`${7*7}{{7*7}}",
];

#[tokio::test]
async fn a_relay_state_leaves_the_browser_as_it_came() {
    let site = Site::start().await;
    let mut ada = Person::ada(&site).await;
    let mut parser = Program::python("page_judge.py");
    parser.must("start", json!({}));
    for (index, relay_state) in HOSTILE.into_iter().enumerate() {
        let request = AuthnRequest::new(&format!("_relay-{index}"), now());
        let sso = format!("{}?{}", site.sso_url(), request.query(relay_state));
        let page = ada.page(&sso).await;

        assert_eq!(Response::of(&page).relay_state.as_deref(), Some(relay_state));
        let read = parser.must("page", json!({ "html": page.text }));
        assert_eq!(read["fields"]["RelayState"], relay_state);
        assert_eq!(read["action"], site.reply_url());
        let tags = read["tags"].as_array().unwrap();
        assert_eq!(tags.iter().filter(|tag| *tag == "script").count(), 1, "only our own script");
    }
    site.close().await;
}

#[tokio::test]
async fn a_posted_relay_state_of_64_kibibytes_comes_back() {
    let site = Site::start().await;
    let mut ada = Person::ada(&site).await;
    let mut parser = Program::python("page_judge.py");
    parser.must("start", json!({}));
    let relay_state = "\"'&<>\r\n=".repeat(64 * 1024 / 8);
    assert_eq!(relay_state.len(), 64 * 1024);
    let request = AuthnRequest::new("_posted", now());
    let fields = [("SAMLRequest", &*request.form_value()), ("RelayState", &*relay_state)];

    let page = ada.post(&site.ready().entra_url, &site.sso_url(), &fields).await;

    let read = parser.must("page", json!({ "html": page.text }));
    assert_eq!(read["fields"]["RelayState"], relay_state.as_str());
    site.close().await;
}

fn now() -> Timestamp {
    use ambient::Clock as _;
    ambient::SystemClock.now()
}
