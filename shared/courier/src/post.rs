//! Handing mails to Amazon SES, and what its refusals mean.

use aws_sdk_sesv2::Client;
use aws_sdk_sesv2::config::http::HttpResponse;
use aws_sdk_sesv2::error::{BuildError, ProvideErrorMetadata, SdkError};
use aws_sdk_sesv2::operation::RequestId;
use aws_sdk_sesv2::operation::send_email::SendEmailError;
use aws_sdk_sesv2::types::{Body, Content, Destination, EmailContent, Message, MessageHeader};

use crate::mail::Mail;

/// Sends mails through Amazon SES in the name of one address.
#[derive(Clone, Debug)]
pub struct Courier {
    client: Client,
    from: String,
}

/// Why a mail was not sent.
///
/// SES names the address in its own words, so its message is neither kept nor logged; its code and
/// request id go to the log.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum CourierError {
    /// Too many mails, SES is down, or it did not answer in time: it may be sent later.
    #[error("the mail service cannot take the mail now")]
    Temporary,
    /// Sending is paused, not allowed, or the sender is not verified: it may be sent once somebody
    /// has put that right.
    #[error("the mail service does not let us send")]
    Misconfigured,
    /// SES is in its sandbox, and the addressee is not verified.
    #[error("the mail service is in its sandbox and does not know the addressee")]
    Sandbox,
    /// SES does not send this mail to this address, now or later.
    #[error("the mail service refused the mail")]
    Rejected,
}

impl CourierError {
    /// Tells whether sending the same mail again is useless.
    pub fn is_permanent(self) -> bool {
        match self {
            Self::Temporary | Self::Misconfigured => false,
            Self::Sandbox | Self::Rejected => true,
        }
    }
}

impl Courier {
    /// Sends through `client`, which should be made from [`ses_config`](crate::ses_config), in the
    /// name of `from`: an address, or a name and an address as RFC 5322 §3.4 writes them.
    pub fn new(client: Client, from: String) -> Self {
        Self { client, from }
    }

    /// Hands one mail to SES.
    ///
    /// # Errors
    /// [`CourierError`]; none of them says to whom the mail was.
    pub async fn send(&self, mail: &Mail) -> Result<(), CourierError> {
        let content = content(mail).map_err(|_| CourierError::Rejected)?;
        self.client
            .send_email()
            .from_email_address(&self.from)
            .destination(Destination::builder().to_addresses(mail.to().as_str()).build())
            .content(content)
            .send()
            .await
            .map_err(|error| refusal(mail, &error))?;
        Ok(())
    }
}

fn content(mail: &Mail) -> Result<EmailContent, BuildError> {
    let letter = mail.letter();
    let utf8 = |data: &str| Content::builder().data(data).charset("UTF-8").build();
    // RFC 3834 §5: programs that answer for people on holiday do not answer this.
    let automatic = MessageHeader::builder().name("Auto-Submitted").value("auto-generated");
    let body = Body::builder().text(utf8(letter.text())?).html(utf8(letter.html())?).build();
    let message = Message::builder()
        .subject(utf8(letter.subject())?)
        .body(body)
        .headers(automatic.build()?)
        .build();
    Ok(EmailContent::builder().simple(message).build())
}

/// What a failed request means, with the cause in the log.
fn refusal(mail: &Mail, error: &SdkError<SendEmailError, HttpResponse>) -> CourierError {
    let service = error.as_service_error();
    let code = service.and_then(ProvideErrorMetadata::code);
    let meaning = match error {
        SdkError::ServiceError(answer) if !answer.raw().status().is_server_error() => {
            let said = service.and_then(ProvideErrorMetadata::message).unwrap_or_default();
            meaning(code.unwrap_or_default(), said, mail.to().as_str())
        }
        // No answer, one that cannot be read, or the service's own fault.
        _ => CourierError::Temporary,
    };
    tracing::warn!(
        ses.code = code,
        ses.request_id = error.request_id(),
        "SES did not take a mail: {meaning}"
    );
    meaning
}

/// What SES's error code means. An unknown one may pass: the outbox gives up after a day.
fn meaning(code: &str, said: &str, to: &str) -> CourierError {
    match code {
        // In its sandbox SES names the addresses that "failed the check".
        "MessageRejected" if said.contains("not verified") => {
            if said.to_lowercase().contains(&to.to_lowercase()) {
                CourierError::Sandbox
            } else {
                CourierError::Misconfigured
            }
        }
        "MessageRejected" | "BadRequestException" | "InvalidParameterValue" => {
            CourierError::Rejected
        }
        "AccountSuspendedException"
        | "SendingPausedException"
        | "MailFromDomainNotVerifiedException"
        | "NotFoundException"
        | "AccessDeniedException"
        | "UnrecognizedClientException"
        | "InvalidSignatureException"
        | "ExpiredTokenException"
        | "MissingAuthenticationToken" => CourierError::Misconfigured,
        _ => CourierError::Temporary,
    }
}
