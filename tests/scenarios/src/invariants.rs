//! What holds of the whole table at any time, whatever was asked and whatever failed: every name and
//! look-up has its user, every user theirs, both sides of a membership agree, counts are exact, and
//! nothing is there that the schema does not know.
//!
//! Written from the schema's documentation alone, so that a slip of the store's shows.

use std::collections::{BTreeMap, BTreeSet};

use identity::SecretHash;
use jiff::Timestamp;
use serde_json::Value;

use crate::Records;

type Key = (String, String);

/// One organization's items, sorted by what they are.
#[derive(Default)]
struct Belongings {
    users: BTreeMap<String, Value>,
    profiles: BTreeMap<String, Value>,
    groups: BTreeMap<String, Value>,
    /// Items that name one owner, and whom they name.
    owners: BTreeMap<Key, String>,
    /// Items of a user besides user and profile, by user.
    theirs: BTreeMap<String, BTreeSet<String>>,
    /// What says that a user leaves.
    leaving: BTreeMap<String, Value>,
    members: BTreeSet<(String, String)>,
    chunks: BTreeSet<(String, String, usize)>,
    /// Changes of groups that have a chunk which does not end by itself.
    lasting: BTreeSet<(String, String)>,
    /// Groups that are known as some whose changes wait.
    folding: BTreeSet<String>,
    counts: BTreeMap<String, i64>,
    /// Whose account in Entra brings nobody back.
    gone: BTreeSet<String>,
    /// Those who are to be in Entra, with how far it has come.
    pushes: BTreeMap<String, Value>,
    /// Those whose anchor is being repaired.
    repairs: BTreeSet<String>,
    /// Those whose account in Entra is to be seen to.
    accounts: BTreeSet<String>,
    /// Those whose account waits until the tenant lets us see to it.
    left_accounts: BTreeSet<String>,
    domains: BTreeSet<String>,
    /// Those that the organization says it has.
    named_domains: BTreeSet<String>,
    keys: BTreeSet<String>,
    listed_keys: BTreeSet<String>,
    tasks: Vec<Value>,
    /// The tenant that its connection holds.
    tenant: Option<String>,
    /// The latest search for whoever is missing in the tenant.
    search: Option<Value>,
    /// How many users the pages of such searches name, by search and number.
    missed: BTreeMap<(String, u64), usize>,
    /// From when on somebody whom a round left out is asked for.
    asks_left_out_at: Option<Timestamp>,
    /// From when on each of those is, by object id.
    left_out: BTreeMap<String, Timestamp>,
    /// The tenant that tells what changes.
    subscribed: Option<String>,
    /// The connection, if it works.
    connected: Option<Value>,
    wrong: Vec<String>,
}

impl Records {
    /// Checks what holds at any time. What waits in the outbox to be cleared away may still be
    /// there.
    pub fn check_invariants(&self) {
        let wrong = self.violations();
        assert!(wrong.is_empty(), "the table contradicts itself:\n{}", wrong.join("\n"));
    }

    /// Everything in which the table contradicts itself or the schema.
    pub fn violations(&self) -> Vec<String> {
        let mut organizations = BTreeMap::<String, Belongings>::new();
        let mut wrong = Vec::new();
        let mut tenants = BTreeSet::new();
        for ((pk, sk), item) in &self.0 {
            let (kind, id) = pk.split_once('#').unwrap_or((pk, ""));
            let mut known = match (kind, sk.as_str()) {
                ("DEPLOYMENT", "DEPLOYMENT" | "CLIENT_CERTIFICATES") | ("DOMAIN", "OWNER") => true,
                ("TENANT", "OWNER") => {
                    let owner = text(&item["value"], "organization").unwrap();
                    tenants.insert((id.to_owned(), owner.to_owned()))
                }
                _ => false,
            };
            if let Some((org, rest)) = organization(pk) {
                let mut belongings = organizations.remove(org).unwrap_or_default();
                known = belongings.sort(rest, sk, item);
                organizations.insert(org.to_owned(), belongings);
            }
            if !known {
                wrong.push(format!("{pk} / {sk}: the schema knows no such item"));
            }
        }
        let held = |(org, of): (&String, &Belongings)| Some((of.tenant.clone()?, org.clone()));
        let held = organizations.iter().filter_map(held).collect::<BTreeSet<_>>();
        for (tenant, org) in held.symmetric_difference(&tenants) {
            wrong.push(format!("ORG#{org} and the owner of {tenant} disagree"));
        }
        for (org, belongings) in organizations {
            let found = belongings.check(&org);
            wrong.extend(found.into_iter().map(|found| format!("ORG#{org}: {found}")));
        }
        wrong
    }
}

