//! How much memory provisioning takes, in the processes that cargo builds from this workspace: the
//! most that was ever resident, over a thousand usual requests, and over the heaviest of each kind
//! that an administrator's clients send.

#![allow(clippy::indexing_slicing, clippy::unwrap_used, reason = "tests")]

use std::fs;

use aws_config::{BehaviorVersion, Region};
use aws_sdk_dynamodb::config::Credentials;
use aws_sdk_dynamodb::types::{AttributeValue, PutRequest, WriteRequest};
use futures_util::stream::{self, StreamExt as _};
use local::build;
use local::{Options, Stack};
use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};

/// What is promised of the release build, in MiB. This one is not optimized and has a larger
/// executable in memory; usual requests took 33 when this was written and the heaviest 61, so the
/// promise holds for it too.
const MOST: u64 = 64;
/// Requests that one process answers.
const REQUESTS: usize = 1_000;
/// How many bytes of resources an answer holds at the most.
const ANSWER: usize = 4 * 1024 * 1024;
/// How many members one operation takes.
const MOST_MEMBERS: usize = 25_000;
/// How many objects of one number each a body holds, about.
const MOST_OBJECTS: usize = 33_000;
/// How often somebody asks again whom a busy machine answers that it is unavailable.
const PATIENCE: usize = 20;

fn options() -> Options {
    let (template, functions) = build::tested(env!("CARGO")).unwrap();
    Options { concurrency: 1, ..Options::new(template, functions) }
}

/// `VmHWM`, the most that was ever resident, in MiB. `proc(5)`.
fn most_resident(pid: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    let kibibytes: u64 = line.split_whitespace().next().unwrap().parse().unwrap();
    kibibytes.div_ceil(1024)
}

/// The account, a client that provisions into it, and the one process that answers.
struct Place {
    stack: Stack,
    client: Client,
    pid: u32,
    /// The most that was ever resident, after each step.
    steps: Vec<(&'static str, u64)>,
}

/// What was answered.
struct Answer {
    status: StatusCode,
    body: Value,
    bytes: usize,
}

impl Place {
    async fn start() -> Self {
        let stack = Stack::start(options()).await.unwrap();
        let mut place = Self { stack, client: Client::new(), pid: 0, steps: Vec::new() };
        place.get("/ServiceProviderConfig").await;
        place.pid = place.process();
        place.note("the first request");
        place
    }

    fn process(&self) -> u32 {
        let processes = self.stack.processes("ScimFunction");
        assert_eq!(processes.len(), 1, "one process answers everything");
        processes[0]
    }

    fn note(&mut self, step: &'static str) {
        self.steps.push((step, most_resident(self.pid)));
    }

    /// Checks that one process answered everything, in as little as is promised.
    async fn end(self) {
        assert_eq!(self.process(), self.pid, "one process answered everything");
        assert!(self.steps.iter().all(|(_, most)| *most <= MOST), "MiB: {:?}", self.steps);
        self.stack.stop().await;
    }

    async fn ask(&self, method: &Method, path: &str, body: &Value) -> Answer {
        let ready = self.stack.ready();
        let mut patience = PATIENCE;
        loop {
            let url = format!("{}{path}", ready.scim_url);
            let request = self.client.request(method.clone(), url).bearer_auth(&ready.scim_key);
            let request = request.header("content-type", "application/scim+json");
            let request = if body.is_null() { request } else { request.body(body.to_string()) };
            let answer = request.send().await.unwrap();
            let (status, text) = (answer.status(), answer.text().await.unwrap());
            patience -= 1;
            if status != StatusCode::SERVICE_UNAVAILABLE || patience == 0 {
                let body = serde_json::from_str(&text).unwrap_or_default();
                return Answer { status, body, bytes: text.len() };
            }
        }
    }

    /// The same, which must be a success.
    async fn call(&self, method: Method, path: &str, body: &Value) -> Answer {
        let answer = self.ask(&method, path, body).await;
        assert!(answer.status.is_success(), "{method} {path}: {} {}", answer.status, answer.body);
        answer
    }

