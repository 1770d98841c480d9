//! Where the processor time of a silent sign-in goes.
//!
//! The same public functions that `login` calls, in the same order, on one thread of this program,
//! which is compiled as the functions are.

use std::hint::black_box;
use std::thread;
use std::time::Duration;

use ambient::{Clock as _, SystemClock, SystemEntropy};
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_dynamodb::config::Credentials;
use identity::{DomainName, OrganizationId, OutboxId, Secret, SecretHash, UserId};
use jiff::Timestamp;
use keys::ring::KeyRing;
use keys::{KmsKeys, kms_config};
use local::Ready;
use saml::request::{Message, Skew, from_redirect};
use saml::response::{Answer, AuthnContext, UnsignedResponse, form_value};
use store::{Action, Actor, Answered, Asking, AuditEntry, Facts, Proof, Store, Table};
use web::language::Language;
use web::page::{AutoPost, Page as _};
use xmldsig::Certificate;

use crate::Failure;
use crate::account::Account;
use crate::answer::question;
use crate::stopwatch::thread_time;

/// How much oftener what does not wait is repeated: the kernel brings a running thread's time up to
/// date a few hundred times a second only.
const MORE: usize = 20;

/// A step of a sign-in, and its microseconds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Part {
    pub(crate) what: &'static str,
    pub(crate) micros: f64,
}

/// Repeats each step of one person's silent sign-in.
pub(crate) fn measure(account: &Account, count: usize) -> Result<Vec<Part>, Failure> {
    let person = account.people.first().ok_or("nobody enrolled")?;
    let session = person.browser.cookie("s-").ok_or("no session")?.1;
    let ready = account.stack.ready();
    let measured = thread::scope(|scope| {
        let measuring = scope.spawn(|| -> Result<Vec<Part>, Failure> {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(async {
                let bench = Bench::prepare(ready, &session, count).await?;
                Ok([bench.pure()?, bench.waiting().await?].concat())
            })
        });
        measuring.join()
    });
    measured.map_err(|_| "a step of the sign-in panicked")?
}

struct Bench {
    count: usize,
    store: Store,
    keys: KmsKeys,
    org: OrganizationId,
    domain: DomainName,
    session: (UserId, SecretHash),
    ring: KeyRing,
    facts: Facts,
}

impl Bench {
    async fn prepare(ready: &Ready, session: &str, count: usize) -> Result<Self, Failure> {
        let (user, secret) = session.split_once('.').ok_or("no session")?;
        let session: (UserId, SecretHash) = (user.parse()?, secret.parse::<Secret>()?.hash());
        let domain: DomainName = ready.domain.parse()?;
        let org: OrganizationId = ready.organization.parse()?;
        let dynamodb = aws(ready, &ready.dynamodb_endpoint).await;
        let kms = aws(ready, &ready.kms_endpoint).await;
        let store = Store::new(Table::new(&dynamodb, ready.table.clone()));
        let now = SystemClock.now();
        let asking = asking(&domain, &session);
        let facts = store.facts(org, &asking, now).await?.ok_or("no domain")?;
        let ring = store.key_ring(org, now).await?.ok_or("no keys")?.value;
        let keys = KmsKeys::new(aws_sdk_kms::Client::from_conf(kms_config(&kms)));
        Ok(Self { count, store, keys, org, domain, session, ring, facts })
    }

    /// What needs nobody else.
    fn pure(&self) -> Result<Vec<Part>, Failure> {
        let now = SystemClock.now();
        let (_, query) = question();
        let unsigned = self.unsigned(now)?;
        let xml = unsigned.clone().finish(&[0; 256]);
        let public = keys::Certificate::from_der(&self.ring.active.certificate)?;
        Ok(vec![
            self.time("inflate, parse and judge the request", || {
                let received = from_redirect(&query)?;
                if let Message::Authn(authn) = received.message {
                    black_box(authn.accept(now, Skew::TEN_MINUTES)?);
                }
                Ok(())
            })?,
            self.time("write the assertion and its digests", || {
                black_box(self.unsigned(now)?);
                Ok(())
            })?,
            self.time("parse the certificate", || {
                black_box(self.keys.signer(&self.ring.active)?);
                Ok(())
            })?,
            self.time("check KMS's signature", || {
                black_box(public.public_key().verifies(&unsigned.digest(), &[7; 256]));
                Ok(())
            })?,
            self.time("splice the signature in, write the page", || {
                let value = form_value(&unsigned.clone().finish(&[0; 256]));
                let fields = [("SAMLResponse", value.as_str()), ("RelayState", "estsredirect=2")];
                let action = &self.facts.domain.reply_url;
                black_box(
                    AutoPost { language: Language::English, action, fields: &fields }.respond(),
                );
                black_box(&xml);
                Ok(())
            })?,
        ])
    }

