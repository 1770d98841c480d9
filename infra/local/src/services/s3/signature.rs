//! Signature Version 4, in a header or in a link: AWS IAM User Guide, *Create a signed AWS API request*;
//! Amazon S3 API Reference, *Authenticating Requests: Using Query Parameters*.

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::hmac::{self, HMAC_SHA256};
use bytes::Bytes;
use http::header::AUTHORIZATION;
use http::{Request, StatusCode, Uri};
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use crate::services::protocol::Refusal;

/// The one key of the account, and its secret: what the local functions hold.
const KEY: (&str, &str) = ("local", "local");
const ALGORITHM: &str = "AWS4-HMAC-SHA256";
/// How far a request's clock may be from ours.
const SKEW: SignedDuration = SignedDuration::from_mins(15);
/// The longest that a link may live.
const LONGEST: i64 = 7 * 86_400;

/// A query, decoded.
pub(super) struct Query(Vec<(String, String)>);

impl Query {
    pub(super) fn of(uri: &Uri) -> Self {
        let pairs = uri.query().unwrap_or_default().split('&').filter(|pair| !pair.is_empty());
        let pair = |pair: &str| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decoded(name), decoded(value))
        };
        Self(pairs.map(pair).collect())
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }

    /// Encoded and sorted, without the signature itself.
    fn canonical(&self) -> String {
        let signed = self.0.iter().filter(|(name, _)| name != "X-Amz-Signature");
        let mut pairs: Vec<_> =
            signed.map(|(name, value)| (encoded(name), encoded(value))).collect();
        pairs.sort();
        let pairs: Vec<_> = pairs.iter().map(|(name, value)| format!("{name}={value}")).collect();
        pairs.join("&")
    }
}

/// What a signature says of itself.
struct Claimed {
    credential: String,
    signed_headers: String,
    signature: String,
    date: String,
    /// First instant at which the link is over; a header's signature is over by its clock alone.
    expires: Option<i64>,
    payload: String,
}

