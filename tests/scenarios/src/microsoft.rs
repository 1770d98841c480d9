//! The way through Microsoft's own pages, as an administrator walks it.

use std::collections::BTreeSet;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use entra_sim::{Application, GraphUser};
use http::StatusCode;
use local::Ready;
use reqwest::Client;
use reqwest::header::{ACCEPT, COOKIE, LOCATION, REFRESH};
use reqwest::redirect::Policy;
use serde_json::{Value, json};

use crate::browser::unescape;
use crate::saml::between;
use crate::world::{FEDERATION, READER, WRITER};
use crate::{Browser, Page, Person, World};
use identity::{Role, User};

/// The tenant of the simulated Entra.
pub const TENANT: &str = "6c1d2f3e-8a4b-4c5d-9e6f-0a1b2c3d4e5f";
/// How long a look at a few people may take.
const PATIENCE: Duration = Duration::from_secs(60);
/// The domain of the tenant whose people Microsoft signs in itself.
pub const MANAGED: &str = "contoso.onmicrosoft.com";
/// Another tenant, which has people and nothing else.
pub const FABRIKAM: &str = "aaaaaaaa-1111-4222-8333-444444444444";
/// What an administrator may let us do with their own rights.
pub const DELEGATED: [&str; 4] = [
    "Domain-InternalFederation.Read.All",
    "Domain.Read.All",
    "Domain.ReadWrite.All",
    "Directory.AccessAsUser.All",
];
/// Global Administrator.
const GLOBAL: &str = "62e90394-69f5-4237-9190-012177145e10";

/// Object ids of people who can sign in at Microsoft.
pub mod account {
    /// Global Administrator of the tenant.
    pub const BOSS: &str = "00000000-0000-4000-8000-00000000000a";
    /// A member of the tenant.
    pub const MEMBER: &str = "00000000-0000-4000-8000-00000000000b";
    /// Global Administrator of another tenant.
    pub const FABRIKAM_BOSS: &str = "00000000-0000-4000-8000-00000000000c";
}

/// Somebody who connects an organization: at our site and at Microsoft.
pub struct Connector<'w> {
    /// The world.
    pub world: &'w World,
    /// The administrator, signed in at our site.
    pub person: Person,
    http: Client,
}

impl World {
    /// An administrator with a passkey and a session, and applications that are registered at
    /// Microsoft with our certificate.
    pub async fn connector(&self) -> Connector<'_> {
        self.agree();
        let person = self.founder().await;
        let http = Client::builder().redirect(Policy::none()).build().unwrap();
        let connector = Connector { world: self, person, http };
        connector.introduce().await;
        connector
    }

    /// An administrator of the organization by the name of an account of the tenant, never enrolled.
    pub async fn named_boss(&self) -> User {
        let user = self
            .user_with("boss", |user| {
                user.user_name = format!("boss@{MANAGED}").parse().unwrap();
                user.role = Role::Administrator;
            })
            .await;
        self.name_administrator(user.id).await;
        user
    }

    /// The path of the organization's page for signing in with Microsoft.
    pub fn microsoft_path(&self) -> String {
        format!("/oauth/sign-in/{}", self.organization)
    }

    /// The path of the organization's connection page.
    pub fn connection_path(&self) -> String {
        format!("/oauth/connect/{}", self.organization)
    }
}

impl World {
    /// Begins a sign-in at Microsoft as `{name}@contoso.test`, answers by what our site says to a browser
    /// that has a session, and tells what Microsoft made of it.
    pub async fn sign_in_at_microsoft(&self, browser: &mut Browser, name: &str) -> Value {
        let http = Client::new();
        let start = format!("{}/start?address={name}%40contoso.test", self.microsoft.url());
        let begun = http.get(start).header(ACCEPT, "application/json").send().await.unwrap();
        let begun: Value = begun.json().await.unwrap();
        let page = browser.visit(begun["location"].as_str().unwrap()).await;
        let (action, response, relay_state) =
            page.answer().unwrap_or_else(|| panic!("{}", page.text));
        assert_eq!(action, self.microsoft.login_srf_url());
        let form = [("SAMLResponse", response), ("RelayState", relay_state.unwrap_or_default())];
        let answer = http.post(action).form(&form).header(ACCEPT, "application/json");
        let answer = answer.header(COOKIE, begun["cookie"].as_str().unwrap());
        answer.send().await.unwrap().json().await.unwrap()
    }
}

