//! ambient
