//! One user of the directory, from what is said of them to what is stored.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use graph::{DirectoryUser, Told};
use identity::{Block, UserId, UserName};
use jiff::Timestamp;
use store::{
    Action, ImportError, Known, LeftOutReason, LookUp, Named, NamesOf, Stored, TableError, Tally,
};
use uuid::Uuid;
use web::failure::RequestId;

use super::decision::{self, Claims, Decided, Skipped};
use super::{Directory, ReadingError, Unknown};
use crate::app::App;
use crate::repair::has_temporary_name;

/// How often a user is decided anew who changes meanwhile.
const RACES: u32 = 5;

/// What a page says of one object, in its order.
#[derive(Debug)]
pub(super) struct Member {
    pub(super) object: Uuid,
    /// The same wherever the same is told of the same one.
    pub(super) fingerprint: u64,
    told: Vec<DirectoryUser>,
}

impl Member {
    fn new(object: Uuid, told: Vec<DirectoryUser>) -> Self {
        let mut hasher = DefaultHasher::new();
        told.hash(&mut hasher);
        Self { object, fingerprint: hasher.finish(), told }
    }

    /// What they are called, as far as the page says.
    pub(super) fn name(&self) -> Option<UserName> {
        let said = self.told.iter().rev().find_map(|told| told.user_principal_name.value());
        said.and_then(|name| name.parse().ok())
    }

    /// Brings together what a page says of each.
    pub(super) fn each(told: Vec<DirectoryUser>) -> Vec<Self> {
        let mut places: HashMap<Uuid, usize> = HashMap::with_capacity(told.len());
        let mut each: Vec<(Uuid, Vec<DirectoryUser>)> = Vec::with_capacity(told.len());
        for user in told {
            let place = *places.entry(user.id).or_insert(each.len());
            match each.get_mut(place) {
                Some((_, told)) => told.push(user),
                None => each.push((user.id, vec![user])),
            }
        }
        each.into_iter().map(|(object, told)| Self::new(object, told)).collect()
    }
}

/// What became of one user.
#[derive(Debug, Default)]
pub(super) struct Done {
    pub(super) tally: Tally,
    /// The user, where somebody else has their name who may let go of it. What else was told of them
    /// is carried out.
    pub(super) clashed: Option<Member>,
    /// Why something that was told of them is not carried out, and has to be asked for again.
    pub(super) left_out: Option<LeftOutReason>,
}

/// What a write came to.
enum Written {
    Done,
    /// Somebody else changed the user, or made them, meanwhile.
    Again,
    /// Somebody else of the directory has it, who may let go of it.
    Clash(Named),
    /// Somebody has it whom the directory does not speak for: they keep it.
    Taken,
    /// The account is of somebody who was deleted here, or is being brought there: that says itself
    /// who they are.
    Ours,
}

