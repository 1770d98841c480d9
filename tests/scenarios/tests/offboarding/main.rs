//! Who has access: the rule of docs/OFFBOARDING.md, whatever happens in whichever order, and whatever
//! dies meanwhile.

mod crowd;
mod kills;
mod place;
mod rule;
mod sequences;
mod step;
mod story;