/// Verifies that a request was signed by whoever has the account's key, as it is, and not too long
/// ago.
pub(super) fn verify(
    request: &Request<Bytes>,
    region: &str,
    now: Timestamp,
) -> Result<(), Refusal> {
    let query = Query::of(request.uri());
    let claimed = match query.get("X-Amz-Signature") {
        Some(_) => from_query(&query),
        None => from_headers(request),
    };
    let claimed = claimed.ok_or_else(|| denied("AccessDenied", "the request is not signed"))?;
    let day = claimed.date.get(..8).unwrap_or_default();
    let scope = format!("{day}/{region}/s3/aws4_request");
    if claimed.credential.split_once('/') != Some((KEY.0, scope.as_str())) {
        return Err(denied("InvalidAccessKeyId", "the key, its day or its region is unknown"));
    }
    in_time(&claimed, now)?;
    every_header_is_signed(request, &claimed)?;
    if claimed.payload != "UNSIGNED-PAYLOAD" && claimed.payload != hex(&sha256(request.body())) {
        return Err(Refusal::new("XAmzContentSHA256Mismatch", "the body is another one"));
    }
    let mut headers = String::new();
    for name in claimed.signed_headers.split(';') {
        let values = request.headers().get_all(name).iter().filter_map(|value| value.to_str().ok());
        let values: Vec<_> =
            values.map(|value| value.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
        headers.push_str(&format!("{name}:{}\n", values.join(",")));
    }
    let canonical = [
        request.method().as_str(),
        request.uri().path(),
        &query.canonical(),
        &headers,
        &claimed.signed_headers,
        &claimed.payload,
    ];
    let canonical = hex(&sha256(canonical.join("\n").as_bytes()));
    let text = [ALGORITHM, &claimed.date, &scope, &canonical].join("\n");
    let start = format!("AWS4{}", KEY.1).into_bytes();
    let key = [day, region, "s3", "aws4_request"]
        .into_iter()
        .fold(start, |key, part| mac(&key, part.as_bytes()));
    if hex(&mac(&key, text.as_bytes())) == claimed.signature {
        Ok(())
    } else {
        Err(denied("SignatureDoesNotMatch", "the signature is not that of this request"))
    }
}

fn from_query(query: &Query) -> Option<Claimed> {
    let text = |name: &str| query.get(name).map(str::to_owned);
    (text("X-Amz-Algorithm")? == ALGORITHM).then_some(())?;
    let expires = text("X-Amz-Expires")?.parse().ok().filter(|s| (1..=LONGEST).contains(s))?;
    Some(Claimed {
        credential: text("X-Amz-Credential")?,
        signed_headers: text("X-Amz-SignedHeaders")?,
        signature: text("X-Amz-Signature")?,
        date: text("X-Amz-Date")?,
        expires: Some(expires),
        payload: "UNSIGNED-PAYLOAD".to_owned(),
    })
}

fn from_headers(request: &Request<Bytes>) -> Option<Claimed> {
    let header = |name: &str| request.headers().get(name)?.to_str().ok().map(str::to_owned);
    let authorization = header(AUTHORIZATION.as_str())?;
    let fields = authorization.strip_prefix(ALGORITHM)?;
    let field = |name: &str| {
        let mut fields = fields.split(',');
        fields.find_map(|field| field.trim().strip_prefix(name)).map(str::to_owned)
    };
    Some(Claimed {
        credential: field("Credential=")?,
        signed_headers: field("SignedHeaders=")?,
        signature: field("Signature=")?,
        date: header("x-amz-date")?,
        expires: None,
        payload: header("x-amz-content-sha256")?,
    })
}

fn in_time(claimed: &Claimed, now: Timestamp) -> Result<(), Refusal> {
    let signed_at = DateTime::strptime("%Y%m%dT%H%M%SZ", &claimed.date).ok();
    let signed_at = signed_at.and_then(|at| at.to_zoned(TimeZone::UTC).ok());
    let signed_at = signed_at.ok_or_else(|| denied("AccessDenied", "the date cannot be read"))?;
    let age = now.duration_since(signed_at.timestamp());
    let over = claimed.expires.is_some_and(|seconds| age.as_secs() >= seconds);
    match claimed.expires {
        Some(_) if over || age < -SKEW => Err(denied("AccessDenied", "Request has expired")),
        None if age.abs() > SKEW => Err(denied("RequestTimeTooSkewed", "the clocks disagree")),
        _ => Ok(()),
    }
}

/// The host must be signed, and whatever S3 would act on.
fn every_header_is_signed(request: &Request<Bytes>, claimed: &Claimed) -> Result<(), Refusal> {
    let signed: Vec<_> = claimed.signed_headers.split(';').collect();
    let acts = |name: &&str| *name == "host" || name.starts_with("x-amz-");
    let mut names = request.headers().keys().map(http::HeaderName::as_str).filter(acts);
    if signed.contains(&"host") && names.all(|name| signed.contains(&name)) {
        Ok(())
    } else {
        Err(denied("AccessDenied", "there were headers present which were not signed"))
    }
}

fn denied(code: &'static str, message: &str) -> Refusal {
    Refusal { status: StatusCode::FORBIDDEN, ..Refusal::new(code, message) }
}

fn mac(key: &[u8], text: &[u8]) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(HMAC_SHA256, key), text).as_ref().to_vec()
}

fn sha256(bytes: &[u8]) -> Vec<u8> {
    digest(&SHA256, bytes).as_ref().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// RFC 3986 §2.1, of everything but the unreserved characters of RFC 3986 §2.3.
fn encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

/// RFC 3986 §2.1; what is no encoding stays as it is.
pub(super) fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, behind)) = rest.split_first() {
        let code = (*first == b'%').then(|| behind.get(..2)).flatten();
        let code = code.and_then(|code| std::str::from_utf8(code).ok());
        match code.and_then(|code| u8::from_str_radix(code, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = behind.get(2..).unwrap_or_default();
            }
            None => {
                bytes.push(*first);
                rest = behind;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_canonical_whatever_its_order_and_encoding() {
        let uri: Uri = "/b/k?z=%7e&a=%2f%20b&X-Amz-Signature=1&c".parse().unwrap();
        assert_eq!(Query::of(&uri).canonical(), "a=%2F%20b&c=&z=~");
        assert_eq!(decoded("/a%2Fb/%zz%4"), "/a/b/%zz%4");
    }
}