impl App {
    /// Does what is said of one user, in its order.
    pub(super) async fn carry_member_out(
        &self,
        directory: &Directory<'_>,
        member: Member,
        mut known: Option<Known>,
        request_id: &RequestId,
    ) -> Result<Done, ReadingError> {
        let mut done = Done::default();
        let mut clashed = false;
        for (place, told) in member.told.iter().enumerate() {
            done.tally.told += 1;
            if place > 0 {
                known = self.known(directory, told.id).await?;
            }
            let mut claims = Claims::ALL;
            let mut taken = None;
            let mut asked = false;
            let mut written = false;
            for _ in 0..RACES {
                let decided = match self.decide(directory, told, known.as_ref(), claims).await? {
                    Ok(decided) => decided,
                    Err(skipped) => {
                        done.tally = done.tally.plus(skipped.tally());
                        done.left_out = done.left_out.or(skipped.left_out());
                        written = true;
                        break;
                    }
                };
                match self.write(directory, known.as_ref(), &decided, request_id).await? {
                    Written::Done => {
                        done.tally = done.tally.plus(decided.tally);
                        done.left_out = done.left_out.or(decided.left_out).or(taken);
                        written = true;
                        break;
                    }
                    Written::Ours => {
                        written = true;
                        break;
                    }
                    Written::Again => known = self.known(directory, told.id).await?,
                    // It may have moved there: then whoever has it here lets go of it.
                    Written::Clash(Named::Anchor)
                        if !asked && self.anchor_freed(directory, &decided, request_id).await? =>
                    {
                        asked = true;
                        known = self.known(directory, told.id).await?;
                    }
                    // Two with one anchor: whoever comes second has none, until it is free.
                    Written::Clash(Named::Anchor) if claims.anchor => {
                        done.tally.clashes += 1;
                        claims.anchor = false;
                        taken = Some(LeftOutReason::AnchorTaken);
                        if let Some(anchor) = &decided.user.anchor {
                            let theirs = LookUp::Anchor(anchor);
                            self.find_in_the_way(directory, theirs, told.id).await?;
                        }
                        // Once: they are asked for again and again.
                        if !known.as_ref().is_some_and(|known| known.user.value.unanchored) {
                            let user = &decided.user;
                            let audit = self.anchor_refused(user, "anchor_taken", request_id);
                            self.store.audit(directory.organization, &audit).await?;
                        }
                    }
                    // Whoever is known keeps the name that they have for now; whether they may sign
                    // in does not wait for it.
                    Written::Clash(Named::UserName) if claims.name && known.is_some() => {
                        clashed = true;
                        claims.name = false;
                    }
                    Written::Clash(_) => break,
                    Written::Taken => {
                        done.tally.clashes += 1;
                        done.left_out = Some(LeftOutReason::NameTaken);
                        let theirs = LookUp::UserName(&decided.user.user_name);
                        self.find_in_the_way(directory, theirs, told.id).await?;
                        written = true;
                        break;
                    }
                }
            }
            if let Some(known) = &known {
                self.tell_of_stray(directory, told, known, request_id).await?;
            }
            clashed |= !written;
        }
        done.clashed = clashed.then_some(member);
        Ok(done)
    }

    /// Tells of somebody who has the temporary name of a repair there, and whom nobody gives their own
    /// back: it names nobody here, so that nobody else would see it.
    async fn tell_of_stray(
        &self,
        directory: &Directory<'_>,
        told: &DirectoryUser,
        known: &Known,
        request_id: &RequestId,
    ) -> Result<(), ReadingError> {
        let (organization, id) = (directory.organization, known.user.value.id);
        let is_stray = |told: &DirectoryUser| has_temporary_name(told, id);
        if !is_stray(told) {
            return Ok(());
        }
        // What a page tells may be over.
        if !directory.account(told.id).await?.is_ok_and(|there| is_stray(&there)) {
            return Ok(());
        }
        let now = self.clock.now();
        if self.store.repair(organization, id, now).await?.is_none() {
            web::metric::count("RepairStuck", "directory", now);
            let mut audit = self.audit(Action::TemporaryNameFound, request_id, now);
            audit.subject = Some(id);
            self.store.audit(organization, &audit).await?;
        }
        Ok(())
    }

    /// Notes of whoever has what an account is to have that they stand in its way: it is read once they let
    /// go of it. Where they do so meanwhile, it is asked for all the same.
    pub(super) async fn find_in_the_way(
        &self,
        directory: &Directory<'_>,
        name: LookUp<'_>,
        object: Uuid,
    ) -> Result<(), ReadingError> {
        let organization = directory.organization;
        for _ in 0..RACES {
            let now = self.clock.now();
            let holder = self.store.holders(organization, &[name], now).await?.pop().flatten();
            let Some(Known { user, .. }) = holder else { return Ok(()) };
            match self.store.stand_in_the_way(organization, &user, object).await {
                Err(TableError::Conflict { .. }) => {}
                done => return Ok(done?),
            }
        }
        Ok(())
    }

