//! samael with xmlsec, a service provider in Rust that knows us by our metadata alone.

use async_trait::async_trait;
use judges::site::ENTRA;
use judges::{Claims, Forgery, Judge, Person, Response, Site, Verdict, judge};
use samael::metadata::{EntityDescriptor, HTTP_REDIRECT_BINDING};
use samael::schema::Assertion;
use samael::service_provider::{ServiceProvider, ServiceProviderBuilder};

struct Samael {
    provider: ServiceProvider,
    /// The ids of the requests that it made.
    made: Vec<String>,
}

impl Samael {
    fn new(site: &Site) -> Self {
        let provider = ServiceProviderBuilder::default()
            .entity_id(ENTRA.to_owned())
            .acs_url(site.reply_url())
            .idp_metadata(site.metadata.parse::<EntityDescriptor>().unwrap())
            .allow_idp_initiated(false)
            .build()
            .unwrap();
        let known = provider.idp_signing_certs().unwrap().expect("it knows our certificate");
        assert_eq!(known.len(), 1);
        Self { provider, made: Vec::new() }
    }
}

#[async_trait]
impl Judge for Samael {
    async fn request(&mut self, _: &Site, _: &Person) -> String {
        let location = self.provider.sso_binding_location(HTTP_REDIRECT_BINDING).unwrap();
        let request = self.provider.make_authentication_request(&location).unwrap();
        self.made.push(request.id.clone());
        request.redirect("").unwrap().unwrap().to_string()
    }

    async fn hear(&mut self, _: &Site, response: &Response) -> Verdict {
        let made = self.made.iter().map(String::as_str).collect::<Vec<_>>();
        match self.provider.parse_base64_response(&response.form_value, Some(&made)) {
            Ok(assertion) => Verdict::Accepted(Some(claims(&assertion))),
            Err(error) => Verdict::Refused(error.to_string()),
        }
    }

    /// It throws away what was not signed and reads the rest.
    fn refusal(&self, forgery: Forgery) -> Option<&'static str> {
        match forgery {
            Forgery::Byte(_)
            | Forgery::Unsigned
            | Forgery::OtherKey
            | Forgery::OtherKeyUnderOurCertificate => Some("must be signed"),
            Forgery::Expired => Some("SAML Assertion expired"),
            Forgery::Early => Some("is not valid until"),
            Forgery::OtherAudience => Some("unfulfilled AudienceRequirement"),
            Forgery::OtherRequest => Some("does not match any of the possible request IDs"),
            Forgery::OtherRecipient => Some("Recipient does not match"),
            Forgery::OtherIssuer => Some("Issuer does not match"),
            Forgery::Wrapped => None,
        }
    }
}

fn claims(assertion: &Assertion) -> Claims {
    let subject = assertion.subject.as_ref().unwrap();
    let [attributes] = assertion.attribute_statements.as_deref().unwrap() else { panic!() };
    let [attribute] = attributes.attributes.as_slice() else { panic!() };
    assert_eq!(attribute.name.as_deref(), Some("IDPEmail"));
    let [authn] = assertion.authn_statements.as_deref().unwrap() else { panic!() };
    let context = authn.authn_context.as_ref().unwrap().value.as_ref().unwrap();
    Claims {
        anchor: subject.name_id.as_ref().unwrap().value.clone(),
        upn: attribute.values[0].value.clone().unwrap(),
        context: context.value.clone().unwrap(),
    }
}

#[tokio::test]
async fn samael_signs_in_whoever_answers_its_own_requests_and_nobody_by_a_forgery() {
    let site = Site::start().await;

    judge::trial(&site, &mut Samael::new(&site)).await;

    site.close().await;
}
