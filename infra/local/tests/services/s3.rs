//! Objects by the S3 SDK: whole and in parts, kept over a restart, opened by signed links alone.

use std::sync::Mutex;
use std::time::Duration;

use ambient::Clock;
use aws_sdk_s3::Client;
use aws_sdk_s3::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_s3::error::ProvideErrorMetadata;
use aws_sdk_s3::presigning::PresigningConfig;
use aws_sdk_s3::types::{CompletedMultipartUpload, CompletedPart};
use jiff::{SignedDuration, Timestamp};
use local::template::model::{Bucket, Model};

use crate::account::{Account, REGION, Setting};

const BUCKET: &str = "files";
const MIB: usize = 1024 * 1024;

/// A clock that a test moves.
struct Moved(Mutex<SignedDuration>);

impl Clock for Moved {
    fn now(&self) -> Timestamp {
        ambient::SystemClock.now() + *self.0.lock().unwrap()
    }
}

fn model() -> Model {
    let bucket = Bucket {
        logical_id: "Files".to_owned(),
        name: BUCKET.to_owned(),
        arn: format!("arn:aws:s3:::{BUCKET}"),
        expires_after: Some(Duration::from_secs(86_400)),
    };
    Model { buckets: vec![bucket], ..Model::default() }
}

fn client(account: &Account, secret: &str) -> Client {
    let config = aws_sdk_s3::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::from_static(REGION))
        .credentials_provider(Credentials::new("local", secret, None, None, "test"))
        .endpoint_url(&account.services.endpoints().s3)
        .build();
    Client::from_conf(config)
}

async fn put(client: &Client, key: &str, bytes: &[u8]) -> Result<(), String> {
    let request = client.put_object().bucket(BUCKET).key(key).content_type("text/plain");
    let sent = request.body(bytes.to_vec().into()).send().await;
    sent.map(drop).map_err(|error| error.code().unwrap_or("none").to_owned())
}

async fn get(client: &Client, key: &str) -> Result<Vec<u8>, String> {
    match client.get_object().bucket(BUCKET).key(key).send().await {
        Ok(found) => Ok(found.body.collect().await.unwrap().to_vec()),
        Err(error) => Err(error.code().unwrap_or("none").to_owned()),
    }
}

async fn link(client: &Client, key: &str, seconds: u64) -> String {
    let config = PresigningConfig::expires_in(Duration::from_secs(seconds)).unwrap();
    let request = client.get_object().bucket(BUCKET).key(key);
    let request = request.response_content_disposition("attachment; filename=\"a b.txt\"");
    request.presigned(config).await.unwrap().uri().to_owned()
}

#[tokio::test]
async fn an_object_is_what_was_put_last_even_after_a_restart() {
    let account = Account::start(model()).await;
    let s3 = client(&account, "local");
    assert_eq!(get(&s3, "a/ü +&.txt").await, Err("NoSuchKey".to_owned()));
    put(&s3, "a/ü +&.txt", b"one\ntwo").await.unwrap();
    put(&s3, "a/ü +&.txt", b"three\nfour").await.unwrap();

    let account = account.restarted().await;

    assert_eq!(get(&client(&account, "local"), "a/ü +&.txt").await.unwrap(), b"three\nfour");
    let elsewhere = client(&account, "local").get_object().bucket("others").key("a").send().await;
    assert_eq!(elsewhere.unwrap_err().code(), Some("NoSuchBucket"));
}

