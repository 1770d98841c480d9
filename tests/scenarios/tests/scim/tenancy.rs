//! What an organization's key reaches of another organization: nothing, by whatever name, on
//! whatever endpoint.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use http::Method;
use scenarios::scim::{encoded, entra_user, patch};
use scenarios::{Provisioner, World};
use serde_json::{Value, json};

use crate::{id, object, with_entra};

/// A key's own organization, and the ids of another's.
struct Neighbours {
    world: World,
    entra: Provisioner,
    /// A user and a group of our own.
    user: String,
    group: String,
    /// A user and a group of the other organization.
    foreign_user: String,
    foreign_group: String,
    /// The other organization.
    foreign: String,
    /// Cursors that it was given.
    cursors: Vec<(&'static str, String)>,
}

/// What must become of a request.
#[derive(Clone, Debug)]
enum Outcome {
    Status(u16),
    /// A list of nothing, or a filter that is refused.
    Nothing,
    /// A bulk whose operations end so.
    Operations(Vec<&'static str>),
}

use Outcome::{Nothing, Operations, Status};

type Case = (String, Value, Outcome);

const LISTS: [&str; 3] = ["/", "/Users", "/Groups"];

/// Every route of the function, from its own text.
fn routes() -> BTreeSet<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../functions/scim/src");
    let mut routes = BTreeSet::new();
    for file in ["lib.rs", "users.rs", "groups.rs", "discovery.rs"] {
        let text = fs::read_to_string(folder.join(file)).unwrap();
        for line in text.lines().filter(|line| line.contains(".route(")) {
            let [_, path, handlers] = line.splitn(3, '"').collect::<Vec<_>>().try_into().unwrap();
            let methods = ["get", "post", "put", "patch", "delete", "any"].into_iter();
            let methods = methods.filter(|name| handlers.contains(&format!("{name}(")));
            let known = routes.len();
            routes.extend(methods.map(|method| (method.to_owned(), path.to_owned())));
            assert!(routes.len() > known, "{file}: {line}");
        }
    }
    // Whatever has routes is looked at.
    let others = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
    let others = others.filter(|path| path.extension().is_some_and(|it| it == "rs"));
    let with_routes = others.filter(|path| fs::read_to_string(path).unwrap().contains(".route("));
    assert_eq!(with_routes.count(), 4, "another file has routes");
    routes
}

impl Neighbours {
    async fn new() -> Self {
        let (world, entra) = with_entra().await;
        let fabrikam = world.found("Fabrikam", "fabrikam.test").await;
        let other = world.provisioner(&fabrikam, "entra").await;
        let mut grace = entra_user("grace", &object(2));
        grace["userName"] = json!("grace@fabrikam.test");
        grace["displayName"] = json!("Grace of Fabrikam");
        grace["emails"] = json!([{ "value": "grace@fabrikam.test", "type": "work" }]);
        let mut made = Vec::new();
        for (client, user, group) in
            [(&entra, entra_user("ada", &object(1)), "Staff"), (&other, grace, "Sales of Fabrikam")]
        {
            let user = id(&client.create(&user).await).to_owned();
            let members = json!([{ "value": user }]);
            let group = json!({ "displayName": group, "externalId": group, "members": members });
            made.extend([user, id(&client.post("/Groups", &group).await.expect(201)).to_owned()]);
        }
        let mut cursors = Vec::new();
        for list in LISTS {
            for query in ["", "&filter=id%20pr"] {
                let page = other.get(&format!("{list}?cursor&count=1{query}")).await.expect(200);
                if let Some(next) = page["nextCursor"].as_str() {
                    cursors.push((list, format!("{next}{query}")));
                }
            }
        }
        assert!(cursors.len() >= 4, "{cursors:?}");
        let [user, group, foreign_user, foreign_group] = made.try_into().unwrap();
        let foreign = fabrikam.id.to_string();
        Self { world, entra, user, group, foreign_user, foreign_group, foreign, cursors }
    }

    fn foreign_ids(&self) -> [&str; 2] {
        [&self.foreign_user, &self.foreign_group]
    }

