//! Somebody who does what a person would do when a page fails: reloads it, then begins anew.

use std::time::Duration;

use identity::{SecretHash, User};
use scenarios::saml::{AuthnRequest, between, decode};
use scenarios::{Authenticator, Browser, Ended, Page, World};
use tokio::time::timeout;

/// Longer than all that a page waits for may take together: the table three seconds, KMS five, the
/// bus two. Far less than the function's own 25.
const PATIENCE: Duration = Duration::from_secs(15);

/// What a browser can do again by reloading.
#[derive(Clone, Debug)]
pub(crate) enum Action {
    /// Opens an address.
    Open(String),
    /// Sends a form.
    Send(String, Vec<(String, String)>),
    /// Sends Entra's form of a request.
    Land(AuthnRequest),
}

impl Action {
    /// Does it once.
    pub(crate) async fn perform(&self, browser: &mut Browser) -> Page {
        match self {
            Self::Open(url) => browser.get(url).await,
            Self::Send(url, fields) => {
                let fields = fields.iter().map(|(name, value)| (&**name, &**value));
                browser.post(url, &fields.collect::<Vec<_>>()).await
            }
            Self::Land(request) => browser.land(request).await,
        }
    }
}

/// The way ended here; another one begins at the portal.
#[derive(Debug)]
pub(crate) struct Over;

/// Somebody at a keyboard.
#[derive(Debug)]
pub(crate) struct Visitor {
    pub(crate) user: User,
    pub(crate) browser: Browser,
    pub(crate) authenticator: Authenticator,
    /// Whether no event arrives, so that only the sweep brings mails.
    pub(crate) without_events: bool,
    /// The link that enrols them, where one does.
    pub(crate) link: String,
    /// The recovery code that they came with, and its hash.
    pub(crate) recovery: Option<(String, SecretHash)>,
    /// The calls that the errand is about, by their positions: all, unless it says.
    pub(crate) window: (usize, usize),
    pub(crate) what: String,
    /// Requests that were answered, by their ids.
    answered: Vec<String>,
    troubles: usize,
    /// Faults that a page that failed was the end of.
    ended: Vec<Ended>,
    asked: usize,
}

impl Visitor {
    fn new(user: User, browser: Browser, authenticator: Authenticator) -> Self {
        Self {
            user,
            browser,
            authenticator,
            without_events: false,
            link: String::new(),
            recovery: None,
            window: (0, usize::MAX),
            what: String::new(),
            answered: Vec::new(),
            troubles: 0,
            ended: Vec::new(),
            asked: 0,
        }
    }

    /// Somebody who has a passkey and a session.
    pub(crate) async fn regular(world: &World) -> Self {
        let person = world.person("regular").await;
        Self::new(person.user, person.browser, person.authenticator)
    }

    /// Somebody who never was here.
    pub(crate) async fn newcomer(world: &World, number: usize) -> Self {
        let user = world.user(&format!("newcomer-{number}")).await;
        Self::new(user, world.browser(), Authenticator::default())
    }

    /// Begins another case.
    pub(crate) fn begin(&mut self, what: &str, without_events: bool) {
        self.what = what.to_owned();
        self.without_events = without_events;
        self.troubles = 0;
        self.ended.clear();
    }

    /// Where mails with codes go.
    pub(crate) fn personal(&self) -> String {
        self.user.personal_email.as_ref().unwrap().as_str().to_owned()
    }

    /// What the errand is about begins here.
    pub(crate) fn enters(&mut self, world: &World) {
        self.window.0 = world.login.passed();
    }

    /// What the errand is about ends here.
    pub(crate) fn leaves(&mut self, world: &World) {
        self.window.1 = world.login.passed();
    }

    /// Checks that they have the passkey that they came for wholly or not at all, and tells which.
    pub(crate) async fn is_done_wholly(&self, world: &World) -> bool {
        match &self.recovery {
            None => world.enrolled_wholly(&self.user, &self.what).await,
            Some((_, hash)) => world.renewed_wholly(&self.user, hash, &self.what).await,
        }
    }

