//! What S3 answers, and the one thing that it reads.

use bytes::Bytes;
use http::{Response, StatusCode};
use quick_xml::Reader;
use quick_xml::escape::escape;
use quick_xml::events::Event;

use super::object::Part;
use crate::services::protocol::{Refusal, text_response};

pub(super) fn begun(bucket: &str, key: &str, upload: &str) -> Response<Bytes> {
    let fields = [("Bucket", bucket), ("Key", key), ("UploadId", upload)];
    answer("InitiateMultipartUploadResult", &fields)
}

pub(super) fn completed(bucket: &str, key: &str, tag: &str) -> Response<Bytes> {
    let tag = format!("\"{tag}\"");
    answer("CompleteMultipartUploadResult", &[("Bucket", bucket), ("Key", key), ("ETag", &tag)])
}

pub(super) fn refused(refusal: &Refusal) -> String {
    document("Error", &[("Code", refusal.code), ("Message", &refusal.message)])
}

fn answer(name: &str, fields: &[(&str, &str)]) -> Response<Bytes> {
    text_response(StatusCode::OK, "application/xml", document(name, fields))
}

fn document(name: &str, fields: &[(&str, &str)]) -> String {
    let field = |(name, value): &(&str, &str)| format!("<{name}>{}</{name}>", escape(*value));
    let fields: String = fields.iter().map(field).collect();
    format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<{name}>{fields}</{name}>")
}

/// The parts of a `CompleteMultipartUpload`.
pub(super) fn parts(body: &[u8]) -> Result<Vec<Part>, Refusal> {
    read(body).ok_or_else(|| Refusal::new("MalformedXML", "no parts can be read"))
}

fn read(body: &[u8]) -> Option<Vec<Part>> {
    let mut reader = Reader::from_str(std::str::from_utf8(body).ok()?);
    let (mut parts, mut text) = (Vec::new(), String::new());
    let (mut number, mut tag) = (None, None);
    loop {
        match reader.read_event().ok()? {
            Event::Start(_) => text.clear(),
            Event::Text(some) => text.push_str(&some),
            Event::GeneralRef(some) if &*some == "quot" => text.push('"'),
            Event::End(end) => match end.local_name().as_ref() {
                "PartNumber" => number = text.trim().parse().ok(),
                "ETag" => tag = Some(text.trim().trim_matches('"').to_owned()),
                "Part" => parts.push(Part { number: number.take()?, tag: tag.take()? }),
                _ => {}
            },
            Event::Eof => return Some(parts),
            _ => {}
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn parts_are_read_in_their_order_with_quoted_tags_or_without() {
        let body = "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\
             <Part><ETag>&quot;a1&quot;</ETag><PartNumber>1</PartNumber></Part>\
             <Part><PartNumber>2</PartNumber><ETag>\"b2\"</ETag></Part></CompleteMultipartUpload>";
        let part = |number, tag: &str| Part { number, tag: tag.to_owned() };

        assert_eq!(parts(body.as_bytes()).unwrap(), [part(1, "a1"), part(2, "b2")]);
        for bad in ["<a", "<Part></Part>", "<Part><ETag>x</ETag><PartNumber>y</PartNumber></Part>"]
        {
            assert_eq!(parts(bad.as_bytes()).unwrap_err().code, "MalformedXML", "{bad}");
        }
    }
}
