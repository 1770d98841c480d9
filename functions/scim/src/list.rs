//! Lists of one kind of resource, RFC 7644 §3.4.2 and RFC 9865 §2: from an index where there is
//! one, and otherwise by reading an organization up to a stated bound.

mod cursor;
mod room;
mod scan;

use identity::OrganizationId;
use jiff::Timestamp;
use scim::{
    Error, Filter, ListQuery, ListResponse, Lookup, Projection, Resource, ResourceType, Sort, Start,
};
use serde_json::Value;
use store::{Bookmark, Order, Position, TableError};

use crate::app::App;
use crate::caller::Caller;
use crate::failure::Failure;

pub(crate) use room::Room;

/// How many resources are read at the most for a filter or an order that no index has.
pub(crate) const MOST_READ: usize = 5_000;
/// How many of them are read at once.
const READ_AT_ONCE: usize = 500;
/// About how many bytes of them are kept until all are read.
const MOST_KEPT: usize = 8 * 1024 * 1024;

/// A kind of resource that can be listed.
pub(crate) trait Listed: Sized + Sync {
    /// The kind.
    fn kind() -> &'static ResourceType;
    /// How many there are.
    async fn count(app: &App, org: OrganizationId) -> Result<u64, TableError>;
    /// Some of them, from a place on.
    async fn page(
        app: &App,
        org: OrganizationId,
        order: Order,
        from: Option<&Position>,
        most: usize,
        now: Timestamp,
    ) -> Result<store::Page<Self>, TableError>;
    /// The place behind so many.
    async fn skip(
        app: &App,
        org: OrganizationId,
        order: Order,
        many: usize,
    ) -> Result<Option<Position>, TableError>;
    /// How many are read at the most to answer a filter that no index answers.
    fn most_read(filter: Option<&Filter>) -> usize;
    /// Its id: what an index names comes in the order of these.
    fn id(&self) -> String;
    /// About how many bytes one of them is.
    fn size(&self) -> usize;
    /// One of them without what is costly to find.
    fn resource(&self, caller: &Caller) -> Result<Resource, Failure>;
    /// One of them as a filter sees it; `named` is the look-up by which an index named it.
    async fn seen(
        &self,
        app: &App,
        caller: &Caller,
        filter: &Filter,
        named: Option<Lookup<'_>>,
    ) -> Result<Resource, Failure>;
    /// One of them as an answer shows it that has so much room left; refused where it is known
    /// beforehand that it does not fit.
    async fn answer(
        &self,
        app: &App,
        caller: &Caller,
        projection: &Projection,
        room: &Room,
    ) -> Result<Value, Failure>;
}

impl App {
    /// Answers a query with as much as there is room for; `candidates` are all that an index named
    /// for its filter.
    pub(crate) async fn list<K: Listed>(
        &self,
        caller: &Caller,
        query: &ListQuery,
        candidates: Option<Vec<K>>,
        room: &mut Room,
    ) -> Result<ListResponse, Failure> {
        let indexed = query.sort.as_ref().is_none_or(Sort::is_indexed);
        match candidates {
            Some(candidates) => {
                let named = query.filter.as_ref().and_then(Filter::lookup);
                let matching = self.matching(caller, query, candidates, named).await?;
                match query.sort {
                    None => self.named(caller, query, &matching, room).await,
                    Some(_) => self.picked(caller, query, matching, room).await,
                }
            }
            None if !indexed => {
                let everything = self.everything::<K>(caller, query).await?;
                self.picked(caller, query, everything, room).await
            }
            None => match &query.filter {
                Some(filter) => self.scanned::<K>(caller, query, filter, room).await,
                None => self.walked::<K>(caller, query, room).await,
            },
        }
    }

    /// One page of the index, which ends where there is no room or no time for more.
    async fn walked<K: Listed>(
        &self,
        caller: &Caller,
        query: &ListQuery,
        room: &mut Room,
    ) -> Result<ListResponse, Failure> {
        let (org, now) = (caller.org, caller.now);
        let total = K::count(self, org).await?;
        let order = order(query);
        let identity = identity::<K>(query);
        let from = match &query.page {
            scim::Page::Index(start) if *start > total => Place::Beyond,
            scim::Page::Index(start) => self.place::<K>(caller, order, &identity, *start).await?,
            scim::Page::Cursor(None) => Place::Start,
            scim::Page::Cursor(Some(token)) => {
                Place::At(Position::read(token, &identity).ok_or(Error::INVALID_CURSOR)?)
            }
        };
        let page = match &from {
            _ if query.count == 0 => store::Page::empty(),
            Place::Beyond => store::Page::empty(),
            Place::Start => K::page(self, org, order, None, query.count, now).await?,
            Place::At(at) => K::page(self, org, order, Some(at), query.count, now).await?,
        };
        let (resources, passed) = self.shown(caller, query, &page.items, room).await?;
        let next = page.next_after(passed);
        let start = match &query.page {
            scim::Page::Cursor(_) => Start::Cursor(next.map(|next| next.token(&identity))),
            scim::Page::Index(start) => {
                let read = u64::try_from(resources.len()).unwrap_or_default();
                // Whoever walked here may ask whether anything follows.
                if let Some(at) = page.behind(passed).filter(|_| next.is_some() || *start > 1) {
                    let walk = Position::walk(caller.key.id, &identity, start + read);
                    let bookmark = Bookmark { at: at.clone(), total: None };
                    self.store.remember_walk(org, &walk, &bookmark, now).await?;
                }
                Start::Index(*start)
            }
        };
        Ok(ListResponse { total, start, resources })
    }

