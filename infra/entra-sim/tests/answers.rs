//! What an answer leads to in each state of the tenant, the clock and the request.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]
#![expect(clippy::disallowed_methods, reason = "an identity provider of the tests reads the clock")]

mod lab;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use entra_sim::{
    Domain, FederatedIdpMfaBehavior, GraphUser, InternalDomainFederation, RootDomains,
};
use jiff::SignedDuration;

use lab::{ADA, Answer, ISSUER, Lab, MULTIPLE, Signing, attribute, instant, keys};

#[tokio::test]
async fn an_answer_without_fault_signs_in() {
    let lab = Lab::start();
    let answer = lab.good().await;

    let told = lab.post(&answer).await;

    assert_eq!(told["code"], 0, "{told}");
    let who = &told["signed_in"];
    assert_eq!(who["user_principal_name"], "ada@contoso.test");
    assert_eq!(who["mfa"], "Federated Multi-Factor");
    assert_eq!(who["mfa_satisfied"], true);
    assert_eq!(who["certificate_slot"], "signingCertificate");
    assert_eq!(who["request_id"], answer.sent.id.as_str());
    let end = format!("{}/signed-in?ticket=", lab.simulator.portal_url());
    assert!(told["location"].as_str().unwrap().starts_with(&end), "{told}");
}

#[tokio::test]
async fn a_refused_answer_does_not_use_the_request_up() {
    let lab = Lab::start();
    let mut answer = lab.good().await;
    answer.signing = None;
    assert_eq!(lab.post(&answer).await["code"], 50008);

    answer.signing = Some(Signing::good());

    assert_eq!(lab.post(&answer).await["code"], 0);
}

#[tokio::test]
async fn an_answer_serves_once_and_a_request_is_answered_once() {
    let lab = Lab::start();
    let mut answer = lab.good().await;
    assert_eq!(lab.post(&answer).await["code"], 0);

    let replayed = lab.post(&answer).await;
    answer.assertion("ID=\"_a", "ID=\"_b");
    let second = lab.post(&answer).await;

    assert_eq!((&replayed["code"], &replayed["reason"]), (&500_089.into(), &"replay".into()));
    let expected = (&500_089.into(), &"request_answered".into());
    assert_eq!((&second["code"], &second["reason"]), expected);
}

#[tokio::test]
async fn no_changed_character_of_the_signed_assertion_is_accepted() {
    let lab = Lab::start();
    let answer = lab.good().await;
    let xml = answer.xml();
    let start = xml.find("<saml:Assertion").unwrap();

    for position in (start..xml.len()).step_by(23) {
        let mut bytes = xml.clone().into_bytes();
        bytes[position] = if bytes[position] == b'x' { b'y' } else { b'x' };
        let mut changed = lab.good().await;
        changed.relay_state.clone_from(&answer.relay_state);
        changed.cookie.clone_from(&answer.cookie);
        changed.raw = Some(STANDARD.encode(bytes));

        let told = lab.post(&changed).await;

        assert_ne!(told["code"], 0, "position {position}: {told}");
    }
    assert_eq!(lab.post(&answer).await["code"], 0);
}

#[tokio::test]
async fn the_clock_offset_moves_both_ends_by_the_tolerance() {
    let cases = [
        // offset in seconds, code, reason
        (0, 0, None),
        (590, 0, None),
        (610, 500_089, Some("confirmation_expired")),
        (-290, 0, None),
        (-310, 500_089, Some("issue_instant")),
    ];
    for (offset, code, reason) in cases {
        let lab = Lab::start();
        lab.simulator.set_clock_offset(SignedDuration::from_secs(offset)).unwrap();

        let told = lab.post(&lab.good().await).await;

        assert_eq!(told["code"], code, "{offset} s: {told}");
        assert_eq!(told["reason"].as_str(), reason, "{offset} s: {told}");
    }
}

