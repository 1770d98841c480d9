//! The ends of the lists, which grow while users are looked at.

use std::collections::{BTreeMap, BTreeSet};

use ambient::Clock;
use identity::{Obstacle, OrganizationId};
use store::{FINDINGS_OF_A_PAGE, Finding, FindingsPage, Look, Store, TableError, pages_of};

/// The last page of each list, and the pages of all that are not stored yet.
#[derive(Default)]
pub(super) struct Lists {
    last: BTreeMap<Obstacle, FindingsPage>,
    full: Vec<FindingsPage>,
    /// Whose last page is not stored yet.
    grown: BTreeSet<Obstacle>,
}

impl Lists {
    /// The lists as a look left them.
    pub(super) async fn of(
        store: &Store,
        org: OrganizationId,
        look: &Look,
        clock: &dyn Clock,
    ) -> Result<Self, TableError> {
        let last = |(obstacle, users): (&Obstacle, &u64)| {
            Some((*obstacle, pages_of(*users).checked_sub(1)?))
        };
        let places: Vec<_> = look.counts.iter().filter_map(last).collect();
        let pages = store.findings(org, look.id, &places, clock.now()).await?;
        let page = |((obstacle, number), findings): ((Obstacle, u64), Vec<Finding>)| {
            (obstacle, FindingsPage { obstacle, number, findings })
        };
        Ok(Self { last: places.into_iter().zip(pages).map(page).collect(), ..Self::default() })
    }

    /// Puts a user on a list.
    pub(super) fn add(&mut self, look: &mut Look, obstacle: Obstacle, finding: Finding) {
        let first = || FindingsPage { obstacle, number: 0, findings: Vec::new() };
        let page = self.last.entry(obstacle).or_insert_with(first);
        if page.findings.len() == FINDINGS_OF_A_PAGE {
            let number = page.number + 1;
            let full = std::mem::replace(page, FindingsPage { number, ..first() });
            if self.grown.contains(&obstacle) {
                self.full.push(full);
            }
        }
        page.findings.push(finding);
        self.grown.insert(obstacle);
        *look.counts.entry(obstacle).or_default() += 1;
    }

    /// The pages that are not stored yet.
    pub(super) fn changed(&mut self) -> Vec<FindingsPage> {
        let mut changed = std::mem::take(&mut self.full);
        let grown = std::mem::take(&mut self.grown);
        changed.extend(grown.iter().filter_map(|obstacle| self.last.get(obstacle)).cloned());
        changed
    }
}
