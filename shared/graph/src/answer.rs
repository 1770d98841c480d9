//! What an answer means. No HTTP client: the same rules hold for an answer and for a part of a batch.

use std::time::Duration;

use serde::Deserialize;

/// An answer, or one of a batch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) retry_after: Option<Duration>,
    pub(crate) location: Option<String>,
    pub(crate) request_id: Option<String>,
    pub(crate) body: Vec<u8>,
}

/// What follows from an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Done,
    /// The token is not taken: once with a fresh one.
    Unauthorized,
    Later(Option<Duration>),
    ConsentLost,
    NotFound,
    Conflict(Option<String>),
    Gone,
    Wrong,
}

/// What Graph says is wrong.
#[derive(Debug, Default, Deserialize)]
struct Problem {
    #[serde(default)]
    error: ProblemError,
}

#[derive(Debug, Default, Deserialize)]
struct ProblemError {
    #[serde(default)]
    code: String,
    #[serde(default)]
    details: Vec<ProblemDetail>,
}

#[derive(Debug, Default, Deserialize)]
struct ProblemDetail {
    #[serde(default)]
    code: String,
    #[serde(default)]
    target: Option<String>,
}

impl Answer {
    /// Judges the answer by its status, and by Graph's codes where one status means two things.
    pub(crate) fn judge(&self) -> Verdict {
        let error = self.problem();
        let is = |code: &str| error.code.eq_ignore_ascii_case(code);
        let clash = error.details.iter().find(|detail| detail.code == "ObjectConflict");
        match self.status {
            200..=299 => Verdict::Done,
            401 => Verdict::Unauthorized,
            403 => Verdict::ConsentLost,
            404 => Verdict::NotFound,
            409 => Verdict::Conflict(clash.and_then(|clash| clash.target.clone())),
            410 => Verdict::Gone,
            400..=499 if is("syncStateNotFound") || is("resyncRequired") => Verdict::Gone,
            400 if is("Directory_ExpiredPageToken") => Verdict::Gone,
            400 => match clash {
                Some(clash) => Verdict::Conflict(clash.target.clone()),
                None => Verdict::Wrong,
            },
            408 | 429 | 500 | 502 | 503 | 504 => Verdict::Later(self.retry_after),
            _ => Verdict::Wrong,
        }
    }

    /// Graph's word for what is wrong, if it is one word.
    pub(crate) fn code(&self) -> Option<String> {
        let code = self.problem().code;
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-');
        (!code.is_empty() && code.len() <= 64 && code.chars().all(plain)).then_some(code)
    }

    fn problem(&self) -> ProblemError {
        if self.status < 400 {
            return ProblemError::default();
        }
        serde_json::from_slice::<Problem>(&self.body).unwrap_or_default().error
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, code: &str) -> Answer {
        let body = format!(r#"{{"error":{{"code":"{code}","message":"for people"}}}}"#);
        Answer { status, body: body.into_bytes(), ..Answer::default() }
    }

    #[test]
    fn an_answer_is_judged_by_what_follows_from_it() {
        let cases = [
            (answer(200, ""), Verdict::Done),
            (answer(204, ""), Verdict::Done),
            (answer(401, "InvalidAuthenticationToken"), Verdict::Unauthorized),
            (answer(403, "Authorization_RequestDenied"), Verdict::ConsentLost),
            (answer(404, "Request_ResourceNotFound"), Verdict::NotFound),
            (answer(409, "Request_MultipleObjectsWithSameKeyValue"), Verdict::Conflict(None)),
            (answer(410, "resyncRequired"), Verdict::Gone),
            (answer(400, "syncStateNotFound"), Verdict::Gone),
            (answer(400, "SyncStateNotFound"), Verdict::Gone),
            (answer(400, "Directory_ExpiredPageToken"), Verdict::Gone),
            (answer(400, "Request_BadRequest"), Verdict::Wrong),
            (answer(429, "TooManyRequests"), Verdict::Later(None)),
            (answer(500, "InternalServerError"), Verdict::Later(None)),
            (answer(503, "ServiceUnavailable"), Verdict::Later(None)),
            (answer(504, ""), Verdict::Later(None)),
            (answer(501, "NotImplemented"), Verdict::Wrong),
            (answer(302, ""), Verdict::Wrong),
            (answer(100, ""), Verdict::Wrong),
        ];

        for (answer, expected) in cases {
            assert_eq!(answer.judge(), expected, "{answer:?}");
        }
    }

    #[test]
    fn a_name_that_is_taken_is_a_bad_request_with_a_detail() {
        let body = r#"{"error":{"code":"Request_BadRequest","message":"x","details":[
            {"code":"ObjectConflict","target":"userPrincipalName","message":"y"}]}}"#;
        let answer = Answer { status: 400, body: body.into(), ..Answer::default() };

        assert_eq!(answer.judge(), Verdict::Conflict(Some("userPrincipalName".to_owned())));
    }

    #[test]
    fn only_a_plain_word_is_taken_for_a_code() {
        assert_eq!(answer(400, "Request_BadRequest").code().as_deref(), Some("Request_BadRequest"));
        assert_eq!(answer(400, "ada@contoso.test is\\nwrong").code(), None);
        assert_eq!(answer(400, &"x".repeat(65)).code(), None);
        assert_eq!(
            Answer { status: 400, body: b"<html>".into(), ..Answer::default() }.code(),
            None
        );
    }

    proptest::proptest! {
        #[test]
        fn no_answer_makes_the_judge_panic(status: u16, body: Vec<u8>) {
            let answer = Answer { status, body, ..Answer::default() };

            let done = answer.judge() == Verdict::Done;

            proptest::prop_assert_eq!(done, (200..300).contains(&status));
            proptest::prop_assert!(answer.code().is_none_or(|code| code.len() <= 64));
        }
    }
}
