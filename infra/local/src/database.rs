//! The embedded DynamoDB: `dynoxide` in this process, with the template's tables.

mod measured;

use std::io;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use dynoxide::Database;
use dynoxide::actions::create_table::CreateTableRequest;
use dynoxide::actions::describe_table::DescribeTableRequest;
use dynoxide::actions::update_time_to_live::{TimeToLiveSpecification, UpdateTimeToLiveRequest};
use serde_json::{Map, Value};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::template::model::Table;

/// How often expired items are deleted. DynamoDB takes days, so nothing may rely on it.
const SWEEP: Duration = Duration::from_secs(60);

/// Properties of a table that `CreateTable` takes under the same name.
const CREATED_WITH: &[&str] = &[
    "AttributeDefinitions",
    "BillingMode",
    "DeletionProtectionEnabled",
    "GlobalSecondaryIndexes",
    "KeySchema",
    "LocalSecondaryIndexes",
    "ProvisionedThroughput",
    "Tags",
];

/// Why the database did not start.
#[derive(Debug, thiserror::Error)]
pub enum DatabaseError {
    /// The file is no database, or one that is damaged.
    #[error("{} is damaged", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What SQLite said.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The table in the file has other keys or indexes than the template's.
    #[error("table {0} was made by another template")]
    OtherTemplate(String),
    /// The template's table cannot be created.
    #[error("table {name} cannot be created")]
    Create {
        /// Name of the table.
        name: String,
        /// What the database said.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// No port is free.
    #[error("the database found no free port")]
    Listen(#[from] io::Error),
}

/// A running database; it stops when dropped.
pub struct LocalDatabase {
    endpoint: String,
    database: Database,
    requests: Arc<AtomicU64>,
    tasks: Vec<JoinHandle<()>>,
}

impl LocalDatabase {
    /// Opens the file, or memory without one, makes missing tables, and answers on a free port.
    ///
    /// # Errors
    /// Every [`DatabaseError`].
    pub async fn start(file: Option<&Path>, tables: &[Table]) -> Result<Self, DatabaseError> {
        let database = open(file)?;
        for table in tables {
            prepare(&database, table)?;
        }
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let endpoint = format!("http://{}", listener.local_addr()?);
        let server = tokio::spawn(serve(listener, database.clone()));
        let sweeper = tokio::spawn(sweep_forever(database.clone()));
        Ok(Self { endpoint, database, requests: Arc::default(), tasks: vec![server, sweeper] })
    }

    /// The same, measured: its requests are counted, and it hears of no `ClientRequestToken`, since it looks
    /// through ten minutes of them at each transaction.
    ///
    /// # Errors
    /// No port is free.
    pub async fn measured(mut self) -> Result<Self, DatabaseError> {
        let (endpoint, server) =
            measured::front(self.endpoint.clone(), self.requests.clone()).await?;
        self.endpoint = endpoint;
        self.tasks.push(server);
        Ok(self)
    }

    /// How many requests there were, of one that is measured.
    pub fn requests(&self) -> u64 {
        self.requests.load(Ordering::Relaxed)
    }

    /// `http://127.0.0.1:PORT`.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// Deletes expired items now and tells how many there were.
    pub fn sweep(&self) -> impl Future<Output = usize> + Send + 'static {
        sweep(self.database.clone())
    }
}

impl Drop for LocalDatabase {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}

fn open(file: Option<&Path>) -> Result<Database, DatabaseError> {
    match file {
        None => Database::memory(),
        Some(path) => Database::new(&path.to_string_lossy()),
    }
    .map_err(|source| DatabaseError::Damaged {
        path: file.unwrap_or(Path::new("memory")).to_owned(),
        source: Box::new(source),
    })
}

fn prepare(database: &Database, table: &Table) -> Result<(), DatabaseError> {
    let named = DescribeTableRequest { table_name: table.name.clone() };
    if let Ok(present) = database.describe_table(named) {
        let present = serde_json::to_value(&present.table).unwrap_or_default();
        return if layout(&present) == layout(&table.properties) {
            Ok(())
        } else {
            Err(DatabaseError::OtherTemplate(table.name.clone()))
        };
    }
    let failed = |source: Box<dyn std::error::Error + Send + Sync>| DatabaseError::Create {
        name: table.name.clone(),
        source,
    };
    let request = create_request(table).map_err(|error| failed(error.into()))?;
    database.create_table(request).map_err(|error| failed(error.into()))?;
    if let Some(attribute_name) = table.ttl_attribute.clone() {
        let request = UpdateTimeToLiveRequest {
            table_name: table.name.clone(),
            time_to_live_specification: TimeToLiveSpecification { attribute_name, enabled: true },
        };
        database.update_time_to_live(request).map_err(|error| failed(error.into()))?;
    }
    Ok(())
}

fn create_request(table: &Table) -> Result<CreateTableRequest, serde_json::Error> {
    let mut request = Map::new();
    for name in CREATED_WITH {
        if let Some(value) = table.properties.get(*name) {
            request.insert((*name).to_owned(), value.clone());
        }
    }
    request.insert("TableName".to_owned(), Value::from(table.name.as_str()));
    serde_json::from_value(Value::Object(request))
}

/// Keys and indexes, which cannot be changed afterwards, in an order of their own.
fn layout(table: &Value) -> Vec<String> {
    let mut all = vec![table.get("KeySchema").cloned().unwrap_or_default().to_string()];
    for kind in ["GlobalSecondaryIndexes", "LocalSecondaryIndexes"] {
        for index in table.get(kind).and_then(Value::as_array).into_iter().flatten() {
            let part = |name| index.get(name).cloned().unwrap_or_default();
            all.push(format!("{}{}{}", part("IndexName"), part("KeySchema"), part("Projection")));
        }
    }
    all.sort();
    all
}

async fn serve(listener: TcpListener, database: Database) {
    let forever = std::future::pending::<()>();
    if let Err(error) = dynoxide::server::serve_with_shutdown(listener, database, forever).await {
        tracing::error!(error, "the database stopped answering");
    }
}

async fn sweep_forever(database: Database) {
    let mut timer = tokio::time::interval(SWEEP);
    loop {
        timer.tick().await;
        sweep(database.clone()).await;
    }
}

async fn sweep(database: Database) -> usize {
    let swept = tokio::task::spawn_blocking(move || database.sweep_ttl()).await;
    match swept {
        Ok(Ok(count)) => count,
        Ok(Err(error)) => {
            tracing::warn!(error = %error, "expired items were not deleted");
            0
        }
        Err(_) => 0,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use http::header::{AUTHORIZATION, CONTENT_TYPE};
    use serde_json::json;

    use super::*;

    const SIGNED: &str = "AWS4-HMAC-SHA256 Credential=AKID/20260101/eu-central-1/dynamodb/aws4_request, \
                          SignedHeaders=host, Signature=0";

    fn table(sort_key: &str) -> Table {
        Table {
            logical_id: "Table".to_owned(),
            name: "items".to_owned(),
            arn: String::new(),
            properties: json!({
                "BillingMode": "PAY_PER_REQUEST",
                "AttributeDefinitions": [
                    {"AttributeName": "pk", "AttributeType": "S"},
                    {"AttributeName": sort_key, "AttributeType": "S"},
                    {"AttributeName": "other", "AttributeType": "S"},
                ],
                "KeySchema": [
                    {"AttributeName": "pk", "KeyType": "HASH"},
                    {"AttributeName": sort_key, "KeyType": "RANGE"},
                ],
                "GlobalSecondaryIndexes": [{
                    "IndexName": "index",
                    "KeySchema": [{"AttributeName": "other", "KeyType": "HASH"}],
                    "Projection": {"ProjectionType": "KEYS_ONLY"},
                }],
                "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": true},
                "SSESpecification": {"SSEEnabled": true},
            }),
            ttl_attribute: Some("expires_at".to_owned()),
        }
    }

    fn file(name: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("database-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        folder.join("table.sqlite")
    }

    #[tokio::test]
    async fn a_file_keeps_its_tables_and_refuses_those_of_another_template() {
        let file = file("keeps");
        drop(LocalDatabase::start(Some(&file), &[table("sk")]).await.unwrap());

        LocalDatabase::start(Some(&file), &[table("sk")]).await.unwrap();
        let other = LocalDatabase::start(Some(&file), &[table("order")]).await;

        assert!(matches!(other, Err(DatabaseError::OtherTemplate(name)) if name == "items"));
        std::fs::remove_dir_all(file.parent().unwrap()).unwrap();
    }

    #[tokio::test]
    async fn a_file_that_is_no_database_is_damaged() {
        let file = file("damaged");
        std::fs::write(&file, "x".repeat(8192)).unwrap();

        let started = LocalDatabase::start(Some(&file), &[table("sk")]).await;

        assert!(matches!(started, Err(DatabaseError::Damaged { .. })));
        std::fs::remove_dir_all(file.parent().unwrap()).unwrap();
    }

    #[tokio::test]
    async fn one_that_is_measured_counts_and_takes_a_repeated_transaction_for_another() {
        let transaction = json!({
            "ClientRequestToken": "the-same",
            "TransactItems": [{"Put": {
                "TableName": "items",
                "Item": {"pk": {"S": "a"}, "sk": {"S": "-"}},
                "ConditionExpression": "attribute_not_exists(pk)",
            }}],
        });
        let twice = async |local: &LocalDatabase| {
            let mut statuses = Vec::new();
            for _ in 0..2 {
                let request = reqwest::Client::new()
                    .post(local.endpoint())
                    .header("x-amz-target", "DynamoDB_20120810.TransactWriteItems")
                    .header("x-amz-date", "20260101T000000Z")
                    .header(CONTENT_TYPE, "application/x-amz-json-1.0")
                    .header(AUTHORIZATION, SIGNED);
                let answer = request.body(transaction.to_string()).send().await.unwrap();
                statuses.push(answer.status().as_u16());
            }
            (statuses, local.requests())
        };
        let plain = LocalDatabase::start(None, &[table("sk")]).await.unwrap();
        let measured = LocalDatabase::start(None, &[table("sk")]).await.unwrap();
        let measured = measured.measured().await.unwrap();

        assert_eq!(twice(&plain).await, (vec![200, 200], 0));
        assert_eq!(twice(&measured).await, (vec![200, 400], 2));
    }

    #[tokio::test]
    async fn expired_items_are_swept_and_others_stay() {
        let local = LocalDatabase::start(None, &[table("sk")]).await.unwrap();
        for (key, expires_at) in [("old", "1000"), ("new", "99999999999")] {
            let item = json!({
                "TableName": "items",
                "Item": {"pk": {"S": key}, "sk": {"S": "-"}, "expires_at": {"N": expires_at}},
            });
            local.database.put_item(serde_json::from_value(item).unwrap()).unwrap();
        }

        assert_eq!(local.sweep().await, 1);
        assert_eq!(local.sweep().await, 0);
    }
}
