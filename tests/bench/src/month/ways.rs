//! What each way through the product uses, counted on the wires between functions and services.

use std::time::Duration;

use entra_sim::{Delivery, GraphUser};
use http::Method;
use jiff::SignedDuration;
use local::build;
use local::template::Model;
use scenarios::scim::{entra_user, patch};
use scenarios::{Authenticator, Capacity, Wire, World};
use serde_json::json;

use super::usage::Usage;
use crate::Failure;

/// What each way uses, and what is there anyway.
#[derive(Clone, Debug)]
pub(super) struct Ways {
    /// A request of Entra's within a session.
    pub(super) silent: Usage,
    /// One that asks for a passkey.
    pub(super) passkey: Usage,
    /// An enrolment by a code that is mailed.
    pub(super) enrolment: Usage,
    /// A change that a provisioning client tells of.
    pub(super) provisioned: Usage,
    /// A round of reading a tenant, in which nothing changed.
    pub(super) round: Usage,
    /// A user who changed in the tenant, beside the round.
    pub(super) change: Usage,
    /// One of whom a notice tells, with what is read again a minute and ten minutes later.
    pub(super) notice: Usage,
    /// A subscription that is renewed, beside the round.
    pub(super) renewal: Usage,
    /// A sweep that finds nothing.
    pub(super) sweep: Usage,
    /// A dispatch that finds nothing.
    pub(super) dispatch: Usage,
    pub(super) keys: f64,
    pub(super) alarms: f64,
    pub(super) queues: f64,
}

/// The object id of somebody whom Entra provisions.
const EDITH: &str = "6b0f1b2c-3d4e-4f60-8172-000000000001";
/// Within which a wire has noted an answer.
const NOTED: Duration = Duration::from_millis(100);

/// How often a tenant is read, as nobody has set it otherwise.
const ROUND: SignedDuration = SignedDuration::from_hours(4);
/// What is read again after a notice is read within so long each time.
const AGAIN: [SignedDuration; 2] = [SignedDuration::from_mins(2), SignedDuration::from_mins(11)];

/// How long a notice may take to be seen to.
const PATIENCE: Duration = Duration::from_secs(60);

/// A world, and how long an invocation takes in it.
struct Counting {
    world: World,
    model: Model,
    seconds: f64,
}

impl Ways {
    /// Goes each way once, and counts.
    pub(super) async fn count(seconds: f64) -> Result<Self, Failure> {
        let path = build::find_template()?;
        let alarms =
            std::fs::read_to_string(&path)?.matches("Type: AWS::CloudWatch::Alarm").count();
        let world = World::start().await;
        let model = scenarios::world::model("https://localhost", "http://localhost");
        let [keys, queues] = [model.keys.len(), model.mappings.len()];
        let counting = Counting { world, model, seconds };
        let (silent, passkey) = counting.sign_ins().await;
        let enrolment = counting.enrolment().await;
        let provisioned = counting.provisioned().await;
        let [sweep, dispatch] = counting.schedules().await;
        let idle = sweep + dispatch;
        let [round, change] = counting.rounds(idle).await;
        let notice = counting.notice(idle).await?;
        let renewal = counting.renewal(idle + round).await;
        let [keys, queues, alarms] = [keys, queues, alarms].map(|many| many as f64);
        Ok(Self {
            silent,
            passkey,
            enrolment,
            provisioned,
            round,
            change,
            notice,
            renewal,
            sweep,
            dispatch,
            keys,
            alarms,
            queues,
        })
    }

    /// Each, with its name.
    pub(super) fn all(&self) -> impl Iterator<Item = (&'static str, Usage)> {
        [
            ("silent sign-in", self.silent),
            ("sign-in with a passkey", self.passkey),
            ("enrolment by a mailed code", self.enrolment),
            ("change told by SCIM", self.provisioned),
            ("round in which nothing changed", self.round),
            ("user who changed in the tenant", self.change),
            ("the same, told by a notice", self.notice),
            ("subscription renewed", self.renewal),
            ("sweep that finds nothing", self.sweep),
            ("dispatch that finds nothing", self.dispatch),
        ]
        .into_iter()
    }
}

impl Counting {
    fn wires(&self) -> [&Wire; 5] {
        let world = &self.world;
        [&world.login, &world.scim, &world.directory, &world.offboarding, &world.notifications]
    }

    fn forget(&self) {
        for wire in self.wires() {
            wire.calls();
            wire.capacity();
        }
    }

    /// What was used since it was forgotten, by so many requests to a function. Each event wakes the
    /// directory function.
    async fn used(&self, function: &str, requests: f64) -> Usage {
        let mut capacity = Capacity::default();
        // What the table has done shows a moment before a wire has noted its answer.
        loop {
            let noted = self.wires().map(Wire::capacity);
            let none = noted.iter().all(|noted| *noted == Capacity::default());
            for noted in noted {
                capacity.read += noted.read;
                capacity.write += noted.write;
            }
            if none {
                break;
            }
            tokio::time::sleep(NOTED).await;
        }
        let calls: Vec<_> = self.wires().iter().flat_map(|wire| wire.calls()).collect();
        let of = |service: &str, operation: &str| {
            let of =
                |call: &&scenarios::Call| (call.service, &*call.operation) == (service, operation);
            calls.iter().filter(of).count() as f64
        };
        let events = of("events", "PutEvents");
        let mails = calls.iter().filter(|call| call.service == "ses").count() as f64;
        let gb = |name: &str| {
            self.model.functions.get(name).map_or(0.0, |it| f64::from(it.memory) / 1_024.0)
        };
        Usage {
            requests,
            invocations: requests + events,
            gb_seconds: self.seconds * (requests * gb(function) + events * gb("DirectoryFunction")),
            read_units: capacity.read,
            write_units: capacity.write,
            signatures: of("kms", "Sign"),
            events,
            mails,
        }
    }