    async fn get(&self, path: &str) -> Answer {
        self.call(Method::GET, path, &Value::Null).await
    }

    async fn post(&self, path: &str, body: &Value) -> Value {
        self.call(Method::POST, path, body).await.body
    }

    async fn patch(&self, path: &str, operations: Value) {
        self.call(Method::PATCH, path, &patch_of(operations)).await;
    }

    /// Puts items into the table of which no more is known than that they are there. Each of their
    /// partition keys begins with the organization.
    async fn invent(&self, keys: &[(String, String)]) {
        let ready = self.stack.ready();
        let aws = aws_config::defaults(BehaviorVersion::latest())
            .region(Region::new(ready.region.clone()))
            .credentials_provider(Credentials::new("local", "local", None, None, "local"))
            .endpoint_url(&ready.dynamodb_endpoint);
        let dynamodb = aws_sdk_dynamodb::Client::new(&aws.load().await);
        let put = |(pk, sk): &(String, String)| {
            let pk = format!("ORG#{}#{pk}", ready.organization);
            let put = PutRequest::builder()
                .item("pk", AttributeValue::S(pk))
                .item("sk", AttributeValue::S(sk.clone()))
                .item("version", AttributeValue::N("1".to_owned()))
                .item("value", AttributeValue::Null(true));
            WriteRequest::builder().put_request(put.build().unwrap()).build()
        };
        let writes = keys.chunks(25).map(|some| {
            let puts = some.iter().map(put).collect::<Vec<_>>();
            dynamodb.batch_write_item().request_items(&ready.table, puts).send()
        });
        let mut writes = stream::iter(writes).buffer_unordered(8);
        while let Some(written) = writes.next().await {
            written.unwrap();
        }
    }

    /// Invents members of a group.
    async fn invent_members(&self, group: &str, ids: &[String]) {
        let group = |number: usize| format!("GROUP#{group}#MEMBERS#{}", number % 16);
        let members = ids.iter().enumerate().map(|(number, id)| (group(number), id.clone()));
        self.invent(&members.collect::<Vec<_>>()).await;
    }
}

fn patch_of(operations: Value) -> Value {
    let schemas = ["urn:ietf:params:scim:api:messages:2.0:PatchOp"];
    json!({ "schemas": schemas, "Operations": operations })
}

/// Ids of nobody's, spread over the partitions as random ones are.
fn invented(count: usize) -> Vec<String> {
    (0..count).map(|number| format!("{:02x}{number:030x}", number % 256)).collect()
}

/// Somebody almost as large as anybody may be: eight texts of almost 8 KiB.
fn portly(number: usize) -> Value {
    let text = "x".repeat(8_080);
    let mut user = json!({
        "userName": format!("portly{number}@contoso.test"),
        "displayName": "P",
        "name": { "formatted": text, "middleName": text },
    });
    for name in ["title", "nickName", "locale", "timezone", "userType", "preferredLanguage"] {
        user[name] = json!(text);
    }
    user
}

/// Somebody with as many values as anybody may have, a thousand, each of them small.
fn minute(number: usize) -> Value {
    let values = |count: usize| {
        (0..count).map(|number| json!({ "value": format!("{number:03}") })).collect::<Value>()
    };
    json!({
        "userName": format!("minute{number}@contoso.test"),
        "title": format!("{}", number % 7),
        "nickName": "m",
        "locale": "fr",
        "roles": values(249),
        "photos": values(249),
        "ims": values(249),
        "phoneNumbers": values(249),
    })
}

/// As many creations as are advertised, in as many bytes.
fn bulk(config: &Value) -> Value {
    let of = |name: &str| usize::try_from(config["bulk"][name].as_u64().unwrap()).unwrap();
    let (most, bytes) = (of("maxOperations"), of("maxPayloadSize"));
    let body = |text: usize| {
        let create = |number: usize| {
            let user = json!({
                "userName": format!("bulk{number:04}@contoso.test"),
                "title": "x".repeat(text / 2),
                "nickName": "x".repeat(text / 2),
            });
            json!({ "method": "POST", "path": "/Users", "bulkId": number.to_string(), "data": user })
        };
        let operations = (0..most).map(create).collect::<Value>();
        json!({
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],
            "Operations": operations,
        })
    };
    let empty = body(0).to_string().len();
    let body = body((bytes - empty) / most);
    let length = body.to_string().len();
    assert!(length <= bytes && length > bytes - 2 * most, "{length} of {bytes}");
    body
}

