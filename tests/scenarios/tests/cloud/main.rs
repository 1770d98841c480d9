//! Users who are made here and in Entra too.

mod conflict;
mod crash;
mod mode;
mod place;
mod story;
mod waiting;
