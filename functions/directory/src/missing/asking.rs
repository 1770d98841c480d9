//! Asks a tenant for users by their object ids, twenty in a batch: each is there, or is not, or nobody
//! knows.

use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use graph::{Batch, DirectoryUser, GraphError};
use identity::User;
use jiff::Timestamp;
use store::Stored;

use crate::import::{Directory, ReadingError};

/// How many users one batch asks for: Graph's own limit.
const TOGETHER: usize = 20;
/// How many batches are asked at once.
const AT_ONCE: usize = 5;
/// How often those are asked for whose own calls fail.
const TRIES: u32 = 3;

/// What a tenant says of some users.
#[derive(Debug, Default)]
pub(super) struct Told {
    /// How many are there, of those who were here, as that account, before an instant.
    pub(super) found: u64,
    /// How many are there who may have come here, or become that account, since.
    pub(super) new: u64,
    /// Who is not.
    pub(super) missing: Vec<Stored<User>>,
    /// Of how many it does not say.
    pub(super) unknown: u64,
    /// Whether some of those may be asked for later.
    later: bool,
}

/// What is said of one.
#[derive(Debug)]
enum There {
    Yes,
    No,
    Unknown { later: bool },
}

impl Told {
    /// Whether those of whom nothing was said are asked for again, after so many tries.
    pub(super) const fn asks_again(&self, tries: u32) -> bool {
        self.later && tries + 1 < TRIES
    }

    fn add(mut self, (user, there): (Stored<User>, There), since: Timestamp) -> Self {
        // Nobody's sessions begin before they do; and a name may be anybody's, in any tenant.
        let value = &user.value;
        let was_here =
            value.sessions_valid_from < since && value.linked_at.is_none_or(|at| at < since);
        match there {
            There::Yes if was_here => self.found += 1,
            There::Yes => self.new += 1,
            There::No => self.missing.push(user),
            There::Unknown { later } => {
                self.unknown += 1;
                self.later |= later;
            }
        }
        self
    }
}

/// Asks for each of these users, who were here as that account before an instant, or since.
///
/// # Errors
///
/// Where a batch is not answered as a whole. Nothing is known of anybody then.
pub(super) async fn ask(
    directory: &Directory<'_>,
    users: Vec<Stored<User>>,
    since: Timestamp,
) -> Result<Told, ReadingError> {
    let batches: Vec<_> = users.chunks(TOGETHER).map(<[_]>::to_vec).collect();
    let told = stream::iter(batches).map(|some| ask_together(directory, some)).buffered(AT_ONCE);
    let told: Vec<Vec<(Stored<User>, There)>> = told.try_collect().await?;
    Ok(told.into_iter().flatten().fold(Told::default(), |told, one| told.add(one, since)))
}

async fn ask_together(
    directory: &Directory<'_>,
    users: Vec<Stored<User>>,
) -> Result<Vec<(Stored<User>, There)>, ReadingError> {
    let mut batch = Batch::default();
    for user in &users {
        // As many as a batch holds.
        let _full = batch.user(user.value.object_id.unwrap_or_default());
    }
    let fates = directory.graph.batch(&batch).await?;
    let told = users.into_iter().zip(fates).map(|(user, fate)| {
        let there = there(user.value.object_id, fate);
        (user, there)
    });
    Ok(told.collect())
}

