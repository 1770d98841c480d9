//! The real function process dies while somebody waits: the gateway says so, and a fresh process
//! goes on.

use identity::User;
use local::services::mail::Message;
use scenarios::saml::{AuthnRequest, between, decode};
use scenarios::world::code_of;
use scenarios::{Authenticator, Browser, Call, Effect, Fault, Page};
use tokio::time::timeout;

use crate::metric::counted;
use crate::site::{PATIENCE, Site};
use crate::visitor::{Action, Over};

/// A way through the pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// A sign-in by HTTP-Redirect.
    Redirect,
    /// A sign-in by HTTP-POST.
    Post,
    /// A first passkey by a mailed code, and an answer.
    Code,
    /// A first passkey by a one-time link.
    Link,
}

/// Where a process dies: at the call of one page that stalls.
#[derive(Clone, Debug)]
struct Death {
    /// Which page, from 1.
    page: usize,
    operation: &'static str,
    /// Calls of the same operation before it, for the same page.
    before: usize,
    /// Whether the call is carried out.
    effect: Effect,
}

/// Whether the process died yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Died {
    NotYet,
    Yes,
    /// The call that stalled was the directory function's, which a schedule had woken.
    Missed,
}

/// Somebody on a way, who loads each page again that the gateway has no answer for.
struct Walker<'a> {
    site: &'a mut Site,
    browser: Browser,
    authenticator: Authenticator,
    user: User,
    link: String,
    what: String,
    pages: usize,
    death: Option<Death>,
    died: Died,
    /// What each page of a clean run calls.
    calls: Vec<Vec<Call>>,
    answered: Vec<String>,
}

fn sso(request: &AuthnRequest) -> String {
    format!("/saml/contoso.test/sso?{}", request.query("state"))
}

impl Way {
    /// Walks without a death, each page by a process of its own, and makes deaths of all calls.
    async fn deaths(self, site: &mut Site) -> Vec<Death> {
        let calls = self.play(site, None).await.expect("a clean run");
        let mut deaths = Vec::new();
        for (page, calls) in calls.iter().enumerate() {
            for (position, call) in calls.iter().enumerate() {
                let operation = scenarios::case::named(&call.operation);
                let before = calls[..position].iter().filter(|earlier| *earlier == call).count();
                let mut effects = vec![Effect::Stall];
                if call.writes() || call.service == "events" {
                    effects.push(Effect::StallAnswer);
                }
                let death = |effect| Death { page: page + 1, operation, before, effect };
                deaths.extend(effects.into_iter().map(death));
            }
        }
        deaths
    }

    /// Plays one death.
    async fn die(self, site: &mut Site, death: Death) {
        for _ in 0..3 {
            if self.play(site, Some(death.clone())).await.is_some() {
                return;
            }
        }
        panic!("{self:?} {death:?}: it never happened");
    }

    /// Plays a death or none, and answers what each page called, unless the death was missed.
    async fn play(self, site: &mut Site, death: Option<Death>) -> Option<Vec<Vec<Call>>> {
        let user = site.user().await;
        let mut walker = Walker {
            browser: site.browser(),
            authenticator: Authenticator::default(),
            link: site.link(&user).await,
            what: format!("{self:?} {death:?}"),
            user,
            pages: 0,
            death,
            died: Died::NotYet,
            calls: Vec::new(),
            answered: Vec::new(),
            site,
        };
        if matches!(self, Self::Redirect | Self::Post) {
            let link = walker.link.clone();
            let page = walker.browser.open_link(&link).await;
            walker.browser.register(&page, &mut walker.authenticator).await;
            walker.browser = walker.site.browser();
            walker.site.quiet().await;
        }
        self.go(&mut walker).await;
        walker.check(self).await;
        let meant = walker.death.is_some();
        (!meant || walker.died == Died::Yes).then_some(walker.calls)
    }

    /// Goes the way; when it ends, as a person would go on.
    async fn go(self, walker: &mut Walker<'_>) {
        if self.walk(walker).await.is_err() {
            let enrolled = walker.is_enrolled_wholly().await;
            let way = if enrolled { Self::Redirect } else { self };
            Box::pin(way.walk(walker)).await.expect(&walker.what);
        }
    }

    async fn walk(self, walker: &mut Walker<'_>) -> Result<(), Over> {
        match self {
            Self::Redirect => {
                let request = walker.site.request();
                walker.sign_in(Action::Open(sso(&request))).await
            }
            Self::Post => {
                let request = walker.site.request();
                walker.sign_in(Action::Land(request)).await
            }
            Self::Code => walker.enrol_by_code().await,
            Self::Link => walker.enrol_by_link().await,
        }
    }
}

