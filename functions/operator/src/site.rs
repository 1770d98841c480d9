//! The sites that configuration names: ours, and the one where Entra takes answers.

use url::{Host, Url};

/// Our own origin without a slash at the end, and its host name.
pub(crate) fn origin(text: &str) -> Result<(&str, String), &'static str> {
    let origin = text.trim_end_matches('/');
    let url = Url::parse(origin).map_err(|_| "not a URL")?;
    let host = url.domain().ok_or("passkeys need a host name")?;
    if is_private(&url) { Ok((origin, host.to_owned())) } else { Err("passkeys need https") }
}

/// Where Entra takes answers.
pub(crate) fn reply_url(text: &str) -> Result<String, &'static str> {
    let url = Url::parse(text).map_err(|_| "not a URL")?;
    if is_private(&url) { Ok(url.into()) } else { Err("an assertion leaves by https alone") }
}

/// Whether a host name is good for a trial only: API Gateway's own, or this machine's.
pub(crate) fn is_trial(host: &str) -> bool {
    host.split('.').nth(1) == Some("execute-api") || is_local(host)
}

/// Whether nobody reads on the way there: by https, or on this machine.
fn is_private(url: &Url) -> bool {
    let stays_here = match url.host() {
        Some(Host::Domain(name)) => is_local(name),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    url.scheme() == "https" || url.scheme() == "http" && stays_here
}

/// The names that every system keeps to itself.
fn is_local(name: &str) -> bool {
    name == "localhost" || name.ends_with(".localhost")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_assertion_leaves_by_https_or_stays_on_this_machine() {
        let cases = [
            ("https://login.microsoftonline.com/login.srf", true),
            ("https://login.partner.microsoftonline.cn/login.srf", true),
            ("http://127.0.0.1:8081/login.srf", true),
            ("http://[::1]:8081/login.srf", true),
            ("http://localhost:8081/login.srf", true),
            ("http://entra.localhost/login.srf", true),
            ("http://login.microsoftonline.com/login.srf", false),
            ("http://localhost.evil.test/login.srf", false),
            ("http://notlocalhost/login.srf", false),
            ("http://127.0.0.1.evil.test/login.srf", false),
            ("http://10.0.0.1/login.srf", false),
            ("http://[2001:db8::1]/login.srf", false),
            ("ftp://localhost/login.srf", false),
            ("javascript:alert(1)", false),
            ("login.microsoftonline.com/login.srf", false),
            ("", false),
        ];
        for (text, good) in cases {
            let read = reply_url(text);
            assert_eq!(read.is_ok(), good, "{text}: {read:?}");
            assert!(read.is_err() || read.as_deref() == Ok(text), "{text} is kept: {read:?}");
        }
    }

    #[test]
    fn a_name_that_is_not_the_owners_is_a_trial() {
        let cases = [
            ("login.contoso.com", false),
            ("execute-api.contoso.com", false),
            ("a1b2c3d4e5.execute-api.eu-central-1.amazonaws.com", true),
            ("a1b2c3d4e5.execute-api.cn-north-1.amazonaws.com.cn", true),
            ("localhost", true),
            ("passerelle.localhost", true),
            ("localhost.contoso.com", false),
        ];
        for (host, trial) in cases {
            assert_eq!(is_trial(host), trial, "{host}");
        }
    }
}
