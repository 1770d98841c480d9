//! How much an answer holds: what is over begins the next page.

/// How many bytes of resources an answer holds at the most: Lambda's own limit is 6 MB.
const MOST_BYTES: usize = 4 * 1024 * 1024;

/// What an answer has room for.
#[derive(Debug, Default)]
pub(crate) struct Room {
    taken: usize,
}

impl Room {
    /// Whether nothing was put in yet.
    pub(super) const fn is_empty(&self) -> bool {
        self.taken == 0
    }

    /// How many bytes of resources still fit.
    pub(crate) const fn left(&self) -> usize {
        MOST_BYTES.saturating_sub(self.taken)
    }

    /// Puts a resource in, and says whether it fitted. The first one always does: none is larger.
    pub(super) fn put(&mut self, resource: &str) -> bool {
        let taken = self.taken + resource.len();
        if !self.is_empty() && taken > MOST_BYTES {
            return false;
        }
        self.taken = taken;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fits_is_put_in_and_the_first_always_fits() {
        let half = "x".repeat(MOST_BYTES / 2 + 1);
        let mut room = Room::default();
        assert!(room.is_empty() && room.put(&half));
        assert!(!room.put(&half) && !room.is_empty());
        assert_eq!(room.left(), half.len() - 2);
        assert!(room.put(&half[2..]));
        assert!(!room.put("x") && room.left() == 0);
        let mut room = Room::default();
        assert!(room.put(&"x".repeat(MOST_BYTES + 1)) && room.left() == 0);
    }
}
