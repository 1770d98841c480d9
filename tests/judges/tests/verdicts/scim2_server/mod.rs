//! A server by other people, with our schemas, is sent the same requests: what it answers
//! otherwise is a mistake of ours, or explained in `tests/vectors/scim/differences.json`.

mod comparison;
mod dice;
mod differences;
mod filters;
mod generator;
mod model;
mod odd_users;
mod patches;
mod people;
mod request;
mod server;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::time::Duration;

use judges::Site;
use reqwest::Method;
use serde_json::Value;

use comparison::{Disagreement, compare, normal};
use differences::Differences;
use generator::Generator;
use model::{Kind, Model, OURS, REFERENCE};
use request::{Request, Walk};
use server::{Answer, KEYS, Reference, Server};

/// What the requests follow from; `SCIM_SEED` has another one tried.
const SEED: u64 = 7644;
/// How many requests the generator makes. Those that look at what a change has done, and those for
/// the pages after the first, come on top.
const REQUESTS: usize = 2_000;
/// How many of each kind must have been, so that agreement means something.
const LEAST: [(&str, usize); 6] = [
    ("changes that both made", 400),
    ("requests that both refused", 180),
    ("lists in which both found somebody", 220),
    ("lists in which both found nobody", 40),
    ("orders of two or more", 60),
    ("conditions that failed", 15),
];

/// How many pages a list has at the most.
const MOST_PAGES: usize = 8;
/// How long somebody deleted may still be in a group.
const PATIENCE: Duration = Duration::from_secs(20);

/// The two servers and what they should have.
struct Trial {
    servers: [Server; 2],
    model: Model,
    differences: Differences,
    sent: Vec<(Option<String>, String)>,
    /// How many of the generator's own were sent.
    generated: usize,
    counts: BTreeMap<&'static str, usize>,
    unexplained: BTreeMap<(String, String), String>,
    /// Who was deleted and is still in groups.
    leaving: Vec<String>,
    /// Where our keys have been: who comes back there is shown the place that they left, whatever
    /// was made or deleted since.
    walked: BTreeSet<(usize, String, usize)>,
}

impl Trial {
    /// Sends to both.
    async fn both(&self, request: &Request) -> [Answer; 2] {
        let [ours, reference] = &self.servers;
        let (ours, reference) =
            tokio::join!(ours.send(&self.model, request), reference.send(&self.model, request));
        [ours, reference]
    }

    /// Sends to both and compares; answers whether they are alike.
    async fn exchange(&mut self, request: &Request) -> ([Answer; 2], bool) {
        let answers = self.both(request).await;
        let alike = self.heard(request, &answers);
        (answers, alike)
    }

    /// Reads at the same time what nothing changes meanwhile.
    async fn read(&mut self, requests: &mut Vec<Request>) {
        while let Some(second) = requests.pop() {
            let first = requests.pop();
            let (second_answers, first_answers) = tokio::join!(self.both(&second), async {
                match &first {
                    Some(first) => Some(self.both(first).await),
                    None => None,
                }
            });
            for (request, answers) in
                first.zip(first_answers).into_iter().chain([(second, second_answers)])
            {
                self.generated += 1;
                self.heard(&request, &answers);
            }
        }
    }

    /// Compares two answers; tells whether they are alike.
    fn heard(&mut self, request: &Request, answers: &[Answer; 2]) -> bool {
        self.sent.push((request.about.clone(), request.to_string()));
        // What was made has a name before it is compared.
        if let Some(kind) = request.creates()
            && answers.iter().all(Answer::is_success)
        {
            let ids = answers.each_ref().map(|answer| comparison::id(answer).to_owned());
            let versions = answers.each_ref().map(|answer| answer.etag.clone().unwrap_or_default());
            self.model.add(kind, ids, versions);
        }
        self.count(request, answers);
        self.judge(request, answers)
    }

