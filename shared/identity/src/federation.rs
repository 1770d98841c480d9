//! How a domain of ours should be federated in its tenant, and how it differs from that.

use serde::{Deserialize, Serialize};

use crate::FederatedDomain;

/// The longest value of somebody else's that is kept, in characters.
const LONGEST: usize = 256;

/// A property of how a domain is federated, by Microsoft Graph's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum FederationProperty {
    /// Whose assertions are believed.
    IssuerUri,
    /// Where people are sent to sign in.
    PassiveSignInUri,
    /// Where people are sent to sign out.
    SignOutUri,
    /// What is spoken there.
    PreferredAuthenticationProtocol,
    /// Whose signatures are believed.
    SigningCertificate,
    /// Whose signatures are believed as well.
    NextSigningCertificate,
    /// What our word on a second factor is worth.
    FederatedIdpMfaBehavior,
    /// What a wish for a fresh sign-in becomes.
    PromptLoginBehavior,
    /// Whether requests are signed.
    IsSignedAuthenticationRequestRequired,
}

impl FederationProperty {
    /// Graph's name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::IssuerUri => "issuerUri",
            Self::PassiveSignInUri => "passiveSignInUri",
            Self::SignOutUri => "signOutUri",
            Self::PreferredAuthenticationProtocol => "preferredAuthenticationProtocol",
            Self::SigningCertificate => "signingCertificate",
            Self::NextSigningCertificate => "nextSigningCertificate",
            Self::FederatedIdpMfaBehavior => "federatedIdpMfaBehavior",
            Self::PromptLoginBehavior => "promptLoginBehavior",
            Self::IsSignedAuthenticationRequestRequired => "isSignedAuthenticationRequestRequired",
        }
    }

    /// Whether nobody signs in by us while it differs.
    pub const fn is_vital(self) -> bool {
        match self {
            Self::IssuerUri
            | Self::PassiveSignInUri
            | Self::PreferredAuthenticationProtocol
            | Self::SigningCertificate => true,
            Self::SignOutUri
            | Self::NextSigningCertificate
            | Self::FederatedIdpMfaBehavior
            | Self::PromptLoginBehavior
            | Self::IsSignedAuthenticationRequestRequired => false,
        }
    }
}

/// The certificates that we publish, each by its fingerprint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PublishedCertificates<'a> {
    /// Of the key that signs.
    pub active: &'a str,
    /// Of the key that will.
    pub next: Option<&'a str>,
}

/// How a tenant has a domain federated; [`None`] where it has nothing. Certificates stand there by
/// their fingerprints, and as they are where they are none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TenantFederation {
    /// `issuerUri`.
    pub issuer_uri: Option<String>,
    /// `passiveSignInUri`.
    pub passive_sign_in_uri: Option<String>,
    /// `signOutUri`.
    pub sign_out_uri: Option<String>,
    /// `preferredAuthenticationProtocol`.
    pub preferred_authentication_protocol: Option<String>,
    /// `signingCertificate`.
    pub signing_certificate: Option<String>,
    /// `nextSigningCertificate`.
    pub next_signing_certificate: Option<String>,
    /// `federatedIdpMfaBehavior`.
    pub federated_idp_mfa_behavior: Option<String>,
    /// `promptLoginBehavior`.
    pub prompt_login_behavior: Option<String>,
    /// `isSignedAuthenticationRequestRequired`.
    pub is_signed_authentication_request_required: Option<bool>,
}

/// A property that is not what it should be; [`None`] is nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FederationDifference {
    /// Which.
    pub property: FederationProperty,
    /// What the tenant has, made harmless and cut.
    pub is: Option<String>,
    /// What it should have.
    pub should: Option<String>,
}

/// How a domain of ours stands in a tenant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DomainStanding {
    /// The tenant does not have it.
    Absent,
    /// The tenant has it, and never proved that it is its own.
    Unverified,
    /// Microsoft signs its people in.
    Managed,
    /// Its people are sent elsewhere: to us as we publish it, but for these.
    Federated(Vec<FederationDifference>),
}

