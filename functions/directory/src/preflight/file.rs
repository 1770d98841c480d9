//! What was found, as files: a table of comma-separated values for spreadsheets, and lines of JSON for
//! programs. Both name the same users in the same order, each as often as there are obstacles.

use exports::{ExportError, Exports, FileKey, SMALLEST_PART};
use futures_util::future;
use identity::{Obstacle, OrganizationId, PreflightId};
use jiff::Timestamp;
use serde_json::json;
use store::{Finding, Look, Store, Upload, Writing, pages_of};

use crate::app::App;
use crate::failure::Failure;

/// How many pages of the lists are read at once.
const READ_AT_ONCE: usize = 20;
/// The first line of the table, behind the mark by which spreadsheets know UTF-8.
const HEAD: &str =
    "\u{feff}obstacle,user_name,display_name,user_id,object_id,held_by,held_by_id\r\n";
const CSV: &str = "text/csv; charset=utf-8; header=present";
const JSON_LINES: &str = "application/jsonl";

/// A part of both files.
pub(super) struct Part {
    csv: Vec<u8>,
    json: Vec<u8>,
    /// How many pages are written with it.
    pages: u64,
    is_last: bool,
}

impl Part {
    /// Reads lists until there is enough for a part of each file, or nothing is left.
    pub(super) async fn read(
        store: &Store,
        org: OrganizationId,
        look: &Look,
        written: u64,
        now: Timestamp,
    ) -> Result<Self, Failure> {
        let csv = if written == 0 { HEAD.as_bytes().to_vec() } else { Vec::new() };
        let mut part = Self { csv, json: Vec::new(), pages: written, is_last: false };
        while part.csv.len() < SMALLEST_PART || part.json.len() < SMALLEST_PART {
            let some = some_pages(look, part.pages);
            if some.is_empty() {
                part.is_last = true;
                break;
            }
            let read = store.findings(org, look.id, &some, now).await?;
            for ((obstacle, _), findings) in some.iter().zip(read) {
                part.add(*obstacle, &findings)?;
            }
        }
        Ok(part)
    }

    fn add(&mut self, obstacle: Obstacle, findings: &[Finding]) -> Result<(), Failure> {
        let mut table =
            csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(&mut self.csv);
        for finding in findings {
            let user_id = finding.user.map(|id| id.to_string());
            let object_id = finding.object_id.map(|id| id.to_string());
            let held_by = finding.held_by.as_ref();
            let held_by_id = held_by.map(|holder| holder.user.to_string());
            let held_by = held_by.map(|holder| &*holder.display_name);
            table.write_record([
                obstacle.word(),
                &harmless(&finding.user_name),
                &harmless(&finding.display_name),
                user_id.as_deref().unwrap_or_default(),
                object_id.as_deref().unwrap_or_default(),
                &harmless(held_by.unwrap_or_default()),
                held_by_id.as_deref().unwrap_or_default(),
            ])?;
            let line = json!({
                "obstacle": obstacle.word(),
                "userName": finding.user_name,
                "displayName": finding.display_name,
                "userId": user_id,
                "objectId": object_id,
                "heldBy": held_by,
                "heldById": held_by_id,
            });
            self.json.extend_from_slice(line.to_string().as_bytes());
            self.json.push(b'\n');
        }
        table.flush().map_err(csv::Error::from)?;
        drop(table);
        self.pages += 1;
        Ok(())
    }
}

/// Some pages of all lists behind those that are passed, in the order in which the files have them.
fn some_pages(look: &Look, mut passed: u64) -> Vec<(Obstacle, u64)> {
    let mut some = Vec::new();
    for (obstacle, users) in &look.counts {
        let pages = pages_of(*users);
        let first = passed.min(pages);
        passed -= first;
        let left = READ_AT_ONCE - some.len();
        some.extend((first..pages).take(left).map(|number| (*obstacle, number)));
    }
    some
}

/// What a spreadsheet would take for a formula, which may fetch and send, is a text behind an
/// apostrophe, wherever some spreadsheet begins a cell: half of Europe's split at semicolons, inside of
/// quotes too. Lines and tabs are spaces. OWASP, *CSV Injection*. The lines of JSON have it as it is.
fn harmless(text: &str) -> String {
    let mut harmless = String::with_capacity(text.len());
    let mut may_begin = true;
    for sign in text.chars() {
        let sign = if sign.is_control() { ' ' } else { sign };
        // Some are not seen and passed over by whoever looks for the beginning.
        let is_blank = sign.is_whitespace()
            || matches!(sign, '\u{200b}'..='\u{200d}' | '\u{2060}' | '\u{feff}');
        if may_begin && matches!(sign, '=' | '+' | '-' | '@' | '＝' | '＋' | '－' | '＠') {
            harmless.push('\'');
        }
        may_begin = matches!(sign, ';' | ',' | '|' | '"') || may_begin && is_blank;
        harmless.push(sign);
    }
    harmless
}

