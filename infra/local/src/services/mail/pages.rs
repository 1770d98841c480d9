//! The outbox for people (`/`) and for tests (`/outbox.json`).
//!
//! The only endpoint without a signature, so it answers the machine's own names alone: a foreign
//! site whose name was made to point here reads nothing.

use askama::Template;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, header};

use super::{Channel, Message, Outbox};
use crate::services::protocol::text_response;
use crate::services::server::Service;

const STYLE: &str = include_str!("outbox.css");
const SCRIPT: &str = include_str!("outbox.js");

/// Nothing from anywhere but this origin, and nothing inline.
const PAGE_POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; \
                           connect-src 'self'; frame-src 'self'; base-uri 'none'; \
                           form-action 'none'; frame-ancestors 'none'";

/// A mail is shown in a frame that may do nothing but open its links elsewhere.
const MAIL_POLICY: &str = "sandbox allow-popups allow-popups-to-escape-sandbox; \
                           default-src 'none'; style-src 'unsafe-inline'; img-src data:; \
                           form-action 'none'; frame-ancestors 'self'";

/// Answers for the outbox.
pub(in crate::services) struct OutboxPages {
    outbox: Outbox,
}

#[derive(Debug, Template)]
#[template(
    ext = "html",
    source = r#"<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{% if rows.is_empty() %}Outbox{% else %}Outbox ({{ rows.len() }}){% endif %}</title>
<link rel="stylesheet" href="/outbox.css">
<noscript><meta http-equiv="refresh" content="5"></noscript>
<script src="/outbox.js" defer></script>
</head>
<body data-newest="{{ newest }}">
<header>
<h1>Outbox</h1>
<p>Mails and text messages that the local stack would have sent. Nothing leaves this machine.</p>
</header>
<main>
{%- if rows.is_empty() %}
<p class="empty">Nothing has been sent yet. This page looks for new messages by itself.</p>
{%- endif %}
{%- for row in rows %}
<article aria-labelledby="m{{ row.message.id }}">
<div class="head">
<span class="channel">{{ row.kind }}</span>
<time datetime="{{ row.message.at }}">{{ row.at }}</time>
</div>
<h2 id="m{{ row.message.id }}">{{ row.title }}</h2>
<dl>
<div><dt>To</dt><dd>{{ row.message.to }}</dd></div>
{%- if let Some(from) = row.message.from %}
<div><dt>From</dt><dd>{{ from }}</dd></div>
{%- endif %}
{%- for (name, addresses) in row.more %}
<div><dt>{{ name }}</dt><dd>{{ addresses }}</dd></div>
{%- endfor %}
</dl>
{%- if let Some(code) = row.code %}
<p class="code"><output>{{ code }}</output>
<button type="button" data-copy="{{ code }}" hidden>Copy code</button></p>
{%- endif %}
{%- if !row.text.is_empty() %}
<p class="text">{% for part in row.text %}{% match part %}{% when Part::Plain with (text) %}{{ text }}{% when Part::Link with (url) %}<a href="{{ url }}" rel="noreferrer">{{ url }}</a>{% endmatch %}{% endfor %}</p>
{%- endif %}
{%- if row.message.html.is_some() %}
<details>
<summary>As HTML</summary>
<iframe src="/messages/{{ row.message.id }}" title="{{ row.title }}" sandbox="allow-popups allow-popups-to-escape-sandbox" loading="lazy"></iframe>
</details>
{%- endif %}
</article>
{%- endfor %}
</main>
<p role="status" class="status" aria-live="polite"></p>
</body>
</html>
"#
)]
struct OutboxPage<'a> {
    newest: &'a str,
    rows: Vec<Row<'a>>,
}

#[derive(Debug)]
struct Row<'a> {
    message: &'a Message,
    kind: &'static str,
    title: &'a str,
    at: String,
    more: Vec<(&'static str, String)>,
    code: Option<&'a str>,
    text: Vec<Part<'a>>,
}