impl DomainStanding {
    /// Whether all is as it should be.
    pub const fn is_fine(&self) -> bool {
        match self {
            Self::Federated(differences) => differences.is_empty(),
            Self::Absent | Self::Unverified | Self::Managed => false,
        }
    }
}

impl FederatedDomain {
    /// How a tenant's federation of the domain differs from what we publish.
    pub fn differences(
        &self,
        published: PublishedCertificates<'_>,
        theirs: &TenantFederation,
    ) -> Vec<FederationDifference> {
        use FederationProperty as P;
        let exactly = |property, is: &Option<String>, should: &str| {
            let differs = is.as_deref() != Some(should);
            differs.then(|| difference(property, is.as_deref(), Some(should)))
        };
        let [signing, next] = certificates(published, theirs);
        let signs = theirs.is_signed_authentication_request_required == Some(true);
        let signs = signs.then(|| {
            difference(P::IsSignedAuthenticationRequestRequired, Some("true"), Some("false"))
        });
        let all = [
            exactly(P::IssuerUri, &theirs.issuer_uri, &self.issuer),
            exactly(P::PassiveSignInUri, &theirs.passive_sign_in_uri, &self.sso_url()),
            exactly(P::SignOutUri, &theirs.sign_out_uri, &self.slo_url()),
            exactly(
                P::PreferredAuthenticationProtocol,
                &theirs.preferred_authentication_protocol,
                "saml",
            ),
            signing,
            next,
            exactly(
                P::FederatedIdpMfaBehavior,
                &theirs.federated_idp_mfa_behavior,
                "acceptIfMfaDoneByFederatedIdp",
            ),
            exactly(P::PromptLoginBehavior, &theirs.prompt_login_behavior, "disabled"),
            signs,
        ];
        all.into_iter().flatten().collect()
    }
}

/// The key that signs must be believed, the one that will should be, and nobody else's may be. During
/// a rollover the two may stand either way round.
fn certificates(
    published: PublishedCertificates<'_>,
    theirs: &TenantFederation,
) -> [Option<FederationDifference>; 2] {
    use FederationProperty as P;
    let (active, next) = (Some(published.active), published.next);
    let is = [theirs.signing_certificate.as_deref(), theirs.next_signing_certificate.as_deref()];
    let [signing, second] = is;
    if next.is_some() && is == [next, active] {
        return [None, None];
    }
    // The same one in both slots believes nobody else either, while there is no next one.
    let second_is_fine = second == next || next.is_none() && second == active;
    [
        (signing != active).then(|| difference(P::SigningCertificate, signing, active)),
        (!second_is_fine).then(|| difference(P::NextSigningCertificate, second, next)),
    ]
}

fn difference(
    property: FederationProperty,
    is: Option<&str>,
    should: Option<&str>,
) -> FederationDifference {
    FederationDifference { property, is: is.map(harmless), should: should.map(str::to_owned) }
}