    /// What asks DynamoDB and KMS: building, signing, sending, reading; not their own work.
    async fn waiting(&self) -> Result<Vec<Part>, Failure> {
        let digest = self.unsigned(SystemClock.now())?.digest();
        Ok(vec![
            self.time_of("BatchGetItem of 4 items", async || {
                let asking = asking(&self.domain, &self.session);
                self.store.facts(self.org, &asking, SystemClock.now()).await?;
                Ok(())
            })
            .await?,
            self.time_of("KMS Sign", async || {
                self.keys.sign(&self.ring.active.key, digest).await?;
                Ok(())
            })
            .await?,
            self.time_of("TransactWriteItems of 4 actions", async || self.answer().await).await?,
        ])
    }

    fn unsigned(&self, now: Timestamp) -> Result<UnsignedResponse, Failure> {
        let user = &self.facts.user.as_ref().ok_or("no user")?.value;
        let session = self.facts.session.as_ref().ok_or("no session")?;
        let answer = Answer {
            response_id: "_0123456789abcdef0123456789abcdef",
            assertion_id: "_123456789abcdef0123456789abcdef0",
            issuer: &self.facts.domain.issuer,
            reply_url: &self.facts.domain.reply_url,
            in_response_to: "_23456789abcdef0123456789abcdef01",
            now,
            anchor: user.anchor.as_ref().ok_or("no anchor")?.as_str(),
            upn: user.user_name.as_str(),
            authn_instant: session.authenticated_at,
            context: AuthnContext::MultipleAuthn,
            session_index: "_123456789abcdef0123456789abcdef0",
        };
        let certificate = Certificate::from_der(self.ring.active.certificate.clone());
        Ok(answer.unsigned(&certificate)?)
    }

    async fn answer(&self) -> Result<(), Failure> {
        let now = SystemClock.now();
        let (id, _) = question();
        let user = self.facts.user.as_ref().ok_or("no user")?;
        let (by, entry) = (Actor::User(user.value.id), OutboxId::mint(&SystemEntropy));
        let mut audit = AuditEntry::new(entry, now, by, Action::SignedIn);
        audit.relying_party = Some(self.facts.domain.issuer.clone());
        audit.key = Some(self.ring.active.key.as_str().to_owned());
        audit.request_id = Some("8476a536-e9f4-11e8-9739-2dfe598c3fcd".to_owned());
        let answered = Answered {
            domain: &self.facts.domain.name,
            request_id: &id,
            pending: None,
            user,
            proof: Proof::Session(&self.session.1),
            audit: &audit,
        };
        Ok(self.store.answer(self.org, &answered, now).await?)
    }

    fn time(
        &self,
        what: &'static str,
        mut step: impl FnMut() -> Result<(), Failure>,
    ) -> Result<Part, Failure> {
        let count = self.count * MORE;
        step()?;
        let began = thread_time()?;
        for _ in 0..count {
            step()?;
        }
        Ok(Part::of(what, thread_time()? - began, count))
    }

    async fn time_of(
        &self,
        what: &'static str,
        step: impl AsyncFn() -> Result<(), Failure>,
    ) -> Result<Part, Failure> {
        step().await?;
        let began = thread_time()?;
        for _ in 0..self.count {
            step().await?;
        }
        Ok(Part::of(what, thread_time()? - began, self.count))
    }
}

impl Part {
    fn of(what: &'static str, time: Duration, count: usize) -> Self {
        Self { what, micros: time.as_secs_f64() * 1e6 / count as f64 }
    }
}

fn asking<'a>(domain: &'a DomainName, session: &'a (UserId, SecretHash)) -> Asking<'a> {
    let session = Some((session.0, &session.1));
    Asking { domain, answered: None, request: None, session, passkey: None }
}

async fn aws(ready: &Ready, endpoint: &str) -> SdkConfig {
    aws_config::defaults(BehaviorVersion::latest())
        .region(Region::new(ready.region.clone()))
        .credentials_provider(Credentials::new("local", "local", None, None, "local"))
        .endpoint_url(endpoint)
        .load()
        .await
}