fn organization(pk: &str) -> Option<(&str, &str)> {
    let rest = pk.strip_prefix("ORG#")?;
    Some(rest.split_once('#').unwrap_or((rest, "")))
}

fn hash(text: &str) -> String {
    SecretHash::of(&[text.as_bytes()]).as_str().to_owned()
}

fn text<'a>(value: &'a Value, name: &str) -> Option<&'a str> {
    value[name].as_str()
}

/// The partition that an identifier is put into.
fn shard(id: &str) -> u8 {
    u8::from_str_radix(&id[..2], 16).unwrap() % 16
}

/// Whether a push stopped until somebody decides.
fn is_conflict(push: &Value) -> bool {
    push["stage"].get("conflict").is_some()
}

impl Belongings {
    /// Takes an item in, and says whether the schema knows it.
    fn sort(&mut self, rest: &str, sk: &str, item: &Value) -> bool {
        let value = &item["value"];
        let (kind, id) = rest.split_once('#').unwrap_or((rest, ""));
        let ends = item["expires_at"].is_i64();
        match (kind, sk) {
            ("", "ORGANIZATION") => {
                let named = value["domains"].as_array().into_iter().flatten();
                self.named_domains = named.filter_map(Value::as_str).map(str::to_owned).collect();
                true
            }
            ("DOMAIN", "DOMAIN") => self.domains.insert(id.to_owned()),
            ("KEYS", "RING") | ("FEDERATION", "CHECK") => true,
            ("USER", _) => self.of_user(id, sk, item),
            ("GROUP", _) => self.of_group(id, sk, item),
            ("CREDENTIAL", "OWNER") => {
                self.own(rest, sk, value.as_str());
                true
            }
            ("USER_NAME" | "ANCHOR" | "OBJECT" | "EXTERNAL", "OWNER") => {
                self.own(rest, sk, text(value, "user"));
                true
            }
            ("GROUP_EXTERNAL" | "GROUP_NAME", "OWNER") => {
                self.own(rest, sk, text(value, "group"));
                true
            }
            ("FOLDING", group) => self.folding.insert(group.to_owned()),
            ("EMAIL", owner) => {
                self.own(rest, sk, Some(owner));
                true
            }
            ("CLAIM", owner) => {
                self.own(rest, sk, Some(owner));
                true
            }
            ("MISSING", "MISSING") => {
                self.search = Some(value.clone());
                true
            }
            ("MISSING", "PAGE") => {
                if let Some((search, page)) = id.split_once('#') {
                    let page = (search.to_owned(), page.parse().unwrap());
                    self.missed.insert(page, value.as_array().unwrap().len());
                }
                ends
            }
            ("PREFLIGHT", "PREFLIGHT") => true,
            ("PREFLIGHT", "PAGE") => ends,
            ("COUNT", _) => {
                *self.counts.entry(id.to_owned()).or_default() += item["tally"].as_i64().unwrap();
                sk.parse::<u8>().is_ok_and(|shard| shard < 16)
            }
            ("SCIM_KEY", "KEY") => self.keys.insert(id.to_owned()),
            ("SCIM_KEYS", _) => self.listed_keys.insert(text(value, "hash").unwrap().to_owned()),
            ("CONNECTION", "CONNECTION") => {
                let holds = ["awaiting_token", "connected", "lost"];
                let holds = text(value, "stage").is_some_and(|stage| holds.contains(&stage));
                self.tenant = text(value, "tenant").filter(|_| holds).map(str::to_owned);
                let works = text(value, "stage") == Some("connected");
                self.connected = works.then(|| value.clone());
                true
            }
            ("JOURNEY", "JOURNEY") => ends,
            ("PUSHES", user) if id == shard(user).to_string() => {
                self.pushes.insert(user.to_owned(), value.clone()).is_none()
            }
            ("REPAIRS", user) if id == shard(user).to_string() => {
                self.repairs.insert(user.to_owned())
            }
            ("ACCOUNTS_LEFT", user) => self.left_accounts.insert(user.to_owned()),
            ("GONE", "GONE") => {
                self.gone.insert(text(value, "user").unwrap().to_owned());
                true
            }
            ("IMPORT", "IMPORT") => {
                self.asks_left_out_at = text(value, "left_out_at").map(|at| at.parse().unwrap());
                true
            }
            ("IMPORT", "RULES") => true,
            ("SUBSCRIPTION", "SUBSCRIPTION") => {
                self.subscribed = value["tenant"].as_str().map(str::to_owned);
                true
            }
            ("NOTICED", "LATEST") => true,
            ("NOTICED", object) => ends && object.starts_with("OBJECT#"),
            ("LEFT_OUT", object) => {
                let due_at = text(value, "due_at").unwrap().parse::<Timestamp>().unwrap();
                self.check_index(item, "#LEFT_OUT", &format!("{due_at:.9}#{object}"));
                self.left_out.insert(object.to_owned(), due_at);
                text(value, "object") == Some(object)
            }
            ("OUTBOX", "OUTBOX") => {
                self.tasks.push(value["task"].clone());
                true
            }
            ("AUDIT", _) => ends,
            ("REQUEST", "REQUEST" | "ENROLMENT") => ends,
            ("LIMIT", "LIMIT") => true,
            ("ANSWERED" | "LINK" | "WALK", kind_again) => kind == kind_again && ends,
            _ => false,
        }
    }

