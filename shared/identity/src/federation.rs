//! How a domain of ours should be federated in its tenant, and how it differs from that.

use serde::{Deserialize, Serialize};

use crate::FederatedDomain;

/// The longest value of somebody else's that is kept, in characters: longer than any of ours.
const LONGEST: usize = 1024;

/// A property of how a domain is federated, by Microsoft Graph's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FederationProperty {
    /// Whose assertions are believed.
    IssuerUri,
    /// Where people are sent to sign in.
    PassiveSignInUri,
    /// Where people are sent to sign out.
    SignOutUri,
    /// Where programs send passwords.
    ActiveSignInUri,
    /// From which document Entra takes over certificates by itself.
    MetadataExchangeUri,
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
            Self::ActiveSignInUri => "activeSignInUri",
            Self::MetadataExchangeUri => "metadataExchangeUri",
            Self::PreferredAuthenticationProtocol => "preferredAuthenticationProtocol",
            Self::SigningCertificate => "signingCertificate",
            Self::NextSigningCertificate => "nextSigningCertificate",
            Self::FederatedIdpMfaBehavior => "federatedIdpMfaBehavior",
            Self::PromptLoginBehavior => "promptLoginBehavior",
            Self::IsSignedAuthenticationRequestRequired => "isSignedAuthenticationRequestRequired",
        }
    }
}

/// What follows from a difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weight {
    /// Somebody else may say who people are, or gets their passwords.
    LetsOthersIn,
    /// Nobody signs in by us.
    KeepsOut,
    /// Something is not as it should be.
    Minor,
}

/// The certificates that we publish, each by its fingerprint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PublishedCertificates<'a> {
    /// Of the key that signs.
    pub active: &'a str,
    /// Of the key that will.
    pub next: Option<&'a str>,
    /// Of those that did: nobody else's, and not published any more.
    pub retired: &'a [String],
}

/// How a tenant has a domain federated; [`None`] where it has nothing. Certificates stand there by
/// their fingerprints, and as they are where they are none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TenantFederation {
    /// `issuerUri`.
    pub issuer_uri: Option<String>,
    /// `passiveSignInUri`.
    pub passive_sign_in_uri: Option<String>,
    /// `signOutUri`.
    pub sign_out_uri: Option<String>,
    /// `activeSignInUri`.
    pub active_sign_in_uri: Option<String>,
    /// `metadataExchangeUri`.
    pub metadata_exchange_uri: Option<String>,
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

impl TenantFederation {
    /// The same in letters that may be kept and shown.
    #[must_use]
    pub fn harmless(self) -> Self {
        let plain = |text: Option<String>| text.filter(|text| !text.is_empty());
        let plain = |text| plain(text).as_deref().map(harmless);
        Self {
            issuer_uri: plain(self.issuer_uri),
            passive_sign_in_uri: plain(self.passive_sign_in_uri),
            sign_out_uri: plain(self.sign_out_uri),
            active_sign_in_uri: plain(self.active_sign_in_uri),
            metadata_exchange_uri: plain(self.metadata_exchange_uri),
            preferred_authentication_protocol: plain(self.preferred_authentication_protocol),
            signing_certificate: plain(self.signing_certificate),
            next_signing_certificate: plain(self.next_signing_certificate),
            federated_idp_mfa_behavior: plain(self.federated_idp_mfa_behavior),
            prompt_login_behavior: plain(self.prompt_login_behavior),
            is_signed_authentication_request_required: self
                .is_signed_authentication_request_required,
        }
    }
}

/// A property that is not what it should be; [`None`] is nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FederationDifference {
    /// Which.
    pub property: FederationProperty,
    /// What follows from it.
    pub weight: Weight,
    /// What the tenant has.
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
    /// Its people are sent elsewhere: like this.
    Federated(Box<TenantFederation>),
}

