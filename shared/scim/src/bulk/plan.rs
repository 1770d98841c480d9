//! The order in which operations can be carried out, RFC 7644 §3.7.1.

use std::collections::BTreeSet;

use super::{BulkMethod, BulkOperation, BulkRequest};
use crate::error::{Error, ScimType};

/// An operation at its turn.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// Its place in the request.
    pub(super) place: usize,
    /// What it does, as the answer repeats it.
    pub(super) method: String,
    /// What the client calls it.
    pub(super) bulk_id: Option<String>,
    /// What is to be done, or why it cannot be.
    pub operation: Result<BulkOperation, Error>,
}

impl BulkRequest {
    /// The operations, each after those that it refers to and otherwise in the client's order.
    ///
    /// Those that wait for each other, or for such, fail with [`Error::CIRCULAR_REFERENCE`].
    pub fn plan(self) -> Vec<Step> {
        let mut waiting: Vec<Step> = self
            .operations
            .into_iter()
            .enumerate()
            .map(|(place, entry)| Step {
                place,
                method: entry.method,
                bulk_id: entry.bulk_id,
                operation: entry.operation,
            })
            .collect();
        let mut open: BTreeSet<String> = waiting.iter().filter_map(|step| step.creates()).collect();
        let known = open.clone();
        let mut plan = Vec::with_capacity(waiting.len());
        loop {
            let ready = waiting.iter().position(|step| step.references().is_disjoint(&open));
            let Some(ready) = ready else { break };
            let mut step = waiting.remove(ready);
            if !step.references().is_subset(&known) {
                step.operation = Err(UNKNOWN_REFERENCE);
            }
            if let Some(name) = step.creates() {
                open.remove(&name);
            }
            // A failed step creates nothing, but nobody waits for it any more either.
            if let Some(name) = &step.bulk_id {
                open.remove(name);
            }
            plan.push(step);
        }
        for mut step in waiting {
            step.operation = Err(Error::CIRCULAR_REFERENCE);
            plan.push(step);
        }
        plan
    }
}

impl Step {
    /// What the client calls what this creates.
    pub fn creates(&self) -> Option<String> {
        match &self.operation {
            Ok(operation) if operation.method == BulkMethod::Post => self.bulk_id.clone(),
            _ => None,
        }
    }

    fn references(&self) -> BTreeSet<String> {
        self.operation.as_ref().map(BulkOperation::references).unwrap_or_default()
    }
}

const UNKNOWN_REFERENCE: Error =
    Error::known(ScimType::InvalidValue, "a bulkId is referred to that no good POST has");
