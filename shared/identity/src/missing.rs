//! Users who are not in their tenant any more though nobody said so: how many may lose access for it
//! unasked.

use serde::{Deserialize, Serialize};

/// How many users may lose access unasked at once, since they are missing in the tenant: as many as the
/// larger of both allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MissingLimit {
    /// So many users.
    pub users: u32,
    /// So many in a hundred of those whom the tenant spoke of.
    pub percent: u8,
}

impl Default for MissingLimit {
    fn default() -> Self {
        Self { users: 5, percent: 10 }
    }
}

/// What follows for those who are missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missed {
    /// Nobody is.
    Nobody,
    /// They lose access.
    Few,
    /// They keep it, until somebody decides.
    Many,
}

impl MissingLimit {
    /// The most that [`users`](Self::users) may be; the least is nobody.
    pub const MOST_USERS: u32 = 100_000;
    /// The most that [`percent`](Self::percent) may be.
    pub const MOST_PERCENT: u8 = 100;

    /// Decides by how many of those who were here before were found in the tenant, and how many were not.
    /// A tenant that has nobody of them is empty or another one, whatever the limit.
    pub fn judge(self, found: u64, missing: u64) -> Missed {
        let (found, missing) = (u128::from(found), u128::from(missing));
        let of_all = missing * 100 <= u128::from(self.percent) * (found + missing);
        match missing {
            0 => Missed::Nobody,
            _ if found == 0 => Missed::Many,
            _ if of_all || missing <= u128::from(self.users) => Missed::Few,
            _ => Missed::Many,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_lose_access_unasked_and_the_larger_limit_counts() {
        let usual = MissingLimit::default();
        let nobody = MissingLimit { users: 0, percent: 0 };
        let everybody = MissingLimit { users: 0, percent: 100 };
        let cases = [
            // limit, found, missing, expected
            (usual, 0, 0, Missed::Nobody),
            (usual, 50, 0, Missed::Nobody),
            (usual, 1, 5, Missed::Few),
            (usual, 45, 5, Missed::Few),
            (usual, 44, 6, Missed::Many),
            (usual, 53, 6, Missed::Many),
            (usual, 54, 6, Missed::Few),
            (usual, 59, 7, Missed::Many),
            (usual, 900_000, 100_000, Missed::Few),
            (usual, 899_999, 100_001, Missed::Many),
            // Whoever has nobody of ours says nothing about anybody.
            (usual, 0, 1, Missed::Many),
            (usual, 0, 5, Missed::Many),
            (everybody, 0, 7, Missed::Many),
            (everybody, 1, 7, Missed::Few),
            (nobody, 1_000, 1, Missed::Many),
            (nobody, 1_000, 0, Missed::Nobody),
            (usual, u64::MAX, u64::MAX, Missed::Many),
        ];
        for (limit, found, missing, expected) in cases {
            assert_eq!(
                limit.judge(found, missing),
                expected,
                "{missing} beside {found} by {limit:?}"
            );
        }
    }
}
