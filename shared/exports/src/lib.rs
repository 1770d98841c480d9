//! Files that somebody fetches: too large for an answer of ours, written piece by piece, kept for days.
//!
//! Refuses to know what is in them. A file's key begins with its organization, so that whoever may
//! have a link to one is decided by whose it is.

use std::fmt;
use std::time::Duration;

use aws_config::SdkConfig;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_sdk_s3::Client;
use aws_sdk_s3::config::{RequestChecksumCalculation, ResponseChecksumValidation};
use aws_sdk_s3::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};
use aws_sdk_s3::presigning::PresigningConfig;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{CompletedMultipartUpload, CompletedPart};
use identity::OrganizationId;

/// The least that every part of a file but the last one has: S3's own limit, 5 MiB.
pub const SMALLEST_PART: usize = 5 * 1024 * 1024;
/// The longest first pause after an attempt that failed; each further one may be twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// How long a link opens its file: as long as a browser needs to follow it.
const LINK: Duration = Duration::from_secs(120);

/// How long S3 may take to put the parts of a file together.
const COMPLETING: Duration = Duration::from_secs(15);

type Cause = Box<dyn std::error::Error + Send + Sync>;

/// Where a file is: below its organization, always.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileKey(String);

impl FileKey {
    /// The file of that name, of one of an organization's exports.
    pub fn new(org: OrganizationId, export: impl fmt::Display, name: &str) -> Self {
        Self(format!("{org}/{export}/{name}"))
    }

    /// The key, as the bucket has it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Why a file was not written.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The upload was completed before, or given up for its age: the file is to be begun anew.
    #[error("the upload is gone")]
    Gone,
    /// The bucket could not be reached or refused, after every attempt.
    #[error("the file could not be written")]
    Unavailable(#[source] Cause),
}

/// A link could not be signed.
#[derive(Debug, thiserror::Error)]
#[error("the link could not be signed")]
pub struct LinkError(#[source] Cause);

/// The bucket.
#[derive(Clone, Debug)]
pub struct Exports {
    client: Client,
    bucket: String,
}

impl Exports {
    /// Speaks to the bucket of that name: at most three attempts of five seconds each, eight seconds in
    /// all.
    pub fn new(aws: &SdkConfig, bucket: String) -> Self {
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(Duration::from_secs(1))
            .operation_attempt_timeout(Duration::from_secs(5))
            .operation_timeout(Duration::from_secs(8))
            .build();
        // What we send goes over TLS. A checksum that we name when an upload begins would have to be
        // named again for each part when it ends.
        let config = aws_sdk_s3::config::Builder::from(aws)
            .retry_config(
                RetryConfig::standard().with_max_attempts(3).with_initial_backoff(FIRST_PAUSE),
            )
            .timeout_config(timeouts)
            .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
            .response_checksum_validation(ResponseChecksumValidation::WhenRequired)
            .build();
        Self { client: Client::from_conf(config), bucket }
    }

    /// Writes a whole file; one that is there already is replaced.
    ///
    /// # Errors
    ///
    /// [`ExportError::Unavailable`]; nobody sees a part of a file.
    pub async fn put(
        &self,
        key: &FileKey,
        content_type: &str,
        bytes: Vec<u8>,
    ) -> Result<(), ExportError> {
        let request = self.client.put_object().bucket(&self.bucket).key(key.as_str());
        let request = request.content_type(content_type).body(ByteStream::from(bytes));
        request.send().await.map(drop).map_err(failed)
    }

    /// Begins a file that is written in parts, and names the upload. What is never completed is not
    /// seen by anybody, and the bucket's lifecycle takes it away.
    ///
    /// # Errors
    ///
    /// [`ExportError::Unavailable`].
    pub async fn begin(&self, key: &FileKey, content_type: &str) -> Result<String, ExportError> {
        let request = self.client.create_multipart_upload().bucket(&self.bucket).key(key.as_str());
        let begun = request.content_type(content_type).send().await.map_err(failed)?;
        begun.upload_id.ok_or_else(|| ExportError::Unavailable("the upload has no id".into()))
    }

    /// Writes part `number`, from 1, and answers what names it when the upload is completed. A part
    /// that is written twice is there once. Each but the last one has [`SMALLEST_PART`] or more.
    ///
    /// # Errors
    ///
    /// [`ExportError::Gone`] when there is no such upload any more.
    pub async fn add(
        &self,
        key: &FileKey,
        upload: &str,
        number: usize,
        bytes: Vec<u8>,
    ) -> Result<String, ExportError> {
        let request = self.client.upload_part().bucket(&self.bucket).key(key.as_str());
        let request = request.upload_id(upload).part_number(part_number(number)?);
        let added = request.body(ByteStream::from(bytes)).send().await.map_err(failed)?;
        added.e_tag.ok_or_else(|| ExportError::Unavailable("the part has no tag".into()))
    }

    /// Makes a file of these parts, in their order: one attempt of fifteen seconds, since what S3 has
    /// completed already it does not know any more.
    ///
    /// # Errors
    ///
    /// [`ExportError::Gone`] when there is no such upload any more.
    pub async fn complete(
        &self,
        key: &FileKey,
        upload: &str,
        parts: &[String],
    ) -> Result<(), ExportError> {
        let mut completed = CompletedMultipartUpload::builder();
        for (place, tag) in parts.iter().enumerate() {
            let part = CompletedPart::builder().part_number(part_number(place + 1)?).e_tag(tag);
            completed = completed.parts(part.build());
        }
        let request =
            self.client.complete_multipart_upload().bucket(&self.bucket).key(key.as_str());
        let request = request.upload_id(upload).multipart_upload(completed.build());
        let patient = TimeoutConfig::builder()
            .operation_attempt_timeout(COMPLETING)
            .operation_timeout(COMPLETING)
            .build();
        let patient = aws_sdk_s3::config::Builder::new().timeout_config(patient);
        request.customize().config_override(patient).send().await.map(drop).map_err(failed)
    }

    /// Signs a link that opens a file for two minutes, under a name of its own. Nothing is asked of
    /// the bucket: whether there is such a file shows when the link is followed.
    ///
    /// # Errors
    ///
    /// [`LinkError`] when there are no credentials.
    pub async fn link(&self, key: &FileKey, name: &str) -> Result<String, LinkError> {
        let config = PresigningConfig::expires_in(LINK).map_err(|error| LinkError(error.into()))?;
        let request = self.client.get_object().bucket(&self.bucket).key(key.as_str());
        let request = request
            .response_content_disposition(format!("attachment; filename=\"{name}\""))
            .response_cache_control("no-store");
        let link = request.presigned(config).await;
        let link =
            link.map_err(|error| LinkError(DisplayErrorContext(error).to_string().into()))?;
        Ok(link.uri().to_owned())
    }
}

fn part_number(number: usize) -> Result<i32, ExportError> {
    // S3 takes 10,000 parts, some 50 GB of ours.
    i32::try_from(number).map_err(|error| ExportError::Unavailable(error.into()))
}

fn failed<E, R>(error: SdkError<E, R>) -> ExportError
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    R: fmt::Debug + Send + Sync + 'static,
{
    let gone = error.as_service_error().and_then(ProvideErrorMetadata::code);
    match gone {
        Some("NoSuchUpload") => ExportError::Gone,
        _ => ExportError::Unavailable(DisplayErrorContext(error).to_string().into()),
    }
}
