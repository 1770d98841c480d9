//! Which crate stands on which, as `cargo metadata` tells it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use cargo_metadata::{DependencyKind, FeatureName, MetadataCommand, Package};

use crate::source::root;

/// Which dependencies are looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kinds {
    /// What is built into the crate or builds it.
    Deployed,
    /// Its tests' own too.
    All,
}

/// Crates by name, and what each stands on.
#[derive(Debug, Default)]
pub(crate) struct Graph {
    members: BTreeSet<String>,
    deployed: BTreeMap<String, BTreeSet<String>>,
    all: BTreeMap<String, BTreeSet<String>>,
}

impl Graph {
    /// The workspace's own, with the features that a build of the whole workspace turns on: more
    /// than a function alone would, never less.
    pub(crate) fn load() -> Self {
        let metadata = MetadataCommand::new()
            .manifest_path(root().join("Cargo.toml"))
            .other_options(
                ["--locked", "--filter-platform", "x86_64-unknown-linux-gnu"].map(String::from),
            )
            .exec()
            .expect("cargo metadata");
        let name = |id| metadata[id].name.to_string();
        let mut graph = Self {
            members: metadata.workspace_members.iter().map(name).collect(),
            ..Self::default()
        };
        for node in metadata.resolve.as_ref().expect("a resolved graph").nodes.iter() {
            for dependency in &node.deps {
                if dormant(&metadata[&node.id], &metadata[&dependency.pkg].name, &node.features) {
                    continue;
                }
                let tests_only = dependency
                    .dep_kinds
                    .iter()
                    .all(|kind| kind.kind == DependencyKind::Development);
                let kinds = if tests_only { Kinds::All } else { Kinds::Deployed };
                graph.add(&name(&node.id), &name(&dependency.pkg), kinds);
            }
        }
        graph
    }

    /// One made of edges, to show that the rules can fail.
    pub(crate) fn of(edges: &[(&str, &str, Kinds)]) -> Self {
        let mut graph = Self::default();
        for (from, to, kinds) in edges {
            graph.add(from, to, *kinds);
        }
        graph
    }

    fn add(&mut self, from: &str, to: &str, kinds: Kinds) {
        self.all.entry(from.to_owned()).or_default().insert(to.to_owned());
        if kinds == Kinds::Deployed {
            self.deployed.entry(from.to_owned()).or_default().insert(to.to_owned());
        }
    }

    /// The crates of this workspace.
    pub(crate) fn members(&self) -> BTreeSet<String> {
        self.members.clone()
    }

    /// What a crate names in its manifest.
    pub(crate) fn direct(&self, from: &str, kinds: Kinds) -> BTreeSet<String> {
        let edges = if kinds == Kinds::All { &self.all } else { &self.deployed };
        edges.get(from).cloned().unwrap_or_default()
    }

    /// The shortest way from a crate to one that is `forbidden`. Tests' own dependencies count for
    /// the first step only: nobody builds the tests of a dependency.
    pub(crate) fn path(
        &self,
        from: &str,
        kinds: Kinds,
        forbidden: impl Fn(&str) -> bool,
    ) -> Option<Vec<String>> {
        let mut seen = BTreeSet::from([from.to_owned()]);
        let mut queue = VecDeque::from([vec![from.to_owned()]]);
        while let Some(path) = queue.pop_front() {
            let last = path.last().expect("a path has a start");
            let kinds = if path.len() == 1 { kinds } else { Kinds::Deployed };
            for next in self.direct(last, kinds) {
                let longer = [path.as_slice(), std::slice::from_ref(&next)].concat();
                if forbidden(&next) {
                    return Some(longer);
                }
                if seen.insert(next) {
                    queue.push_back(longer);
                }
            }
        }
        None
    }
}

/// Whether a dependency is optional and no active feature turns it on: `cargo metadata` lists some
/// of those too, where a feature only says what to do if another one had turned it on (`name?/…`).
fn dormant(package: &Package, dependency: &str, active: &[FeatureName]) -> bool {
    let mut named = package.dependencies.iter().filter(|entry| entry.name == dependency).peekable();
    let turns_on = |alias: &str| {
        active.iter().any(|feature| {
            let effects = package.features.get(feature.as_str()).map_or(&[][..], Vec::as_slice);
            feature.as_str() == alias
                || effects.iter().any(|effect| {
                    let target = effect.split('/').next().unwrap_or_default();
                    target == alias || target.strip_prefix("dep:") == Some(alias)
                })
        })
    };
    named.peek().is_some()
        && named.all(|entry| {
            entry.optional && !turns_on(entry.rename.as_deref().unwrap_or(&entry.name))
        })
}
