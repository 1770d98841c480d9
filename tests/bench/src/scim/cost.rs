//! What each operation asks of the table, and what it uses of its capacity: counted by a proxy
//! between the function and the table, which adds nothing to any time that is measured.

use entra_sim::first_cycle;
use http::Method;
use scenarios::scim::{encoded, entra_user, patch};
use scenarios::{Provisioner, World};
use serde_json::{Value, json};

use super::cycle;
use super::filled::{PAGE, resources};
use crate::Failure;

/// How many users are provisioned to be counted, at the most: what one costs depends on nobody else.
const MOST: usize = 5_000;
/// How many of them are made members of a group by one request.
const MANY: usize = 1_000;

/// One operation, or what one user of a cycle costs.
#[derive(Clone, Debug)]
pub(crate) struct Cost {
    pub(crate) operation: String,
    /// Requests that read.
    pub(crate) reads: f64,
    /// Transactions.
    pub(crate) writes: f64,
    pub(crate) read_units: f64,
    pub(crate) write_units: f64,
}

struct Counting {
    users: usize,
    world: World,
    entra: Provisioner,
    costs: Vec<Cost>,
}

/// Counts in an account of its own.
pub(crate) async fn measure(users: usize) -> Result<Vec<Cost>, Failure> {
    let world = World::start().await;
    let entra = world.entra().await;
    let mut counting = Counting { users: users.min(MOST), world, entra, costs: Vec::new() };
    // The use of the key is recorded now, and for a quarter of an hour not again.
    counting.entra.get("/Users?count=1").await;
    counting.cycle().await?;
    counting.operations().await?;
    Ok(counting.costs)
}

impl Counting {
    async fn cycle(&mut self) -> Result<(), Failure> {
        self.forget();
        let settings = cycle::settings(&self.entra.tenant_url, &self.entra.key);
        let cycle = first_cycle(self.users, settings).await?;
        if usize::try_from(cycle.report.users.created)? != self.users {
            return Err(format!("not everybody was created: {:?}", cycle.report).into());
        }
        self.note("first cycle, for each user", self.users as f64);
        Ok(())
    }

    async fn operations(&mut self) -> Result<(), Failure> {
        let (get, post, change) = (Method::GET, Method::POST, Method::PATCH);
        let null = Value::Null;
        let name = encoded("userName eq \"person000050@contoso.test\"");
        let by_name = format!("/Users?filter={name}");
        let found = self.once("GET, `filter=userName eq`", &get, &by_name, &null, 200).await?;
        let id = found.pointer("/Resources/0/id").and_then(Value::as_str).ok_or("nobody")?;
        let user = format!("/Users/{id}");
        self.once("GET by id", &get, &user, &null, 200).await?;
        let joiner = entra_user("joiner", "10000000-0000-4000-8000-000000000000");
        self.once("POST", &post, "/Users", &joiner, 201).await?;
        let inactive = patch(json!([{ "op": "Replace", "path": "active", "value": false }]));
        self.once("PATCH `active`", &change, &user, &inactive, 200).await?;
        let ids = self.pages().await?;
        let group = json!({ "displayName": "Everybody" });
        let made = self.once("POST of a group", &post, "/Groups", &group, 201).await?;
        let group = made.get("id").and_then(Value::as_str).ok_or("a group without id")?;
        let path = format!("/Groups/{group}");
        for many in [1, MANY.min(self.users)] {
            let members = ids.iter().skip(1).take(many);
            let members = members.map(|id| json!({ "value": id })).collect::<Value>();
            let joining = patch(json!([{ "op": "Add", "path": "members", "value": members }]));
            let what = match many {
                1 => "PATCH of a group, 1 member".to_owned(),
                _ => format!("PATCH of a group, {many} members, folded"),
            };
            self.once(&what, &change, &path, &joining, 204).await?;
        }
        Ok(())
    }

    /// Walks through everybody, and counts some pages of it.
    async fn pages(&mut self) -> Result<Vec<Value>, Failure> {
        let (mut ids, last) = (Vec::new(), self.users.div_ceil(PAGE));
        for page in 1..=last {
            let path = format!("/Users?startIndex={}&count={PAGE}", (page - 1) * PAGE + 1);
            let what = format!("GET page {page} of {PAGE}, walked to");
            let found = if [1, 2, last].contains(&page) {
                self.once(&what, &Method::GET, &path, &Value::Null, 200).await?
            } else {
                self.entra.get(&path).await.body
            };
            ids.extend(resources(&found).iter().filter_map(|it| it.get("id")).cloned());
        }
        let jump = format!("/Users?startIndex={}&count={PAGE}", self.users / 2);
        let what = format!("GET {PAGE} after a jump over {}", self.users / 2 - 1);
        self.once(&what, &Method::GET, &jump, &Value::Null, 200).await?;
        // One more than there are: the joiner.
        let rest =
            self.entra.get(&format!("/Users?startIndex={}&count={PAGE}", self.users + 1)).await;
        let rest = resources(&rest.body);
        ids.extend(rest.iter().filter_map(|it| it.get("id")).cloned());
        Ok(ids)
    }

    async fn once(
        &mut self,
        what: &str,
        method: &Method,
        path: &str,
        body: &Value,
        status: u16,
    ) -> Result<Value, Failure> {
        self.forget();
        let answer = match *method {
            Method::GET => self.entra.get(path).await,
            _ => self.entra.call(method.clone(), path, body).await,
        };
        if answer.status.as_u16() != status {
            return Err(format!("{what}: {} {}", answer.status, answer.body).into());
        }
        self.note(what, 1.0);
        Ok(answer.body)
    }

    fn forget(&self) {
        self.world.scim.calls();
        self.world.scim.capacity();
    }

    fn note(&mut self, what: &str, divisor: f64) {
        let calls = self.world.scim.calls();
        let capacity = self.world.scim.capacity();
        let table = || calls.iter().filter(|call| call.service == "dynamodb");
        let writes = table().filter(|call| call.writes()).count() as f64;
        let reads = table().count() as f64 - writes;
        self.costs.push(Cost {
            operation: what.to_owned(),
            reads: reads / divisor,
            writes: writes / divisor,
            read_units: capacity.read / divisor,
            write_units: capacity.write / divisor,
        });
    }
}
