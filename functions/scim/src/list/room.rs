//! How much an answer holds: what is over begins the next page.

use std::io::{self, Write};

use serde_json::Value;

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

    /// Puts a resource in, and says whether it fitted. The first one always does: none is larger.
    pub(super) fn put(&mut self, resource: &Value) -> bool {
        let taken = self.taken + size(resource);
        if !self.is_empty() && taken > MOST_BYTES {
            return false;
        }
        self.taken = taken;
        true
    }
}

/// How many bytes a value is as text, which is not made for that.
fn size(value: &Value) -> usize {
    let mut size = Size(0);
    // It refuses nothing.
    let _ = serde_json::to_writer(&mut size, value);
    size.0
}

struct Size(usize);

impl Write for Size {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_fits_is_put_in_and_the_first_always_fits() {
        let value = json!({ "a": ["é\"", 1, null] });
        assert_eq!(size(&value), value.to_string().len());
        let half = json!("x".repeat(MOST_BYTES / 2));
        let mut room = Room::default();
        assert!(room.is_empty() && room.put(&half));
        assert!(!room.put(&half) && !room.is_empty());
        assert!(room.put(&json!("small")));
        assert!(Room::default().put(&json!("x".repeat(MOST_BYTES + 1))));
    }
}
