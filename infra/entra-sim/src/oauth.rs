//! The OAuth side of Entra: the tokens that Graph takes.

pub(crate) mod access_token;