    /// As many as there is room and time for, as an answer shows them, and how many were passed. Each
    /// is text before the next one is read.
    async fn shown<K: Listed>(
        &self,
        caller: &Caller,
        query: &ListQuery,
        items: &[K],
        room: &mut Room,
    ) -> Result<(Vec<String>, usize), Failure> {
        let (mut resources, mut passed) = (Vec::new(), 0);
        for item in items {
            match (self.is_late(caller), room.is_empty()) {
                (true, true) => return Err(Error::UNAVAILABLE.into()),
                (true, false) => break,
                (false, _) => {}
            }
            let answer = item.answer(self, caller, &query.projection, room).await;
            match answer.map(|answer| answer.to_string()) {
                Ok(answer) if room.put(&answer) => resources.push(answer),
                Ok(_) => break,
                // It was deleted meanwhile.
                Err(Failure::Refused(error)) if error == Error::NOT_FOUND => {}
                // The next page, which begins with it, says so.
                Err(Failure::Refused(_)) if !room.is_empty() => break,
                Err(error) => return Err(error),
            }
            passed += 1;
        }
        Ok((resources, passed))
    }

    /// Where a page begins: whoever walked here finds the place at once, whoever jumps has it
    /// counted from the beginning.
    async fn place<K: Listed>(
        &self,
        caller: &Caller,
        order: Order,
        identity: &str,
        start: u64,
    ) -> Result<Place, Failure> {
        if start <= 1 {
            return Ok(Place::Start);
        }
        let walk = Position::walk(caller.key.id, identity, start);
        if let Some(bookmark) = self.store.walk(caller.org, &walk, caller.now).await? {
            return Ok(Place::At(bookmark.at));
        }
        let passed = usize::try_from(start - 1).unwrap_or(usize::MAX);
        let at = K::skip(self, caller.org, order, passed).await?;
        Ok(at.map_or(Place::Beyond, Place::At))
    }

    /// Everything that a filter says yes to, read page by page to be sorted, up to a bound of how
    /// many are read and of how much is kept.
    async fn everything<K: Listed>(
        &self,
        caller: &Caller,
        query: &ListQuery,
    ) -> Result<Vec<K>, Failure> {
        let too_many = || Failure::from(Error::TOO_MANY_RESULTS);
        let most = K::most_read(query.filter.as_ref());
        if K::count(self, caller.org).await? > most as u64 {
            return Err(too_many());
        }
        let (mut matching, mut read, mut kept, mut from) = (Vec::new(), 0, 0, None);
        loop {
            if self.is_late(caller) {
                return Err(too_many());
            }
            let (order, at) = (Order::Stored, from.as_ref());
            let page = K::page(self, caller.org, order, at, READ_AT_ONCE, caller.now).await?;
            read += page.items.len();
            if read > most {
                return Err(too_many());
            }
            let found = self.matching(caller, query, page.items, None).await?;
            kept += found.iter().map(K::size).sum::<usize>();
            if kept > MOST_KEPT {
                return Err(too_many());
            }
            matching.extend(found);
            match page.next {
                Some(next) => from = Some(next),
                None if self.is_late(caller) => return Err(too_many()),
                None => return Ok(matching),
            }
        }
    }

    /// Those that the filter says yes to. Whoever has no time left for that would have none another
    /// time either.
    async fn matching<K: Listed>(
        &self,
        caller: &Caller,
        query: &ListQuery,
        items: Vec<K>,
        named: Option<Lookup<'_>>,
    ) -> Result<Vec<K>, Failure> {
        let Some(filter) = &query.filter else { return Ok(items) };
        let mut matching = Vec::new();
        for item in items {
            if self.is_late(caller) {
                return Err(Error::TOO_MANY_RESULTS.into());
            }
            if filter.matches(&item.seen(self, caller, filter, named).await?) {
                matching.push(item);
            }
        }
        Ok(matching)
    }

