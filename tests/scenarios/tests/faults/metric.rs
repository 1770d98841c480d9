//! What alarms are made of, as the real process writes it.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use scenarios::world::code_of;
use serde_json::Value;

use crate::site::Site;

/// How many lines count something that login did not do.
pub(crate) fn counted(stack: &local::Stack, name: &str) -> usize {
    let lines = stack.log();
    let metrics = lines.iter().filter_map(|line| serde_json::from_str::<Value>(&line.text).ok());
    let of_login = |line: &Value| {
        line[name] == 1
            && line["Function"] == "login"
            && line["_aws"]["CloudWatchMetrics"][0]["Namespace"] == "Passerelle"
    };
    metrics.filter(of_login).count()
}

fn text(value: &str) -> AttributeValue {
    AttributeValue::S(value.to_owned())
}

/// Spoils the certificate of the key that signs.
async fn spoil(site: &Site, table: &Client) {
    table
        .update_item()
        .table_name(&site.stack.ready().table)
        .key("pk", text(&format!("ORG#{}#KEYS", site.organization)))
        .key("sk", text("RING"))
        .update_expression("SET #v.active.certificate = :none")
        .expression_attribute_names("#v", "value")
        .expression_attribute_values(":none", text("AAAA"))
        .send()
        .await
        .unwrap();
}

async fn lose(site: &Site, table: &Client) {
    table
        .delete_item()
        .table_name(&site.stack.ready().table)
        .key("pk", text(&format!("ORG#{}#KEYS", site.organization)))
        .key("sk", text("RING"))
        .send()
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_that_are_spoilt_or_gone_are_counted_like_a_signature_that_does_not_come() {
    let site = Site::start().await;
    let endpoint = &site.stack.ready().dynamodb_endpoint;
    let table = Client::new(&scenarios::world::aws(endpoint).await);
    let path = "/saml/contoso.test/metadata";

    spoil(&site, &table).await;
    site.browser().visit(path).await.assert_refused(500, "spoilt");
    let spoilt = counted(&site.stack, "SigningFailed");
    lose(&site, &table).await;
    // A fresh process remembers no ring.
    site.stack.kill("LoginFunction").await;
    site.browser().visit(path).await.assert_refused(500, "gone");
    let gone = counted(&site.stack, "SigningFailed");

    assert_eq!((spoilt, gone), (1, 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_code_that_is_refused_is_counted_past_every_limit() {
    let mut site = Site::start().await;
    let user = site.user().await;
    let address = user.user_name.as_str();
    let query = site.request().query("state");
    let mut browser = site.browser();
    let page = browser.begin_enrolment(&format!("/saml/contoso.test/sso?{query}")).await;
    let url = page.action();
    let csrf = page.field("csrf").unwrap();
    let mut post = async |step: &str, fields: &[(&str, &str)]| {
        let fields = [&[("csrf", csrf.as_str())], fields].concat();
        browser.post(&format!("{url}{step}"), &fields).await.status.as_u16()
    };

    post("", &[("address", address)]).await;
    let personal = user.personal_email.as_ref().unwrap().as_str();
    let code = code_of(&site.stack.outbox().wait_for(|mail| mail.to == personal).await);
    let wrong = format!("{:06}", (code.parse::<u32>().unwrap() + 1) % 1_000_000);
    for _ in 0..7 {
        assert_eq!(post("/code", &[("code", &wrong)]).await, 200);
    }
    let codes = counted(&site.stack, "CodeRefused");
    let mut asked = Vec::new();
    for _ in 0..6 {
        asked.push(post("/resend", &[]).await);
    }
    let resent = counted(&site.stack, "CodeRefused");
    for _ in 0..7 {
        post("/recover", &[("address", address), ("code", "ABCDE-ABCDE-ABCDE-ABCDE-ABCDE")]).await;
    }
    let recovered = counted(&site.stack, "CodeRefused");

    assert_eq!(asked, [303, 303, 303, 303, 429, 429]);
    assert_eq!((codes, resent - codes, recovered - resent), (7, 2, 7));
}