    async fn sign_ins(&self) -> (Usage, Usage) {
        let world = &self.world;
        let mut ada = world.person("ada").await;
        world.settled().await;
        world.browser().visit("/saml/contoso.test/certificate.pem").await;
        self.forget();
        let mut browser = world.browser();
        let page = browser.visit(&world.sso("_passkey")).await;
        browser.sign_in(&page, &mut ada.authenticator).await;
        let passkey = self.used("LoginFunction", browser.requests as f64).await;
        let before = browser.requests;
        browser.visit(&world.sso("_silent")).await;
        let silent = self.used("LoginFunction", (browser.requests - before) as f64).await;
        (silent, passkey)
    }

    async fn enrolment(&self) -> Usage {
        let world = &self.world;
        world.user("grace").await;
        self.forget();
        let mut browser = world.browser();
        let page = browser.begin_enrolment(&world.sso("_enrolment")).await;
        let page = browser.submit(&page, &[("address", "grace@contoso.test")]).await;
        let code = world.code("grace@personal.test").await;
        let page = browser.submit(&page, &[("code", &code)]).await;
        browser.register(&page, &mut Authenticator::default()).await;
        world.settled().await;
        self.used("LoginFunction", browser.requests as f64).await
    }

    async fn provisioned(&self) -> Usage {
        let world = &self.world;
        let entra = world.entra().await;
        let user = entra.create(&entra_user("edith", EDITH)).await;
        let id = user.get("id").and_then(|id| id.as_str()).unwrap_or_default();
        let path = format!("/Users/{id}");
        self.forget();
        // Entra looks somebody up before it changes them.
        entra.get("/Users?filter=userName%20eq%20%22edith%40contoso.test%22").await;
        let rename =
            patch(json!([{ "op": "Replace", "path": "displayName", "value": "Edith C." }]));
        entra.call(Method::PATCH, &path, &rename).await;
        world.settled().await;
        self.used("ScimFunction", 2.0).await
    }

    async fn schedules(&self) -> [Usage; 2] {
        let world = &self.world;
        // Whoever Entra provisions is an account of the tenant.
        let edith = GraphUser {
            id: EDITH.to_owned(),
            user_principal_name: "edith@contoso.test".to_owned(),
            display_name: "Edith C.".to_owned(),
            ..GraphUser::default()
        };
        let put = world.microsoft.put_user(edith);
        debug_assert!(put.is_ok(), "{put:?}");
        world.connector().await.connected().await;
        // Everything that follows a first round is done by then.
        for _ in 0..2 {
            self.swept_after(ROUND).await;
        }
        self.pass(SignedDuration::from_mins(1));
        world.sweep_outbox().await;
        let sweep = Usage { requests: 0.0, ..self.used("DirectoryFunction", 1.0).await };
        self.pass(SignedDuration::from_mins(1));
        world.dispatch().await;
        let dispatch = Usage { requests: 0.0, ..self.used("OffboardingFunction", 1.0).await };
        [sweep, dispatch]
    }

    async fn rounds(&self, idle: Usage) -> [Usage; 2] {
        let round = self.swept_after(ROUND).await - idle;
        self.rename("B.");
        let change = self.swept_after(ROUND).await - idle - round;
        [round, change]
    }

    async fn notice(&self, idle: Usage) -> Result<Usage, Failure> {
        let world = &self.world;
        self.forget();
        world.microsoft.set_delivery(Delivery::default());
        self.rename("C.");
        // It is over once what changed is to be read again.
        let soon = self.world.now() + SignedDuration::from_mins(15);
        let again = async || {
            let due = world.store.due_long_outbox(25, soon).await;
            due.is_ok_and(|due| due.len() == AGAIN.len())
        };
        let seen_to = async {
            while !again().await {
                tokio::time::sleep(NOTED).await;
            }
        };
        tokio::time::timeout(PATIENCE, seen_to).await?;
        world.microsoft.set_delivery(Delivery { silent: true, ..Delivery::default() });
        let mut notice = self.used("NotificationsFunction", 1.0).await;
        for later in AGAIN {
            self.pass(later);
            world.sweep().await;
            let used = Usage { requests: 0.0, ..self.used("DirectoryFunction", 2.0).await };
            notice = notice + used - idle;
        }
        world.settled().await;
        Ok(notice)
    }

    async fn renewal(&self, before: Usage) -> Usage {
        self.swept_after(ROUND).await;
        // A day after it was made.
        self.swept_after(ROUND).await - before
    }

    fn rename(&self, initial: &str) {
        for user in self.world.microsoft.users().into_iter().take(1) {
            let changed =
                GraphUser { display_name: format!("{} {initial}", user.display_name), ..user };
            let put = self.world.microsoft.put_user(changed);
            debug_assert!(put.is_ok(), "{put:?}");
        }
    }

    fn pass(&self, time: SignedDuration) {
        self.world.clock.pass(time);
        self.world.agree();
        self.forget();
    }

    /// What a sweep and a dispatch use, after some time.
    async fn swept_after(&self, time: SignedDuration) -> Usage {
        self.pass(time);
        self.world.sweep().await;
        self.world.settled().await;
        Usage { requests: 0.0, ..self.used("DirectoryFunction", 2.0).await }
    }
}
