//! Connecting an organization to its Entra tenant: the whole way, what is refused on it, and how the
//! tenant is read from then on.

mod anchors;
mod certificates;
mod consent;
mod faults;
mod left_out;
mod permissions;
mod reading;
mod refusals;
mod rounds;
mod story;
mod trouble;
