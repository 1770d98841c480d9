//! Who has access: the rule of docs/OFFBOARDING.md, whatever happens in whichever order, and whatever
//! dies meanwhile.

mod crowd;
mod kills;
mod noticed;
mod once;
mod place;
mod rule;
mod seed;
mod sequences;
mod shown;
mod site;
mod step;
mod storm;
mod story;
mod told;
