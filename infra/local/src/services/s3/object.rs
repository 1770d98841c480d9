//! Objects and uploads of one bucket, each a file: a line that says what it is, and the bytes.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use ambient::Entropy;
use aws_lc_rs::digest::{SHA256, digest};
use http::StatusCode;
use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::services::disk::{DiskError, make_folder, write_bytes};
use crate::services::protocol::{Refusal, mint_uuid};
use crate::template::model::Bucket;

/// Each part of an upload but the last one has as many bytes or more: S3's own limit.
const SMALLEST_PART: usize = 5 * 1024 * 1024;

/// What is kept beside an object's bytes.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct About {
    /// Its key: the file's name tells only its digest.
    key: String,
    pub(super) content_type: String,
    /// The `ETag` without its quotes.
    pub(super) tag: String,
    pub(super) written_at: Timestamp,
}

/// An object that is written in parts.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Upload {
    pub(super) id: String,
    key: String,
    content_type: String,
}

/// A part, as whoever completes an upload names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) number: u32,
    pub(super) tag: String,
}

impl Upload {
    pub(super) fn begin(key: &str, content_type: String, entropy: &dyn Entropy) -> Self {
        Self { id: mint_uuid(entropy).simple().to_string(), key: key.to_owned(), content_type }
    }
}

/// One bucket.
pub(super) struct Objects {
    name: String,
    objects: PathBuf,
    uploads: PathBuf,
    expires_after: Option<Duration>,
}

impl Objects {
    pub(super) fn open(folder: &Path, bucket: &Bucket) -> Result<Self, DiskError> {
        let folder = folder.join(&bucket.name);
        let (objects, uploads) = (folder.join("objects"), folder.join("uploads"));
        make_folder(&objects)?;
        make_folder(&uploads)?;
        let expires_after = bucket.expires_after;
        Ok(Self { name: bucket.name.clone(), objects, uploads, expires_after })
    }

    pub(super) fn is(&self, name: &str) -> bool {
        self.name == name
    }

    /// An object, unless its bucket's lifecycle has taken it away.
    pub(super) fn get(
        &self,
        key: &str,
        now: Timestamp,
    ) -> Result<Option<(About, Vec<u8>)>, DiskError> {
        let Some((about, bytes)) = read::<About>(&self.object(key))? else { return Ok(None) };
        let age = now.duration_since(about.written_at);
        let over = self.expires_after.is_some_and(|end| age.unsigned_abs() >= end);
        Ok((!over).then_some((about, bytes)))
    }

    /// Writes an object, and answers its tag.
    pub(super) fn put(
        &self,
        key: &str,
        content_type: &str,
        bytes: &[u8],
        now: Timestamp,
    ) -> Result<String, DiskError> {
        self.keep(key, content_type, tag_of(bytes), bytes, now)
    }

    pub(super) fn begin(&self, upload: &Upload) -> Result<(), DiskError> {
        make_folder(&self.uploads.join(&upload.id))?;
        write(&self.upload(&upload.id), upload, &[])
    }

    /// Writes a part, and answers its tag.
    pub(super) fn add(
        &self,
        key: &str,
        upload: &str,
        number: u32,
        bytes: &[u8],
    ) -> Result<String, Refusal> {
        self.find(key, upload)?;
        let tag = tag_of(bytes);
        write(&self.part(upload, number), &tag, bytes)?;
        Ok(tag)
    }

    /// Makes an object of parts, and answers its tag.
    pub(super) fn complete(
        &self,
        key: &str,
        upload: &str,
        parts: &[Part],
        now: Timestamp,
    ) -> Result<String, Refusal> {
        let found = self.find(key, upload)?;
        if parts.is_empty() {
            return Err(Refusal::new("MalformedXML", "an upload has one part or more"));
        }
        if !parts.is_sorted_by(|one, next| one.number < next.number) {
            return Err(Refusal::new("InvalidPartOrder", "parts are named in ascending order"));
        }
        let (mut bytes, mut tags) = (Vec::new(), Vec::new());
        for (place, part) in parts.iter().enumerate() {
            let kept = read::<String>(&self.part(upload, part.number))?;
            let (tag, some) = kept
                .filter(|(tag, _)| *tag == part.tag)
                .ok_or_else(|| Refusal::new("InvalidPart", "a part is not as it is named"))?;
            if some.len() < SMALLEST_PART && place + 1 < parts.len() {
                return Err(Refusal::new("EntityTooSmall", "a part is smaller than 5 MiB"));
            }
            tags.push(tag);
            bytes.extend(some);
        }
        let tag = format!("{}-{}", tag_of(tags.concat().as_bytes()), parts.len());
        self.keep(key, &found.content_type, tag.clone(), &bytes, now)?;
        let folder = self.uploads.join(upload);
        std::fs::remove_dir_all(&folder).map_err(DiskError::io(&folder))?;
        Ok(tag)
    }

    fn keep(
        &self,
        key: &str,
        content_type: &str,
        tag: String,
        bytes: &[u8],
        now: Timestamp,
    ) -> Result<String, DiskError> {
        let about = About {
            key: key.to_owned(),
            content_type: content_type.to_owned(),
            tag,
            written_at: now,
        };
        write(&self.object(key), &about, bytes)?;
        Ok(about.tag)
    }

    /// An upload of that key; an id is a name of ours and no path.
    fn find(&self, key: &str, upload: &str) -> Result<Upload, Refusal> {
        let gone = || Refusal {
            status: StatusCode::NOT_FOUND,
            ..Refusal::new("NoSuchUpload", "there is no such upload")
        };
        if !upload.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return Err(gone());
        }
        let found = read::<Upload>(&self.upload(upload))?;
        found.map(|(found, _)| found).filter(|found| found.key == key).ok_or_else(gone)
    }

    fn object(&self, key: &str) -> PathBuf {
        let digest = digest(&SHA256, key.as_bytes());
        let name: String = digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        self.objects.join(name)
    }

    fn upload(&self, id: &str) -> PathBuf {
        self.uploads.join(id).join("upload")
    }

    fn part(&self, upload: &str, number: u32) -> PathBuf {
        self.uploads.join(upload).join(number.to_string())
    }
}

fn tag_of(bytes: &[u8]) -> String {
    format!("{:x}", md5::compute(bytes))
}

fn write(path: &Path, about: &impl Serialize, bytes: &[u8]) -> Result<(), DiskError> {
    let line = serde_json::to_vec(about);
    let mut file = line.map_err(|error| DiskError::io(path)(io::Error::other(error)))?;
    file.push(b'\n');
    file.extend_from_slice(bytes);
    write_bytes(path, &file)
}

fn read<T: DeserializeOwned>(path: &Path) -> Result<Option<(T, Vec<u8>)>, DiskError> {
    let file = match std::fs::read(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(DiskError::io(path)(error)),
    };
    let line = file.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let about = serde_json::from_slice(line).map_err(|source| DiskError::Damaged {
        path: path.to_owned(),
        line: 1,
        source,
    })?;
    Ok(Some((about, file.get(line.len() + 1..).unwrap_or_default().to_vec())))
}