impl App {
    /// Writes a part of both files, each for itself: what one has written stands if the other fails.
    /// Answers how far they have come.
    pub(super) async fn write_part(
        &self,
        org: OrganizationId,
        look: PreflightId,
        writing: &Writing,
        part: Part,
    ) -> Result<Writing, ExportError> {
        let file = |name, content_type| File {
            exports: &self.exports,
            key: FileKey::new(org, look, name),
            content_type,
        };
        let table = file("users.csv", CSV);
        let lines = file("users.jsonl", JSON_LINES);
        let mut after = writing.clone();
        match part.is_last {
            // One at a time, since nothing tells afterwards whether a whole one was ended by us.
            true if !after.csv.is_whole => after.csv = table.end(&after.csv, part.csv).await?,
            true => after.json = lines.end(&after.json, part.json).await?,
            false => {
                (after.csv, after.json) = future::try_join(
                    table.add(&after.csv, part.csv),
                    lines.add(&after.json, part.json),
                )
                .await?;
                after.pages = part.pages;
            }
        }
        Ok(after)
    }
}

/// One of the files.
struct File<'a> {
    exports: &'a Exports,
    key: FileKey,
    content_type: &'static str,
}

impl File<'_> {
    async fn add(&self, upload: &Upload, bytes: Vec<u8>) -> Result<Upload, ExportError> {
        if upload.is_whole {
            return Ok(upload.clone());
        }
        let id = match &upload.id {
            Some(id) => id.clone(),
            None => self.exports.begin(&self.key, self.content_type).await?,
        };
        let mut parts = upload.parts.clone();
        parts.push(self.exports.add(&self.key, &id, parts.len() + 1, bytes).await?);
        Ok(Upload { id: Some(id), parts, is_whole: false })
    }

    async fn end(&self, upload: &Upload, bytes: Vec<u8>) -> Result<Upload, ExportError> {
        let mut parts = upload.parts.clone();
        match &upload.id {
            None => self.exports.put(&self.key, self.content_type, bytes).await?,
            Some(id) => {
                parts.push(self.exports.add(&self.key, id, parts.len() + 1, bytes).await?);
                self.exports.complete(&self.key, id, &parts).await?;
            }
        }
        Ok(Upload { id: upload.id.clone(), parts, is_whole: true })
    }
}
#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pages_of_all_lists_are_passed_in_order_each_once() {
        let id = PreflightId::from_uuid(uuid::Uuid::nil());
        let mut look = Look::begin(id, Timestamp::UNIX_EPOCH);
        look.counts =
            [(Obstacle::Blocked, 51), (Obstacle::NoAnchor, 0), (Obstacle::NoClaim, 1_200)].into();
        let mut passed = Vec::new();
        loop {
            let some = some_pages(&look, passed.len() as u64);
            if some.is_empty() {
                break;
            }
            passed.extend(some);
        }
        let blocked = (0..2).map(|number| (Obstacle::Blocked, number));
        let expected = blocked.chain((0..24).map(|number| (Obstacle::NoClaim, number)));
        assert_eq!(passed, expected.collect::<Vec<_>>());
    }

    #[test]
    fn nothing_in_the_table_is_a_formula() {
        for text in ["=1+1", "+1", "-1", "@SUM(A1)", "＝1"] {
            assert_eq!(harmless(text), format!("'{text}"));
        }
        let cases = [
            ("\t=1", " '=1"),
            ("x;=1", "x;'=1"),
            ("x; +1;@a", "x; '+1;'@a"),
            ("x\";=1", "x\";'=1"),
            ("\"\"=1", "\"\"'=1"),
            ("x\n=1", "x =1"),
            ("x;\r\n-1", "x;  '-1"),
            ("a|=1", "a|'=1"),
            ("\u{a0}=1", "\u{a0}'=1"),
            ("\u{feff}\u{200b}=1", "\u{feff}\u{200b}'=1"),
        ];
        for (text, expected) in cases {
            assert_eq!(harmless(text), expected, "{text:?}");
        }
        for text in ["ada@contoso.com", "Ada", "", "1=1", "'=1", "Anne-Marie + 1; ok"] {
            assert_eq!(harmless(text), text);
        }
    }
}
