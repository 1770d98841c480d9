//! From a typed address or a link to a passkey, and who never gets there.

#[path = "enrolment/approval.rs"]
mod approval;
#[path = "enrolment/code.rs"]
mod code;
#[path = "enrolment/limit.rs"]
mod limit;
#[path = "enrolment/link.rs"]
mod link;
#[path = "enrolment/recovery.rs"]
mod recovery;
#[path = "enrolment/registration.rs"]
mod registration;
#[path = "enrolment/secret.rs"]
mod secret;
#[path = "enrolment/step.rs"]
mod step;
#[path = "enrolment/stranger.rs"]
mod stranger;