    fn judge(&mut self, request: &Request, answers: &[Answer; 2]) -> bool {
        let bases = [self.servers[0].base.as_str(), self.servers[1].base.as_str()];
        let found = compare(&self.model, request, bases, answers);
        let unexplained = found
            .iter()
            .filter(|disagreement| !self.differences.explain(request, disagreement))
            .cloned()
            .collect::<Vec<_>>();
        if let Some(first) = unexplained.first() {
            let class = (request.what.clone(), first.aspect.clone());
            let report = self.report(request, answers, &unexplained);
            self.unexplained.entry(class).or_insert(report);
        }
        found.is_empty()
    }

    /// The request, what else was sent about the same resource, and both answers.
    fn report(&self, request: &Request, answers: &[Answer; 2], found: &[Disagreement]) -> String {
        let mut report = format!("\n== {} (request {})\n", request.what, self.sent.len());
        for disagreement in found {
            writeln!(report, "   {disagreement}").unwrap();
        }
        let before = self.sent[..self.sent.len() - 1]
            .iter()
            .filter(|(about, _)| about.is_some() && *about == request.about)
            .map(|(_, request)| request.as_str())
            .collect::<Vec<_>>();
        for earlier in before.iter().rev().take(3).rev() {
            writeln!(report, "   before: {earlier:.600}").unwrap();
        }
        writeln!(report, "   sent: {request}").unwrap();
        for (server, answer) in answers.iter().enumerate() {
            let base = &self.servers[server].base;
            let body = normal(&self.model, server, base, &answer.body).to_string();
            let detail = answer.body["detail"].as_str().unwrap_or_default();
            let name = ["ours", "reference"][server];
            writeln!(report, "   {name}: {} {body:.1500} {detail}", answer.status).unwrap();
        }
        report
    }

    fn count(&mut self, request: &Request, answers: &[Answer; 2]) {
        let both = |test: fn(&Answer) -> bool| answers.iter().all(test);
        let counted = [
            (0, request.is_write() && both(Answer::is_success)),
            (1, both(|answer| (400..500).contains(&answer.status))),
            (2, answers.iter().all(|answer| !listed(answer).is_empty())),
            (3, both(|answer| answer.body["totalResults"] == 0)),
            (
                4,
                request.order != request::Order::Open
                    && answers.iter().all(|it| listed(it).len() > 1),
            ),
            (5, both(|answer| [304, 412].contains(&answer.status))),
        ];
        for (kind, counts) in counted {
            if counts {
                *self.counts.entry(LEAST[kind].0).or_default() += 1;
            }
        }
    }

    /// Sends one request, and looks at what it has done.
    async fn step(&mut self, request: &Request) {
        if request.walk != Walk::No {
            return self.walk(request).await;
        }
        if let Some(start) = request.start() {
            return self.jump(request, start).await;
        }
        self.generated += 1;
        let (answers, alike) = self.exchange(request).await;
        if let Some(kind) = request.creates() {
            self.created(kind, request, &answers, alike).await;
        } else if let Some(name) = &request.about
            && request.is_write()
        {
            match (request.method == Method::DELETE, answers.each_ref().map(Answer::is_success)) {
                (true, [true, true]) => self.is_gone(name),
                (true, [true, false] | [false, true]) => self.drop_both(name).await,
                // Only one has changed it, and that was said.
                (false, [true, false] | [false, true]) => self.align(name).await,
                _ => self.look_again(name, &request.what, alike).await,
            }
        }
    }

    /// Sends a request for a page with a key that has not been there.
    async fn jump(&mut self, request: &Request, start: usize) {
        let place = |key: usize, start: usize| (key, request.path.clone(), start);
        let key = (1..KEYS).find(|key| !self.walked.contains(&place(*key, start)));
        let Some(key) = key else { return };
        self.generated += 1;
        let (answers, _) = self.exchange(&Request { key, ..request.clone() }).await;
        self.walked.insert(place(key, start + listed(&answers[OURS]).len()));
    }

