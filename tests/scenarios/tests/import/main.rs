//! The directory function reads the simulated Graph into the table.

mod anchors;
mod lab;
mod left_out;
mod names;
mod pages;
mod rounds;