    fn own(&mut self, rest: &str, sk: &str, owner: Option<&str>) {
        let owner = owner.expect(rest).to_owned();
        self.owners.insert((rest.to_owned(), sk.to_owned()), owner);
    }

    fn of_user(&mut self, id: &str, sk: &str, item: &Value) -> bool {
        let value = item["value"].clone();
        match sk.split('#').next() {
            Some("USER") => {
                let name = text(&value, "user_name").unwrap().to_lowercase();
                self.check_index(item, &format!("#USERS#{}", shard(id)), &name);
                self.users.insert(id.to_owned(), value).is_none()
            }
            Some("PROFILE") => self.profiles.insert(id.to_owned(), value).is_none(),
            Some("UNANCHORED") => {
                let due_at = text(&value, "due_at").unwrap().parse::<Timestamp>().unwrap();
                self.check_index(item, "#UNANCHORED", &format!("{due_at:.9}#{id}"));
                self.theirs.entry(id.to_owned()).or_default().insert(sk.to_owned())
            }
            Some("LEAVING") => {
                self.leaving.insert(id.to_owned(), item.clone());
                self.theirs.entry(id.to_owned()).or_default().insert(sk.to_owned())
            }
            Some("ACCOUNT") => {
                self.accounts.insert(id.to_owned());
                self.theirs.entry(id.to_owned()).or_default().insert(sk.to_owned())
            }
            Some("PASSKEY" | "SESSION" | "GROUP") => {
                self.theirs.entry(id.to_owned()).or_default().insert(sk.to_owned())
            }
            _ => false,
        }
    }

    fn of_group(&mut self, rest: &str, sk: &str, item: &Value) -> bool {
        let parts = rest.split('#').collect::<Vec<_>>();
        match parts[..] {
            [id] if sk == "GROUP" => {
                let value = item["value"].clone();
                let name = text(&value, "display_name").unwrap().to_lowercase();
                let place = format!("{}\u{1f}{id}", &name[..name.floor_char_boundary(900)]);
                self.check_index(item, &format!("#GROUPS#{}", shard(id)), &place);
                self.groups.insert(id.to_owned(), value).is_none()
            }
            [id, "MEMBERS", of] if of == shard(sk).to_string() => {
                self.members.insert((id.to_owned(), sk.to_owned()))
            }
            [id, "CHANGE", change] => {
                if !item["expires_at"].is_i64() {
                    self.lasting.insert((id.to_owned(), change.to_owned()));
                }
                self.chunks.insert((id.to_owned(), change.to_owned(), sk.parse().unwrap()))
            }
            _ => false,
        }
    }

