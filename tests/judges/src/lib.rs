//! judges
