//! Where Graph is, and the links that it gives: followed as they are, and only back to it.

use serde::{Deserialize, Serialize};
use url::{Host, Url};

/// The address that every call begins with: one cloud's Graph and its version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// Without a slash at its end.
    base: Url,
}

/// An address that no Graph can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not the https address of a Graph")]
pub struct OriginError;

impl Origin {
    /// The world-wide cloud.
    pub const WORLD: &str = "https://graph.microsoft.com/v1.0";
    /// The cloud of the United States' government, L4.
    pub const US_GOVERNMENT: &str = "https://graph.microsoft.us/v1.0";
    /// The cloud of the United States' defence, L5.
    pub const US_DEFENCE: &str = "https://dod-graph.microsoft.us/v1.0";
    /// The cloud in China, which 21Vianet runs.
    pub const CHINA: &str = "https://microsoftgraph.chinacloudapi.cn/v1.0";

    /// Reads a configured address. Without TLS only the machine itself may be named.
    ///
    /// # Errors
    ///
    /// [`OriginError`] for anything but `https://host/path`, with a port or without.
    pub fn parse(text: &str) -> Result<Self, OriginError> {
        let mut base = Url::parse(text).map_err(|_| OriginError)?;
        let loopback = match base.host() {
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            Some(Host::Domain(name)) => name == "localhost",
            None => return Err(OriginError),
        };
        let scheme = base.scheme() == "https" || (base.scheme() == "http" && loopback);
        let plain = base.query().is_none()
            && base.fragment().is_none()
            && base.username().is_empty()
            && base.password().is_none();
        if !scheme || !plain {
            return Err(OriginError);
        }
        let path = base.path().trim_end_matches('/').to_owned();
        base.set_path(&path);
        Ok(Self { base })
    }

    /// The address itself.
    pub(crate) fn base(&self) -> &Url {
        &self.base
    }

    /// Takes a link that Graph gave.
    ///
    /// # Errors
    ///
    /// [`ForeignLink`] where it leads to another host, port or version: the token would go there.
    pub fn link(&self, text: &str) -> Result<Link, ForeignLink> {
        let url = Url::parse(text).map_err(|_| ForeignLink)?;
        let base = self.base.as_str().trim_end_matches('/');
        let path = text.strip_prefix(base).ok_or(ForeignLink)?;
        let path = path.split(['?', '#']).next().unwrap_or_default();
        // A link that only becomes ours by being tidied is not one of Graph's.
        let tidy = url.path().strip_prefix(self.base.path().trim_end_matches('/')) == Some(path);
        let odd = |c: char| c.is_whitespace() || c.is_control() || c == '\\' || c == '#';
        if url.origin() == self.base.origin()
            && path.starts_with('/')
            && tidy
            && !text.contains(odd)
        {
            Ok(Link(text.to_owned()))
        } else {
            Err(ForeignLink)
        }
    }
}

/// A link that does not lead back to the configured Graph.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the link does not lead to the configured Graph")]
pub struct ForeignLink;

/// Where a list or a round of changes goes on, exactly as Graph wrote it.
///
/// What is stored of it is the text; [`Origin::link`] judges it again when it is followed, so that a
/// stored link never leads elsewhere than Graph.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Link(String);

impl Link {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn every_cloud_is_an_origin_and_only_the_machine_itself_does_without_tls() {
        let good = [
            Origin::WORLD,
            Origin::US_GOVERNMENT,
            Origin::US_DEFENCE,
            Origin::CHINA,
            "https://graph.microsoft.com/v1.0/",
            "http://127.0.0.1:8081/v1.0",
            "http://localhost:8081",
            "http://[::1]:8081/v1.0",
        ];
        let bad = [
            "http://graph.microsoft.com/v1.0",
            "ftp://127.0.0.1/v1.0",
            "https://user@graph.microsoft.com/v1.0",
            "https://graph.microsoft.com/v1.0?x=1",
            "https://graph.microsoft.com/v1.0#x",
            "http://localhost.example.org/v1.0",
            "graph.microsoft.com",
            "",
        ];

        for text in good {
            assert!(Origin::parse(text).is_ok(), "{text}");
        }
        for text in bad {
            assert_eq!(Origin::parse(text), Err(OriginError), "{text}");
        }
    }

    #[test]
    fn a_link_is_followed_verbatim_and_only_back_to_graph() {
        let origin = Origin::parse(Origin::WORLD).unwrap();
        let good = [
            "https://graph.microsoft.com/v1.0/users?$skiptoken=RFNwdAIAAQ%2f",
            "https://graph.microsoft.com/v1.0/users/delta?$deltatoken=a-_.~$'()",
            "https://graph.microsoft.com/v1.0/users/microsoft.graph.delta()?$skiptoken=x",
        ];
        let bad = [
            "https://graph.microsoft.com.example.org/v1.0/users",
            "https://graph.microsoft.com:8443/v1.0/users",
            "http://graph.microsoft.com/v1.0/users",
            "https://graph.microsoft.com/beta/users",
            "https://graph.microsoft.com/v1.0",
            "https://graph.microsoft.com/v1.0evil/users",
            "https://graph.microsoft.com/v1.0/../beta/users",
            "https://graph.microsoft.com@example.org/v1.0/users",
            "https://user@graph.microsoft.com/v1.0/users",
            "https://graph.microsoft.com\\@example.org/v1.0/users",
            "https://graph.microsoft.com/v1.0/users/../../beta/users",
            "https://graph.microsoft.com/v1.0/%2e%2e/beta/users",
            "https://GRAPH.microsoft.com/v1.0/users",
            "https://graph.microsoft.com/v1.0/us\ters",
            "/v1.0/users",
            "https://graph.microsoft.com/v1.0/users#x",
            "",
        ];

        for text in good {
            assert_eq!(origin.link(text).unwrap().as_str(), text);
        }
        for text in bad {
            assert_eq!(origin.link(text), Err(ForeignLink), "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_text_leads_a_token_elsewhere(
            host in "(https://graph.microsoft.com/v1.0)?[a-z:/@.?#%\\\\ -]{0,24}",
            rest in ".{0,24}",
        ) {
            let origin = Origin::parse(Origin::WORLD).unwrap();
            if let Ok(link) = origin.link(&format!("{host}{rest}")) {
                let url = Url::parse(link.as_str()).unwrap();
                proptest::prop_assert_eq!(url.origin(), origin.base().origin());
                proptest::prop_assert!(url.path().starts_with("/v1.0/"));
            }
        }
    }
}