#[tokio::test]
async fn a_scim_process_stays_below_64_mib_over_a_thousand_requests() {
    let mut place = Place::start().await;
    for number in 0..REQUESTS / 4 {
        let name = format!("joiner{number}@contoso.test");
        let user = json!({ "userName": name, "displayName": "J", "title": "x".repeat(4_096) });
        let made = place.post("/Users", &user).await;
        let user = format!("/Users/{}", made["id"].as_str().unwrap());
        place.patch(&user, json!([{ "op": "replace", "path": "active", "value": false }])).await;
        let found = format!("/Users?filter=userName+eq+%22{name}%22");
        assert_eq!(place.get(&found).await.body["totalResults"], 1);
        // Now and then the largest page there is: in the end 200 users of 4 KiB.
        place.get(if number % 25 == 24 { "/Users?count=200" } else { &user }).await;
    }
    place.note("a thousand requests");
    place.end().await;
}

impl Place {
    async fn pages_of_the_largest_people(&mut self) {
        for number in 0..120 {
            self.post("/Users", &portly(number)).await;
        }
        for query in ["", "sortBy=title&", "filter=title%20sw%20%22x%22&", "sortBy=userName&"] {
            let page = self.get(&format!("/Users?{query}count=200")).await;
            assert!(page.bytes > ANSWER - 64 * 1024, "{query}: {}", page.bytes);
            assert!(page.body["totalResults"].as_u64().unwrap() >= 120, "{query}");
        }
        let nobody = self.get("/Users?filter=title%20co%20%22y%22").await;
        assert_eq!(nobody.body["totalResults"], 0);
        self.note("pages of the largest people");
    }