/// Somebody else's text as it may be shown: letters that only look like others are named.
fn harmless(text: &str) -> String {
    let mut shown = String::new();
    for letter in text.chars() {
        let plain = letter.is_ascii_graphic() || letter == ' ';
        let long = if plain { letter.to_string() } else { letter.escape_unicode().to_string() };
        if shown.len() + long.len() > LONGEST {
            shown.push('…');
            break;
        }
        shown.push_str(&long);
    }
    shown
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use ambient::SystemEntropy;

    use super::*;
    use crate::OrganizationId;

    fn domain() -> FederatedDomain {
        FederatedDomain {
            name: "contoso.com".parse().unwrap(),
            organization: OrganizationId::mint(&SystemEntropy),
            issuer: "https://id.example.org/saml/contoso.com".to_owned(),
            reply_url: "https://login.microsoftonline.com/login.srf".to_owned(),
        }
    }

    fn text(text: &str) -> Option<String> {
        Some(text.to_owned())
    }

    fn good() -> TenantFederation {
        TenantFederation {
            issuer_uri: text("https://id.example.org/saml/contoso.com"),
            passive_sign_in_uri: text("https://id.example.org/saml/contoso.com/sso"),
            sign_out_uri: text("https://id.example.org/saml/contoso.com/slo"),
            preferred_authentication_protocol: text("saml"),
            signing_certificate: text("A"),
            next_signing_certificate: None,
            federated_idp_mfa_behavior: text("acceptIfMfaDoneByFederatedIdp"),
            prompt_login_behavior: text("disabled"),
            is_signed_authentication_request_required: Some(false),
        }
    }

    fn found(theirs: &TenantFederation) -> Vec<FederationDifference> {
        domain().differences(PublishedCertificates { active: "A", next: None }, theirs)
    }

    #[test]
    fn what_agrees_with_what_we_publish_has_no_difference() {
        assert_eq!(found(&good()), []);
        let silent = TenantFederation { is_signed_authentication_request_required: None, ..good() };
        assert_eq!(found(&silent), []);
        assert!(DomainStanding::Federated(found(&good())).is_fine());
    }

    #[test]
    fn each_property_alone_is_told_with_what_it_is_and_should_be() {
        use FederationProperty as P;
        type Change = fn(&mut TenantFederation);
        let issuer = "https://id.example.org/saml/contoso.com";
        let cases: [(Change, P, Option<&str>, String); 13] = [
            (|f| f.issuer_uri = None, P::IssuerUri, None, issuer.into()),
            // Entra compares it byte for byte.
            (
                |f| f.issuer_uri = text("https://id.example.org/saml/Contoso.com"),
                P::IssuerUri,
                Some("https://id.example.org/saml/Contoso.com"),
                issuer.into(),
            ),
            (
                |f| f.passive_sign_in_uri = text("https://adfs.contoso.com/adfs/ls/"),
                P::PassiveSignInUri,
                Some("https://adfs.contoso.com/adfs/ls/"),
                format!("{issuer}/sso"),
            ),
            (|f| f.passive_sign_in_uri = None, P::PassiveSignInUri, None, format!("{issuer}/sso")),
            (|f| f.sign_out_uri = text(""), P::SignOutUri, Some(""), format!("{issuer}/slo")),
            (|f| f.sign_out_uri = None, P::SignOutUri, None, format!("{issuer}/slo")),
            (
                |f| f.preferred_authentication_protocol = text("wsFed"),
                P::PreferredAuthenticationProtocol,
                Some("wsFed"),
                "saml".into(),
            ),
            (|f| f.signing_certificate = text("X"), P::SigningCertificate, Some("X"), "A".into()),
            (
                |f| f.federated_idp_mfa_behavior = text("rejectMfaByFederatedIdp"),
                P::FederatedIdpMfaBehavior,
                Some("rejectMfaByFederatedIdp"),
                "acceptIfMfaDoneByFederatedIdp".into(),
            ),
            (
                |f| f.federated_idp_mfa_behavior = None,
                P::FederatedIdpMfaBehavior,
                None,
                "acceptIfMfaDoneByFederatedIdp".into(),
            ),
            (
                |f| f.prompt_login_behavior = text("nativeSupport"),
                P::PromptLoginBehavior,
                Some("nativeSupport"),
                "disabled".into(),
            ),
            (|f| f.prompt_login_behavior = None, P::PromptLoginBehavior, None, "disabled".into()),
            (
                |f| f.is_signed_authentication_request_required = Some(true),
                P::IsSignedAuthenticationRequestRequired,
                Some("true"),
                "false".into(),
            ),
        ];
        for (change, property, is, should) in cases {
            let mut theirs = good();
            change(&mut theirs);
            let is = is.map(str::to_owned);
            let expected = FederationDifference { property, is, should: Some(should) };
            let found = found(&theirs);
            assert_eq!(found, [expected], "{}", property.as_str());
            assert!(!DomainStanding::Federated(found).is_fine());
        }
    }

    #[test]
    fn the_key_that_signs_is_believed_the_next_one_too_and_nobody_else() {
        const SIGNING: &str = "signingCertificate should be A";
        const NEXT: &str = "nextSigningCertificate should be B";
        const NOBODY: &str = "nextSigningCertificate should be nothing";
        // What we publish as next; what stands in both slots; what is told.
        type Case = (Option<&'static str>, [Option<&'static str>; 2], &'static [&'static str]);
        let cases: [Case; 13] = [
            (None, [Some("A"), None], &[]),
            (None, [Some("A"), Some("A")], &[]),
            (None, [Some("A"), Some("X")], &[NOBODY]),
            (None, [Some("X"), Some("A")], &[SIGNING]),
            (None, [None, None], &[SIGNING]),
            (Some("B"), [Some("A"), Some("B")], &[]),
            (Some("B"), [Some("B"), Some("A")], &[]),
            (Some("B"), [Some("A"), None], &[NEXT]),
            (Some("B"), [Some("A"), Some("A")], &[NEXT]),
            (Some("B"), [Some("A"), Some("X")], &[NEXT]),
            (Some("B"), [Some("B"), None], &[SIGNING, NEXT]),
            (Some("B"), [Some("X"), Some("A")], &[SIGNING, NEXT]),
            (Some("B"), [Some("X"), Some("B")], &[SIGNING]),
        ];
        for (next, [signing, second], expected) in cases {
            let theirs = TenantFederation {
                signing_certificate: signing.map(str::to_owned),
                next_signing_certificate: second.map(str::to_owned),
                ..good()
            };
            let published = PublishedCertificates { active: "A", next };
            let found = domain().differences(published, &theirs);
            let told = found.iter().map(|one| {
                let should = one.should.as_deref().unwrap_or("nothing");
                format!("{} should be {should}", one.property.as_str())
            });
            assert_eq!(told.collect::<Vec<_>>(), expected, "{next:?} {signing:?} {second:?}");
        }
    }

    #[test]
    fn only_what_keeps_everybody_out_is_vital() {
        use FederationProperty as P;
        let nothing = found(&TenantFederation::default());
        let vital = nothing.iter().filter(|one| one.property.is_vital());
        let vital = vital.map(|one| one.property).collect::<Vec<_>>();
        assert_eq!(
            vital,
            [
                P::IssuerUri,
                P::PassiveSignInUri,
                P::PreferredAuthenticationProtocol,
                P::SigningCertificate
            ]
        );
        assert_eq!(nothing.len(), 7);
    }

    #[test]
    fn what_is_shown_of_somebody_else_is_short_and_plain() {
        let long = "a".repeat(LONGEST + 1);
        let cases = [
            ("https://id.example.org/a b", "https://id.example.org/a b".to_owned()),
            ("https://id.ex\u{430}mple.org", "https://id.ex\\u{430}mple.org".to_owned()),
            ("a\u{202e}b\r\n", "a\\u{202e}b\\u{d}\\u{a}".to_owned()),
            (&long, format!("{}…", "a".repeat(LONGEST))),
        ];
        for (given, expected) in cases {
            let theirs = TenantFederation { issuer_uri: text(given), ..good() };
            let is = found(&theirs).first().and_then(|one| one.is.clone());
            assert_eq!(is, Some(expected), "{given:?}");
        }
    }

    #[test]
    fn each_property_is_called_as_graph_calls_it() {
        for one in found(&TenantFederation::default()) {
            let name = format!("{:?}", one.property);
            assert!(name.eq_ignore_ascii_case(one.property.as_str()), "{name}");
        }
    }
}