    /// Lets go of a name that a user has here and no more there, and answers what that user is told
    /// to be now. So two who swap names do not wait for each other for ever.
    pub(super) async fn make_way(
        &self,
        directory: &Directory<'_>,
        member: &Member,
        request_id: &RequestId,
    ) -> Result<Option<Member>, ReadingError> {
        let now = self.clock.now();
        let organization = directory.organization;
        let Some(name) = member.name() else { return Ok(None) };
        let holder = self.store.user_in_the_way(organization, &name, now).await?;
        let Some(Known { user: holder, names: NamesOf::Directory }) = holder else {
            return Ok(None);
        };
        let Some(object) = holder.value.object_id.filter(|object| *object != member.object) else {
            return Ok(None);
        };
        let theirs = match directory.account(object).await? {
            Ok(theirs) => Some(theirs),
            Err(Unknown::Gone) => None,
            // Whoever makes no sense keeps what they have.
            Err(Unknown::Unsaid) => return Ok(None),
        };
        let there = theirs.as_ref().and_then(|theirs| theirs.user_principal_name.value());
        let keeps = there.and_then(|there| there.parse::<UserName>().ok());
        let Ok(parked) = object.to_string().parse::<UserName>() else { return Ok(None) };
        // Whose anchor is repaired has it still, though not for this moment.
        let is_repaired = keeps.as_ref().and_then(UserName::temporary_of) == Some(holder.value.id)
            && self.store.repair(organization, holder.value.id, now).await?.is_some();
        if is_repaired || keeps.is_some_and(|there| there.folded() == name.folded()) {
            return Ok(None);
        }
        let mut user = holder.value.clone();
        user.user_name = parked;
        let mut audit = self.audit(Action::UserChanged, request_id, now);
        audit.subject = Some(user.id);
        audit.reason = Some("directory_renamed".to_owned());
        match self.store.change_directory_user(organization, &holder, &user, &audit).await {
            Ok(follows) => self.announce(&follows, request_id).await,
            // Who changed meanwhile may have let go of it, or is told of again.
            Err(ImportError::Stale | ImportError::Ours | ImportError::Taken(_)) => {}
            Err(ImportError::Table(error)) => return Err(error.into()),
        }
        Ok(theirs.map(|told| Member::new(object, vec![told])))
    }

    pub(super) async fn known(
        &self,
        directory: &Directory<'_>,
        object: Uuid,
    ) -> Result<Option<Known>, ReadingError> {
        let now = self.clock.now();
        let found = self.store.users_of_objects(directory.organization, &[object], now).await?;
        Ok(found.into_values().next())
    }

    /// What a user becomes. Who is unknown is asked for as a whole where only a part is said of them, and
    /// who is blocked unless that is what is said: what was said may be older than the block, and access
    /// comes back by an answer alone that was asked for after the block was read. Who got access back while
    /// this was read is asked for too: what takes it may be older, and nothing would tell of them again. By
    /// then they are told of as they are, and are asked for once more later, since what answers may lag.
    async fn decide(
        &self,
        directory: &Directory<'_>,
        told: &DirectoryUser,
        known: Option<&Known>,
        claims: Claims,
    ) -> Result<Result<Decided, Skipped>, ReadingError> {
        let now = self.clock.now();
        let is_back = known.is_some_and(|known| is_back(known, told, directory.since));
        let suffices = match known {
            _ if is_back => false,
            _ if told.removed.is_some() => true,
            Some(known) => {
                let blocked = known.user.value.blocks.contains(&Block::Entra);
                let ours = known.user.value.is_disabled_by_us(told.id);
                !blocked || told.account_enabled.value() == Some(&false) && !ours
            }
            None => {
                let said = [told.user_principal_name.is_said(), told.user_type.is_said()];
                said == [true, true] && told.account_enabled.is_said()
            }
        };
        let mut left_out = None;
        let asked = match suffices {
            true => None,
            false => match directory.account(told.id).await? {
                Ok(whole) => {
                    if is_back && !takes(&whole) {
                        self.store.look_once_more(directory.organization, told.id, now).await?;
                    }
                    Some(whole)
                }
                // Nobody says otherwise.
                Err(_) if is_back => None,
                Err(unknown) => {
                    let skipped = match unknown {
                        Unknown::Gone => Skipped::Unseen,
                        Unknown::Unsaid => Skipped::Senseless,
                    };
                    if known.is_none() {
                        return Ok(Err(skipped));
                    }
                    // They are known by what was said, which gives no access back.
                    left_out = Some(skipped);
                    Some(DirectoryUser { account_enabled: Told::Unsaid, ..told.clone() })
                }
            },
        };
        let told = asked.as_ref().unwrap_or(told);
        match known {
            Some(known) => {
                let mut decided = decision::changed(known, told, claims, now);
                if let Some(skipped) = left_out {
                    decided.left_out = skipped.left_out();
                    decided.tally = decided.tally.plus(skipped.tally());
                }
                Ok(Ok(decided))
            }
            None if told.removed.is_some() => Ok(Err(Skipped::Unknown)),
            None => Ok(decision::made(UserId::mint(&*self.entropy), told, claims, now)),
        }
    }