impl FederatedDomain {
    /// How a tenant's federation of the domain differs from what we publish.
    pub fn differences(
        &self,
        published: PublishedCertificates<'_>,
        theirs: &TenantFederation,
    ) -> Vec<FederationDifference> {
        use FederationProperty as P;
        let exactly = |property, weight, is: &Option<String>, should: &str| {
            let differs = is.as_deref() != Some(should);
            differs.then(|| difference(property, weight, is.as_deref(), Some(should)))
        };
        let (out, minor) = (Weight::KeepsOut, Weight::Minor);
        let [signing, next] = certificates(published, theirs);
        let (sso, slo) = (self.sso_url(), self.slo_url());
        // We answer nothing there, so that nothing may stand there, or what stands for browsers.
        let active = theirs.active_sign_in_uri.as_deref().filter(|uri| *uri != sso);
        let active = active
            .map(|is| difference(P::ActiveSignInUri, Weight::LetsOthersIn, Some(is), Some(&sso)));
        // We publish no such document: whoever does could replace the certificate.
        let exchange = theirs.metadata_exchange_uri.as_deref();
        let exchange = exchange
            .map(|is| difference(P::MetadataExchangeUri, Weight::LetsOthersIn, Some(is), None));
        let signs = theirs.is_signed_authentication_request_required == Some(true);
        let signs = signs.then(|| {
            let property = P::IsSignedAuthenticationRequestRequired;
            difference(property, minor, Some("true"), Some("false"))
        });
        let accepts = "acceptIfMfaDoneByFederatedIdp";
        let protocol = &theirs.preferred_authentication_protocol;
        let all = [
            exactly(P::IssuerUri, out, &theirs.issuer_uri, &self.issuer),
            exactly(P::PassiveSignInUri, out, &theirs.passive_sign_in_uri, &sso),
            exactly(P::SignOutUri, minor, &theirs.sign_out_uri, &slo),
            active,
            exchange,
            exactly(P::PreferredAuthenticationProtocol, out, protocol, "saml"),
            signing,
            next,
            exactly(P::FederatedIdpMfaBehavior, minor, &theirs.federated_idp_mfa_behavior, accepts),
            exactly(P::PromptLoginBehavior, minor, &theirs.prompt_login_behavior, "disabled"),
            signs,
        ];
        all.into_iter().flatten().collect()
    }
}

/// The key that signs must be believed, best by the first slot; the one that will should be by the
/// second; nobody else's may be by either. Halfway through a rollover our own stand the other way
/// round, or one that is retired still stands there.
fn certificates(
    published: PublishedCertificates<'_>,
    theirs: &TenantFederation,
) -> [Option<FederationDifference>; 2] {
    use FederationProperty as P;
    let (active, next) = (Some(published.active), published.next);
    let signing = theirs.signing_certificate.as_deref();
    let second = theirs.next_signing_certificate.as_deref();
    let ours = |slot: &str| {
        Some(slot) == active
            || Some(slot) == next
            || published.retired.iter().any(|one| one == slot)
    };
    let foreign = |slot: Option<&str>| slot.is_some_and(|slot| !ours(slot));
    let weight = match (foreign(signing), second == active) {
        (true, _) => Weight::LetsOthersIn,
        (false, true) => Weight::Minor,
        (false, false) => Weight::KeepsOut,
    };
    let signing = (signing != active).then(|| {
        let property = P::SigningCertificate;
        difference(property, weight, signing, active)
    });
    // The same one in both slots believes nobody else either, while there is no next one.
    let is_fine = second == next || next.is_none() && second == active;
    let weight = if foreign(second) { Weight::LetsOthersIn } else { Weight::Minor };
    let second = (!is_fine).then(|| difference(P::NextSigningCertificate, weight, second, next));
    [signing, second]
}

fn difference(
    property: FederationProperty,
    weight: Weight,
    is: Option<&str>,
    should: Option<&str>,
) -> FederationDifference {
    let [is, should] = [is, should].map(|text| text.map(str::to_owned));
    FederationDifference { property, weight, is, should }
}