    /// One page of what an index named: the next one begins behind the last one that was shown,
    /// whoever comes and goes meanwhile.
    async fn named<K: Listed>(
        &self,
        caller: &Caller,
        query: &ListQuery,
        matching: &[K],
        room: &mut Room,
    ) -> Result<ListResponse, Failure> {
        let identity = identity::<K>(query);
        let ids = matching.iter().map(Listed::id).collect::<Vec<_>>();
        let passed_at = |at: &Position| at.passes(ids.iter().map(String::as_str));
        let offset = match &query.page {
            scim::Page::Cursor(None) | scim::Page::Index(0 | 1) => 0,
            scim::Page::Cursor(Some(token)) => {
                let mark = cursor::Mark::read(token, &identity).ok_or(Error::INVALID_CURSOR)?;
                passed_at(&mark.at)
            }
            // Nobody walked here who saw everything on the first page.
            scim::Page::Index(_) if matching.is_empty() => 0,
            scim::Page::Index(start) => {
                let walk = Position::walk(caller.key.id, &identity, *start);
                match self.store.walk(caller.org, &walk, caller.now).await? {
                    Some(bookmark) => passed_at(&bookmark.at),
                    None => usize::try_from(start - 1).unwrap_or(usize::MAX),
                }
            }
        };
        let count = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
        let total = count(matching.len());
        let rest = matching.get(offset..).unwrap_or_default();
        let page = rest.get(..query.count).unwrap_or(rest);
        let (resources, passed) = self.shown(caller, query, page, room).await?;
        let next = offset.saturating_add(passed);
        let more = next < ids.len();
        let last = ids.get(next.saturating_sub(1)).filter(|_| passed > 0);
        let at = last.map(|last| Position::behind(last));
        let start = match &query.page {
            scim::Page::Cursor(_) => {
                let at = at.filter(|_| more);
                let mark = at.map(|at| cursor::Mark { at, passed: count(next), total });
                Start::Cursor(mark.map(|mark| mark.token(&identity)))
            }
            scim::Page::Index(start) => {
                if let Some(at) = at.filter(|_| more || *start > 1) {
                    let from = start.saturating_add(count(resources.len()));
                    let walk = Position::walk(caller.key.id, &identity, from);
                    let bookmark = Bookmark { at, total: None };
                    self.store.remember_walk(caller.org, &walk, &bookmark, caller.now).await?;
                }
                Start::Index(*start)
            }
        };
        Ok(ListResponse { total, start, resources })
    }

    /// One page of what was read whole to be sorted.
    async fn picked<K: Listed>(
        &self,
        caller: &Caller,
        query: &ListQuery,
        mut matching: Vec<K>,
        room: &mut Room,
    ) -> Result<ListResponse, Failure> {
        if let Some(sort) = &query.sort {
            let keyed =
                matching.into_iter().map(|item| Ok((sort.key(&item.resource(caller)?), item)));
            let mut keyed = keyed.collect::<Result<Vec<_>, Failure>>()?;
            keyed.sort_by(|(one, _), (other, _)| sort.compare(one, other));
            matching = keyed.into_iter().map(|(_, item)| item).collect();
        }
        let identity = identity::<K>(query);
        let offset = match &query.page {
            scim::Page::Index(start) => usize::try_from(start - 1).unwrap_or(usize::MAX),
            scim::Page::Cursor(None) => 0,
            scim::Page::Cursor(Some(token)) => {
                cursor::read(token, &identity).ok_or(Error::INVALID_CURSOR)?
            }
        };
        let total = u64::try_from(matching.len()).unwrap_or(u64::MAX);
        let rest = matching.get(offset..).unwrap_or_default();
        let page = rest.get(..query.count).unwrap_or(rest);
        let (resources, passed) = self.shown(caller, query, page, room).await?;
        let next = offset.saturating_add(passed);
        let start = match &query.page {
            scim::Page::Index(start) => Start::Index(*start),
            scim::Page::Cursor(_) => {
                let more = next < matching.len() && passed > 0;
                Start::Cursor(more.then(|| cursor::write(next, &identity)))
            }
        };
        Ok(ListResponse { total, start, resources })
    }
}

/// Where a page begins.
enum Place {
    Start,
    At(Position),
    Beyond,
}

fn order(query: &ListQuery) -> Order {
    match query.sort.as_ref().map(Sort::order) {
        None => Order::Stored,
        Some(scim::Order::Ascending) => Order::Ascending,
        Some(scim::Order::Descending) => Order::Descending,
    }
}

/// What a cursor is good for: this kind, this filter, this order.
fn identity<K: Listed>(query: &ListQuery) -> String {
    format!("{}\n{}", K::kind().name, query.identity())
}
