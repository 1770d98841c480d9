//! People of a world's organizations, and what brings them to where a story begins.

use identity::{Anchor, OrganizationId, Role, User, UserId};
use serde_json::{Value, json};

use crate::saml::{AuthnRequest, between};
use crate::world::DOMAIN;
use crate::{Authenticator, Browser, Page, World};

/// An organization, by the domain that it federates.
#[derive(Clone, Debug)]
pub struct Company {
    /// Its id.
    pub id: OrganizationId,
    /// Its domain.
    pub domain: String,
    /// What bootstrap answered.
    pub bootstrap: Value,
}

/// Somebody with a passkey, and the browser in which they made it: it holds their session.
#[derive(Debug)]
pub struct Person {
    /// Who they are.
    pub user: User,
    /// Their browser.
    pub browser: Browser,
    /// Their authenticator.
    pub authenticator: Authenticator,
    /// The recovery code that they were shown.
    pub recovery_code: String,
}

impl World {
    /// The organization that every world has.
    pub fn contoso(&self) -> Company {
        let bootstrap = self.bootstrap.clone();
        Company { id: self.organization, domain: DOMAIN.to_owned(), bootstrap }
    }

    /// One more organization of the same deployment.
    pub async fn found(&self, name: &str, domain: &str) -> Company {
        let email = format!("admin@{domain}");
        let bootstrap = self.operate(json!({
            "action": "bootstrap", "organization": name, "domain": domain, "email": email,
        }));
        let bootstrap = bootstrap.await.unwrap();
        let id = bootstrap["organization"].as_str().unwrap().parse().unwrap();
        Company { id, domain: domain.to_owned(), bootstrap }
    }

    /// A new user `{name}@{domain}` of any organization.
    pub async fn user_of(&self, company: &Company, name: &str) -> User {
        let id = UserId::mint(&ambient::SystemEntropy);
        let user_name = format!("{name}@{}", company.domain).parse().unwrap();
        let mut user = User::new(id, user_name, name.to_owned(), self.now());
        user.anchor = Some(Anchor::of(id));
        self.store.create_user(company.id, &user).await.unwrap();
        user
    }

    /// A new user of the world's organization who has a passkey.
    pub async fn person(&self, name: &str) -> Person {
        let user = self.user(name).await;
        self.enrolled(&self.contoso(), user).await
    }

    /// Lets a user enrol by a link of the operator's.
    pub async fn enrolled(&self, company: &Company, user: User) -> Person {
        let link = self.link(company, &user).await;
        self.enrolled_by(&link, user).await
    }

    /// The administrator whom bootstrap named, enrolled by its link.
    pub async fn founder(&self) -> Person {
        let name = format!("admin@{DOMAIN}").parse().unwrap();
        let user = self.store.user_named(self.organization, &name, self.now()).await.unwrap();
        let link = self.bootstrap["enrolment_url"].as_str().unwrap();
        self.enrolled_by(link, user.unwrap().value).await
    }

    /// Lets a user enrol by a link.
    pub async fn enrolled_by(&self, link: &str, user: User) -> Person {
        let mut browser = self.browser();
        let mut authenticator = Authenticator::default();
        let page = browser.open_link(link).await;
        let page = browser.register(&page, &mut authenticator).await;
        let recovery_code = page.recovery_code().expect("a recovery code");
        self.settled().await;
        Person { user, browser, authenticator, recovery_code }
    }

    /// A one-time link for a user.
    pub async fn link(&self, company: &Company, user: &User) -> String {
        let payload = json!({
            "action": "invite", "domain": company.domain, "email": user.user_name.as_str(),
        });
        let answer = self.operate(payload).await.unwrap();
        answer["enrolment_url"].as_str().unwrap().to_owned()
    }

    /// One more administrator of the world's organization, who had a passkey before.
    pub async fn promoted(&self, name: &str) -> Person {
        let person = self.person(name).await;
        self.name_administrator(person.user.id).await;
        person
    }

    /// One more administrator of the world's organization.
    pub async fn administrator(&self, name: &str) -> User {
        let user = self.user_with(name, |user| user.role = Role::Administrator).await;
        self.name_administrator(user.id).await;
        user
    }

    /// Where a request of Entra's to a domain leads.
    pub fn sso_at(&self, company: &Company, id: &str) -> String {
        let query = AuthnRequest::new(id, self.now()).query("state");
        format!("/saml/{}/sso?{query}", company.domain)
    }
}

impl Browser {
    /// Opens a one-time link and presses its button.
    pub async fn open_link(&mut self, link: &str) -> Page {
        let page = self.visit(link).await;
        self.submit(&page, &[]).await
    }

    /// Begins an enrolment on the way of a request, and ends on the page that asks for an address.
    pub async fn begin_enrolment(&mut self, sso: &str) -> Page {
        let page = self.visit(sso).await;
        let link = between(&page.text, "href=\"/enrol/", "\"").expect("a way to enrol");
        self.visit(&format!("/enrol/{link}")).await
    }
}

impl Page {
    /// The recovery code that it shows: five groups of five letters and digits.
    pub fn recovery_code(&self) -> Option<String> {
        let code = between(&self.text, "aria-labelledby=\"code-label\">", "<")?;
        assert_eq!((code.len(), code.matches('-').count()), (29, 4), "{code}");
        Some(code.to_owned())
    }
}
