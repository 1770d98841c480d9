//! Signing in with Microsoft: who gets in, who does not, and what each of them is told.

mod administrators;
mod directories;
mod faults;
mod refusals;
