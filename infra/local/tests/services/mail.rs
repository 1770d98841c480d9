//! Mails by the SES SDK, text messages by SNS's query protocol, and the outbox that shows them.

use std::collections::BTreeSet;

use aws_sdk_sesv2::error::ProvideErrorMetadata;
use aws_sdk_sesv2::operation::send_email::builders::SendEmailFluentBuilder;
use aws_sdk_sesv2::types::{Body, Content, Destination, EmailContent, Message};
use local::services::mail::{Channel, MailAccount};
use local::template::model::{Model, Topic};
use serde_json::Value;

use crate::account::{Account, Setting};

fn part(text: &str) -> Content {
    Content::builder().data(text).build().unwrap()
}

fn mail(account: &Account, to: &str, subject: &str, body: Body) -> SendEmailFluentBuilder {
    let message = Message::builder().subject(part(subject)).body(body).build();
    account
        .ses()
        .send_email()
        .from_email_address("Passerelle <no-reply@contoso.test>")
        .destination(Destination::builder().to_addresses(to).build())
        .content(EmailContent::builder().simple(message).build())
}

fn text(text: &str) -> Body {
    Body::builder().text(part(text)).build()
}

/// A form.
type Fields<'a> = &'a [(&'a str, &'a str)];

async fn sms(account: &Account, fields: Fields<'_>) -> (u16, String) {
    let answer = reqwest::Client::new()
        .post(&account.services.endpoints().sns)
        .header("authorization", "AWS4-HMAC-SHA256 whatever")
        .form(fields)
        .send()
        .await
        .unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

async fn page(account: &Account, path: &str) -> reqwest::Response {
    reqwest::get(format!("{}{path}", account.services.endpoints().outbox)).await.unwrap()
}

#[tokio::test]
async fn mails_and_text_messages_are_in_the_outbox_newest_first_even_after_a_restart() {
    let account = Account::start(Model::default()).await;
    let body = Body::builder().text(part("Your code is 012345")).html(part("<b>012345</b>"));
    let sent = mail(&account, "alice@home.test", "Code", body.build());
    let sent = sent.reply_to_addresses("help@contoso.test").send().await.unwrap();
    let fields = [
        ("Action", "Publish"),
        ("PhoneNumber", "+491701234567"),
        ("Message", "Code 543210"),
        ("MessageAttributes.entry.1.Name", "AWS.SNS.SMS.SenderID"),
        ("MessageAttributes.entry.1.Value.DataType", "String"),
        ("MessageAttributes.entry.1.Value.StringValue", "Contoso"),
    ];
    let (status, xml) = sms(&account, &fields).await;
    assert_eq!(status, 200);

    let account = account.restarted().await;

    let messages: Vec<Value> = page(&account, "/outbox.json").await.json().await.unwrap();
    assert_eq!(messages.len(), 2);
    assert_eq!(messages[0]["channel"], "sms");
    assert_eq!(messages[0]["to"], "+491701234567");
    assert_eq!(messages[0]["from"], "Contoso");
    assert_eq!(messages[0]["text"], "Code 543210");
    let id = messages[0]["id"].as_str().unwrap();
    assert!(xml.contains(&format!("<MessageId>{id}</MessageId>")), "{xml}");
    assert_eq!(messages[1]["channel"], "mail");
    assert_eq!(messages[1]["id"], sent.message_id().unwrap());
    assert_eq!(messages[1]["to"], "alice@home.test");
    assert_eq!(messages[1]["from"], "Passerelle <no-reply@contoso.test>");
    assert_eq!(messages[1]["subject"], "Code");
    assert_eq!(messages[1]["text"], "Your code is 012345");
    assert_eq!(messages[1]["html"], "<b>012345</b>");
    assert!(messages[1]["at"].is_string());
}

#[tokio::test]
async fn a_test_can_wait_for_a_mail() {
    let account = Account::start(Model::default()).await;
    let outbox = account.services.outbox().clone();
    let waiting =
        tokio::spawn(async move { outbox.wait_for(|message| message.to == "bob@home.test").await });
    mail(&account, "alice@home.test", "A", text("a")).send().await.unwrap();
    mail(&account, "bob@home.test", "B", text("b")).send().await.unwrap();

    let message = waiting.await.unwrap();

    assert_eq!(message.subject.as_deref(), Some("B"));
    assert_eq!(message.channel, Channel::Mail);
}

#[tokio::test]
async fn the_page_escapes_everything_and_loads_nothing_foreign() {
    let account = Account::start(Model::default()).await;
    let evil = "<script>alert(1)</script> \" onload='x' https://a.test/?q=\"><img src=x>";
    let body = Body::builder().text(part(evil)).html(part("<script>alert(2)</script>")).build();
    mail(&account, "\"<b>\"@home.test", evil, body).send().await.unwrap();

    let answer = page(&account, "/").await;
    let policy = answer.headers()["content-security-policy"].to_str().unwrap().to_owned();
    let html = answer.text().await.unwrap();

    assert!(policy.starts_with("default-src 'none';"), "{policy}");
    assert!(!policy.contains("unsafe"), "{policy}");
    for danger in ["<script>alert", "<img", "onload='x'", "<b>"] {
        assert!(!html.contains(danger), "{danger} in {html}");
    }
    for loaded in [" src=\"", "<link rel=\"stylesheet\" href=\""] {
        assert!(html.split(loaded).skip(1).all(|rest| rest.starts_with('/')), "{html}");
    }
    let id = &account.services.outbox().messages()[0].id;
    let framed = page(&account, &format!("/messages/{id}")).await;
    let policy = framed.headers()["content-security-policy"].to_str().unwrap();
    assert!(policy.starts_with("sandbox") && policy.contains("default-src 'none'"), "{policy}");
    for path in ["/outbox.css", "/outbox.js"] {
        assert_eq!(page(&account, path).await.status(), 200, "{path}");
    }
    assert_eq!(page(&account, "/messages/other").await.status(), 404);
}

#[tokio::test]
async fn the_outbox_answers_only_to_names_of_this_machine() {
    let account = Account::start(Model::default()).await;
    let url = &account.services.endpoints().outbox;
    let port = url.rsplit(':').next().unwrap();

    for (host, expected) in [
        (format!("localhost:{port}"), 200),
        (format!("127.0.0.1:{port}"), 200),
        (format!("outbox.localhost:{port}"), 200),
        (format!("rebound.example:{port}"), 421),
        ("localhost.example".to_owned(), 421),
    ] {
        let request = reqwest::Client::new().get(format!("{url}/outbox.json"));
        let answer = request.header("host", &host).send().await.unwrap();
        assert_eq!(answer.status(), expected, "{host}");
    }
}

#[tokio::test]
async fn mails_that_ses_refuses_are_refused() {
    let account = Account::start(Model::default()).await;
    let none = Body::builder().build();
    let cases = [
        mail(&account, "nobody", "A", text("a")),
        mail(&account, "a@home.test\r\nBcc: b@home.test", "A", text("a")),
        mail(&account, "a@home.test", "A\r\nBcc: b@home.test", text("a")),
        mail(&account, "a@home.test", "A", none),
        mail(&account, "a@home.test", "A", text("a")).set_from_email_address(None),
        mail(&account, "a@home.test", "A", text("a")).destination(Destination::builder().build()),
    ];
    for case in cases {
        let refused = case.send().await.unwrap_err();
        assert_eq!(refused.code(), Some("BadRequestException"), "{refused:?}");
    }
    assert!(account.services.outbox().messages().is_empty());
}

#[tokio::test]
async fn the_account_tells_what_it_may_and_keeps_to_it() {
    let verified = BTreeSet::from(["alice@home.test".to_owned(), "+491701234567".to_owned()]);
    let sandbox = MailAccount::Sandbox { verified };
    for (mail_account, sending, production) in [
        (MailAccount::Production, true, true),
        (sandbox.clone(), true, false),
        (MailAccount::Paused, false, true),
    ] {
        let setting = Setting { mail_account, ..Setting::of(Model::default()) };
        let account = Account::with(setting).await;
        let told = account.ses().get_account().send().await.unwrap();
        assert_eq!(told.sending_enabled, sending);
        assert_eq!(told.production_access_enabled, production);
    }

    let setting = Setting { mail_account: sandbox, ..Setting::of(Model::default()) };
    let account = Account::with(setting).await;
    mail(&account, "Alice <Alice@home.test>", "A", text("a")).send().await.unwrap();
    let refused = mail(&account, "bob@home.test", "A", text("a")).send().await.unwrap_err();
    assert_eq!(refused.code(), Some("MessageRejected"));
    let publish = |number| [("Action", "Publish"), ("PhoneNumber", number), ("Message", "x")];
    assert_eq!(sms(&account, &publish("+491701234567")).await.0, 200);
    assert_eq!(sms(&account, &publish("+491700000000")).await.0, 400);
    let (_, status) = sms(&account, &[("Action", "GetSMSSandboxAccountStatus")]).await;
    assert!(status.contains("<IsInSandbox>true</IsInSandbox>"), "{status}");
}

#[tokio::test]
async fn text_messages_that_sns_refuses_are_refused() {
    let arn = "arn:aws:sns:eu-central-1:123456789012:Alarms";
    let topic =
        Topic { logical_id: "Alarms".to_owned(), name: "Alarms".to_owned(), arn: arn.to_owned() };
    let account = Account::start(Model { topics: vec![topic], ..Model::default() }).await;
    let long = "x".repeat(1601);
    let cases: [(Fields<'_>, u16, &str); 8] = [
        (&[("Action", "Publish"), ("TopicArn", arn), ("Message", "x")], 200, "<MessageId>"),
        (&[("Action", "Publish"), ("TopicArn", "arn:x"), ("Message", "x")], 404, "NotFound"),
        (&[("Action", "Publish"), ("PhoneNumber", "0170"), ("Message", "x")], 400, "PhoneNumber"),
        (&[("Action", "Publish"), ("PhoneNumber", "+4<9"), ("Message", "x")], 400, "+4&lt;9"),
        (&[("Action", "Publish"), ("PhoneNumber", "+491"), ("Message", "")], 400, "Empty message"),
        (&[("Action", "Publish"), ("PhoneNumber", "+491"), ("Message", &long)], 400, "too long"),
        (&[("Action", "Publish"), ("Message", "x")], 400, "InvalidParameter"),
        (&[("Action", "CreateTopic")], 400, "InvalidAction"),
    ];
    for (fields, status, contains) in cases {
        let answer = sms(&account, fields).await;
        assert_eq!(answer.0, status, "{fields:?}");
        assert!(answer.1.contains(contains), "{}", answer.1);
    }
    assert!(account.services.outbox().messages().is_empty());
}
