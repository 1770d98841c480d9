//! Users who are made here and in Entra too.

mod conflict;
mod crash;
mod deleted;
mod linked;
mod mode;
mod obstacle;
mod place;
mod story;
mod waiting;
