//! Cursors into what was read whole: how many were passed, RFC 9865 §2.

use identity::SecretHash;

/// How many characters of a query's hash a cursor carries.
const BOUND: usize = 16;

/// A cursor that is good for one query only.
pub(super) fn write(passed: usize, identity: &str) -> String {
    format!("{}-{passed}", bound(identity))
}

/// Reads a cursor that we handed out for this query.
pub(super) fn read(token: &str, identity: &str) -> Option<usize> {
    let (bound_to, passed) = token.split_once('-')?;
    let digits = !passed.is_empty() && passed.bytes().all(|byte| byte.is_ascii_digit());
    if digits && bound_to == bound(identity) { passed.parse().ok() } else { None }
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
