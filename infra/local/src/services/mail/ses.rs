//! SES v2: *SendEmail* with simple content, *GetAccount*; REST JSON.

use std::sync::Arc;

use ambient::{Clock, Entropy};
use bytes::Bytes;
use http::{Method, Request, Response};
use jiff::SignedDuration;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Channel, MailAccount, Message, Outbox};
use crate::services::protocol::{
    Refusal, input, mint_uuid, require_signature, rest_json, unknown_operation,
};
use crate::services::server::Service;

/// Most recipients of one mail.
const RECIPIENT_LIMIT: usize = 50;

/// The mail service of one account and region.
pub(in crate::services) struct Ses {
    outbox: Outbox,
    account: MailAccount,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct SendEmail {
    from_email_address: Option<String>,
    #[serde(default)]
    destination: Destination,
    #[serde(default)]
    reply_to_addresses: Vec<String>,
    content: Content,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Destination {
    to_addresses: Vec<String>,
    cc_addresses: Vec<String>,
    bcc_addresses: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Content {
    simple: Option<Simple>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Simple {
    subject: Part,
    body: Body,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Body {
    text: Option<Part>,
    html: Option<Part>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Part {
    data: String,
}

impl Ses {
    /// Sends into `outbox`.
    pub(in crate::services) fn new(
        outbox: Outbox,
        account: MailAccount,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
    ) -> Self {
        Self { outbox, account, clock, entropy }
    }

    fn run(&self, request: &Request<Bytes>) -> Result<Value, Refusal> {
        require_signature(request)?;
        match (request.method(), request.uri().path()) {
            (&Method::POST, "/v2/email/outbound-emails") => self.send(input(request.body())?),
            (&Method::GET, "/v2/email/account") => Ok(self.describe()),
            _ => Err(unknown_operation("that is no operation of this service")),
        }
    }

    fn send(&self, input: SendEmail) -> Result<Value, Refusal> {
        let from = input.from_email_address.as_deref().unwrap_or_default();
        let simple = input
            .content
            .simple
            .as_ref()
            .ok_or_else(|| bad_request("Only simple content is served here."))?;
        let Destination { to_addresses: to, cc_addresses: cc, bcc_addresses: bcc } =
            &input.destination;
        let recipients = || to.iter().chain(cc).chain(bcc);
        for address in
            recipients().chain(&input.reply_to_addresses).map(String::as_str).chain([from])
        {
            require_address(address)?;
        }
        if !(1..=RECIPIENT_LIMIT).contains(&recipients().count()) {
            return Err(bad_request("A mail has between 1 and 50 recipients."));
        }
        if simple.subject.data.contains(['\r', '\n']) {
            return Err(bad_request("Header fields contain control characters."));
        }
        if simple.body.text.is_none() && simple.body.html.is_none() {
            return Err(bad_request("Body has neither Text nor Html."));
        }
        self.require_allowed(recipients())?;
        let message = Message {
            id: mint_uuid(&*self.entropy).to_string(),
            channel: Channel::Mail,
            to: to.join(", "),
            cc: cc.clone(),
            bcc: bcc.clone(),
            reply_to: input.reply_to_addresses.clone(),
            from: Some(from.to_owned()),
            subject: Some(simple.subject.data.clone()),
            text: simple.body.text.as_ref().map(|part| part.data.clone()),
            html: simple.body.html.as_ref().map(|part| part.data.clone()),
            at: self.clock.now(),
        };
        let answer = json!({ "MessageId": message.id });
        self.outbox.add(message)?;
        Ok(answer)
    }

    fn require_allowed<'a>(
        &self,
        recipients: impl Iterator<Item = &'a String>,
    ) -> Result<(), Refusal> {
        if self.account == MailAccount::Paused {
            return Err(Refusal::new("SendingPausedException", "Sending is paused."));
        }
        let refused: Vec<_> = recipients
            .map(|recipient| bare(recipient))
            .filter(|recipient| !self.account.allows(recipient))
            .collect();
        if refused.is_empty() {
            return Ok(());
        }
        let refused = refused.join(", ");
        Err(Refusal::new(
            "MessageRejected",
            format!(
                "Email address is not verified. The following identities failed the check: {refused}"
            ),
        ))
    }

    fn describe(&self) -> Value {
        let since = self.clock.now() - SignedDuration::from_hours(24);
        let messages = self.outbox.messages();
        let mails = messages.iter().filter(|message| message.channel == Channel::Mail);
        let sent = mails.filter(|message| message.at > since).count();
        let production = !matches!(self.account, MailAccount::Sandbox { .. });
        let (most, rate) = if production { (50_000.0, 14.0) } else { (200.0, 1.0) };
        json!({
            "DedicatedIpAutoWarmupEnabled": false,
            "EnforcementStatus": "HEALTHY",
            "ProductionAccessEnabled": production,
            "SendQuota": {
                "Max24HourSend": most,
                "MaxSendRate": rate,
                "SentLast24Hours": f64::from(u32::try_from(sent).unwrap_or(u32::MAX)),
            },
            "SendingEnabled": self.account != MailAccount::Paused,
        })
    }
}

impl Service for Ses {
    async fn answer(&self, request: Request<Bytes>) -> Response<Bytes> {
        rest_json(self.run(&request))
    }
}

/// `Name <address>` → `address`.
fn bare(address: &str) -> &str {
    let inside = address.rsplit_once('<').and_then(|(_, rest)| rest.strip_suffix('>'));
    inside.unwrap_or(address).trim()
}

fn require_address(address: &str) -> Result<(), Refusal> {
    let well_formed = bare(address).split_once('@').is_some_and(|(local, domain)| {
        !local.is_empty() && !domain.is_empty() && !domain.contains(['@', ' '])
    });
    if address.chars().any(char::is_control) {
        Err(bad_request("Header fields contain control characters."))
    } else if well_formed {
        Ok(())
    } else {
        Err(bad_request("Missing final '@domain'"))
    }
}

fn bad_request(message: &str) -> Refusal {
    Refusal::new("BadRequestException", message)
}
