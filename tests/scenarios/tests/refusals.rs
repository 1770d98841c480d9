//! What is refused: nothing is written, nothing is issued, and the page repeats nothing.

#[path = "refusals/body.rs"]
mod body;
#[path = "refusals/challenge.rs"]
mod challenge;
#[path = "refusals/cookie.rs"]
mod cookie;
#[path = "refusals/form.rs"]
mod form;
#[path = "refusals/guard.rs"]
mod guard;
#[path = "refusals/organization.rs"]
mod organization;
#[path = "refusals/person.rs"]
mod person;
#[path = "refusals/raw.rs"]
mod raw;
#[path = "refusals/replay.rs"]
mod replay;
#[path = "refusals/request.rs"]
mod request;