/// What an answer says of somebody. A consent that is gone shows when a token is asked for: what is
/// forbidden here is this user.
fn there(object: Option<uuid::Uuid>, fate: Result<Option<DirectoryUser>, GraphError>) -> There {
    match fate {
        Ok(Some(told)) if Some(told.id) == object => There::Yes,
        Ok(_) => There::Unknown { later: false },
        Err(GraphError::NotFound(trace)) if trace.is_no_such_object() => There::No,
        Err(GraphError::Retry(_)) => There::Unknown { later: true },
        Err(
            GraphError::NotFound(_)
            | GraphError::ConsentLost(_)
            | GraphError::Conflict { .. }
            | GraphError::Gone { .. }
            | GraphError::Unread(_)
            | GraphError::Bug { .. },
        ) => There::Unknown { later: false },
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use std::time::Duration;

    use graph::{Later, Trace};
    use identity::UserId;
    use uuid::Uuid;

    use super::*;

    fn instant(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    /// Somebody who came here at an instant.
    fn user(second: i64) -> Stored<User> {
        let (id, name) = (UserId::from_bytes([1; 16]), "ada@contoso.test".parse().unwrap());
        let value = User::new(id, name, "Ada".to_owned(), instant(second));
        Stored { value, version: 1 }
    }

    fn told(there: impl IntoIterator<Item = (i64, There)>) -> Told {
        let all = there.into_iter().map(|(second, there)| (user(second), there));
        all.fold(Told::default(), |told, one| told.add(one, instant(7)))
    }

    fn trace(code: &str) -> Trace {
        Trace { status: Some(404), code: Some(code.to_owned()), ..Trace::default() }
    }

    fn later() -> GraphError {
        GraphError::Retry(Later { after: Duration::from_secs(9), trace: Trace::default() })
    }

    #[test]
    fn only_graphs_own_word_says_that_somebody_is_not_there() {
        let id = Uuid::from_u128(7);
        let told = |id: Uuid| -> DirectoryUser {
            serde_json::from_value(serde_json::json!({ "id": id })).unwrap()
        };
        let bug = GraphError::Bug { what: "x", trace: trace("x"), source: None };
        let cases = [
            (Ok(Some(told(id))), "Yes"),
            (Ok(Some(told(Uuid::from_u128(8)))), "Unknown { later: false }"),
            (Ok(None), "Unknown { later: false }"),
            (Err(GraphError::NotFound(trace("Request_ResourceNotFound"))), "No"),
            (Err(GraphError::NotFound(trace("UnknownError"))), "Unknown { later: false }"),
            (Err(GraphError::NotFound(Trace::default())), "Unknown { later: false }"),
            (
                Err(GraphError::ConsentLost(trace("Authorization_RequestDenied"))),
                "Unknown { later: false }",
            ),
            (Err(GraphError::Gone { resync: None, trace: trace("x") }), "Unknown { later: false }"),
            (Err(GraphError::Unread(trace("x"))), "Unknown { later: false }"),
            (Err(bug), "Unknown { later: false }"),
        ];
        for (fate, expected) in cases {
            let what = format!("{fate:?}");
            assert_eq!(format!("{:?}", there(Some(id), fate)), expected, "{what}");
        }
        assert!(matches!(there(Some(id), Err(later())), There::Unknown { later: true }));
    }

    #[test]
    fn whoever_came_with_the_reading_says_nothing_about_the_tenant() {
        let all =
            [(6, There::Yes), (7, There::Yes), (8, There::Yes), (6, There::No), (8, There::No)];
        let told = told(all);

        assert_eq!((told.found, told.new, told.missing.len(), told.unknown), (1, 2, 2, 0));
    }

    #[test]
    fn whoever_was_linked_by_name_in_the_reading_says_nothing_about_the_tenant_either() {
        let mut told = Told::default();
        for second in [6, 7, 8] {
            let mut linked = user(1);
            linked.value.linked_at = Some(instant(second));
            told = told.add((linked, There::Yes), instant(7));
        }

        assert_eq!((told.found, told.new), (1, 2));
    }

    #[test]
    fn whose_own_calls_fail_are_asked_for_again_a_few_times_where_that_may_help() {
        for tries in 0..2 * TRIES {
            let again = told([(6, There::Unknown { later: true })]).asks_again(tries);
            assert_eq!(again, tries + 1 < TRIES, "{tries}");
        }
        let settled = told([(6, There::Unknown { later: false }), (6, There::No)]);
        assert!(!settled.asks_again(0), "once more says the same");
    }
}
