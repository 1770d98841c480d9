//! Requests that a client might send, one after the other, about what is there by then.

use reqwest::Method;
use serde_json::{Value, json};

use super::dice::Dice;
use super::filters::Filters;
use super::model::{Kind, Known, Model};
use super::odd_users;
use super::patches;
use super::people::{ENTERPRISE, OWN, People, USER, word};
use super::request::{Order, Request, Version, Walk};

/// How many users there are before anything else happens, and about how many there are at most.
const FIRST: usize = 10;
const MOST: usize = 24;

pub(super) struct Generator {
    dice: Dice,
    people: People,
}

type Make = fn(&mut Generator, &Model) -> Request;

impl Generator {
    pub(super) fn new(seed: u64) -> Self {
        Self { dice: Dice::new(seed), people: People::default() }
    }

    pub(super) fn next(&mut self, model: &Model) -> Request {
        if model.all(Kind::User).len() < FIRST {
            return self.create(model);
        }
        if model.all(Kind::Group).len() < 2 {
            return self.create_group(model);
        }
        let is_full = model.all(Kind::User).len() > MOST;
        let kinds: [(usize, Make); 17] = [
            (if is_full { 1 } else { 9 }, Self::create),
            (3, Self::create_group),
            (7, Self::create_oddly),
            (if is_full { 9 } else { 3 }, Self::delete),
            (8, Self::read),
            (22, Self::filter),
            (6, Self::sort),
            (6, Self::page),
            (2, Self::walk),
            (2, Self::search_all),
            (7, Self::replace),
            (4, Self::replace_oddly),
            (18, Self::patch),
            (7, Self::patch_oddly),
            (6, Self::insist),
            (3, Self::unknown),
            (3, Self::odd),
        ];
        self.dice.weighted(&kinds)(self, model)
    }

    fn kind(&mut self) -> Kind {
        if self.dice.chance(75) { Kind::User } else { Kind::Group }
    }