    fn check_index(&mut self, item: &Value, pk: &str, sk: &str) {
        if !text(item, "index_pk").is_some_and(|index| index.ends_with(pk))
            || text(item, "index_sk") != Some(sk)
        {
            let (is_pk, is_sk) = (&item["index_pk"], &item["index_sk"]);
            self.wrong.push(format!("the index says {is_pk} {is_sk}, not {pk} {sk}"));
        }
    }

    /// Whether a task of a kind about something waits.
    fn waits(&self, kind: &str, about: &str, id: &str) -> bool {
        self.tasks.iter().any(|task| text(&task[kind], about) == Some(id))
    }

    /// A connection that works has exactly one chain of rounds by which its tenant is read; a chain of
    /// an earlier one ends by itself.
    fn check_reading(&mut self) {
        let Some(connection) = &self.connected else { return };
        let is_it = |task: &&Value| task["read_directory"]["since"] == connection["since"];
        match self.tasks.iter().filter(is_it).count() {
            1 => {}
            chains => self.wrong.push(format!("{chains} chains of rounds read the tenant")),
        }
    }

    /// Whose last day is ahead, or was not seen to yet, is named by the index at its end, and waited for
    /// by somebody who sees them off then.
    fn check_leavers(&mut self) {
        for (id, user) in self.users.clone() {
            let blocks = user["blocks"].as_array().cloned().unwrap_or_default();
            let ends_at = text(&user["last_day"], "over_at");
            let ends_at = ends_at.filter(|_| !blocks.contains(&Value::from("last_day")));
            match (ends_at, self.leaving.get(&id).cloned()) {
                (None, None) => {}
                (Some(ends_at), Some(item)) => {
                    let ends_at = ends_at.parse::<Timestamp>().unwrap();
                    self.check_index(&item, "#LEAVING", &format!("{ends_at:.9}#{id}"));
                    let ends = |task: &Value| {
                        let end = &task["end_access"];
                        let over_at =
                            text(end, "over_at").map(|at| at.parse::<Timestamp>().unwrap());
                        text(end, "user") == Some(&id) && over_at == Some(ends_at)
                    };
                    if !self.tasks.iter().any(ends) {
                        self.wrong.push(format!("nobody sees {id} off"));
                    }
                }
                _ => self.wrong.push(format!("{id} and what says that they leave disagree")),
            }
        }
    }

    fn check(mut self, org: &str) -> Vec<String> {
        self.check_reading();
        if self.subscribed.is_some() && self.subscribed != self.tenant {
            self.wrong.push("a tenant that is not its own tells it what changes".to_owned());
        }
        self.check_search();
        self.check_left_out();
        if self.domains != self.named_domains {
            self.wrong.push(format!("the domains of {org} and what it says of them differ"));
        }
        self.check_owners();
        self.check_leftovers();
        self.check_members();
        self.check_staged();
        self.check_pushes();
        self.check_repairs();
        self.check_accounts();
        let conflicts = self.pushes.values().filter(|push| is_conflict(push)).count();
        let counts = [
            ("USERS", self.users.len()),
            ("GROUPS", self.groups.len()),
            ("SCIM_KEYS", self.keys.len()),
            ("PENDING", self.pushes.len() - conflicts),
            ("CONFLICTS", conflicts),
        ];
        for (what, many) in counts {
            let counted = self.counts.get(what).copied().unwrap_or_default();
            if i64::try_from(many).unwrap() != counted {
                self.wrong.push(format!("{many} {what} are counted as {counted}"));
            }
        }
        if self.keys != self.listed_keys {
            self.wrong.push(format!("provisioning keys of {org} and their list differ"));
        }
        self.wrong
    }

