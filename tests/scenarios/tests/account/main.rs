//! What becomes in Entra of whoever loses their access here: sessions end, and accounts are disabled and
//! enabled again.

mod consent;
mod deleted;
mod faults;
mod place;
mod race;
mod story;