    async fn pages_of_the_most_values(&mut self) {
        for number in 0..300 {
            self.post("/Users", &minute(number)).await;
        }
        let mut one_more = minute(0);
        one_more["userType"] = json!("x");
        let refused = self.ask(&Method::POST, "/Users", &one_more).await;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST);
        assert_eq!(refused.body["detail"], "the resource has more than 1000 values");
        let minute = "filter=userName%20sw%20%22minute%22";
        for query in ["", "&sortBy=title", "&sortBy=userName"] {
            let page = self.get(&format!("/Users?{minute}{query}&count=200")).await;
            assert_eq!(page.body["totalResults"], 300, "{query}");
            assert_eq!(page.body["itemsPerPage"], 200, "{query}");
        }
        self.note("pages of those who have the most values");
    }

    async fn bodies_of_the_most_values(&mut self) {
        let tiny = |count: usize| {
            let values = (0..count).map(|_| json!({ "a": 1 })).collect::<Value>();
            json!({ "userName": format!("tiny{count}@contoso.test"), "values": values })
        };
        let body = tiny(MOST_OBJECTS);
        let schemas = ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"];
        let create =
            |data| json!({ "method": "POST", "path": "/Users", "bulkId": "1", "data": data });
        let bulk = json!({ "schemas": schemas, "Operations": [create(body.clone())] });
        let done = self.post("/Bulk", &bulk).await;
        assert_eq!(done["Operations"][0]["status"], "201");
        let user = format!(
            "/Users{}",
            done["Operations"][0]["location"].as_str().unwrap().rsplit_once("/Users").unwrap().1
        );
        self.call(Method::PUT, &user, &body).await;
        let refused = self.ask(&Method::PUT, &user, &tiny(MOST_OBJECTS + 1_000)).await;
        assert_eq!(refused.status, StatusCode::PAYLOAD_TOO_LARGE);
        self.note("bodies of the most values");
    }

    async fn the_largest_bulk(&mut self) {
        let config = self.get("/ServiceProviderConfig").await.body;
        let bulk = bulk(&config);
        let done = self.post("/Bulk", &bulk).await;
        let done = done["Operations"].as_array().unwrap();
        assert_eq!(done.len(), bulk["Operations"].as_array().unwrap().len());
        assert!(done.iter().all(|operation| operation["status"] == "201"), "{done:?}");
        self.note("a bulk of all that is advertised");
    }

    /// As many members as one operation takes, in a group that exists, and as many as fit an answer
    /// in a new one.
    async fn the_most_members(&mut self) {
        let guests = self.post("/Groups", &json!({ "displayName": "Guests" })).await;
        let guests = guests["id"].as_str().unwrap();
        let ids = invented(MOST_MEMBERS + 1);
        self.invent_members(guests, &ids[..1]).await;
        let guest = self.get(&format!("/Groups/{guests}")).await.body["members"][0].to_string();
        let most = ANSWER / (guest.len() + 1);
        self.invent_members(guests, &ids[1..most / 2]).await;
        let people = ids.iter().map(|id| (format!("USER#{id}"), "USER".to_owned()));
        self.invent(&people.collect::<Vec<_>>()).await;
        let members =
            |count: usize| ids[..count].iter().map(|id| json!({ "value": id })).collect::<Value>();

        let staff = self.post("/Groups", &json!({ "displayName": "Staff" })).await;
        let staff = format!("/Groups/{}", staff["id"].as_str().unwrap());
        let add = |count| json!([{ "op": "Add", "path": "members", "value": members(count) }]);
        let refused = self.ask(&Method::PATCH, &staff, &patch_of(add(MOST_MEMBERS + 1))).await;
        assert_eq!(refused.body["detail"], "members: takes at most 25000 in one operation");
        self.patch(&staff, add(MOST_MEMBERS)).await;
        self.refused_as_too_many(&staff).await;
        self.note("the most members by one PATCH");

        let crew = json!({ "displayName": "Crew", "members": members(most) });
        let made = self.post("/Groups", &crew).await;
        let id = format!("/Groups/{}", made["id"].as_str().unwrap());
        let put = self.call(Method::PUT, &id, &crew).await.body;
        let read = self.get(&id).await;
        for group in [&made, &put, &read.body] {
            assert_eq!(group["members"].as_array().unwrap().len(), most);
        }
        assert!(read.bytes.abs_diff(ANSWER) < 1_024, "{}", read.bytes);
        self.note("the most members that an answer holds");

        let page = |place: usize| format!("/Groups?sortBy=displayName&startIndex={place}");
        for (place, name) in [(1, "Crew"), (2, "Guests")] {
            let page = self.get(&page(place)).await.body;
            assert_eq!((&page["totalResults"], &page["itemsPerPage"]), (&json!(3), &json!(1)));
            assert_eq!(page["Resources"][0]["displayName"], name, "without the next one");
        }
        self.refused_as_too_many(&page(3)).await;
        self.note("pages of groups that fit no answer together");
    }

    async fn refused_as_too_many(&self, path: &str) {
        let refused = self.ask(&Method::GET, path, &Value::Null).await;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{path}");
        assert_eq!(refused.body["scimType"], "tooMany", "{path}");
    }
}

/// Full pages of the largest people and of those who have the most values, by their own order, by
/// one that no index has and by a filter; bodies of as many values as are read; a bulk of all that is
/// advertised; as many members as one operation takes, and as an answer holds; and pages of groups that
/// fit no answer together: each of them in the same process.
#[tokio::test]
async fn a_scim_process_stays_below_64_mib_over_the_heaviest_requests() {
    let mut place = Place::start().await;
    place.pages_of_the_largest_people().await;
    place.pages_of_the_most_values().await;
    place.bodies_of_the_most_values().await;
    place.the_largest_bulk().await;
    place.the_most_members().await;
    place.end().await;
}