#[tokio::test]
async fn parts_make_an_object_in_their_order_and_only_when_they_are_large_enough() {
    let account = Account::start(model()).await;
    let s3 = client(&account, "local");
    let begin = || s3.create_multipart_upload().bucket(BUCKET).key("big").send();
    let upload = begin().await.unwrap().upload_id.unwrap();
    let account = account.restarted().await;
    let s3 = client(&account, "local");
    let mut tags = Vec::new();
    for (number, size) in [(1, 5 * MIB), (2, 5 * MIB), (3, 7)] {
        let bytes = vec![b'0' + u8::try_from(number).unwrap(); size];
        let part = s3.upload_part().bucket(BUCKET).key("big").upload_id(&upload);
        let part = part.part_number(number).body(bytes.into()).send().await.unwrap();
        tags.push((number, part.e_tag.unwrap()));
    }
    let complete = async |parts: &[(i32, String)]| {
        let parts = parts
            .iter()
            .map(|(number, tag)| CompletedPart::builder().part_number(*number).e_tag(tag).build());
        let parts = CompletedMultipartUpload::builder().set_parts(Some(parts.collect())).build();
        let request = s3.complete_multipart_upload().bucket(BUCKET).key("big").upload_id(&upload);
        let sent = request.multipart_upload(parts).send().await;
        sent.map(drop).map_err(|error| error.code().unwrap_or("none").to_owned())
    };
    let [one, two, three] = [0, 1, 2].map(|place: usize| tags[place].clone());

    let refused = [
        (vec![two.clone(), one.clone()], "InvalidPartOrder"),
        (vec![one.clone(), (2, "\"0\"".to_owned())], "InvalidPart"),
        (vec![one.clone(), (4, two.1.clone())], "InvalidPart"),
        (vec![three.clone(), (4, two.1.clone())], "EntityTooSmall"),
    ];
    for (parts, code) in refused {
        assert_eq!(complete(&parts).await, Err(code.to_owned()), "{parts:?}");
        assert_eq!(get(&s3, "big").await, Err("NoSuchKey".to_owned()), "no part of it is seen");
    }
    complete(&tags).await.unwrap();
    let whole = get(&s3, "big").await.unwrap();
    assert_eq!(
        (whole.len(), whole[0], whole[5 * MIB], whole[10 * MIB]),
        (10 * MIB + 7, b'1', b'2', b'3')
    );
    assert_eq!(complete(&tags).await, Err("NoSuchUpload".to_owned()), "it is over");
}

#[tokio::test]
async fn only_a_link_that_is_signed_and_fresh_opens_an_object() {
    let clock = std::sync::Arc::new(Moved(Mutex::new(SignedDuration::ZERO)));
    let setting = Setting { clock: clock.clone(), ..Setting::of(model()) };
    let account = Account::with(setting).await;
    let s3 = client(&account, "local");
    put(&s3, "a.txt", b"secret").await.unwrap();
    let good = link(&s3, "a.txt", 120).await;
    let status = async |url: &str| reqwest::get(url).await.unwrap().status().as_u16();

    let answer = reqwest::get(&good).await.unwrap();
    assert_eq!(answer.headers()["content-disposition"], "attachment; filename=\"a b.txt\"");
    assert_eq!(answer.headers()["content-type"], "text/plain");
    assert_eq!(answer.text().await.unwrap(), "secret");
    let plain = good.split('?').next().unwrap();
    assert_eq!(status(plain).await, 403, "nothing is public");
    assert_eq!(status(&good.replace("a.txt", "b.txt")).await, 403, "another object");
    assert_eq!(status(&good.replace("=120", "=12000")).await, 403, "a longer life");
    assert_eq!(status(&good.replace("127.0.0.1", "localhost")).await, 403, "another host");
    let put = reqwest::Client::new().put(&good).body("x").send().await.unwrap();
    assert_eq!(put.status(), 403, "another method");
    let stranger = client(&account, "another");
    assert_eq!(status(&link(&stranger, "a.txt", 120).await).await, 403, "another secret");
    assert_eq!(self::put(&stranger, "a.txt", b"x").await, Err("SignatureDoesNotMatch".to_owned()));

    *clock.0.lock().unwrap() = SignedDuration::from_secs(90);
    assert_eq!(status(&good).await, 200, "it is fresh");
    *clock.0.lock().unwrap() = SignedDuration::from_secs(121);
    assert_eq!(status(&good).await, 403, "it is over");
    *clock.0.lock().unwrap() = SignedDuration::from_mins(16);
    assert_eq!(get(&s3, "a.txt").await, Err("RequestTimeTooSkewed".to_owned()));
}

#[tokio::test]
async fn an_object_is_gone_when_its_buckets_lifecycle_says() {
    let clock = std::sync::Arc::new(Moved(Mutex::new(SignedDuration::ZERO)));
    let setting = Setting { clock: clock.clone(), ..Setting::of(model()) };
    let account = Account::with(setting).await;
    let s3 = client(&account, "local");
    put(&s3, "a.txt", b"old").await.unwrap();
    let link = link(&s3, "a.txt", 7 * 86_400).await;
    let status = async || reqwest::get(&link).await.unwrap().status().as_u16();

    *clock.0.lock().unwrap() = SignedDuration::from_mins(24 * 60 - 1);
    assert_eq!(status().await, 200);
    *clock.0.lock().unwrap() = SignedDuration::from_mins(24 * 60 + 1);
    assert_eq!(status().await, 404);
}
