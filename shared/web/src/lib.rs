//! Pages, cookies, errors and configuration: what every function with a browser in front shares.
//!
//! Knows HTTP and axum. Knows no storage, no AWS service, no protocol, and never asks the clock.
//!
//! | module | noun |
//! |---|---|
//! | [`page`] | one struct per page, its template, and the headers every page is sent with |
//! | [`asset`] | the style sheet, scripts and pictures, named by their hash |
//! | [`language`] | which of four languages, and every text of every page |
//! | [`header`] | what is added to every answer of a function, pages or not |
//! | [`cookie`], [`csrf`] | what ties a form to the browser it was sent to |
//! | [`gateway`] | what the HTTP library would not read |
//! | [`log`], [`failure`], [`metric`] | what is written to the log, and when something goes wrong |
//! | [`config`] | environment variables, as values that `main` passes in |

pub mod asset;
pub mod config;
pub mod cookie;
pub mod csrf;
pub mod failure;
pub mod gateway;
pub mod header;
pub mod language;
pub mod log;
pub mod metric;
pub mod page;