impl Walker<'_> {
    async fn sign_in(&mut self, arrival: Action) -> Result<(), Over> {
        let page = self.act(arrival).await?;
        if page.answer().is_some() {
            return Ok(());
        }
        let response = self.authenticator.get(&page.options(), &self.site.base_url);
        let page = self.submit(&page, &[("response", &response)]).await?;
        assert!(page.answer().is_some(), "{}: {}", self.what, page.text);
        Ok(())
    }

    async fn enrol_by_code(&mut self) -> Result<(), Over> {
        let request = self.site.request();
        let page = self.act(Action::Open(sso(&request))).await?;
        let way = between(&page.text, "href=\"/enrol/", "\"").expect("a way to enrol");
        let page = self.act(Action::Open(format!("/enrol/{way}"))).await?;
        let address = self.user.user_name.as_str().to_owned();
        let mut page = self.submit(&page, &[("address", &address)]).await?;
        let mut known = Vec::new();
        // A code that was asked for twice may come twice; the newest is right.
        while !page.text.contains("data-options") {
            let mail = self.new_mail(&known).await;
            known = self.site.mails(&self.user);
            page = self.submit(&page, &[("code", &code_of(&mail))]).await?;
        }
        let page = self.register(&page).await?;
        let way = between(&page.text, "href=\"/sign-in/", "\"").expect("a way on");
        let page = self.act(Action::Open(format!("/sign-in/{way}"))).await?;
        assert!(page.answer().is_some(), "{}: {}", self.what, page.text);
        Ok(())
    }

    async fn enrol_by_link(&mut self) -> Result<(), Over> {
        let page = self.act(Action::Open(self.link.clone())).await?;
        let page = self.submit(&page, &[]).await?;
        self.register(&page).await?;
        Ok(())
    }

    async fn register(&mut self, page: &Page) -> Result<Page, Over> {
        let response = self.authenticator.create(&page.options(), &self.site.base_url);
        let page = self.submit(page, &[("label", "Laptop"), ("response", &response)]).await?;
        assert!(page.recovery_code().is_some(), "{}: {}", self.what, page.text);
        Ok(page)
    }

    /// Waits for a mail to the person that is none of these.
    async fn new_mail(&self, known: &[Message]) -> Message {
        let to = self.user.personal_email.as_ref().unwrap().as_str();
        let is_new = |mail: &Message| !known.iter().any(|known| known.id == mail.id);
        let outbox = self.site.stack.outbox();
        let arrived = outbox.wait_for(|mail| mail.to == to && is_new(mail));
        timeout(PATIENCE, arrived).await.expect(&self.what)
    }

    async fn submit(&mut self, page: &Page, fields: &[(&str, &str)]) -> Result<Page, Over> {
        let own = fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let mut all = page.hidden();
        all.retain(|(name, _)| !fields.iter().any(|(own, _)| own == name));
        all.extend(own);
        self.act(Action::Send(page.action(), all)).await
    }

    /// Does something, and follows where it leads.
    async fn act(&mut self, action: Action) -> Result<Page, Over> {
        let mut page = self.step(&action).await?;
        while let Some(next) = page.location().filter(|url| url.starts_with('/')) {
            page = self.step(&Action::Open(next)).await?;
        }
        Ok(page)
    }

    /// One page: by a process that dies over it, by one of its own, or by whichever is there.
    async fn step(&mut self, action: &Action) -> Result<Page, Over> {
        self.pages += 1;
        let death = self.death.clone().filter(|death| death.page == self.pages);
        let death = death.filter(|_| self.died == Died::NotYet);
        let Some(Death { operation, before, effect, .. }) = death else {
            if self.death.is_none() {
                self.fresh_process().await;
            }
            let page = action.perform(&mut self.browser).await;
            let mut calls = self.site.wire.calls();
            // What follows is the directory function's.
            let announced = calls.iter().position(|call| call.service == "events");
            calls.truncate(announced.map_or(calls.len(), |position| position + 1));
            self.calls.push(calls);
            return self.judge(page);
        };
        self.fresh_process().await;
        // Carried out, or stored and never announced: the sweep brings it some day.
        self.site.stuck += usize::from(matches!(effect, Effect::StallAnswer))
            + usize::from(operation == "PutEvents");
        self.site.wire.fault(Fault { operation, skip: before, times: 1, effect });
        let died = self.site.killed(action.perform(&mut self.browser)).await;
        if died.status != 502 {
            self.died = Died::Missed;
            return self.judge(died);
        }
        self.died = Died::Yes;
        self.is_enrolled_wholly().await;
        let page = action.perform(&mut self.browser).await;
        self.judge(page)
    }

    async fn fresh_process(&self) {
        self.site.quiet().await;
        self.site.stack.kill("LoginFunction").await;
        self.site.wire.calls();
    }

    fn judge(&mut self, page: Page) -> Result<Page, Over> {
        if let Some((_, response, _)) = page.answer() {
            let xml = decode(&response);
            let id = between(&xml, "InResponseTo=\"", "\"").expect("what it answers").to_owned();
            assert!(xml.contains("SignatureValue>"), "{}: unsigned", self.what);
            assert!(!self.answered.contains(&id), "{}: a second answer to {id}", self.what);
            self.answered.push(id);
        }
        match page.status.as_u16() {
            200 | 303 => Ok(page),
            410 if self.died == Died::Yes => Err(Over),
            other => panic!("{}: {other} {}", self.what, page.text),
        }
    }

    /// Checks that they are enrolled wholly or not at all, and tells which.
    async fn is_enrolled_wholly(&self) -> bool {
        let Site { store, organization, .. } = &*self.site;
        let now = ambient::Clock::now(&ambient::SystemClock);
        let passkeys = store.passkeys(*organization, self.user.id, now).await.unwrap().len();
        let user = store.user(*organization, self.user.id, now).await.unwrap().unwrap().value;
        let enrolled = user.enrolled_at.is_some();
        assert_eq!(user.recovery.is_some(), enrolled, "{}: recovery code", self.what);
        assert_eq!(passkeys, usize::from(enrolled), "{}: passkeys", self.what);
        enrolled
    }

    /// Checks what everybody must have in the end: a passkey that signs in, and no second answer.
    async fn check(&mut self, way: Way) {
        assert!(self.is_enrolled_wholly().await, "{}: not enrolled", self.what);
        if way == Way::Link {
            self.browser = self.site.browser();
        } else {
            assert!(!self.answered.is_empty(), "{}: no answer", self.what);
        }
        let request = self.site.request();
        let page = self.browser.visit(&sso(&request)).await;
        if page.answer().is_none() {
            let page = self.browser.sign_in(&page, &mut self.authenticator).await;
            assert!(page.answer().is_some(), "{}: {}", self.what, page.text);
        }
        self.browser.visit(&sso(&request)).await.assert_refused(410, &self.what);
    }
}

