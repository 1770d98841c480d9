//! A second DynamoDB and a second KMS, by other people than those of the local stack.

use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::thread::JoinHandle;

use aws_sdk_kms::Client;
use aws_sdk_kms::types::{KeySpec, KeyUsageType};
use local::stack::{ACCOUNT, REGION};
use serde_json::{Map, Value};

use crate::program::judge_file;
use crate::site::aws;

/// What `CreateTable` takes of the template's table, under the same names.
const CREATED_WITH: [&str; 4] =
    ["AttributeDefinitions", "BillingMode", "GlobalSecondaryIndexes", "KeySchema"];

/// A running emulator; it ends when dropped.
#[derive(Debug)]
pub struct Ministack {
    child: Child,
    reader: Option<JoinHandle<()>>,
    /// Where all of its services are.
    pub endpoint: String,
}

impl Ministack {
    /// Starts it and makes the template's tables.
    pub async fn start() -> Self {
        let ministack = Self::spawn();
        for table in scenarios::world::model("http://localhost:1", "http://localhost:2").tables {
            let mut request = Map::new();
            request.insert("TableName".to_owned(), Value::String(table.name.clone()));
            for name in CREATED_WITH {
                if let Some(value) = table.properties.get(name) {
                    request.insert(name.to_owned(), value.clone());
                }
            }
            let made = reqwest::Client::new()
                .post(&ministack.endpoint)
                .header("x-amz-target", "DynamoDB_20120810.CreateTable")
                .header("content-type", "application/x-amz-json-1.0")
                .header(
                    "authorization",
                    format!(
                        "AWS4-HMAC-SHA256 Credential=local/20261121/{REGION}/dynamodb/aws4_request"
                    ),
                )
                .body(Value::Object(request).to_string());
            let made = made.send().await.unwrap();
            assert!(made.status().is_success(), "{}", made.text().await.unwrap());
        }
        ministack
    }

    fn spawn() -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut child = Command::new(judge_file("bin/ministack"))
            .env("GATEWAY_PORT", port.to_string())
            .env("BIND_HOST", "127.0.0.1")
            .env("SERVICES", "dynamodb,kms,sts")
            .env("MINISTACK_ACCOUNT_ID", ACCOUNT)
            .env("MINISTACK_REGION", REGION)
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let ready = lines.any(|line| line.unwrap().contains("Running on http"));
        assert!(ready, "ministack does not start");
        // Whatever it goes on to say must not fill the pipe.
        let reader = std::thread::spawn(move || lines.map_while(Result::ok).for_each(drop));
        Self { child, reader: Some(reader), endpoint: format!("http://127.0.0.1:{port}") }
    }

    /// Its KMS.
    pub async fn kms(&self) -> Client {
        Client::new(&aws(&self.endpoint).await)
    }

    /// A new key that signs, by its ARN.
    pub async fn key(&self) -> String {
        let kms = self.kms().await;
        let made = kms.create_key().key_spec(KeySpec::Rsa2048).key_usage(KeyUsageType::SignVerify);
        made.send().await.unwrap().key_metadata.unwrap().arn.unwrap()
    }
}

impl Drop for Ministack {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if let Some(reader) = self.reader.take() {
            let _ = reader.join();
        }
    }
}
