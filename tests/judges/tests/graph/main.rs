//! Microsoft's contract is the judge of what our Graph client asks and of what the simulated Graph answers.

mod calls;
mod exchanges;
