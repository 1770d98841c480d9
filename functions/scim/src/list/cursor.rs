//! Cursors of filters and orders without an index, RFC 9865 §2: each good for one query only.

use identity::SecretHash;
use store::Position;

/// How many characters of a query's hash a cursor carries.
const BOUND: usize = 16;

/// Where a walk through what a filter says yes to goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mark {
    /// The last one passed.
    pub(super) at: Position,
    /// How many were found up to there.
    pub(super) passed: u64,
    /// How many there were in all when the walk began.
    pub(super) total: u64,
}

impl Mark {
    pub(super) fn token(&self, identity: &str) -> String {
        format!("{}.{}.{}", self.passed, self.total, self.at.token(identity))
    }

    /// Reads a cursor that we handed out for this query.
    pub(super) fn read(token: &str, identity: &str) -> Option<Self> {
        let (passed, rest) = token.split_once('.')?;
        let (total, at) = rest.split_once('.')?;
        let at = Position::read(at, identity)?;
        Some(Self { at, passed: number(passed)?.into(), total: number(total)?.into() })
    }
}

/// A cursor into what was sorted anew: how many were passed.
pub(super) fn write(passed: usize, identity: &str) -> String {
    format!("{}-{passed}", bound(identity))
}

/// Reads a cursor that we handed out for this query.
pub(super) fn read(token: &str, identity: &str) -> Option<usize> {
    let (bound_to, passed) = token.split_once('-')?;
    if bound_to == bound(identity) { usize::try_from(number(passed)?).ok() } else { None }
}

/// More than any list has fits.
fn number(digits: &str) -> Option<u32> {
    digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok())?
}

fn bound(identity: &str) -> String {
    SecretHash::of(&[b"passed", identity.as_bytes()]).as_str().chars().take(BOUND).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_read_for_its_own_query_alone() {
        let token = write(200, "User\n\ntitle pr");

        assert_eq!(read(&token, "User\n\ntitle pr"), Some(200));
        for (token, identity) in [
            (token.as_str(), "Group\n\ntitle pr"),
            (&token.replace("200", "+200"), "User\n\ntitle pr"),
            (&token.replace("200", ""), "User\n\ntitle pr"),
            ("", "User\n\ntitle pr"),
            ("200", "User\n\ntitle pr"),
        ] {
            assert_eq!(read(token, identity), None, "{token}");
        }
    }
}
