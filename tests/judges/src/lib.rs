//! What the outside judges stand on: the whole local account with people in it, messages that came
//! through all of it, and forgeries of them.
//!
//! [`Site`] is the running stack: real function processes behind the gateway. A [`Person`] signs in
//! there with a passkey and brings back a [`Response`]. A [`Judge`] is a program that we did not
//! write; [`trial`](judge::trial) hears it about honest responses and about each [`Forgery`], so
//! that a judge which accepts everything is noticed. [`Prism`](prism::Prism) stands before Microsoft
//! Graph, and holds whatever passes to its contract.

pub mod forgery;
pub mod functions;
pub mod judge;
pub mod ministack;
pub mod person;
pub mod prism;
pub mod program;
pub mod site;

pub use forgery::{Forger, Forgery, Spot};
pub use judge::{Claims, Judge, Verdict};
pub use person::{Person, Response};
pub use program::Program;
pub use site::Site;
