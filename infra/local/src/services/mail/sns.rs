//! SNS: *Publish* to a phone number, in the AWS query protocol with XML answers.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use ambient::{Clock, Entropy};
use bytes::Bytes;
use http::{Request, Response, StatusCode};

use super::{Channel, MailAccount, Message, Outbox};
use crate::services::protocol::{Refusal, RequestId, mint_uuid, require_signature, text_response};
use crate::services::server::Service;
use crate::template::model;

/// Longest text message, in characters.
const LENGTH_LIMIT: usize = 1600;

/// The namespace of the API's answers.
const NAMESPACE: &str = "http://sns.amazonaws.com/doc/2010-03-31/";

/// The notification service of one account and region.
pub(in crate::services) struct Sns {
    outbox: Outbox,
    account: MailAccount,
    topics: Vec<model::Topic>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
}

type Fields<'a> = BTreeMap<Cow<'a, str>, Cow<'a, str>>;

/// The operation and the XML of its result.
type Answer = (&'static str, String);

impl Sns {
    /// Sends into `outbox`.
    pub(in crate::services) fn new(
        outbox: Outbox,
        account: MailAccount,
        topics: Vec<model::Topic>,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
    ) -> Self {
        Self { outbox, account, topics, clock, entropy }
    }

    fn run(&self, request: &Request<Bytes>) -> Result<Answer, Refusal> {
        require_signature(request)?;
        let fields: Fields<'_> = url::form_urlencoded::parse(request.body()).collect();
        match fields.get("Action").map(AsRef::as_ref) {
            Some("Publish") => self.publish(&fields),
            Some("GetSMSSandboxAccountStatus") => {
                let sandbox = matches!(self.account, MailAccount::Sandbox { .. });
                let result = format!("<IsInSandbox>{sandbox}</IsInSandbox>");
                Ok(("GetSMSSandboxAccountStatus", result))
            }
            _ => Err(Refusal::new("InvalidAction", "That is no operation of this service.")),
        }
    }

    fn publish(&self, fields: &Fields<'_>) -> Result<Answer, Refusal> {
        let text = fields.get("Message").filter(|text| !text.is_empty());
        let text = text.ok_or_else(|| invalid("Empty message"))?;
        let id = mint_uuid(&*self.entropy).to_string();
        let result = format!("<MessageId>{id}</MessageId>");
        match (fields.get("PhoneNumber"), fields.get("TopicArn").or(fields.get("TargetArn"))) {
            (Some(number), None) => self.send(id, number, text, fields)?,
            (None, Some(arn)) => self.require_topic(arn)?,
            _ => return Err(invalid("exactly one of PhoneNumber and TopicArn is needed")),
        }
        Ok(("Publish", result))
    }

    fn send(
        &self,
        id: String,
        number: &str,
        text: &str,
        fields: &Fields<'_>,
    ) -> Result<(), Refusal> {
        let digits = number.strip_prefix('+').unwrap_or_default();
        if !(2..=15).contains(&digits.len()) || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            let reason = format!("PhoneNumber Reason: {number} is not valid to publish to");
            return Err(invalid(&reason));
        }
        if text.chars().count() > LENGTH_LIMIT {
            return Err(invalid("Message too long"));
        }
        // Only the sandbox concerns text messages: a pause is a matter of SES.
        if matches!(self.account, MailAccount::Sandbox { .. }) && !self.account.allows(number) {
            let message = format!("{number} is not a verified phone number of the sandbox");
            return Err(Refusal::new("UserError", message));
        }
        self.outbox.add(Message {
            id,
            channel: Channel::Sms,
            to: number.to_owned(),
            cc: Vec::new(),
            bcc: Vec::new(),
            reply_to: Vec::new(),
            from: message_attribute(fields, "AWS.SNS.SMS.SenderID"),
            subject: None,
            text: Some(text.to_owned()),
            html: None,
            at: self.clock.now(),
        })?;
        Ok(())
    }

    /// The template's topics exist; nobody is subscribed to them here.
    fn require_topic(&self, arn: &str) -> Result<(), Refusal> {
        if self.topics.iter().any(|topic| topic.arn == arn) {
            return Ok(());
        }
        let status = StatusCode::NOT_FOUND;
        Err(Refusal { status, code: "NotFound", message: "Topic does not exist".to_owned() })
    }
}

impl Service for Sns {
    async fn answer(&self, request: Request<Bytes>) -> Response<Bytes> {
        let id = request.extensions().get::<RequestId>().map(|id| id.0.clone());
        let id = id.unwrap_or_default();
        match self.run(&request) {
            Ok((operation, result)) => text_response(
                StatusCode::OK,
                "text/xml",
                format!(
                    "<{operation}Response xmlns=\"{NAMESPACE}\"><{operation}Result>{result}\
                     </{operation}Result><ResponseMetadata><RequestId>{id}</RequestId>\
                     </ResponseMetadata></{operation}Response>"
                ),
            ),
            Err(refusal) => {
                let kind = if refusal.status.is_server_error() { "Receiver" } else { "Sender" };
                let (code, message) = (refusal.code, escaped(&refusal.message));
                text_response(
                    refusal.status,
                    "text/xml",
                    format!(
                        "<ErrorResponse xmlns=\"{NAMESPACE}\"><Error><Type>{kind}</Type>\
                         <Code>{code}</Code><Message>{message}</Message></Error>\
                         <RequestId>{id}</RequestId></ErrorResponse>"
                    ),
                )
            }
        }
    }
}

/// `MessageAttributes.entry.N.Name` and `….Value.StringValue`.
fn message_attribute(fields: &Fields<'_>, name: &str) -> Option<String> {
    let (field, _) = fields.iter().find(|(field, value)| {
        field.starts_with("MessageAttributes.entry.") && field.ends_with(".Name") && *value == name
    })?;
    let value = format!("{}.Value.StringValue", field.strip_suffix(".Name")?);
    fields.get(value.as_str()).map(|value| value.clone().into_owned())
}

fn invalid(reason: &str) -> Refusal {
    Refusal::new("InvalidParameter", format!("Invalid parameter: {reason}"))
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
