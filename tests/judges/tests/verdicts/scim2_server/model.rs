//! What should be on both servers, under names of our own: `«u7»` is the id of the seventh user on
//! whichever server is spoken to.

use std::collections::{BTreeMap, HashMap};

use serde_json::Value;

/// The two servers, in the order in which everything about them stands in pairs.
pub(super) const OURS: usize = 0;
pub(super) const REFERENCE: usize = 1;

#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub(super) enum Kind {
    User,
    Group,
}

impl Kind {
    pub(super) const fn endpoint(self) -> &'static str {
        match self {
            Self::User => "/Users",
            Self::Group => "/Groups",
        }
    }

    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Group => "group",
        }
    }
}

/// A resource that both servers have.
#[derive(Clone, Debug)]
pub(super) struct Known {
    pub(super) kind: Kind,
    pub(super) name: String,
    pub(super) first_versions: [String; 2],
    pub(super) versions: [String; 2],
    /// As ours shows it, with our names for ids.
    pub(super) body: Value,
}

impl Known {
    pub(super) fn path(&self) -> String {
        format!("{}/{}", self.kind.endpoint(), self.name)
    }

    /// Whether it was changed, on both, so that its first version is over.
    pub(super) fn has_changed(&self) -> bool {
        (0..2).all(|server| self.first_versions[server] != self.versions[server])
    }
}

#[derive(Debug, Default)]
pub(super) struct Model {
    alive: BTreeMap<Kind, Vec<Known>>,
    names: [HashMap<String, String>; 2],
    ids: HashMap<String, [String; 2]>,
    gone: Vec<String>,
    minted: usize,
}

impl Model {
    pub(super) fn all(&self, kind: Kind) -> &[Known] {
        self.alive.get(&kind).map(Vec::as_slice).unwrap_or_default()
    }

    pub(super) fn gone(&self) -> &[String] {
        &self.gone
    }

    pub(super) fn get(&self, name: &str) -> Option<&Known> {
        self.alive.values().flatten().find(|known| known.name == name)
    }

    pub(super) fn get_mut(&mut self, name: &str) -> Option<&mut Known> {
        self.alive.values_mut().flatten().find(|known| known.name == name)
    }

    /// Remembers what both servers made, and names it.
    pub(super) fn add(&mut self, kind: Kind, ids: [String; 2], versions: [String; 2]) -> String {
        self.minted += 1;
        let name = format!("«{}{}»", &kind.word()[..1], self.minted);
        for (server, id) in ids.iter().enumerate() {
            self.names[server].insert(id.clone(), name.clone());
        }
        self.ids.insert(name.clone(), ids);
        let first_versions = versions.clone();
        let body = Value::Null;
        let known = Known { kind, name: name.clone(), first_versions, versions, body };
        self.alive.entry(kind).or_default().push(known);
        name
    }

    pub(super) fn remove(&mut self, name: &str) {
        for all in self.alive.values_mut() {
            all.retain(|known| known.name != name);
        }
        self.gone.push(name.to_owned());
    }

    /// Groups in which somebody is.
    pub(super) fn groups_with(&self, member: &str) -> Vec<String> {
        let has = |known: &&Known| {
            let members = known.body["members"].as_array().map(Vec::as_slice).unwrap_or_default();
            members.iter().any(|it| it["value"] == member)
        };
        self.all(Kind::Group).iter().filter(has).map(|known| known.name.clone()).collect()
    }

    pub(super) fn is_gone(&self, name: &str) -> bool {
        self.gone.iter().any(|gone| gone == name)
    }

    /// A text for one server: its ids instead of our names.
    pub(super) fn for_server(&self, server: usize, text: &str) -> String {
        let mut said = String::new();
        let mut rest = text;
        while let Some(start) = rest.find('«') {
            let Some(length) = rest[start..].find('»') else { break };
            let name = &rest[start..start + length + '»'.len_utf8()];
            said.push_str(&rest[..start]);
            said.push_str(self.ids.get(name).map_or(name, |ids| &ids[server]));
            rest = &rest[start + name.len()..];
        }
        said + rest
    }

    /// Our name for an id of a server.
    pub(super) fn name_of(&self, server: usize, id: &str) -> Option<&String> {
        self.names[server].get(id)
    }

    pub(super) fn id(&self, server: usize, name: &str) -> &str {
        &self.ids[name][server]
    }
}
