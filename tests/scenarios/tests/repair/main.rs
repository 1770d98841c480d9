//! Anchors of users in federated domains, where Entra takes none by itself: repaired by way of a
//! temporary name, in the new state in the end, or in the old one.

mod back;
mod crash;
mod meanwhile;
mod midway;
mod place;
mod refused;
mod story;