    /// Every name and look-up has its owner, every owner theirs, and no other.
    fn check_owners(&mut self) {
        let mut expected = BTreeMap::new();
        let mut expect = |pk: String, sk: &str, owner: &str| {
            if let Some(other) = expected.insert((pk.clone(), sk.to_owned()), owner.to_owned())
                && other != owner
            {
                self.wrong.push(format!("{pk} is claimed by {other} and {owner}"));
            }
        };
        for (id, user) in &self.users {
            let name = text(user, "user_name").unwrap().to_lowercase();
            expect(format!("USER_NAME#{name}"), "OWNER", id);
            if let Some(anchor) = text(user, "anchor") {
                expect(format!("ANCHOR#{anchor}"), "OWNER", id);
            }
            if let Some(object) = text(user, "object_id") {
                expect(format!("OBJECT#{object}"), "OWNER", id);
            }
            if let Some(address) = text(user, "personal_email") {
                expect(format!("CLAIM#{}", hash(&address.to_lowercase())), id, id);
            }
        }
        for (id, profile) in &self.profiles {
            if let Some(external) = text(profile, "external_id") {
                expect(format!("EXTERNAL#{}", hash(external)), "OWNER", id);
            }
            for email in profile["emails"].as_array().unwrap() {
                let folded = email.as_str().unwrap().to_lowercase();
                expect(format!("EMAIL#{}", hash(&folded)), id, id);
            }
        }
        for (id, group) in &self.groups {
            let name = text(group, "display_name").unwrap().to_lowercase();
            expect(format!("GROUP_NAME#{}", hash(&name)), "OWNER", id);
            if let Some(external) = text(group, "external_id") {
                expect(format!("GROUP_EXTERNAL#{}", hash(external)), "OWNER", id);
            }
        }
        for (user, theirs) in &self.theirs {
            for passkey in theirs.iter().filter_map(|sk| sk.strip_prefix("PASSKEY#")) {
                expect(format!("CREDENTIAL#{passkey}"), "OWNER", user);
            }
        }
        for (key, owner) in &expected {
            let actual = self.owners.remove(key);
            if actual.as_ref() != Some(owner) {
                self.wrong.push(format!("{key:?} of {owner} belongs to {actual:?}"));
            }
        }
        let left = std::mem::take(&mut self.owners);
        self.wrong.extend(left.iter().map(|(key, owner)| format!("{key:?} names {owner} in vain")));
    }

    /// Whoever waits to be in Entra has a task that brings them there; whoever is gone is let go of, and
    /// nobody is remembered as gone who is there.
    fn check_pushes(&mut self) {
        let back = self.gone.iter().filter(|id| self.users.contains_key(*id));
        self.wrong.extend(back.map(|id| format!("{id} is gone and there")));
        for (id, push) in &self.pushes {
            let brings = |task: &Value| task["push_users"]["shard"] == shard(id);
            let tried = self.tasks.iter().any(brings);
            match self.users.contains_key(id) {
                true if !is_conflict(push) && !tried => {
                    self.wrong.push(format!("{id} waits to be in Entra, and nobody brings them"));
                }
                false if !self.waits("forget_user", "user", id) => {
                    self.wrong.push(format!("{id}, who is gone, is still to be in Entra"));
                }
                _ => {}
            }
        }
    }

    /// A search that is under way has a task that goes on with it, and its list names as many as it
    /// misses.
    fn check_search(&mut self) {
        let Some(search) = self.search.clone() else { return };
        let id = text(&search, "id").unwrap();
        let under_way = ["asking", "taking"].iter().any(|step| !search["step"][step].is_null());
        if under_way && !self.waits("look_for_missing", "search", id) {
            self.wrong.push(format!("the search {id} is under way, and nobody goes on with it"));
        }
        let pages = 0..search["pages"].as_u64().unwrap();
        let listed = pages.map(|page| self.missed.get(&(id.to_owned(), page)).copied());
        let listed = listed.collect::<Option<Vec<_>>>().map(|pages| pages.iter().sum::<usize>());
        if listed.map(|listed| listed as u64) != search["missing"].as_u64() {
            self.wrong.push(format!("the search {id} misses others than it lists: {search}"));
        }
    }

    /// Whoever is left out is asked for when that is due: the rounds know.
    fn check_left_out(&mut self) {
        let asked = self.asks_left_out_at;
        let late = self.left_out.iter().filter(|(_, due)| asked.is_none_or(|at| at > **due));
        let late = late.map(|(object, due)| {
            format!("{object} is left out and due at {due}, and rounds ask from {asked:?} on")
        });
        self.wrong.extend(late);
    }