/// A stretch of a message's text.
#[derive(Debug, Eq, PartialEq)]
enum Part<'a> {
    Plain(&'a str),
    Link(&'a str),
}

impl OutboxPages {
    /// Shows `outbox`.
    pub(in crate::services) fn new(outbox: Outbox) -> Self {
        Self { outbox }
    }

    fn run(&self, request: &Request<Bytes>) -> Response<Bytes> {
        if !is_own_name(request.headers()) {
            return plain(StatusCode::MISDIRECTED_REQUEST, "this is not a name of this machine\n");
        }
        if request.method() != Method::GET {
            return plain(StatusCode::METHOD_NOT_ALLOWED, "only GET is served\n");
        }
        match request.uri().path() {
            "/" => self.page(),
            "/outbox.json" => self.json(),
            "/outbox.css" => text_response(StatusCode::OK, "text/css; charset=utf-8", STYLE),
            "/outbox.js" => text_response(StatusCode::OK, "text/javascript; charset=utf-8", SCRIPT),
            path => match path.strip_prefix("/messages/") {
                Some(id) => self.mail(id),
                None => plain(StatusCode::NOT_FOUND, "there is no such page\n"),
            },
        }
    }

    fn page(&self) -> Response<Bytes> {
        let messages = self.outbox.messages();
        let newest = messages.first().map_or("", |message| message.id.as_str());
        let page = OutboxPage { newest, rows: messages.iter().map(Row::of).collect() };
        match page.render() {
            Ok(html) => with_policy(
                text_response(StatusCode::OK, "text/html; charset=utf-8", html),
                PAGE_POLICY,
            ),
            Err(_) => plain(StatusCode::INTERNAL_SERVER_ERROR, "the page could not be made\n"),
        }
    }

    fn json(&self) -> Response<Bytes> {
        match serde_json::to_vec(&self.outbox.messages()) {
            Ok(body) => text_response(StatusCode::OK, "application/json", body),
            Err(_) => plain(StatusCode::INTERNAL_SERVER_ERROR, "the list could not be made\n"),
        }
    }

    fn mail(&self, id: &str) -> Response<Bytes> {
        let messages = self.outbox.messages();
        let html =
            messages.into_iter().find(|message| message.id == id).and_then(|message| message.html);
        match html {
            Some(html) => {
                let html = format!("<!doctype html><base target=\"_blank\">{html}");
                with_policy(
                    text_response(StatusCode::OK, "text/html; charset=utf-8", html),
                    MAIL_POLICY,
                )
            }
            None => plain(StatusCode::NOT_FOUND, "there is no such message\n"),
        }
    }
}

impl Service for OutboxPages {
    async fn answer(&self, request: Request<Bytes>) -> Response<Bytes> {
        let mut response = self.run(&request);
        for (name, value) in [
            (header::CACHE_CONTROL, "no-store"),
            (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
            (header::REFERRER_POLICY, "no-referrer"),
        ] {
            response.headers_mut().insert(name, HeaderValue::from_static(value));
        }
        response
    }
}

impl<'a> Row<'a> {
    fn of(message: &'a Message) -> Self {
        let text = message.text.as_deref().unwrap_or_default();
        let subject = message.subject.as_deref().unwrap_or_default();
        let (kind, nameless) = match message.channel {
            Channel::Mail => ("Mail", "(no subject)"),
            Channel::Sms => ("SMS", "Text message"),
        };
        let more = [("Cc", &message.cc), ("Bcc", &message.bcc), ("Reply to", &message.reply_to)];
        Self {
            message,
            kind,
            title: if subject.is_empty() { nameless } else { subject },
            at: message.at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string(),
            more: more
                .into_iter()
                .filter(|(_, addresses)| !addresses.is_empty())
                .map(|(name, addresses)| (name, addresses.join(", ")))
                .collect(),
            code: code(text).or_else(|| code(subject)),
            text: parts(text),
        }
    }
}

/// The first number of exactly six digits.
fn code(text: &str) -> Option<&str> {
    text.split(|c: char| !c.is_alphanumeric())
        .find(|word| word.len() == 6 && word.bytes().all(|byte| byte.is_ascii_digit()))
}

/// Cuts a text at its addresses, so that they can be clicked.
fn parts(text: &str) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    for word in text.split_inclusive(char::is_whitespace) {
        let bare = word.trim_end_matches(|c: char| c.is_whitespace() || ".,;)>".contains(c));
        if bare.starts_with("https://") || bare.starts_with("http://") {
            parts.push(Part::Link(bare));
            parts.push(Part::Plain(word.get(bare.len()..).unwrap_or_default()));
        } else {
            parts.push(Part::Plain(word));
        }
    }
    parts
}

fn is_own_name(headers: &HeaderMap) -> bool {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    matches!(name, "127.0.0.1" | "localhost" | "[::1]") || name.ends_with(".localhost")
}

fn with_policy(mut response: Response<Bytes>, policy: &'static str) -> Response<Bytes> {
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
    response
}

fn plain(status: StatusCode, text: &'static str) -> Response<Bytes> {
    text_response(status, "text/plain; charset=utf-8", text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_a_word_of_exactly_six_digits() {
        let cases = [
            ("Your code is 012345.", Some("012345")),
            ("Order 1234567 has code 123456", Some("123456")),
            ("id ab123456 is none", None),
            ("12345", None),
            ("", None),
        ];
        for (text, expected) in cases {
            assert_eq!(code(text), expected, "{text}");
        }
    }

    #[test]
    fn addresses_are_links_and_everything_else_is_text() {
        let text = "Go to https://example.test/a?b=c.\nNot javascript:alert(1) though";
        let links: Vec<_> = parts(text)
            .into_iter()
            .filter_map(|part| match part {
                Part::Link(url) => Some(url),
                Part::Plain(_) => None,
            })
            .collect();
        assert_eq!(links, ["https://example.test/a?b=c"]);

        let whole: String = parts(text)
            .into_iter()
            .map(|part| match part {
                Part::Link(text) | Part::Plain(text) => text,
            })
            .collect();
        assert_eq!(whole, text);
    }
}