impl World {
    /// What Graph sends of a user who changed, with what the subscription knows.
    pub fn notice(&self, user: &str) -> Value {
        let one = self.microsoft.subscriptions().remove(0);
        json!({
            "subscriptionId": one.id, "clientState": one.client_state, "changeType": "updated",
            "tenantId": self.microsoft.tenant_id(), "resource": format!("Users/{user}"),
            "resourceData": { "id": user },
            "subscriptionExpirationDateTime": one.expiration_date_time,
        })
    }

    /// Where Graph sends it.
    pub fn notice_path(&self) -> String {
        format!("/notifications/{}", self.organization)
    }

    /// Tells our site that these users changed, as Graph does.
    pub async fn notify(&self, users: &[&str]) {
        assert_eq!(self.notify_once(users).await, StatusCode::ACCEPTED);
    }

    /// The same, again and again while our site asks for that.
    pub async fn notify_until_heard(&self, users: &[&str]) {
        let mut answer = self.notify_once(users).await;
        while answer == StatusCode::SERVICE_UNAVAILABLE {
            answer = self.notify_once(users).await;
        }
        assert_eq!(answer, StatusCode::ACCEPTED);
    }

    async fn notify_once(&self, users: &[&str]) -> StatusCode {
        let notices: Vec<_> = users.iter().map(|user| self.notice(user)).collect();
        let url = format!("{}{}", self.base_url, self.notice_path());
        let sent = Client::new().post(url).json(&json!({ "value": notices })).send().await;
        sent.unwrap().status()
    }
}

