//! Filters that no index answers: the list is read in its own order from a place on, and the next
//! page is read from where this one ended.

use scim::{Error, Filter, ListQuery, ListResponse, Start};
use store::{Bookmark, Position};

use super::cursor::Mark;
use super::{Listed, MOST_KEPT, READ_AT_ONCE, Room, identity, order};
use crate::app::App;
use crate::caller::Caller;
use crate::failure::Failure;

/// Where a page begins.
#[derive(Debug, Default)]
struct Begin {
    /// Where somebody walked to; none for whoever begins, or jumps: then everything is read.
    from: Option<Mark>,
    /// How many that the filter says yes to are passed from there on.
    skipped: u64,
}

/// What was read for a page.
struct Found<K> {
    items: Vec<K>,
    /// Where each of the items is.
    places: Vec<Position>,
    bytes: usize,
    /// How many the filter said yes to, those that were skipped included.
    matching: u64,
    /// Whether there is more, which was not read.
    is_cut: bool,
}

impl App {
    /// One page of what a filter says yes to.
    pub(super) async fn scanned<K: Listed>(
        &self,
        caller: &Caller,
        query: &ListQuery,
        filter: &Filter,
        room: &mut Room,
    ) -> Result<ListResponse, Failure> {
        let identity = identity::<K>(query);
        let begin = self.begin(caller, query, &identity).await?;
        let found = self.found::<K>(caller, query, filter, &begin).await?;
        let (resources, taken) = self.shown(caller, query, &found.items, room).await?;
        let behind = begin.from.as_ref().map_or(0, |mark| mark.passed);
        let total = begin.total(&found);
        let passed = behind + begin.skipped + count(taken);
        let more = passed < behind + found.matching;
        let at = taken.checked_sub(1).and_then(|last| found.places.get(last));
        let start = match &query.page {
            scim::Page::Cursor(_) => {
                let at = at.filter(|_| more).cloned();
                Start::Cursor(at.map(|at| Mark { at, passed, total }.token(&identity)))
            }
            scim::Page::Index(start) => {
                // Whoever walked here may ask whether anything follows.
                if let Some(at) = at.filter(|_| more || *start > 1) {
                    let walk =
                        Position::walk(caller.key.id, &identity, start + count(resources.len()));
                    let bookmark = Bookmark { at: at.clone(), total: Some(total) };
                    self.store.remember_walk(caller.org, &walk, &bookmark, caller.now).await?;
                }
                Start::Index(*start)
            }
        };
        Ok(ListResponse { total, start, resources })
    }

    async fn begin(
        &self,
        caller: &Caller,
        query: &ListQuery,
        identity: &str,
    ) -> Result<Begin, Failure> {
        let start = match &query.page {
            scim::Page::Cursor(None) => return Ok(Begin::default()),
            scim::Page::Cursor(Some(token)) => {
                let mark = Mark::read(token, identity).ok_or(Error::INVALID_CURSOR)?;
                return Ok(Begin { from: Some(mark), skipped: 0 });
            }
            scim::Page::Index(start) => *start,
        };
        let passed = start.saturating_sub(1);
        if passed == 0 {
            return Ok(Begin::default());
        }
        let walk = Position::walk(caller.key.id, identity, start);
        let bookmark = self.store.walk(caller.org, &walk, caller.now).await?;
        Ok(match bookmark {
            Some(Bookmark { at, total }) => {
                let total = total.unwrap_or_default();
                Begin { from: Some(Mark { at, passed, total }), skipped: 0 }
            }
            None => Begin { from: None, skipped: passed },
        })
    }

    /// Reads on until the page is full, or to the end where the total is not known yet, up to a
    /// bound: whoever asks again would wait as long, and is told so.
    async fn found<K: Listed>(
        &self,
        caller: &Caller,
        query: &ListQuery,
        filter: &Filter,
        begin: &Begin,
    ) -> Result<Found<K>, Failure> {
        let too_many = || Failure::from(Error::TOO_MANY_RESULTS);
        let most = K::most_read(Some(filter));
        if begin.from.is_none() && K::count(self, caller.org).await? > most as u64 {
            return Err(too_many());
        }
        let mut found =
            Found { items: Vec::new(), places: Vec::new(), bytes: 0, matching: 0, is_cut: false };
        let mut at = begin.from.as_ref().map(|mark| mark.at.clone());
        let (mut read, mut at_once) = (0, begin.at_once(query));
        loop {
            let (from, order) = (at.as_ref(), order(query));
            let page = K::page(self, caller.org, order, from, at_once, caller.now).await?;
            (read, at_once) = (read + page.items.len(), READ_AT_ONCE);
            if read > most {
                return Err(too_many());
            }
            let (items, next) = page.placed();
            for (item, place) in items {
                if self.is_late(caller) {
                    return Err(too_many());
                }
                let seen = item.seen(self, caller, filter, None).await?;
                if filter.matches(&seen) && found.put(item, place, query, begin) {
                    return Ok(found);
                }
            }
            match next {
                Some(next) => at = Some(next),
                None if self.is_late(caller) => return Err(too_many()),
                None => return Ok(found),
            }
        }
    }
}

impl Begin {
    /// How many are read first: for whoever walked here, no more than a page needs if the filter
    /// says yes to all.
    fn at_once(&self, query: &ListQuery) -> usize {
        if self.from.is_some() { query.count + 1 } else { READ_AT_ONCE }
    }

    /// How many there are in all: counted where everything was read, and otherwise what it was when
    /// the walk began, as far as that is still true.
    fn total<K>(&self, found: &Found<K>) -> u64 {
        match &self.from {
            None => found.matching,
            Some(mark) if !found.is_cut => mark.passed + found.matching,
            Some(mark) => mark.total.max(mark.passed + found.matching),
        }
    }
}

impl<K: Listed> Found<K> {
    /// Counts one that the filter says yes to, keeps it where it belongs to the page, and says
    /// whether there is nothing left to be known.
    fn put(&mut self, item: K, place: Position, query: &ListQuery, begin: &Begin) -> bool {
        self.matching += 1;
        if self.matching <= begin.skipped {
            return false;
        }
        if self.items.len() < query.count && self.bytes <= MOST_KEPT {
            self.bytes += item.size();
            self.items.push(item);
            self.places.push(place);
            return false;
        }
        self.is_cut = begin.from.is_some();
        self.is_cut
    }
}

fn count(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}
