//! What a bootstrap fixes, and links.

use identity::DomainName;
use store::{Action, FoundError, Link, Stored};

use crate::{Place, RACERS, audit, domain, found, noon, organization, race, seconds, secret, user};

#[tokio::test]
async fn what_the_first_bootstrap_fixed_holds_for_every_later_one() {
    let place = Place::new().await;
    let cases = [
        // base URL, domain, whether it is founded
        ("https://id.contoso.test", "fabrikam.test", true),
        ("https://other.contoso.test", "tailspin.test", false),
        ("https://id.contoso.test", "contoso.test", false),
    ];
    for (base_url, name, founded) in cases {
        let organization = organization(base_url);
        let domain = domain(&organization, name);

        let result = found(&place.store, &organization, &domain, &user("first")).await;

        let owner = place.store.domain_owner(&domain.name, noon()).await.unwrap();
        let stored = place.store.organization(organization.id, noon()).await.unwrap();
        assert_eq!((result.is_ok(), stored.is_some()), (founded, founded), "{base_url} {name}");
        assert_eq!(owner == Some(organization.id), founded, "{base_url} {name}");
        match (result, name) {
            (Err(FoundError::OtherDeployment(fixed)), "tailspin.test") => {
                assert_eq!(fixed.base_url, place.organization.base_url);
            }
            (Err(FoundError::DomainTaken), "contoso.test") | (Ok(()), "fabrikam.test") => {}
            (other, _) => panic!("{name}: {other:?}"),
        }
    }
}

/// Entra sends the sign-ins of a subdomain where those of its parent go.
#[tokio::test]
async fn no_organization_is_founded_below_the_domain_of_another() {
    let place = Place::new().await;
    let cases = [
        // domain, the parent that stands against it
        ("corp.contoso.test", Some("contoso.test")),
        ("a.b.corp.contoso.test", Some("contoso.test")),
        ("notcontoso.test", None),
        ("corp.fabrikam.test", None),
        ("lab.corp.fabrikam.test", Some("corp.fabrikam.test")),
        ("fabrikam.test", None),
        ("lab.corp.fabrikam.test", Some("corp.fabrikam.test")),
    ];
    for (name, parent) in cases {
        let organization = organization("https://id.contoso.test");
        let domain = domain(&organization, name);

        let known = place.store.owned_parent(&domain.name).await.unwrap();
        let result = found(&place.store, &organization, &domain, &user("first")).await;

        assert_eq!(known.as_ref().map(DomainName::as_str), parent, "{name}");
        let stored = place.store.organization(organization.id, noon()).await.unwrap();
        assert_eq!(stored.is_some(), parent.is_none(), "{name}");
        match result {
            Ok(()) => assert_eq!(parent, None, "{name}"),
            Err(FoundError::Subdomain(of)) => assert_eq!(Some(of.as_str()), parent, "{name}"),
            Err(other) => panic!("{name}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn of_sixteen_who_found_the_same_domain_at_once_one_does() {
    let (store, _, _database) = Place::empty().await;
    let companies = (0..RACERS).map(|_| organization("https://id.contoso.test"));
    let companies = companies.collect::<Vec<_>>();

    let founded = race(companies.iter().map(async |organization| {
        let domain = domain(organization, "contoso.test");
        found(&store, organization, &domain, &user("admin")).await
    }))
    .await;

    assert_eq!(founded, 1);
    let owner = store.domain_owner(&"contoso.test".parse().unwrap(), noon()).await.unwrap();
    let mut stored = 0;
    for company in &companies {
        let found = store.organization(company.id, noon()).await.unwrap();
        assert_eq!(found.is_some(), owner == Some(company.id));
        stored += usize::from(found.is_some());
    }
    assert_eq!(stored, 1);
    assert!(store.deployment(noon()).await.unwrap().is_some());
}

#[tokio::test]
async fn an_organization_is_read_with_all_that_it_was_founded_with() {
    let place = Place::new().await;
    let (store, org) = (&place.store, place.org());

    let ring: Stored<String> = store.key_ring(org, noon()).await.unwrap().unwrap();
    let domain = store.domain(org, &place.domain.name, noon()).await.unwrap().unwrap();
    let administrators = store.administrators(&place.organization, noon()).await.unwrap();

    assert_eq!((ring.value.as_str(), ring.version), ("ring", 1));
    assert_eq!(domain.value, place.domain);
    // Two are named, and one of them is there.
    assert_eq!(administrators.len(), 1);
    assert_eq!(administrators[0].value.id, place.organization.administrators[0]);
}

#[tokio::test]
async fn a_link_is_handed_out_to_a_user_as_they_were_read() {
    let place = Place::new().await;
    let mut ada = place.user("ada").await;
    let link = Link::new(ada.value.id, noon());
    let (good, stale) = (secret(), secret());
    let said = audit(Action::LinkHandedOut);

    let handed = (&good, &link);
    place.store.hand_out_link(place.org(), &ada, handed, &[], &said).await.unwrap();
    ada.version += 1;
    let other = audit(Action::LinkHandedOut);
    let refused = place.store.hand_out_link(place.org(), &ada, (&stale, &link), &[], &other).await;

    assert!(refused.is_err());
    let cases = [
        // link, seconds after it was made, whether it proves something
        (&good, 0, true),
        (&good, 24 * 3600 - 1, true),
        (&good, 24 * 3600, false),
        (&stale, 0, false),
    ];
    for (hash, after, proves) in cases {
        let now = noon() + seconds(after);
        let link = place.store.link(place.org(), hash, now).await.unwrap();
        assert_eq!(link.is_some_and(|link| link.value.holds(now)), proves, "after {after} s");
    }
}