    /// Whoever may have a temporary name in Entra has a task that gives them their own back.
    fn check_repairs(&mut self) {
        for id in &self.repairs {
            if !self.waits("repair_anchor", "user", id) {
                self.wrong.push(format!("nobody goes on with the repair of {id}"));
            }
        }
    }

    /// Whose account in Entra is to be seen to has a task that does.
    fn check_accounts(&mut self) {
        for id in &self.accounts {
            if !self.waits("reconcile_account", "user", id) {
                self.wrong.push(format!("nobody sees to the account of {id}"));
            }
        }
        for id in self.left_accounts.iter().filter(|id| !self.users.contains_key(*id)) {
            self.wrong.push(format!("the account of {id} waits, who is nobody"));
        }
    }

    fn check_leftovers(&mut self) {
        for id in self.profiles.keys().filter(|id| !self.users.contains_key(*id)) {
            self.wrong.push(format!("a profile is left of {id}"));
        }
        for (id, user) in &self.users {
            if self.profiles.contains_key(id) && !user["attributes"].is_null() {
                self.wrong.push(format!("two say of {id} what else they are"));
            }
            let said = user["unanchored"] == Value::Bool(true);
            let marked = self.theirs.get(id).is_some_and(|theirs| theirs.contains("UNANCHORED"));
            if said != marked {
                self.wrong.push(format!("{id} and what sees to their anchor disagree"));
            }
        }
        self.check_leavers();
        let gone = |id: &&String| !self.users.contains_key(*id);
        for (id, theirs) in self.theirs.iter().filter(|(id, _)| gone(id)) {
            if !self.waits("forget_user", "user", id) {
                self.wrong.push(format!("of {id}, who is gone, there is left {theirs:?}"));
            }
        }
    }

    /// Both sides of each membership agree, and both ends exist.
    fn check_members(&mut self) {
        let candidates = self.theirs.iter().flat_map(|(user, theirs)| {
            let groups = theirs.iter().filter_map(|sk| sk.strip_prefix("GROUP#"));
            groups.map(move |group| (group.to_owned(), user.clone()))
        });
        let candidates = candidates.collect::<BTreeSet<_>>();
        for (group, user) in candidates.symmetric_difference(&self.members) {
            self.wrong.push(format!("{user} in {group} has one side only"));
        }
        for (group, user) in &self.members {
            let user_there =
                self.users.contains_key(user) || self.waits("forget_user", "user", user);
            let group_there =
                self.groups.contains_key(group) || self.waits("forget_group", "group", group);
            if !user_there || !group_there {
                self.wrong.push(format!("{user} in {group}: one of them is gone"));
            }
        }
    }

    /// A change that waits has all its chunks, and a task that carries it out; its group, and no
    /// other, is known as one whose changes wait; and nothing undecided stays for ever.
    fn check_staged(&mut self) {
        let waits = |group: &&String| self.groups[*group]["folding"] != Value::Array(Vec::new());
        let waiting = self.groups.keys().filter(waits).cloned().collect::<BTreeSet<_>>();
        if waiting != self.folding {
            self.wrong.push(format!("changes wait of {waiting:?}, not of {:?}", self.folding));
        }
        for (id, change) in &self.lasting {
            let is_it = |folding: &Value| text(folding, "change") == Some(change);
            let decided = match self.groups.get(id) {
                Some(group) => group["folding"].as_array().unwrap().iter().any(is_it),
                None => self.waits("forget_group", "group", id),
            };
            if !decided {
                self.wrong.push(format!("{change} in {id} waits for nothing and has no end"));
            }
        }
        for (id, group) in &self.groups {
            for folding in group["folding"].as_array().unwrap() {
                let change = text(folding, "change").unwrap();
                let number = |name: &str| usize::try_from(folding[name].as_u64().unwrap()).unwrap();
                for chunk in number("applied")..number("chunks") {
                    if !self.chunks.contains(&(id.clone(), change.to_owned(), chunk)) {
                        self.wrong.push(format!("chunk {chunk} of {change} in {id} is lost"));
                    }
                }
                if !self.waits("fold_members", "change", change) {
                    self.wrong.push(format!("nobody carries {change} out in {id}"));
                }
            }
        }
    }
}