impl Connector<'_> {
    async fn introduce(&self) {
        let microsoft = &self.world.microsoft;
        for (id, name) in [(account::BOSS, "boss"), (account::MEMBER, "member")] {
            let user = GraphUser {
                id: id.to_owned(),
                user_principal_name: format!("{name}@contoso.onmicrosoft.com"),
                display_name: name.to_owned(),
                ..GraphUser::default()
            };
            microsoft.put_user(user).unwrap();
        }
        microsoft.put_directory_roles("boss@contoso.onmicrosoft.com", &[GLOBAL]).unwrap();
        let fabrikam = json!({ "name": "Fabrikam", "people": [{
            "id": account::FABRIKAM_BOSS, "userPrincipalName": "boss@fabrikam.test",
            "displayName": "Boss", "directoryRoles": [GLOBAL],
        }] });
        self.simulate(&format!("tenants/{FABRIKAM}"), &fabrikam).await;
        self.register(|_| ()).await;
    }

    /// Registers the applications with the certificate that our page offers, changed as said.
    pub async fn register(&self, change: impl Fn(&mut Application)) {
        let certificate = self.certificate().await;
        let callback = |leg| format!("{}/oauth/callback/{leg}", self.world.base_url);
        for (client_id, role) in [(READER, "User.Read.All"), (WRITER, "User.ReadWrite.All")] {
            let mut application = Application {
                display_name: "Passerelle".to_owned(),
                redirect_uris: ["consent", "sign-in", "microsoft"].map(callback).into(),
                certificates: vec![STANDARD.encode(&certificate)],
                roles: [role.to_owned()].into(),
                scopes: BTreeSet::new(),
                directory_role_claims: true,
            };
            change(&mut application);
            self.world.microsoft.put_application(client_id, application).unwrap();
        }
        let federation = Application {
            display_name: "Passerelle".to_owned(),
            redirect_uris: vec![callback("federation")],
            certificates: vec![STANDARD.encode(&certificate)],
            scopes: DELEGATED.map(str::to_owned).into(),
            ..Application::default()
        };
        self.world.microsoft.put_application(FEDERATION, federation).unwrap();
    }

    /// The page that shows how domains are federated.
    pub async fn federation_page(&mut self) -> Page {
        let path = format!("{}/federation", self.world.connection_path());
        self.person.browser.visit(&path).await
    }

    /// The link on it that leads to Microsoft, to look by permissions of a reach.
    pub async fn look_departure(&mut self, reach: &str) -> String {
        let page = self.federation_page().await;
        let start = format!("{}/federation/start/{reach}/", self.world.connection_path());
        let token = between(&page.text, &format!("href=\"{start}"), "\"");
        format!("{start}{}", token.expect("a way to Microsoft"))
    }

    /// Follows it, and signs in there as an account; tells where the browser is sent.
    pub async fn look_return(&mut self, reach: &str, account: Option<&str>) -> String {
        let path = self.look_departure(reach).await;
        let microsoft = self.person.browser.get(&path).await.location().expect("an address");
        self.answer(&microsoft, account).await
    }

    /// Walks the whole way as an account, and ends on our page.
    pub async fn look_at_federation(&mut self, reach: &str, account: &str) -> Page {
        let back = self.look_return(reach, Some(account)).await;
        self.person.browser.visit(&back).await
    }

    /// The certificate that our page offers, in DER.
    pub async fn certificate(&self) -> Vec<u8> {
        self.certificate_named("current").await
    }

    /// The certificate of that name: `current` or `next`.
    pub async fn certificate_named(&self, name: &str) -> Vec<u8> {
        let (base, path) = (&self.world.base_url, self.world.connection_path());
        let url = format!("{base}{path}/certificate/{name}.cer");
        let cookies = self.person.browser.cookies.iter().map(|(k, v)| format!("{k}={v}"));
        let cookies = cookies.collect::<Vec<_>>().join("; ");
        let answer = self.http.get(url).header("cookie", cookies).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        answer.bytes().await.unwrap().to_vec()
    }

    /// Tells the simulated Entra something.
    pub async fn simulate(&self, what: &str, body: &Value) {
        let url = format!("{}/_sim/oauth/{what}", self.world.microsoft.url());
        let answer = self.http.put(url).json(body).send().await.unwrap();
        assert!(answer.status().is_success(), "{what}: {}", answer.text().await.unwrap());
    }

    /// What the simulated Entra remembers of what it was asked.
    pub async fn journal(&self, kind: &str) -> usize {
        let url = format!("{}/_sim/log", self.world.microsoft.url());
        let log: Value = self.http.get(url).send().await.unwrap().json().await.unwrap();
        let entries = log["entries"].as_array().unwrap();
        entries.iter().filter(|entry| entry["kind"] == kind).count()
    }

    /// Takes a tenant's consent back.
    pub async fn revoke(&self, client_id: &str) {
        let url =
            format!("{}/_sim/oauth/consents/{TENANT}/{client_id}", self.world.microsoft.url());
        assert!(self.http.delete(url).send().await.unwrap().status().is_success());
    }

    /// The connection's page.
    pub async fn page(&mut self) -> Page {
        let path = self.world.connection_path();
        self.person.browser.visit(&path).await
    }

    /// The link on our page that leads to Microsoft, for a feature.
    pub async fn departure(&mut self, feature: &str) -> String {
        let page = self.page().await;
        let prefix = format!("href=\"{}/start/{feature}/", self.world.connection_path());
        let token = between(&page.text, &prefix, "\"").expect("a way to Microsoft").to_owned();
        format!("{}/start/{feature}/{token}", self.world.connection_path())
    }

    /// Follows it.
    pub async fn depart(&mut self, feature: &str) -> String {
        let path = self.departure(feature).await;
        self.person.browser.get(&path).await.location().expect("Microsoft's address")
    }

    /// Answers Microsoft's page as an account, or says no, and tells where the browser is sent.
    pub async fn answer(&self, url: &str, account: Option<&str>) -> String {
        let form: Vec<_> = account.map(|account| ("account", account)).into_iter().collect();
        let answer = self.http.post(url).form(&form).send().await.unwrap();
        let (status, location) = (answer.status(), answer.headers().get(LOCATION).cloned());
        let text = answer.text().await.unwrap();
        let location = location.unwrap_or_else(|| panic!("{status}: {text}"));
        location.to_str().unwrap().to_owned()
    }

    /// Consents as an account and comes back, to be sent to Microsoft's sign-in.
    pub async fn consent(&mut self, feature: &str, account: &str) -> String {
        let microsoft = self.depart(feature).await;
        let back = self.answer(&microsoft, Some(account)).await;
        let page = self.person.browser.get(&back).await;
        page.location().unwrap_or_else(|| panic!("{}: {}", page.status, page.text))
    }

    /// Walks the whole way as an account, and ends on our page.
    pub async fn connect(&mut self, feature: &str, account: &str) -> Page {
        let sign_in = self.consent(feature, account).await;
        let back = self.answer(&sign_in, Some(account)).await;
        self.person.browser.visit(&back).await
    }

    /// Connects the tenant, and waits until its people are here.
    pub async fn connected(&mut self) {
        let page = self.connect("read-users", account::BOSS).await;
        assert_eq!(stands(&page), "Connected.");
        self.world.settled().await;
    }

    /// Types an address on our page for signing in with Microsoft.
    pub async fn type_address(&self, browser: &mut Browser, address: &str) -> Page {
        let page = browser.visit(&self.world.microsoft_path()).await;
        browser.submit(&page, &[("address", address)]).await
    }

    /// The same, and takes the link to Microsoft.
    pub async fn leave(&self, browser: &mut Browser, address: &str) -> String {
        let page = self.type_address(browser, address).await;
        let link = between(&page.text, "id=\"microsoft\" href=\"", "\"");
        unescape(link.unwrap_or_else(|| panic!("{}: {}", page.status, page.text)))
    }

    /// Signs in at Microsoft as an account, and tells where the browser is sent.
    pub async fn return_address(
        &self,
        browser: &mut Browser,
        address: &str,
        account: &str,
    ) -> String {
        let microsoft = self.leave(browser, address).await;
        self.answer(&microsoft, Some(account)).await
    }

    /// Walks the whole way as an account, up to our answer.
    pub async fn sign_in_as(&self, browser: &mut Browser, address: &str, account: &str) -> Page {
        let back = self.return_address(browser, address, account).await;
        browser.get(&back).await
    }

    /// Begins a look at everybody by its page, and waits until it is over.
    pub async fn look(&mut self) -> Page {
        let path = format!("{}/preflight", self.world.connection_path());
        let page = self.person.browser.visit(&path).await;
        let mut page = self.person.browser.submit(&page, &[]).await;
        // As a browser does, for as long as the page asks for it.
        let over = async {
            while page.status != 200 || page.headers.contains_key(REFRESH) {
                page = self.person.browser.visit(&path).await;
            }
        };
        tokio::time::timeout(PATIENCE, over).await.expect("the look is over");
        page
    }

    /// Sends the n-th form of our page.
    pub async fn press(&mut self, action: &str) -> Page {
        let page = self.page().await;
        let csrf = page.field("csrf").expect("a form");
        let path = format!("{}/{action}", self.world.connection_path());
        let browser: &mut Browser = &mut self.person.browser;
        let answer = browser.post(&path, &[("csrf", &csrf)]).await;
        browser.follow(answer).await
    }
}