    fn filters(&self) -> Vec<String> {
        let Self { user, group, foreign_user, foreign_group, foreign, .. } = self;
        let single = vec![
            format!("id eq \"{foreign_user}\""),
            format!("id eq \"{foreign_group}\""),
            format!("id eq {foreign_user}"),
            format!("id eq \"{foreign_user}\" and active eq true"),
            format!("members eq \"{foreign_user}\""),
            format!("members[value eq \"{foreign_user}\"]"),
            format!("id eq \"{group}\" and members eq \"{foreign_user}\""),
            format!("id eq \"{foreign_group}\" and members eq \"{user}\""),
            format!("id eq \"{foreign_group}\" and members eq \"{foreign_user}\""),
            format!("groups.value eq \"{foreign_group}\""),
            format!("meta.location co \"{foreign}\""),
            format!("externalId eq \"{}\"", object(2)),
            "externalId eq \"Sales of Fabrikam\"".to_owned(),
            "userName eq \"grace@fabrikam.test\"".to_owned(),
            "emails.value eq \"grace@fabrikam.test\"".to_owned(),
            "emails[type eq \"work\"].value eq \"grace@fabrikam.test\"".to_owned(),
            "userName sw \"grace\"".to_owned(),
            "displayName eq \"Sales of Fabrikam\"".to_owned(),
            "displayName co \"Fabrikam\"".to_owned(),
        ];
        // What finds nobody finds nobody together, where no index answers.
        let pairs = single.iter().step_by(3).zip(single.iter().rev().step_by(3));
        let pairs = pairs.map(|(one, other)| format!("({one}) or not (id pr) or ({other})"));
        single.iter().cloned().chain(pairs).collect()
    }

    /// Whatever a client wrote as somebody's manager is its own text, and finds its own people.
    fn filters_of_ours(&self) -> [String; 2] {
        let manager = format!("manager eq \"{}\"", self.foreign_user);
        [format!("id eq \"{}\" and {manager}", self.user), manager]
    }

    /// Everything that one could try on a route.
    fn cases(&self, method: &str, route: &str) -> Vec<Case> {
        match (method, route) {
            ("get", "/" | "/Users" | "/Groups") => self.lists(route),
            ("post", "/.search" | "/Users/.search" | "/Groups/.search") => self.searches(route),
            ("post", "/Users") => self.new_users(),
            ("post", "/Groups") => self.new_groups(),
            (_, "/Users/{id}") => self.one_user(method),
            (_, "/Groups/{id}") => self.one_group(method),
            ("post", "/Bulk") => self.bulks(),
            ("get", "/ServiceProviderConfig" | "/ResourceTypes" | "/Schemas") => {
                vec![(route.to_owned(), Value::Null, Status(200))]
            }
            ("get", "/ResourceTypes/{name}" | "/Schemas/{urn}") => {
                let (folder, _) = route.rsplit_once('/').unwrap();
                let ids = self.foreign_ids().into_iter();
                ids.map(|id| (format!("{folder}/{id}"), Value::Null, Status(404))).collect()
            }
            ("any", "/Me") => {
                vec![("/Me".to_owned(), json!({ "id": self.foreign_user }), Status(501))]
            }
            ("any", "/{*rest}") => self.nowhere(),
            other => panic!("{other:?}: nobody tries what it gives of another organization"),
        }
    }

    fn lists(&self, list: &str) -> Vec<Case> {
        let filters = self.filters().into_iter();
        let path = |filter: String| format!("{list}?filter={}", encoded(&filter));
        let filtered = filters.map(|filter| (path(filter), Value::Null, Nothing));
        let ours = self.filters_of_ours().map(|filter| (path(filter), Value::Null, Status(200)));
        let cursors = self.cursors.iter().filter(|(of, _)| *of == list);
        // A place is none's: what is behind it is our own.
        let cursors = cursors
            .map(|(_, cursor)| (format!("{list}?cursor={cursor}"), Value::Null, Status(200)));
        let whole = (list.to_owned(), Value::Null, Status(200));
        filtered.chain(ours).chain(cursors).chain([whole]).collect()
    }

    fn searches(&self, path: &str) -> Vec<Case> {
        let filters = self.filters().into_iter();
        let mut searches = filters
            .map(|filter| (path.to_owned(), json!({ "filter": filter }), Nothing))
            .collect::<Vec<_>>();
        let ours = self.filters_of_ours().map(|filter| json!({ "filter": filter }));
        searches.extend(ours.map(|filter| (path.to_owned(), filter, Status(200))));
        let by = json!({ "sortBy": "displayName", "attributes": [self.foreign_user, "members"] });
        searches.push((path.to_owned(), by, Status(200)));
        searches
    }

