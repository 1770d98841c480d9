//! What is handed to SES, and what its answers mean.
//!
//! SES stands behind the SDK's own HTTP interface: no socket, so that paused time passes only
//! where the SDK waits.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
#![allow(clippy::disallowed_methods, reason = "paused time is read")]

use std::sync::{Arc, Mutex};

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_sesv2::config::{Credentials, SharedCredentialsProvider};
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_types::body::SdkBody;
use courier::mail::{self, Mail};
use courier::{ATTEMPTS, Courier, CourierError, Language, TOTAL_TIME, ses_config};
use serde_json::{Value, json};
use tokio::time::Instant;

const FROM: &str = "Passerelle <no-reply@contoso.com>";
const TO: &str = "Ada.Private@example.org";

#[derive(Clone, Debug)]
enum Answer {
    Taken,
    Refused(u16, &'static str, String),
    Never,
}

#[derive(Clone, Debug)]
struct Ses {
    answer: Answer,
    requests: Arc<Mutex<Vec<(String, Value)>>>,
}

impl Ses {
    fn new(answer: Answer) -> Self {
        Self { answer, requests: Arc::default() }
    }

    fn courier(&self) -> Courier {
        let connector = SharedHttpConnector::new(self.clone());
        let credentials = Credentials::new("AKIDEXAMPLE", "secret", None, None, "test");
        let base = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::from_static("eu-central-1"))
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .http_client(http_client_fn(move |_, _| connector.clone()))
            .build();
        Courier::new(aws_sdk_sesv2::Client::from_conf(ses_config(&base)), FROM.to_owned())
    }

    fn requests(&self) -> Vec<(String, Value)> {
        self.requests.lock().unwrap().clone()
    }
}

impl HttpConnector for Ses {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let body = serde_json::from_slice(request.body().bytes().unwrap()).unwrap();
        let line = format!("{} {}", request.method(), request.uri());
        self.requests.lock().unwrap().push((line, body));
        let answer = self.answer.clone();
        HttpConnectorFuture::new(async move {
            let (status, code, body) = match answer {
                Answer::Taken => (200, "", json!({ "MessageId": "1" })),
                Answer::Refused(status, code, said) => (status, code, json!({ "message": said })),
                Answer::Never => std::future::pending().await,
            };
            let status = StatusCode::try_from(status).unwrap();
            let mut response = HttpResponse::new(status, SdkBody::from(body.to_string()));
            response.headers_mut().insert("x-amzn-errortype", code);
            Ok(response)
        })
    }
}

fn letter() -> Mail {
    mail::code(Language::English, "Contoso", "042195", 10).unwrap().to(TO.parse().unwrap())
}

#[tokio::test(start_paused = true)]
async fn a_mail_is_handed_over_once_with_both_bodies() {
    let ses = Ses::new(Answer::Taken);
    let mail = letter();

    ses.courier().send(&mail).await.unwrap();

    let [(line, body)] = &ses.requests()[..] else { panic!("not once: {:?}", ses.requests()) };
    assert_eq!(line, "POST https://email.eu-central-1.amazonaws.com/v2/email/outbound-emails");
    assert_eq!(
        *body,
        json!({
            "FromEmailAddress": FROM,
            "Destination": { "ToAddresses": [TO] },
            "Content": { "Simple": {
                "Subject": { "Data": mail.letter().subject(), "Charset": "UTF-8" },
                "Body": {
                    "Text": { "Data": mail.letter().text(), "Charset": "UTF-8" },
                    "Html": { "Data": mail.letter().html(), "Charset": "UTF-8" },
                },
                "Headers": [{ "Name": "Auto-Submitted", "Value": "auto-generated" }],
            }},
        })
    );
}

#[tokio::test(start_paused = true)]
async fn each_refusal_says_whether_to_try_again_and_none_says_to_whom() {
    let unverified = |address: &str| {
        format!(
            "Email address is not verified. The following identities failed the check in region \
             EU-CENTRAL-1: {address}"
        )
    };
    let refused = |status, code| Answer::Refused(status, code, format!("cannot mail {TO}"));
    let cases = [
        // every answer of SES, attempts, error
        (refused(429, "TooManyRequestsException"), ATTEMPTS, CourierError::Temporary),
        (refused(400, "LimitExceededException"), ATTEMPTS, CourierError::Temporary),
        (refused(500, "InternalServiceErrorException"), ATTEMPTS, CourierError::Temporary),
        (refused(503, "MessageRejected"), ATTEMPTS, CourierError::Temporary),
        (refused(400, "SomethingNewException"), 1, CourierError::Temporary),
        (refused(400, "AccountSuspendedException"), 1, CourierError::Misconfigured),
        (refused(400, "SendingPausedException"), 1, CourierError::Misconfigured),
        (refused(400, "MailFromDomainNotVerifiedException"), 1, CourierError::Misconfigured),
        (refused(403, "AccessDeniedException"), 1, CourierError::Misconfigured),
        (refused(400, "MessageRejected"), 1, CourierError::Rejected),
        (refused(400, "BadRequestException"), 1, CourierError::Rejected),
        (
            Answer::Refused(400, "MessageRejected", unverified("ada.private@example.org")),
            1,
            CourierError::Sandbox,
        ),
        (
            Answer::Refused(400, "MessageRejected", unverified("no-reply@contoso.com")),
            1,
            CourierError::Misconfigured,
        ),
    ];
    for (answer, attempts, expected) in cases {
        let ses = Ses::new(answer.clone());

        let error = ses.courier().send(&letter()).await.unwrap_err();

        assert_eq!(error, expected, "{answer:?}");
        assert_eq!(ses.requests().len(), attempts as usize, "{answer:?}");
        let permanent = [CourierError::Sandbox, CourierError::Rejected].contains(&expected);
        assert_eq!(error.is_permanent(), permanent, "{answer:?}");
        let said = format!("{error} {error:?}").to_lowercase();
        assert!(!said.contains('@') && !said.contains("ada"), "{said}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_ses_that_never_answers_is_given_up_within_the_time_allowed() {
    let ses = Ses::new(Answer::Never);
    let begin = Instant::now();

    let error = ses.courier().send(&letter()).await.unwrap_err();

    assert_eq!(error, CourierError::Temporary);
    assert_eq!(ses.requests().len(), ATTEMPTS as usize);
    assert!(begin.elapsed() <= TOTAL_TIME, "{:?}", begin.elapsed());
}

#[test]
fn debug_output_of_a_mail_holds_neither_address_nor_code() {
    let mail = letter();

    let said = format!("{mail:?} {:?}", mail.letter());

    assert_eq!(said, "Mail([redacted]) Letter([redacted])");
}