/// Somebody else's text as it may be kept and shown: letters that only look like others are named.
pub fn harmless(text: &str) -> String {
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
            active_sign_in_uri: None,
            metadata_exchange_uri: None,
            preferred_authentication_protocol: text("saml"),
            signing_certificate: text("A"),
            next_signing_certificate: None,
            federated_idp_mfa_behavior: text("acceptIfMfaDoneByFederatedIdp"),
            prompt_login_behavior: text("disabled"),
            is_signed_authentication_request_required: Some(false),
        }
    }

    fn found(theirs: &TenantFederation) -> Vec<FederationDifference> {
        let published = PublishedCertificates { active: "A", next: None, retired: &[] };
        domain().differences(published, theirs)
    }

    #[test]
    fn what_agrees_with_what_we_publish_has_no_difference() {
        let sso = text("https://id.example.org/saml/contoso.com/sso");
        for theirs in [
            good(),
            TenantFederation { is_signed_authentication_request_required: None, ..good() },
            TenantFederation { active_sign_in_uri: sso, ..good() },
            good().harmless(),
        ] {
            assert_eq!(found(&theirs), []);
        }
    }

    #[test]
    fn each_property_alone_is_told_with_what_it_is_and_should_be() {
        use FederationProperty as P;
        use Weight::{KeepsOut, LetsOthersIn, Minor};
        type Change = fn(&mut TenantFederation);
        type Case = (Change, P, Weight, Option<&'static str>, &'static str);
        let issuer = "https://id.example.org/saml/contoso.com";
        let sso = "https://id.example.org/saml/contoso.com/sso";
        let slo = "https://id.example.org/saml/contoso.com/slo";
        let adfs = "https://adfs.contoso.com/adfs/ls/";
        let accepts = "acceptIfMfaDoneByFederatedIdp";
        let cases: [Case; 17] = [
            (|f| f.issuer_uri = None, P::IssuerUri, KeepsOut, None, issuer),
            // Entra compares it byte for byte.
            (
                |f| f.issuer_uri = text("https://id.example.org/saml/Contoso.com"),
                P::IssuerUri,
                KeepsOut,
                Some("https://id.example.org/saml/Contoso.com"),
                issuer,
            ),
            (
                |f| f.passive_sign_in_uri = text("https://adfs.contoso.com/adfs/ls/"),
                P::PassiveSignInUri,
                KeepsOut,
                Some(adfs),
                sso,
            ),
            (|f| f.passive_sign_in_uri = None, P::PassiveSignInUri, KeepsOut, None, sso),
            (|f| f.sign_out_uri = text("x"), P::SignOutUri, Minor, Some("x"), slo),
            (|f| f.sign_out_uri = None, P::SignOutUri, Minor, None, slo),
            (
                |f| f.active_sign_in_uri = text("https://adfs.contoso.com/adfs/ls/"),
                P::ActiveSignInUri,
                LetsOthersIn,
                Some(adfs),
                sso,
            ),
            (
                |f| f.metadata_exchange_uri = text("https://adfs.contoso.com/adfs/ls/"),
                P::MetadataExchangeUri,
                LetsOthersIn,
                Some(adfs),
                "",
            ),
            (
                |f| f.preferred_authentication_protocol = text("wsFed"),
                P::PreferredAuthenticationProtocol,
                KeepsOut,
                Some("wsFed"),
                "saml",
            ),
            (
                |f| f.preferred_authentication_protocol = None,
                P::PreferredAuthenticationProtocol,
                KeepsOut,
                None,
                "saml",
            ),
            (
                |f| f.signing_certificate = text("X"),
                P::SigningCertificate,
                LetsOthersIn,
                Some("X"),
                "A",
            ),
            (|f| f.signing_certificate = None, P::SigningCertificate, KeepsOut, None, "A"),
            (
                |f| f.federated_idp_mfa_behavior = text("rejectMfaByFederatedIdp"),
                P::FederatedIdpMfaBehavior,
                Minor,
                Some("rejectMfaByFederatedIdp"),
                accepts,
            ),
            (
                |f| f.federated_idp_mfa_behavior = None,
                P::FederatedIdpMfaBehavior,
                Minor,
                None,
                accepts,
            ),
            (
                |f| f.prompt_login_behavior = text("nativeSupport"),
                P::PromptLoginBehavior,
                Minor,
                Some("nativeSupport"),
                "disabled",
            ),
            (|f| f.prompt_login_behavior = None, P::PromptLoginBehavior, Minor, None, "disabled"),
            (
                |f| f.is_signed_authentication_request_required = Some(true),
                P::IsSignedAuthenticationRequestRequired,
                Minor,
                Some("true"),
                "false",
            ),
        ];
        for (change, property, weight, is, should) in cases {
            let mut theirs = good();
            change(&mut theirs);
            let should = Some(should).filter(|should| !should.is_empty());
            let [is, should] = [is, should].map(|text| text.map(str::to_owned));
            let expected = FederationDifference { property, weight, is, should };
            assert_eq!(found(&theirs), [expected], "{}", property.as_str());
        }
    }

    #[test]
    fn the_key_that_signs_is_believed_the_next_one_too_and_nobody_else() {
        const OUT: &str = "signingCertificate should be A: KeepsOut";
        const TURNED: &str = "signingCertificate should be A: Minor";
        const FORGED: &str = "signingCertificate should be A: LetsOthersIn";
        const LATE: &str = "nextSigningCertificate should be B: Minor";
        const STALE: &str = "nextSigningCertificate should be nothing: Minor";
        const BACK_DOOR: &str = "nextSigningCertificate should be nothing: LetsOthersIn";
        const TAKEN: &str = "nextSigningCertificate should be B: LetsOthersIn";
        // What we publish as next; what stands in both slots; what is told. R is retired.
        type Case = (Option<&'static str>, [Option<&'static str>; 2], &'static [&'static str]);
        let cases: [Case; 19] = [
            (None, [Some("A"), None], &[]),
            (None, [Some("A"), Some("A")], &[]),
            (None, [Some("A"), Some("X")], &[BACK_DOOR]),
            (None, [Some("A"), Some("R")], &[STALE]),
            (None, [Some("X"), Some("A")], &[FORGED]),
            (None, [Some("X"), None], &[FORGED]),
            (None, [None, None], &[OUT]),
            // Just after the next key became the one that signs.
            (None, [Some("R"), Some("A")], &[TURNED]),
            (None, [Some("R"), None], &[OUT]),
            (None, [Some("R"), Some("X")], &[OUT, BACK_DOOR]),
            (Some("B"), [Some("A"), Some("B")], &[]),
            (Some("B"), [Some("B"), Some("A")], &[TURNED, LATE]),
            (Some("B"), [Some("A"), None], &[LATE]),
            (Some("B"), [Some("A"), Some("A")], &[LATE]),
            (Some("B"), [Some("A"), Some("R")], &[LATE]),
            (Some("B"), [Some("A"), Some("X")], &[TAKEN]),
            (Some("B"), [Some("B"), None], &[OUT, LATE]),
            (Some("B"), [Some("X"), Some("A")], &[FORGED, LATE]),
            (Some("B"), [Some("X"), Some("B")], &[FORGED]),
        ];
        let retired = ["Q".to_owned(), "R".to_owned()];
        for (next, [signing, second], expected) in cases {
            let theirs = TenantFederation {
                signing_certificate: signing.map(str::to_owned),
                next_signing_certificate: second.map(str::to_owned),
                ..good()
            };
            let published = PublishedCertificates { active: "A", next, retired: &retired };
            let found = domain().differences(published, &theirs);
            let told = found.iter().map(|one| {
                let should = one.should.as_deref().unwrap_or("nothing");
                format!("{} should be {should}: {:?}", one.property.as_str(), one.weight)
            });
            assert_eq!(told.collect::<Vec<_>>(), expected, "{next:?} {signing:?} {second:?}");
        }
    }

    #[test]
    fn what_is_shown_of_somebody_else_is_short_and_plain() {
        let long = "a".repeat(LONGEST + 1);
        let cases = [
            ("https://id.example.org/a b", Some("https://id.example.org/a b".to_owned())),
            ("https://id.ex\u{430}mple.org", Some("https://id.ex\\u{430}mple.org".to_owned())),
            ("a\u{202e}b\r\n", Some("a\\u{202e}b\\u{d}\\u{a}".to_owned())),
            (&long, Some(format!("{}…", "a".repeat(LONGEST)))),
            ("", None),
        ];
        for (given, expected) in cases {
            let theirs = TenantFederation { issuer_uri: text(given), ..good() };
            assert_eq!(theirs.harmless().issuer_uri, expected, "{given:?}");
        }
    }

    #[test]
    fn each_property_is_called_as_graph_calls_it() {
        let all = TenantFederation {
            active_sign_in_uri: text("x"),
            metadata_exchange_uri: text("x"),
            next_signing_certificate: text("x"),
            is_signed_authentication_request_required: Some(true),
            ..TenantFederation::default()
        };
        let all = found(&all);
        assert_eq!(all.len(), 11);
        for one in all {
            let name = format!("{:?}", one.property);
            assert!(name.eq_ignore_ascii_case(one.property.as_str()), "{name}");
        }
    }
}