    fn new_users(&self) -> Vec<Case> {
        let Self { foreign_user, foreign_group, .. } = self;
        let user = |change: Value| {
            let mut user = change;
            user["userName"] = json!(format!("{}@contoso.test", user.to_string().len()));
            ("/Users".to_owned(), user, Status(201))
        };
        vec![
            user(json!({ "id": foreign_user })),
            user(json!({ "manager": foreign_user, "title": "a" })),
            user(json!({ "manager": { "value": foreign_user, "$ref": "../Users/x" } })),
            user(json!({ "groups": [{ "value": foreign_group }] })),
            user(json!({ "meta": { "location": format!("/Users/{foreign_user}") } })),
        ]
    }

    fn new_groups(&self) -> Vec<Case> {
        let mut cases = Vec::new();
        for id in self.foreign_ids() {
            for members in [
                json!([{ "value": id }]),
                json!([{ "value": self.user }, { "value": id, "type": "User" }]),
                json!([id]),
            ] {
                let group = json!({ "displayName": "New", "members": members });
                cases.push(("/Groups".to_owned(), group, Status(400)));
            }
            let group = json!({ "displayName": format!("New {id}"), "id": id });
            cases.push(("/Groups".to_owned(), group, Status(201)));
        }
        cases
    }

    fn one_user(&self, method: &str) -> Vec<Case> {
        let put = json!({ "userName": "mine@contoso.test", "active": false });
        let change = patch(json!([{ "op": "replace", "path": "active", "value": false }]));
        let body = if method == "put" { put } else { change };
        let climbing = format!("..%2F..%2F{}%2FUsers%2F{}", self.foreign, self.foreign_user);
        let foreign = self.foreign_ids().into_iter().chain([climbing.as_str()]);
        let mut cases = foreign
            .map(|id| (format!("/Users/{id}"), body.clone(), Status(404)))
            .collect::<Vec<_>>();
        let own = format!("/Users/{}", self.user);
        let manager = json!({ "value": self.foreign_user });
        match method {
            "put" => {
                let put = json!({
                    "userName": "ada@contoso.test", "id": self.foreign_user, "manager": manager,
                    "groups": [{ "value": self.foreign_group }], "externalId": object(1),
                });
                cases.push((own, put, Status(200)));
            }
            "patch" => {
                for (operation, status) in [
                    (json!({ "op": "add", "path": "manager", "value": manager }), 200),
                    (json!({ "op": "replace", "path": "id", "value": self.foreign_user }), 400),
                    (json!({ "op": "replace", "value": { "id": self.foreign_user } }), 200),
                    (json!({ "op": "add", "path": "groups", "value": [self.foreign_group] }), 400),
                ] {
                    cases.push((own.clone(), patch(json!([operation])), Status(status)));
                }
            }
            _ => {}
        }
        cases
    }

    fn one_group(&self, method: &str) -> Vec<Case> {
        let members = json!([{ "value": self.user }]);
        let put = json!({ "displayName": "Mine", "members": members });
        let change = patch(json!([{ "op": "add", "path": "members", "value": members }]));
        let body = if method == "put" { put } else { change };
        let foreign = self.foreign_ids().into_iter();
        let mut cases = foreign
            .map(|id| (format!("/Groups/{id}"), body.clone(), Status(404)))
            .collect::<Vec<_>>();
        let own = format!("/Groups/{}", self.group);
        for id in self.foreign_ids() {
            let members = json!([{ "value": id }]);
            if method == "put" {
                let put = json!({ "displayName": "Staff", "members": members });
                cases.push((own.clone(), put, Status(400)));
            }
            let by_value = format!("members[value eq \"{id}\"]");
            for (operation, status) in [
                (json!({ "op": "add", "path": "members", "value": members }), 400),
                (json!({ "op": "replace", "path": "members", "value": members }), 400),
                (json!({ "op": "replace", "value": { "members": members } }), 400),
                (json!({ "op": "remove", "path": "members", "value": members }), 204),
                (json!({ "op": "remove", "path": by_value }), 204),
            ] {
                if method == "patch" {
                    cases.push((own.clone(), patch(json!([operation])), Status(status)));
                }
            }
        }
        cases
    }