    /// Sends a request and those for the pages after it, and compares all of them as one.
    async fn walk(&mut self, first: &Request) {
        self.generated += 1;
        let mut request = first.clone();
        let mut all: Option<[Answer; 2]> = None;
        for _ in 0..MOST_PAGES {
            let answers = self.both(&request).await;
            self.sent.push((None, request.to_string()));
            let next = answers.each_ref().map(|answer| answer.body["nextCursor"].as_str());
            let next = match next {
                [Some(ours), Some(reference)] => Some([ours.to_owned(), reference.to_owned()]),
                _ => None,
            };
            let pages = answers.each_ref().map(|answer| listed(answer).len());
            match &mut all {
                None => all = Some(answers),
                Some(all) => {
                    for (all, page) in all.iter_mut().zip(&answers) {
                        all.body["nextCursor"] = page.body["nextCursor"].clone();
                        let resources = all.body["Resources"].as_array_mut();
                        resources.unwrap().extend_from_slice(listed(page));
                    }
                }
            }
            let passed = all.as_ref().map_or(0, |all| listed(&all[OURS]).len());
            match (request.walk, next) {
                (Walk::ByCursor, Some(next)) => request.cursors = Some(next),
                (Walk::ByIndex, _) if pages.iter().all(|page| *page > 0) => {
                    let start = request.query.iter_mut().find(|(name, _)| *name == "startIndex");
                    start.unwrap().1 = (passed + 1).to_string();
                }
                _ => break,
            }
        }
        let all = all.unwrap();
        self.judge(first, &all);
        self.count(first, &all);
    }

    /// Whoever is deleted leaves their groups: at once or a moment later, and on the reference
    /// never.
    async fn leave_groups(&mut self) {
        while let Some(name) = self.leaving.pop() {
            for group in self.model.groups_with(&name) {
                let read = Request::get("wait", self.model.get(&group).unwrap().path());
                let id = self.model.id(OURS, &name).to_owned();
                let ours = &self.servers[OURS];
                let gone = async {
                    while ours.send(&self.model, &read).await.body.to_string().contains(&id) {
                        tokio::time::sleep(Duration::from_millis(20)).await;
                    }
                };
                let gone = tokio::time::timeout(PATIENCE, gone).await;
                assert!(gone.is_ok(), "{name} stays in {group}");
                self.look_again(&group, "delete-user", false).await;
            }
        }
    }

    fn is_gone(&mut self, name: &str) {
        self.model.remove(name);
        self.leaving.push(name.to_owned());
    }

    async fn created(&mut self, kind: Kind, request: &Request, answers: &[Answer; 2], alike: bool) {
        let made = answers.each_ref().map(Answer::is_success);
        if made == [true, true] {
            let id = comparison::id(&answers[OURS]);
            let name = self.model.name_of(OURS, id).unwrap().clone();
            self.look_again(&name, &request.what, alike).await;
            return;
        }
        for server in [OURS, REFERENCE] {
            if made[server] {
                let path = comparison::place(kind, comparison::id(&answers[server]));
                self.undo(server, &path).await;
            }
        }
    }

    async fn undo(&self, server: usize, path: &str) {
        let delete = Request::new("undo", Method::DELETE, path);
        let gone = self.servers[server].send(&self.model, &delete).await;
        assert!([204, 404].contains(&gone.status), "{path}: {} {}", gone.status, gone.body);
    }

    async fn drop_both(&mut self, name: &str) {
        let kind = self.model.get(name).unwrap().kind;
        for server in [OURS, REFERENCE] {
            let path = comparison::place(kind, self.model.id(server, name));
            self.undo(server, &path).await;
        }
        self.is_gone(name);
    }

    /// Reads a resource after something was done to it, and makes the reference's equal to ours
    /// where they differ, so that one difference does not hide another.
    async fn look_again(&mut self, name: &str, what: &str, alike: bool) {
        let known = self.model.get(name).unwrap();
        let request = Request::get(format!("after:{what}"), known.path()).about(name);
        let (answers, same) = self.exchange(&request).await;
        self.learn(name, &answers);
        if what.ends_with(":schemas-missing") {
            // The reference shows schemas that it does not have, and filters by those it has.
            self.drop_both(name).await;
        } else if !(alike && same) {
            self.align(name).await;
        }
    }

