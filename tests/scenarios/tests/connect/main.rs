//! Connecting an organization to its Entra tenant: the whole way, and what is refused on it.

mod refusals;
mod story;