    fn bulks(&self) -> Vec<Case> {
        let Self { user, group, foreign_user, foreign_group, .. } = self;
        let disable = patch(json!([{ "op": "replace", "path": "active", "value": false }]));
        let join = |id: &str| {
            patch(json!([{ "op": "add", "path": "members", "value": [{ "value": id }] }]))
        };
        let rename = json!({ "userName": "mine@contoso.test" });
        let mine = json!({ "displayName": "Mine", "members": [{ "value": user }] });
        let of = |method: &str, path: String, data: &Value| json!({ "method": method, "path": path, "data": data });
        let mut operations = Vec::new();
        for id in self.foreign_ids() {
            for (method, data) in [("PUT", &rename), ("PATCH", &disable), ("DELETE", &Value::Null)]
            {
                operations.push((of(method, format!("/Users/{id}"), data), "404"));
            }
            for (method, data) in [("PUT", &mine), ("PATCH", &join(user)), ("DELETE", &Value::Null)]
            {
                operations.push((of(method, format!("/Groups/{id}"), data), "404"));
            }
            let theirs = json!({ "displayName": "Bulk", "members": [{ "value": id }] });
            operations.push((of("POST", "/Groups".to_owned(), &theirs), "400"));
            operations.push((of("PUT", format!("/Groups/{group}"), &theirs), "400"));
            operations.push((of("PATCH", format!("/Groups/{group}"), &join(id)), "400"));
        }
        let path = format!("/{}/Users/{foreign_user}", self.foreign);
        operations.push((of("DELETE", path, &Value::Null), "400"));
        let managed = json!({ "userName": "bulk@contoso.test", "manager": foreign_user });
        let mut made = of("POST", "/Users".to_owned(), &managed);
        made["bulkId"] = json!(foreign_group);
        operations.push((made, "201"));
        let (operations, expected): (Vec<_>, Vec<_>) = operations.into_iter().unzip();
        vec![("/Bulk".to_owned(), json!({ "Operations": operations }), Operations(expected))]
    }

    fn nowhere(&self) -> Vec<Case> {
        let Self { foreign, foreign_user, foreign_group, user, .. } = self;
        let paths = [
            (format!("/{foreign}/Users/{foreign_user}"), 404),
            // A client makes the other organization's own address of it.
            (format!("/%2E%2E/{foreign}/Users/{foreign_user}"), 401),
            (format!("/Users/{user}/manager/{foreign_user}"), 404),
            (format!("/Groups/{foreign_group}/members/{foreign_user}"), 404),
            (format!("/users/{foreign_user}"), 404),
        ];
        paths.map(|(path, status)| (path, Value::Null, Status(status))).to_vec()
    }

    /// Sends a request, and looks at what came of it.
    async fn try_one(&self, method: &Method, (path, body, outcome): Case) {
        let answer = self.entra.call(method.clone(), &path, &body).await;
        let what = format!("{method} {path} {body}");
        match outcome {
            Status(status) => assert_eq!(answer.status, status, "{what}: {}", answer.body),
            Nothing if answer.status == 400 => {
                answer.assert_error(400, Some("invalidFilter"), &what)
            }
            Nothing => {
                assert_eq!(answer.status, 200, "{what}: {}", answer.body);
                let (total, shown) = (&answer.body["totalResults"], &answer.body["Resources"]);
                assert_eq!((total, shown), (&json!(0), &json!([])), "{what}");
            }
            Operations(expected) => {
                let done = answer.body["Operations"].as_array().unwrap().iter();
                let done = done.map(|done| done["status"].as_str().unwrap()).collect::<Vec<_>>();
                assert_eq!(done, expected, "{what}: {}", answer.body);
            }
        }
        let said = format!("{} {:?}", answer.body, answer.headers);
        for secret in [&self.foreign, "abrikam", "Grace", "grace"] {
            assert!(!said.contains(secret), "{what}: {secret} in {said}");
        }
        // Whatever was made or found is our own.
        let found = answer.body["Resources"].as_array().into_iter().flatten();
        for resource in found.chain([&answer.body]) {
            let id = resource["id"].as_str().unwrap_or_default();
            assert!(!self.foreign_ids().contains(&id), "{what}: {resource}");
        }
    }
}

#[tokio::test]
async fn a_key_reaches_nothing_of_another_organization_on_any_route() {
    let neighbours = Neighbours::new().await;
    let world = &neighbours.world;
    let own = format!("ORG#{}", world.organization);
    let theirs = async || world.records().await.without(&[&own, "DEPLOYMENT"]);
    world.settled().await;
    let before = theirs().await;
    assert!(before.count(&neighbours.foreign) > 0);

    let mut tried = 0;
    for (method, route) in routes() {
        let methods = match method.as_str() {
            "any" => vec![Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE],
            other => vec![other.to_uppercase().parse().unwrap()],
        };
        for case in neighbours.cases(&method, &route) {
            for method in &methods {
                neighbours.try_one(method, case.clone()).await;
                tried += 1;
            }
        }
        assert_eq!(theirs().await, before, "{method} {route}");
    }

    assert!(tried > 180, "{tried}");
    world.records().await.check_invariants();
}