    fn learn(&mut self, name: &str, answers: &[Answer; 2]) {
        let base = self.servers[OURS].base.clone();
        let body = normal(&self.model, OURS, &base, &answers[OURS].body);
        let Some(known) = self.model.get_mut(name) else { return };
        if answers[OURS].status == 200 {
            known.body = body;
        }
        for (server, answer) in answers.iter().enumerate() {
            if let Some(version) = &answer.etag {
                known.versions[server].clone_from(version);
            }
        }
    }

    async fn align(&mut self, name: &str) {
        let known = self.model.get(name).unwrap();
        let body = comparison::to_send(&known.body);
        let path = known.path();
        let put = Request::new("align", Method::PUT, path.clone()).body(body);
        let put = self.servers[REFERENCE].send(&self.model, &put).await;
        let answers = self.both(&Request::get("align", path)).await;
        self.learn(name, &answers);
        let bodies = [OURS, REFERENCE].map(|server| {
            normal(&self.model, server, &self.servers[server].base, &answers[server].body)
        });
        if !put.is_success() || bodies[0] != bodies[1] {
            self.drop_both(name).await;
        }
    }
}

fn listed(answer: &Answer) -> &[Value] {
    answer.body["Resources"].as_array().map(Vec::as_slice).unwrap_or_default()
}

#[expect(clippy::disallowed_methods, reason = "by hand, another seed is tried")]
fn seed() -> u64 {
    std::env::var("SCIM_SEED").map_or(SEED, |text| text.parse().unwrap())
}

#[tokio::test]
async fn an_independent_server_answers_every_request_as_we_do_or_it_is_known_why() {
    let site = Site::start().await;
    let ours = Server::ours(&site).await;
    let (reference, theirs) = Reference::start(&site, &ours).await;
    let seed = seed();
    println!("seed {seed}");
    let mut generator = Generator::new(seed);
    let mut trial = Trial {
        servers: [ours, theirs],
        model: Model::default(),
        differences: Differences::read(),
        sent: Vec::new(),
        generated: 0,
        counts: BTreeMap::new(),
        unexplained: BTreeMap::new(),
        leaving: Vec::new(),
        walked: BTreeSet::new(),
    };

    let mut reads = Vec::new();
    while trial.generated + reads.len() < REQUESTS {
        let request = generator.next(&trial.model);
        if request.is_alone() {
            reads.push(request);
        } else {
            trial.read(&mut reads).await;
            trial.step(&request).await;
            trial.leave_groups().await;
        }
    }
    trial.read(&mut reads).await;

    println!("{} of {} requests: {:?}", trial.generated, trial.sent.len(), trial.counts);
    assert!(trial.generated >= REQUESTS, "only {} (seed {seed})", trial.generated);
    let reports = trial.unexplained.values().map(String::as_str).collect::<String>();
    let count = trial.unexplained.len();
    assert!(
        count == 0,
        "{count} kinds of differences that nothing explains (seed {seed}):{reports}"
    );
    assert_eq!(trial.differences.stale(), [""; 0], "explained, but not met (seed {seed})");
    for (kind, least) in LEAST {
        let count = trial.counts.get(kind).copied().unwrap_or_default();
        assert!(count >= least, "only {count} {kind} (seed {seed})");
    }
    drop(reference);
    site.close().await;
}

/// Both hold the same names for the same things.
#[test]
fn names_of_ours_stand_for_the_ids_of_each_server() {
    let mut model = Model::default();
    let ids = ["one".to_owned(), "two".to_owned()];
    let name = model.add(Kind::User, ids, [String::new(), String::new()]);
    assert_eq!(model.for_server(OURS, &format!("/Users/{name}?«x» ")), "/Users/one?«x» ");
    assert_eq!(model.for_server(REFERENCE, &format!("\"{name}\"")), "\"two\"");
    let body = serde_json::json!({ "id": "two", "meta": { "location": "http://r/Users/two" } });
    let body = normal(&model, REFERENCE, "http://r", &body);
    let location = Value::from(format!("/Users/{name}"));
    assert_eq!(body["meta"]["location"], location);
}