#[tokio::test]
async fn the_next_certificate_signs_as_well_once_it_is_registered() {
    let lab = Lab::start();
    let next = InternalDomainFederation {
        next_signing_certificate: Some(keys()[1].certificate.clone()),
        ..lab::federation()
    };
    lab.simulator.federate(Domain::named("contoso.test"), next).unwrap();
    for (key, slot) in [(0, "signingCertificate"), (1, "nextSigningCertificate")] {
        let mut answer = lab.good().await;
        answer.signing = Some(Signing::by(key));

        let told = lab.post(&answer).await;

        assert_eq!(told["signed_in"]["certificate_slot"], slot, "{told}");
    }
    let mut swapped = lab.good().await;
    swapped.signing.as_mut().unwrap().certificate.clone_from(&keys()[1].certificate);
    let told = lab.post(&swapped).await;
    assert_eq!((&told["code"], &told["reason"]), (&50006.into(), &"signature".into()));

    let turned = InternalDomainFederation {
        signing_certificate: keys()[1].certificate.clone(),
        ..lab::federation()
    };
    lab.simulator.federate(Domain::named("contoso.test"), turned).unwrap();
    assert_eq!(lab.post(&lab.good().await).await["code"], 5_000_811);
}

#[tokio::test]
async fn a_response_may_be_signed_as_well() {
    let lab = Lab::start();
    let mut answer = lab.good().await;
    answer.response_signing = Some(Signing::good());

    let told = lab.post(&answer).await;

    assert_eq!(told["code"], 0, "{told}");
}

#[tokio::test]
async fn the_issuer_must_be_that_of_the_domain_that_was_asked() {
    let lab = Lab::start();
    let other = InternalDomainFederation {
        issuer_uri: "http://localhost:8080/saml/fabrikam.test".to_owned(),
        ..lab::federation()
    };
    lab.simulator.federate(Domain::named("fabrikam.test"), other).unwrap();
    let mut answer = lab.good().await;
    answer.envelope(ISSUER, "http://localhost:8080/saml/fabrikam.test");
    answer.assertion(ISSUER, "http://localhost:8080/saml/fabrikam.test");

    assert_eq!(lab.post(&answer).await["code"], 50107);
}

#[tokio::test]
async fn a_user_of_another_root_domain_is_refused_unless_the_policy_allows_it() {
    let named = |domains: &[&str]| domains.iter().map(|d| (*d).to_owned()).collect::<Vec<_>>();
    let cases = [
        (RootDomains::All, 5_000_820),
        (RootDomains::AllManaged, 5_000_820),
        (RootDomains::AllFederated, 0),
        (RootDomains::None, 0),
        (RootDomains::Enumerated(named(&["fabrikam.test"])), 5_000_820),
        (RootDomains::Enumerated(named(&["contoso.test"])), 0),
    ];
    let lab = Lab::start();
    lab.simulator.put_domain(Domain::named("fabrikam.test")).unwrap();
    let user_principal_name = "ada@fabrikam.test".to_owned();
    let anchor = Some("fabrikam1".to_owned());
    let user =
        GraphUser { user_principal_name, on_premises_immutable_id: anchor, ..GraphUser::default() };
    lab.simulator.put_user(user).unwrap();
    for (policy, code) in cases {
        lab.simulator.set_policy(policy.clone()).unwrap();
        let mut answer = lab.good().await;
        answer.assertion(ADA, "fabrikam1");
        answer.assertion("ada@contoso.test", "ada@fabrikam.test");

        let told = lab.post(&answer).await;

        assert_eq!(told["code"], code, "{policy:?}: {told}");
    }
}

#[tokio::test]
async fn a_user_of_a_sub_domain_signs_in_by_the_trust_of_the_root() {
    let lab = Lab::start();
    let sub = Domain { is_root: false, ..Domain::named("corp.contoso.test") };
    lab.simulator.put_domain(sub).unwrap();
    lab.simulator
        .put_user(GraphUser {
            user_principal_name: "linus@corp.contoso.test".to_owned(),
            on_premises_immutable_id: Some("linus1".to_owned()),
            ..GraphUser::default()
        })
        .unwrap();
    let mut answer = lab.good().await;
    answer.assertion(ADA, "linus1");
    answer.assertion("ada@contoso.test", "linus@corp.contoso.test");

    assert_eq!(lab.post(&answer).await["code"], 0);
}