    async fn write(
        &self,
        directory: &Directory<'_>,
        known: Option<&Known>,
        decided: &Decided,
        request_id: &RequestId,
    ) -> Result<Written, ReadingError> {
        let now = self.clock.now();
        let organization = directory.organization;
        let mut audit = self.audit(decided.action(), request_id, now);
        audit.subject = Some(decided.user.id);
        audit.reason = Some("directory".to_owned());
        let user = &decided.user;
        let outcome = match known {
            Some(known) if known.user.value == *user => return Ok(Written::Done),
            Some(known) => {
                self.store.change_directory_user(organization, &known.user, user, &audit).await
            }
            None => {
                let made = self.store.make_directory_user(organization, user, &audit).await;
                made.map(|()| Vec::new())
            }
        };
        match outcome {
            Ok(follows) => {
                self.announce(&follows, request_id).await;
                Ok(Written::Done)
            }
            Err(ImportError::Stale) => Ok(Written::Again),
            Err(ImportError::Table(error)) => Err(error.into()),
            Err(ImportError::Ours) => Ok(Written::Ours),
            Err(ImportError::Taken(Named::ObjectId)) => Ok(Written::Again),
            Err(ImportError::Taken(Named::UserName)) if known.is_none() => {
                self.link(directory, decided, request_id).await
            }
            Err(ImportError::Taken(named)) => Ok(Written::Clash(named)),
        }
    }

    /// Lets go of the anchor that somebody is to have, where it is not its holder's there any more.
    async fn anchor_freed(
        &self,
        directory: &Directory<'_>,
        decided: &Decided,
        request_id: &RequestId,
    ) -> Result<bool, ReadingError> {
        let (organization, graph) = (directory.organization, directory.graph);
        self.free_anchor(organization, graph, &decided.user, request_id).await
    }

    /// Somebody has the name and is no object yet: it is they, unless a provisioning client keeps
    /// them, which says itself who they are.
    async fn link(
        &self,
        directory: &Directory<'_>,
        decided: &Decided,
        request_id: &RequestId,
    ) -> Result<Written, ReadingError> {
        let now = self.clock.now();
        let organization = directory.organization;
        let name = &decided.user.user_name;
        let holder = self.store.user_in_the_way(organization, name, now).await?;
        let Some(holder) = holder else { return Ok(Written::Again) };
        let theirs = &holder.user.value;
        if theirs.object_id.is_some() {
            return Ok(Written::Clash(Named::UserName));
        }
        // Whoever is on the way there, and is not this object, is linked by somebody's decision alone.
        let pushed = self.store.push(organization, theirs.id, now).await?.is_some();
        if holder.names == NamesOf::Client || pushed {
            return Ok(Written::Taken);
        }
        let linked = decision::linked(theirs, &decided.user, now);
        let mut audit = self.audit(Action::UserChanged, request_id, now);
        audit.subject = Some(linked.id);
        audit.reason = Some("directory_linked".to_owned());
        let before: &Stored<_> = &holder.user;
        match self.store.change_directory_user(organization, before, &linked, &audit).await {
            Ok(follows) => {
                self.announce(&follows, request_id).await;
                Ok(Written::Done)
            }
            Err(ImportError::Stale | ImportError::Ours | ImportError::Taken(Named::ObjectId)) => {
                Ok(Written::Again)
            }
            Err(ImportError::Taken(named)) => Ok(Written::Clash(named)),
            Err(ImportError::Table(error)) => Err(error.into()),
        }
    }
}

/// Whether what is told takes the access of somebody to whom it came back, or who was made, since then. An
/// account that is disabled by us takes nobody's.
fn is_back(known: &Known, told: &DirectoryUser, since: Timestamp) -> bool {
    let user = &known.user.value;
    let is_back = !user.blocks.contains(&Block::Entra) && user.sessions_valid_from >= since;
    is_back && takes(told) && !user.is_disabled_by_us(told.id)
}

/// Whether what is told of somebody takes their access.
fn takes(told: &DirectoryUser) -> bool {
    told.removed.is_some() || told.account_enabled.value() == Some(&false)
}