    fn known<'a>(&mut self, model: &'a Model) -> &'a Known {
        let kind = self.kind();
        self.dice.pick(model.all(kind))
    }

    fn create(&mut self, model: &Model) -> Request {
        let user = self.people.user(&mut self.dice, model);
        Request::new("create-user", Method::POST, "/Users").body(user)
    }

    fn create_group(&mut self, model: &Model) -> Request {
        let group = self.people.group(&mut self.dice, model);
        Request::new("create-group", Method::POST, "/Groups").body(group)
    }

    /// What a server should refuse, or take although it is not as it should be.
    fn create_oddly(&mut self, model: &Model) -> Request {
        let (odd, body) = odd_users::odd(&mut self.dice, &mut self.people, model, "created oddly");
        let request = Request::new(format!("create-user:{odd}"), Method::POST, "/Users");
        match odd {
            "unknown-member" => {
                Request::new("create-group:unknown-member", Method::POST, "/Groups").body(body)
            }
            "no-display-name" => {
                Request::new("create-group:no-display-name", Method::POST, "/Groups").body(body)
            }
            "no-json" => request.body("{\"userName\": "),
            "media-type" => Request { content_type: Some("text/plain"), ..request.body(body) },
            _ => request.body(body),
        }
    }

    fn delete(&mut self, model: &Model) -> Request {
        let known = self.known(model);
        let last = model.all(known.kind).len() <= 2;
        let what = format!("delete-{}", known.kind.word());
        if last {
            return self.read(model);
        }
        Request::new(what, Method::DELETE, known.path()).about(&known.name)
    }

    fn read(&mut self, model: &Model) -> Request {
        let known = self.known(model);
        let what = format!("read-{}", known.kind.word());
        let request = Request::get(what, known.path()).about(&known.name);
        if self.dice.chance(60) { self.project(request, known.kind) } else { request }
    }

    /// Some of the attributes, RFC 7644 §3.9.
    fn project(&mut self, mut request: Request, kind: Kind) -> Request {
        let parameter = *self.dice.pick(&["attributes", "excludedAttributes"]);
        let department = format!("{ENTERPRISE}:department");
        let title = format!("{USER}:title");
        let of_users = [
            "userName",
            "USERNAME",
            "displayName",
            "title",
            "name",
            "name.familyName",
            "emails",
            "emails.value",
            "emails.type",
            "addresses.locality",
            "active",
            "externalId",
            "id",
            "meta",
            "meta.created",
            "schemas",
            "roles",
            ENTERPRISE,
            &department,
            &title,
            OWN,
        ];
        let of_groups = ["displayName", "members", "externalId", "meta", "id", "members.value"];
        let all: &[&str] = if kind == Kind::User { &of_users } else { &of_groups };
        let is_odd = self.dice.chance(6);
        let names = if is_odd {
            vec!["shoeSize"]
        } else {
            (0..=self.dice.roll(3)).map(|_| *self.dice.pick(all)).collect::<Vec<_>>()
        };
        request.what += match (parameter, is_odd) {
            ("attributes", false) => ":attributes",
            ("attributes", true) => ":attributes-unknown",
            (_, false) => ":excluded",
            (_, true) => ":excluded-unknown",
        };
        request.with(parameter, names.join(","))
    }

    fn filter(&mut self, model: &Model) -> Request {
        let kind = self.kind();
        let filter = Filters::new(&mut self.dice, model, kind).any();
        let what = format!("filter-{}:{}", kind.word(), filter.kind);
        let mut request = if self.dice.chance(20) {
            let body = json!({
                "schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"],
                "filter": filter.text,
                "count": 200,
            });
            let path = format!("{}/.search", kind.endpoint());
            return Request::new(what, Method::POST, path).body(body);
        } else {
            Request::get(what, kind.endpoint()).with("filter", filter.text)
        };
        request = request.with("count", "200");
        if self.dice.chance(15) { self.project(request, kind) } else { request }
    }

    fn sort(&mut self, model: &Model) -> Request {
        let kind = self.kind();
        let by: &[&'static str] = match kind {
            Kind::User => &[
                "userName",
                "displayName",
                "title",
                "name.familyName",
                "externalId",
                "locale",
                "profileUrl",
                "active",
            ],
            Kind::Group => &["displayName", "externalId"],
        };
        let by = *self.dice.pick(by);
        let mut request = Request::get(format!("sort-{}", kind.word()), kind.endpoint());
        request = request.with("sortBy", by).with("count", "200");
        request.order = Order::By(by);
        match self.dice.roll(12) {
            0..4 => request = request.with("sortOrder", "descending"),
            4..7 => request = request.with("sortOrder", "ascending"),
            7 => {
                request.what += ":order-unknown";
                request = request.with("sortOrder", "sideways");
            }
            8 => {
                let query = request.query.iter_mut().find(|(name, _)| *name == "sortBy");
                query.unwrap().1 = "shoeSize".to_owned();
                request.what += ":unknown";
                request.order = Order::Open;
            }
            _ => {}
        }
        if !request.what.contains(':') && self.dice.chance(40) {
            let filter = Filters::new(&mut self.dice, model, kind).any();
            request.what += &format!(":{}", filter.kind);
            request = request.with("filter", filter.text);
        }
        request
    }

    /// A page of an order in which every place is certain.
    fn page(&mut self, model: &Model) -> Request {
        let kind = self.kind();
        let all = model.all(kind).len();
        let (what, start, count) = match self.dice.roll(12) {
            0 => ("start-below", "0".to_owned(), "3".to_owned()),
            1 => ("start-negative", "-4".to_owned(), "3".to_owned()),
            2 => ("start-beyond", (all + 5).to_string(), "3".to_owned()),
            3 => ("start-word", "first".to_owned(), "3".to_owned()),
            4 => ("count-zero", "1".to_owned(), "0".to_owned()),
            5 => ("count-negative", "1".to_owned(), "-2".to_owned()),
            6 => ("count-word", "1".to_owned(), "many".to_owned()),
            7 => ("count-large", "1".to_owned(), "100000".to_owned()),
            _ => {
                let start = 1 + self.dice.roll(all);
                ("within", start.to_string(), (1 + self.dice.roll(9)).to_string())
            }
        };
        let by = if kind == Kind::User { "userName" } else { "displayName" };
        let mut request = Request::get(format!("page-{}:{what}", kind.word()), kind.endpoint())
            .with("sortBy", by)
            .with("startIndex", start)
            .with("count", count);
        request.order = Order::By(by);
        request
    }

    /// Every page, one after the other.
    fn walk(&mut self, model: &Model) -> Request {
        let kind = self.kind();
        let walk = *self.dice.pick(&[Walk::ByIndex, Walk::ByCursor]);
        let count = model.all(kind).len() / (1 + self.dice.roll(4)) + 1;
        let what = format!("walk-{}:{walk:?}", kind.word());
        let mut request = Request::get(what, kind.endpoint()).with("count", count.to_string());
        request = match walk {
            Walk::ByCursor => Request { cursors: Some(Default::default()), ..request },
            _ => request.with("startIndex", "1"),
        };
        if self.dice.chance(30) {
            let attribute = *self.dice.pick(&["externalId", "displayName", "id"]);
            request = request.with("filter", format!("{attribute} pr"));
        }
        if self.dice.chance(50) {
            let by = if kind == Kind::User { "userName" } else { "displayName" };
            request = request.with("sortBy", by);
            request.order = Order::By(by);
        }
        Request { walk, ..request }
    }

    fn search_all(&mut self, model: &Model) -> Request {
        let users = model.all(Kind::User);
        let user = self.dice.pick(users);
        let filter = match self.dice.roll(4) {
            0 => format!("id eq \"{}\"", user.name),
            1 => "meta.resourceType eq \"Group\"".to_owned(),
            2 => format!("displayName co {}", Value::from(word(&mut self.dice))),
            _ => "externalId pr".to_owned(),
        };
        if self.dice.chance(50) {
            Request::get("search-all", "/").with("filter", filter).with("count", "200")
        } else {
            let body = json!({
                "schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"],
                "filter": filter,
                "count": 200,
            });
            Request::new("search-all", Method::POST, "/.search").body(body)
        }
    }

    fn replace(&mut self, model: &Model) -> Request {
        let known = self.known(model);
        let (mut body, keeps) = match known.kind {
            Kind::User => (self.people.user(&mut self.dice, model), "userName"),
            Kind::Group => (self.people.group(&mut self.dice, model), "displayName"),
        };
        if self.dice.chance(60) {
            body[keeps] = known.body[keeps].clone();
        }
        let what = format!("replace-{}", known.kind.word());
        let request = Request::new(what, Method::PUT, known.path()).about(&known.name).body(body);
        if self.dice.chance(15) { self.project(request, known.kind) } else { request }
    }

    fn replace_oddly(&mut self, model: &Model) -> Request {
        let known = self.dice.pick(model.all(Kind::User)).clone();
        loop {
            let (odd, mut body) =
                odd_users::odd(&mut self.dice, &mut self.people, model, "replaced oddly");
            if ["unknown-member", "no-display-name", "no-json", "media-type"].contains(&odd) {
                continue;
            }
            let is_own = odd.starts_with("taken") && body["userName"] == known.body["userName"];
            if is_own
                || (odd == "taken-external-id" && body["externalId"] == known.body["externalId"])
            {
                body["userName"] = known.body["userName"].clone();
            }
            let what = format!("replace-user:{odd}");
            let request = Request::new(what, Method::PUT, known.path());
            return request.about(&known.name).body(body);
        }
    }

    fn patch(&mut self, model: &Model) -> Request {
        let known = self.known(model);
        let (what, operations) = patches::usual(&mut self.dice, &mut self.people, model, known);
        let what = format!("patch-{}:{what}", known.kind.word());
        let request = Request::new(what, Method::PATCH, known.path()).about(&known.name);
        let request = request.body(patches::body(&operations));
        if self.dice.chance(15) { self.project(request, known.kind) } else { request }
    }

    fn patch_oddly(&mut self, model: &Model) -> Request {
        let known = self.dice.pick(model.all(Kind::User));
        let (what, body) = patches::odd(&mut self.dice, model, known);
        let what = format!("patch-user:{what}");
        Request::new(what, Method::PATCH, known.path()).about(&known.name).body(body)
    }

    /// Conditions, RFC 7644 §3.14.
    fn insist(&mut self, model: &Model) -> Request {
        let known = self.known(model);
        let header = *self.dice.pick(&["If-Match", "If-None-Match"]);
        let version = match self.dice.roll(5) {
            0 => Version::Any,
            1 | 2 if known.has_changed() => Version::First,
            _ => Version::Current,
        };
        let what = |verb: &str| format!("{verb}-{}:{header}", known.kind.word());
        let title = json!([{ "op": "replace", "path": "displayName", "value": format!("{} {}",
            word(&mut self.dice), self.dice.roll(1000)) }]);
        let request = match self.dice.roll(8) {
            0..4 => Request::get(what("read"), known.path()),
            4 if model.all(known.kind).len() > 4 => {
                Request::new(what("delete"), Method::DELETE, known.path())
            }
            _ => {
                Request::new(what("patch"), Method::PATCH, known.path()).body(patches::body(&title))
            }
        };
        request.about(&known.name).insisting(header, version)
    }

    /// Resources that are not there, or not any more.
    fn unknown(&mut self, model: &Model) -> Request {
        let kind = self.kind();
        let gone = model.gone();
        let id = match self.dice.roll(3) {
            0 => "nobody".to_owned(),
            1 if !gone.is_empty() => self.dice.pick(gone).clone(),
            _ => "6b0f1b2c-3d4e-4f60-8172-63544536271a".to_owned(),
        };
        let path = format!("{}/{id}", kind.endpoint());
        let operations = json!([{ "op": "replace", "path": "displayName", "value": "x" }]);
        let body = match kind {
            Kind::User => self.people.user(&mut self.dice, model),
            Kind::Group => self.people.group(&mut self.dice, model),
        };
        match self.dice.roll(4) {
            0 => Request::get("unknown:read", path),
            1 => Request::new("unknown:delete", Method::DELETE, path),
            2 => Request::new("unknown:replace", Method::PUT, path).body(body),
            _ => {
                Request::new("unknown:patch", Method::PATCH, path).body(patches::body(&operations))
            }
        }
    }

    /// Whatever else may be asked of a server.
    fn odd(&mut self, model: &Model) -> Request {
        let known = self.known(model);
        let schema = format!("/Schemas/{}", self.dice.pick(&[USER, ENTERPRISE, OWN]));
        match self.dice.deal("odd", 14) {
            0 => Request::get("discovery:config", "/ServiceProviderConfig"),
            1 => Request::get("discovery:types", "/ResourceTypes"),
            2 => Request::get("discovery:type", "/ResourceTypes/User"),
            3 => Request::get("discovery:schemas", "/Schemas"),
            4 => Request::get("discovery:schema", schema),
            5 => Request::get("discovery:unknown", "/Schemas/urn:x:y"),
            6 => Request::get("discovery:filtered", "/Schemas").with("filter", "id pr"),
            7 => Request::get("me", "/Me"),
            8 => Request::get("no-such-endpoint", "/Shoes"),
            9 => Request::new("method", Method::PUT, known.kind.endpoint()).body("{}"),
            10 => Request::new("method", Method::DELETE, "/Users"),
            11 => Request::new("method", Method::POST, known.path()).body("{}"),
            12 => {
                let body = json!({
                    "schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"],
                    "filter": 5,
                });
                Request::new("search:wrong-type", Method::POST, "/Users/.search").body(body)
            }
            _ => Request::new("search:no-json", Method::POST, "/Users/.search").body("{"),
        }
    }
}
