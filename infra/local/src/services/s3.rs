//! S3: objects of the template's buckets, whole or in parts; REST XML, addressed by path.
//!
//! Here alone signatures are verified, because a link that somebody signed is all that opens a file:
//! changed in any place, or past its end, it opens nothing. Nothing is public. The loopback interface
//! counts as a secure transport. What a bucket's lifecycle expires is gone at that instant, where S3
//! waits for the next midnight.

mod object;
mod signature;
mod xml;

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ambient::{Clock, Entropy};
use bytes::Bytes;
use http::header::{
    CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE, ETAG, HeaderName, LAST_MODIFIED,
};
use http::{HeaderValue, Method, Request, Response, StatusCode};

use self::object::{Objects, Upload};
use self::signature::Query;
use super::ServicesError;
use super::protocol::{Refusal, text_response};
use super::server::Service;
use crate::template::model::Bucket;

/// The object store of one account and region.
pub(super) struct S3 {
    buckets: Vec<Objects>,
    region: String,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    /// One change at a time.
    writing: Mutex<()>,
}

/// What a request is about.
struct Asked<'r> {
    objects: &'r Objects,
    key: String,
    query: Query,
}

impl S3 {
    /// Opens the buckets in `folder`.
    pub(super) fn open(
        folder: &Path,
        region: &str,
        buckets: &[Bucket],
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
    ) -> Result<Self, ServicesError> {
        let open = |bucket: &Bucket| Objects::open(folder, bucket);
        let buckets = buckets.iter().map(open).collect::<Result<_, _>>()?;
        Ok(Self { buckets, region: region.to_owned(), clock, entropy, writing: Mutex::new(()) })
    }

    /// Every change is whole or did not happen, so a poisoned lock still guards good files.
    fn write(&self) -> MutexGuard<'_, ()> {
        self.writing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn run(&self, request: &Request<Bytes>) -> Result<Response<Bytes>, Refusal> {
        signature::verify(request, &self.region, self.clock.now())?;
        let query = Query::of(request.uri());
        let path = signature::decoded(request.uri().path());
        let (bucket, key) = path.trim_start_matches('/').split_once('/').unwrap_or_default();
        let objects = self.buckets.iter().find(|objects| objects.is(bucket));
        let objects = objects.ok_or_else(|| missing("NoSuchBucket"))?;
        let asked = Asked { objects, key: key.to_owned(), query };
        let body = request.body();
        match (request.method(), asked.query.get("uploadId"), asked.query.get("uploads")) {
            (&Method::GET, None, None) => self.get(&asked),
            (&Method::PUT, None, None) => {
                let _one = self.write();
                let tag =
                    objects.put(&asked.key, &content_type(request), body, self.clock.now())?;
                Ok(tagged(&tag))
            }
            (&Method::POST, None, Some(_)) => {
                let upload = Upload::begin(&asked.key, content_type(request), &*self.entropy);
                objects.begin(&upload)?;
                Ok(xml::begun(bucket, &asked.key, &upload.id))
            }
            (&Method::PUT, Some(upload), None) => {
                let number = asked.query.get("partNumber").and_then(|text| text.parse().ok());
                let number: u32 =
                    number.filter(|number| (1..=10_000).contains(number)).ok_or_else(|| {
                        Refusal::new("InvalidArgument", "partNumber is from 1 to 10000")
                    })?;
                let _one = self.write();
                Ok(tagged(&objects.add(&asked.key, upload, number, body)?))
            }
            (&Method::POST, Some(upload), None) => {
                let parts = xml::parts(body)?;
                let _one = self.write();
                let tag = objects.complete(&asked.key, upload, &parts, self.clock.now())?;
                Ok(xml::completed(bucket, &asked.key, &tag))
            }
            _ => Err(Refusal {
                status: StatusCode::NOT_IMPLEMENTED,
                ..Refusal::new("NotImplemented", "the local stack does not serve this")
            }),
        }
    }

    fn get(&self, asked: &Asked<'_>) -> Result<Response<Bytes>, Refusal> {
        let object = asked.objects.get(&asked.key, self.clock.now())?;
        let (about, bytes) = object.ok_or_else(|| missing("NoSuchKey"))?;
        let mut response = tagged(&about.tag);
        *response.body_mut() = bytes.into();
        let said = |name: &str| asked.query.get(name).map(str::to_owned);
        let modified = about.written_at.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
        let headers = [
            (CONTENT_TYPE, said("response-content-type").or(Some(about.content_type))),
            (CONTENT_DISPOSITION, said("response-content-disposition")),
            (CACHE_CONTROL, said("response-cache-control")),
            (LAST_MODIFIED, Some(modified)),
        ];
        for (name, value) in headers {
            let value = value.and_then(|value| HeaderValue::try_from(value).ok());
            response.headers_mut().extend(value.map(|value| (name, value)));
        }
        Ok(response)
    }
}

impl Service for S3 {
    async fn answer(&self, request: Request<Bytes>) -> Response<Bytes> {
        self.run(&request).unwrap_or_else(|refusal| {
            text_response(refusal.status, "application/xml", xml::refused(&refusal))
        })
    }
}

fn missing(code: &'static str) -> Refusal {
    Refusal { status: StatusCode::NOT_FOUND, ..Refusal::new(code, "there is no such thing") }
}

fn content_type(request: &Request<Bytes>) -> String {
    let named = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    named.unwrap_or("binary/octet-stream").to_owned()
}

fn tagged(tag: &str) -> Response<Bytes> {
    let mut response = Response::new(Bytes::new());
    let headers = response.headers_mut();
    headers.extend(HeaderValue::try_from(format!("\"{tag}\"")).ok().map(|tag| (ETAG, tag)));
    let encryption = HeaderName::from_static("x-amz-server-side-encryption");
    headers.insert(encryption, HeaderValue::from_static("AES256"));
    response
}