    /// The faults that ended with a page that failed.
    pub(crate) fn ended(&self) -> &[Ended] {
        &self.ended
    }

    /// How many pages failed.
    pub(crate) fn troubles(&self) -> usize {
        self.troubles
    }

    /// A new request of the portal's.
    pub(crate) fn ask(&mut self, world: &World) -> AuthnRequest {
        self.asked += 1;
        AuthnRequest::new(&format!("_{}-{}", self.user.display_name, self.asked), world.now())
    }

    /// The newest request of the portal's.
    pub(crate) fn asked(&self) -> String {
        format!("_{}-{}", self.user.display_name, self.asked)
    }

    /// Does something, and follows where it leads.
    pub(crate) async fn act(&mut self, world: &World, action: Action) -> Result<Page, Over> {
        let mut page = self.step(world, &action).await?;
        while let Some(next) = page.location().filter(|url| url.starts_with('/')) {
            page = self.step(world, &Action::Open(next)).await?;
        }
        Ok(page)
    }

    /// Fills in and sends the first form of a page.
    pub(crate) async fn submit(
        &mut self,
        world: &World,
        page: &Page,
        fields: &[(&str, &str)],
    ) -> Result<Page, Over> {
        let own = fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let mut all = page.hidden();
        all.retain(|(name, _)| !fields.iter().any(|(own, _)| own == name));
        all.extend(own);
        self.act(world, Action::Send(page.action(), all)).await
    }

    /// One page; when it fails, the same once more after the services are well again.
    async fn step(&mut self, world: &World, action: &Action) -> Result<Page, Over> {
        let page = self.perform(world, action).await;
        if !page.status.is_server_error() {
            return self.judge(page);
        }
        self.troubles += 1;
        page.assert_refused(503, &self.what);
        for cause in ["injected", "Exception", "InternalServerError", "dynamodb", "kms", "::"] {
            assert!(!page.text.contains(cause), "{}: {cause} in {}", self.what, page.text);
        }
        assert!(page.text.contains("class=\"request\""), "{}: no number to ask by", self.what);
        self.is_done_wholly(world).await;
        self.ended.extend(world.login.mend());
        let again = self.perform(world, action).await;
        assert!(!again.status.is_server_error(), "{}: {}", self.what, again.text);
        self.judge(again)
    }

    fn judge(&self, page: Page) -> Result<Page, Over> {
        match page.status.as_u16() {
            200 | 303 => Ok(page),
            410 if self.troubles > 0 => Err(Over),
            other => panic!("{}: {other} {}", self.what, page.text),
        }
    }

    async fn perform(&mut self, world: &World, action: &Action) -> Page {
        let performed = timeout(PATIENCE, action.perform(&mut self.browser)).await;
        let page = performed.unwrap_or_else(|_| panic!("{}: no page in time", self.what));
        if let Some((_, response, _)) = page.answer() {
            self.note(world, &decode(&response)).await;
        }
        page
    }

    /// Every answer is signed or names nobody, answers a request that was consumed, and is the only one to it.
    async fn note(&mut self, world: &World, xml: &str) {
        let id = between(xml, "InResponseTo=\"", "\"").expect("what it answers").to_owned();
        let names_nobody = xml.contains("status:NoPassive") && !xml.contains("Assertion");
        assert!(xml.contains("SignatureValue>") || names_nobody, "{}: unsigned", self.what);
        assert_eq!(world.consumed(&id).await, 1, "{}: answered and not consumed", self.what);
        assert!(!self.answered.contains(&id), "{}: a second answer to {id}", self.what);
        self.answered.push(id);
    }

    /// Whether the newest request was answered.
    pub(crate) fn was_answered(&self) -> bool {
        self.answered.contains(&self.asked())
    }
}
