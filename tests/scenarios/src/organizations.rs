//! Many more organizations, each connected to a tenant of its own: put straight into the table, as copies
//! of the world's organization, so that thousands cost seconds.

use std::collections::BTreeMap;

use ambient::SystemEntropy;
use aws_sdk_dynamodb::types::{AttributeValue, PutRequest, WriteRequest};
use entra_sim::Crowd;
use identity::{OrganizationId, OutboxId};
use jiff::Timestamp;
use serde_json::Value;

use crate::World;
use crate::microsoft::TENANT;
use crate::records::stored_form;
use crate::world::READER;

/// The shards that the index spreads rounds over.
const SHARDS: u8 = 16;

impl World {
    /// Lets there be so many more tenants, each of which lets us read its few people.
    pub fn gather(&self, tenants: u32, people: u32) {
        let consents = [(READER.to_owned(), ["User.Read.All".to_owned()].into())].into();
        self.microsoft.gather(Crowd { tenants, people, consents });
    }

    /// Lets there be so many more organizations, whose tenants are those of a crowd, in its order: each is
    /// connected, was never read, and its first round is due at an instant. The world's own has to be
    /// connected.
    pub async fn pretend_connected(&self, many: u32, due_at: Timestamp) -> Vec<OrganizationId> {
        let own = self.organization.to_string();
        let records = self.records().await;
        let is_kept = |pk: &str| {
            [format!("ORG#{own}"), format!("ORG#{own}#CONNECTION"), format!("TENANT#{TENANT}")]
                .iter()
                .any(|kept| kept == pk)
        };
        let mut kept: Vec<_> = records.0.iter().filter(|((pk, _), _)| is_kept(pk)).collect();
        let is_round = |item: &Value| item["value"]["task"]["read_directory"].is_object();
        let round = records.0.iter().find(|(_, item)| is_round(item));
        kept.extend(round);
        assert_eq!(kept.len(), 4, "the organization is connected");
        let item = round.unwrap().1["value"]["id"].as_str().unwrap();
        let mut organizations = Vec::with_capacity(many as usize);
        let mut puts = Vec::with_capacity(4 * many as usize);
        for number in 0..many {
            let (organization, round) =
                (OrganizationId::mint(&SystemEntropy), OutboxId::mint(&SystemEntropy).to_string());
            let names = [
                (own.as_str(), organization.to_string()),
                (TENANT, Crowd::tenant_id(number)),
                (item, round.clone()),
            ];
            let named = |text: &str| {
                names.iter().fold(text.to_owned(), |text, (old, new)| text.replace(old, new))
            };
            for ((pk, sk), item) in &kept {
                let mut copy: Value = serde_json::from_str(&named(&item.to_string())).unwrap();
                if sk == "ORGANIZATION" {
                    // It has nobody yet, and federates nothing.
                    copy["value"]["domains"] = Value::Array(Vec::new());
                    copy["value"]["administrators"] = Value::Array(Vec::new());
                }
                if is_round(item) {
                    let shard = u8::from_str_radix(&round[..2], 16).unwrap() % SHARDS;
                    copy["index_pk"] = Value::from(format!("OUTBOX#ROUND#{shard}"));
                    copy["index_sk"] = Value::from(format!("{due_at:.9}#{round}"));
                    copy["value"]["due_at"] = Value::from(due_at.to_string());
                    copy["value"]["attempts"] = Value::from(0);
                }
                puts.push(put((named(pk), named(sk)), &copy));
            }
            organizations.push(organization);
        }
        for some in puts.chunks(25) {
            let written =
                self.dynamodb.batch_write_item().request_items(&self.table, some.to_vec());
            let left = written.send().await.unwrap().unprocessed_items.unwrap_or_default();
            assert!(left.is_empty(), "the table took all of them");
        }
        organizations
    }
}

fn put((pk, sk): (String, String), item: &Value) -> WriteRequest {
    let text = AttributeValue::S;
    let mut attributes: BTreeMap<_, _> =
        [("pk".to_owned(), text(pk)), ("sk".to_owned(), text(sk))].into();
    for (name, value) in item.as_object().unwrap() {
        attributes.insert(name.clone(), stored_form(value));
    }
    let put = PutRequest::builder().set_item(Some(attributes.into_iter().collect()));
    WriteRequest::builder().put_request(put.build().unwrap()).build()
}
