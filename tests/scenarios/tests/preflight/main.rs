//! Who cannot sign in yet, and why: looked at by a job, shown page by page, fetched as files.

mod asking;
mod faults;
mod files;
mod story;