#[tokio::test]
async fn a_disabled_user_is_refused() {
    let lab = Lab::start();
    let ada = lab.simulator.users().into_iter().find(|u| u.display_name == "ada").unwrap();
    lab.simulator.put_user(GraphUser { account_enabled: false, ..ada }).unwrap();

    let told = lab.post(&lab.good().await).await;

    assert_eq!((&told["code"], &told["reason"]), (&50057.into(), &"disabled".into()));
}

#[tokio::test]
async fn a_forced_authentication_must_not_be_older_than_the_request() {
    let lab = Lab::start();
    for (age, code) in [(0, 0), (-3, 50078), (-120, 50078)] {
        let sent = lab.start_sign_in("&force_authn=true").await;
        let mut answer = Answer::good(sent, &lab.simulator.login_srf_url());
        let at = attribute(&answer.assertion, "AuthnInstant");
        let (old, new) =
            (format!("AuthnInstant=\"{at}"), format!("AuthnInstant=\"{}", instant(age)));
        answer.assertion(&old, &new);

        let told = lab.post(&answer).await;

        assert_eq!(told["code"], code, "{age} s: {told}");
    }
    let mut unforced = lab.good().await;
    let at = attribute(&unforced.assertion, "AuthnInstant");
    let old = format!("AuthnInstant=\"{at}");
    unforced.assertion(&old, &format!("AuthnInstant=\"{}", instant(-7200)));
    assert_eq!(lab.post(&unforced).await["code"], 0);
}

#[tokio::test]
async fn the_mfa_claim_is_worth_what_the_domain_says() {
    use FederatedIdpMfaBehavior as Behavior;
    let password = "urn:oasis:names:tc:SAML:2.0:ac:classes:Password";
    let (multi, single) = ("Federated Multi-Factor", "Federated single-factor");
    let cases = [
        (Behavior::AcceptIfMfaDoneByFederatedIdp, MULTIPLE, Some(multi), false),
        (Behavior::AcceptIfMfaDoneByFederatedIdp, password, Some(single), true),
        (Behavior::EnforceMfaByFederatedIdp, MULTIPLE, Some(multi), false),
        (Behavior::EnforceMfaByFederatedIdp, password, None, false),
        (Behavior::RejectMfaByFederatedIdp, MULTIPLE, Some(single), true),
    ];
    let lab = Lab::start();
    for (behavior, class, mfa, entra_asks) in cases {
        let federation =
            InternalDomainFederation { federated_idp_mfa_behavior: behavior, ..lab::federation() };
        lab.simulator.federate(Domain::named("contoso.test"), federation).unwrap();
        let mut answer = lab.good().await;
        answer.assertion(MULTIPLE, class);

        let told = lab.post(&answer).await;

        assert_eq!(told["signed_in"]["mfa"].as_str(), mfa, "{behavior:?} {class}: {told}");
        assert_eq!(
            told["signed_in"]["next"].is_string(),
            entra_asks,
            "{behavior:?} {class}: {told}"
        );
    }
}

#[tokio::test]
async fn an_enforced_mfa_claim_is_asked_for_once_and_then_refused() {
    let lab = Lab::start();
    let federation = InternalDomainFederation {
        federated_idp_mfa_behavior: FederatedIdpMfaBehavior::EnforceMfaByFederatedIdp,
        ..lab::federation()
    };
    lab.simulator.federate(Domain::named("contoso.test"), federation).unwrap();
    let mut answer = lab.good().await;
    answer.assertion(MULTIPLE, "urn:oasis:names:tc:SAML:2.0:ac:classes:Password");

    let again = lab.post(&answer).await;

    let expected = (&50079.into(), &"mfa_asked_again".into());
    assert_eq!((&again["code"], &again["reason"]), expected, "{again}");
    let field = |name: &str| again[name].as_str().unwrap().to_owned();
    let sent = lab::Sent {
        id: field("request_id"),
        relay_state: field("relay_state"),
        cookie: answer.cookie.clone(),
    };
    let mut second = Answer::good(sent, &lab.simulator.login_srf_url());
    second.assertion(MULTIPLE, "urn:oasis:names:tc:SAML:2.0:ac:classes:Password");
    let refused = lab.post(&second).await;
    let expected = (&50079.into(), &"mfa".into());
    assert_eq!((&refused["code"], &refused["reason"]), expected, "{refused}");
}