/// Connects the demo organization of a local stack, in the browser of its administrator, who has a
/// session: our page, Microsoft's consent, Microsoft's sign-in, our page.
///
/// # Errors
///
/// Where a page is not the one that leads on.
pub async fn connect_demo(ready: &Ready, browser: &mut Browser) -> Result<(), String> {
    consent_demo(ready, browser, "read-users").await
}

/// The same for another feature, once it is connected.
///
/// # Errors
///
/// Where a page is not the one that leads on.
pub async fn consent_demo(
    ready: &Ready,
    browser: &mut Browser,
    feature: &str,
) -> Result<(), String> {
    let administrator = ready.users.first().ok_or("nobody administers the demo organization")?;
    let page = browser.visit(&ready.connect_url).await;
    let path = ready.connect_url.trim_start_matches(&ready.base_url);
    let start = format!("{path}/start/{feature}/");
    let token = between(&page.text, &format!("href=\"{start}"), "\"");
    let token = token.ok_or_else(|| format!("no way to Microsoft: {}", page.status))?;
    let mut page = browser.get(&format!("{start}{token}")).await;
    let mut microsoft = Browser::new(&ready.entra_url);
    for _leg in ["consent", "sign-in"] {
        let away = location(&page)?;
        let back = microsoft.post(&away, &[("account", &administrator.object_id)]).await;
        page = browser.get(&location(&back)?).await;
    }
    Ok(())
}

fn location(page: &Page) -> Result<String, String> {
    page.location().ok_or_else(|| format!("{}: {}", page.status, page.text))
}

/// The line of our page that says how the connection stands.
pub fn stands(page: &Page) -> &str {
    between(&page.text, "id=\"state\" role=\"status\">", "<")
        .unwrap_or_else(|| panic!("{}: {}", page.status, page.text))
}
