//! The tenant, its domains, and how they are federated.

use entra_sim::{Domain, InternalDomainFederation};
use serde_json::json;

use crate::lab::Lab;

/// Federates the domain of the people.
pub(crate) fn federate(lab: &Lab) {
    let federation = InternalDomainFederation {
        display_name: "Passkeys".into(),
        issuer_uri: "http://localhost:8080/saml/contoso.test".into(),
        passive_sign_in_uri: "http://localhost:8080/saml/contoso.test/sso".into(),
        sign_out_uri: "http://localhost:8080/saml/contoso.test/slo".into(),
        signing_certificate: crate::lab::certificate(),
        ..InternalDomainFederation::default()
    };
    lab.simulator.federate(Domain::named("contoso.test"), federation).unwrap();
}

#[tokio::test]
async fn the_tenant_tells_its_name_and_its_verified_domains() {
    let lab = Lab::start();
    let unverified = Domain { is_verified: false, ..Domain::named("later.test") };
    lab.simulator.put_domain(unverified).unwrap();

    let answer = lab.get("/organization?$select=id,verifiedDomains").await;

    let tenant = &answer.body["value"][0];
    assert_eq!(tenant["id"], lab.simulator.tenant_id());
    assert!(tenant.get("displayName").is_none(), "it was not selected");
    let names: Vec<_> =
        tenant["verifiedDomains"].as_array().unwrap().iter().map(|d| d["name"].clone()).collect();
    assert_eq!(names, [json!("contoso.onmicrosoft.com"), json!("contoso.test")]);
}

#[tokio::test]
async fn a_domain_tells_how_it_is_signed_in_to() {
    let lab = Lab::start();
    let path = "/domains/contoso.test/federationConfiguration";
    let managed = lab.get("/domains/CONTOSO.test").await;
    assert_eq!(managed.body["authenticationType"], "Managed");
    assert_eq!(lab.get(path).await.body["value"], json!([]));

    federate(&lab);

    assert_eq!(lab.get("/domains/contoso.test").await.body["authenticationType"], "Federated");
    let found = &lab.get(path).await.body["value"][0];
    assert_eq!(found["@odata.type"], "#microsoft.graph.internalDomainFederation");
    assert_eq!(found["issuerUri"], "http://localhost:8080/saml/contoso.test");
    assert_eq!(lab.get("/domains/elsewhere.test").await.status, 404);
    assert_eq!(lab.get("/domains").await.body["value"].as_array().unwrap().len(), 2);
}