/// Stacks that share the deaths of one way.
const SITES: usize = 2;

async fn survive(way: Way, least: usize) {
    let sites = (0..SITES).map(|number| {
        tokio::spawn(async move {
            let mut site = Site::start().await;
            let deaths = way.deaths(&mut site).await;
            assert!(deaths.len() >= least, "{way:?}: only {}", deaths.len());
            for death in deaths.into_iter().skip(number).step_by(SITES) {
                way.die(&mut site, death).await;
            }
        })
    });
    for site in sites.collect::<Vec<_>>() {
        site.await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_dies_anywhere_in_a_sign_in_by_redirect_costs_one_reload() {
    survive(Way::Redirect, 9).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_dies_anywhere_in_a_sign_in_by_post_costs_one_reload() {
    survive(Way::Post, 11).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_dies_anywhere_in_an_enrolment_by_code_costs_one_reload() {
    survive(Way::Code, 25).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_dies_anywhere_in_an_enrolment_by_link_costs_one_reload() {
    survive(Way::Link, 13).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signature_that_does_not_come_is_counted_and_shown_with_the_number_of_the_request() {
    let mut site = Site::start().await;
    let mut browser = site.browser();
    let page = browser.visit(&sso(&site.request())).await;
    assert!(browser.sign_in(&page, &mut site.administrator).await.answer().is_some());
    for code in ["ThrottlingException", "DisabledException", "KMSInvalidStateException"] {
        let before = counted(&site.stack, "SigningFailed");
        let effect = Effect::Refuse(400, code);
        site.wire.fault(Fault { operation: "Sign", skip: 0, times: usize::MAX, effect });
        let url = sso(&site.request());

        let refused = browser.visit(&url).await;
        site.wire.mend_spent(code);
        let reloaded = browser.visit(&url).await;

        refused.assert_refused(503, code);
        let number = between(&refused.text, "<code>", "</code>").expect("a number");
        assert!(number.len() > 5, "{code}: {number}");
        let logged = site.stack.log().iter().any(|line| line.text.contains(number));
        assert!(logged, "{code}: the log does not know {number}");
        assert_eq!(counted(&site.stack, "SigningFailed"), before + 1, "{code}");
        let (_, response, _) = reloaded.answer().expect(code);
        assert!(decode(&response).contains("SignatureValue>"));
    }
}
