//! The files of a look: what is in them, and that nothing but a fresh link of ours opens one.

use std::collections::BTreeMap;

use identity::{Obstacle, OutboxId, UserId};
use jiff::SignedDuration;
use scenarios::{Connector, Effect, Fault, Page, World};
use serde_json::Value;
use store::{
    Action, Actor, AuditEntry, FINDINGS_OF_A_PAGE, Finding, Findings, FindingsPage, Holder, Look,
    OutboxItem, Preflight, Step, Task, Writing, pages_of,
};

use crate::story::{COUNTS, begin, latest, listed, path, people, preflight};

async fn link(olga: &mut Connector<'_>, name: &str) -> String {
    let path = format!("{}/file/{name}", latest(olga.world).await);
    let page = olga.person.browser.get(&path).await;
    assert_eq!(page.headers["cache-control"], "no-store");
    page.location().unwrap_or_else(|| panic!("{}: {}", page.status, page.text))
}

pub(crate) async fn file(olga: &mut Connector<'_>, name: &str) -> Page {
    let link = link(olga, name).await;
    let page = olga.world.browser().get(&link).await;
    assert_eq!(page.status, 200, "{}", page.text);
    let disposition = page.headers["content-disposition"].to_str().unwrap();
    assert_eq!(disposition, format!("attachment; filename=\"{name}\""));
    page
}

/// How often each obstacle is on the lines.
fn counts<'a>(lines: impl Iterator<Item = &'a str>) -> BTreeMap<Obstacle, u64> {
    let mut counts = BTreeMap::new();
    for word in lines {
        *counts.entry(Obstacle::of(word).expect(word)).or_default() += 1;
    }
    counts
}

#[tokio::test]
async fn both_files_name_whoever_is_on_a_list() {
    let world = World::start().await;
    let mut olga = world.connector().await;
    people(&world).await;
    world
        .user_with("formula", |user| {
            user.display_name = "=HYPERLINK(\"https://evil.test\";\"x\"),\n1".to_owned();
            user.anchor = None;
        })
        .await;
    olga.look().await;
    let mut expected = BTreeMap::from(COUNTS);
    *expected.get_mut(&Obstacle::NoAnchor).unwrap() += 1;

    let lines = file(&mut olga, "users.jsonl").await.text;
    let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(counts(lines.iter().map(|line| line["obstacle"].as_str().unwrap())), expected);
    let formula = lines.iter().find(|line| line["userName"] == "formula@contoso.test").unwrap();
    assert!(formula["displayName"].as_str().unwrap().starts_with("=HYPER"), "as it is");

    let table = file(&mut olga, "users.csv").await;
    assert!(table.headers["content-type"].to_str().unwrap().starts_with("text/csv"));
    let head = "\u{feff}obstacle,user_name,display_name,user_id,object_id,held_by,held_by_id\r\n";
    let rest = table.text.strip_prefix(head).expect("a head");
    let rows = rest.split("\r\n").filter(|row| !row.is_empty());
    assert_eq!(counts(rows.map(|row| row.split(',').next().unwrap())), expected);
    let guarded = "\"'=HYPERLINK(\"\"https://evil.test\"\";\"\"x\"\"), 1\"";
    assert!(rest.contains(guarded), "{rest}");
    let audited = world.quiet().await;
    let fetched =
        audited.audit().into_iter().filter(|entry| entry["action"] == "preflight_fetched");
    assert_eq!(fetched.count(), 2, "each is in the audit");
}

#[tokio::test]
async fn a_link_that_is_changed_in_any_place_opens_nothing() {
    let world = World::start().await;
    let mut olga = world.connector().await;
    people(&world).await;
    olga.look().await;
    let link = link(&mut olga, "users.csv").await;
    let org = world.organization.to_string();
    let bucket = &world.environments["OauthFunction"]["EXPORTS"];
    let start = format!("/{bucket}/{org}/");
    assert!(link.contains(&start), "{link}: it is below its organization");
    let id = preflight(&world).await.findings.unwrap().id.to_string();

    let other = "0".repeat(32);
    let forged = [
        link.replace(&org, &other),
        link.replace(&id, &other),
        link.replace("users.csv?", "users.jsonl?"),
        link.replace("X-Amz-Expires=120", "X-Amz-Expires=604800"),
        link.replace("attachment", "inline"),
        link.replace("X-Amz-Signature=", "X-Amz-Signature=0"),
        link.split("X-Amz-Signature").next().unwrap().to_owned(),
        link.split('?').next().unwrap().to_owned(),
    ];
    for forged in forged {
        assert_ne!(forged, link);
        let page = world.browser().get(&forged).await;
        assert_eq!(page.status, 403, "{forged}: {}", page.text);
        assert!(!page.text.contains("contoso.test"), "{}", page.text);
    }
    assert_eq!(world.browser().get(&link).await.status, 200, "as it was signed it opens");
}

#[tokio::test]
async fn what_is_larger_than_a_part_is_written_in_parts_and_whole() {
    let world = World::start().await;
    let mut olga = world.connector().await;
    // As many of the longest names as make two parts of each file, without the time that users take.
    let users: u64 = 7_200;
    let due = begin(&world).await;
    let org = world.organization;
    let mut stored = world.store.preflight(org, world.now()).await.unwrap().unwrap();
    let mut look = stored.value.look.clone().unwrap();
    look.counts.insert(Obstacle::NoClaim, users);
    look.looked_at = users;
    let numbers: Vec<u64> = (0..pages_of(users)).collect();
    for some in numbers.chunks(10) {
        let page = |number: &u64| FindingsPage {
            obstacle: Obstacle::NoClaim,
            number: *number,
            findings: (0..FINDINGS_OF_A_PAGE).map(|place| finding(*number, place)).collect(),
        };
        let pages: Vec<_> = some.iter().map(page).collect();
        let preflight = Preflight { look: Some(look.clone()), ..stored.value.clone() };
        stored = world.store.keep_preflight(org, &stored, preflight, &pages).await.unwrap();
    }
    look.step = Step::Writing(Writing::default());
    let findings = Some(look.end(world.now()));
    let writing = Preflight { look: Some(look), findings };
    world.store.keep_preflight(org, &stored, writing, &[]).await.unwrap();
    world.directory.calls();

    world.batch(&[due]).await;

    let calls = world.directory.calls();
    whole(&mut olga, users).await;
    let busy = || Effect::Refuse(503, "SlowDown");
    for (operation, effect) in [
        ("CreateMultipartUpload", Effect::LoseAnswer),
        ("UploadPart", busy()),
        ("CompleteMultipartUpload", Effect::LoseAnswer),
        ("CompleteMultipartUpload", busy()),
    ] {
        let what = format!("{operation} {effect:?}");
        write_again(&world).await;
        world.directory.fault(Fault { operation, skip: 1, times: usize::MAX, effect });
        // It may take several invocations to come there.
        for _ in 0..3 {
            world.sweep().await;
            world.clock.pass(SignedDuration::from_secs(91));
        }
        world.directory.mend_spent(&what);
        world.swept().await;
        assert!(preflight(&world).await.look.is_none(), "{what}: it did not end");
        whole(&mut olga, users).await;
    }
    let of = |operation: &str| calls.iter().filter(|call| call.operation == operation).count();
    assert_eq!((of("CreateMultipartUpload"), of("CompleteMultipartUpload")), (2, 2));
    assert!(of("UploadPart") >= 4, "{}", of("UploadPart"));
}

#[tokio::test]
async fn what_was_found_is_shown_while_no_file_can_be_written_and_another_look_may_begin() {
    let world = World::start().await;
    let mut olga = world.connector().await;
    people(&world).await;
    let due = begin(&world).await;
    let effect = Effect::Refuse(503, "SlowDown");
    world.directory.fault(Fault { operation: "PutObject", skip: 0, times: usize::MAX, effect });
    world.batch(&[due]).await;

    let page = olga.person.browser.visit(&path(&world)).await;
    assert!(page.text.contains("id=\"found\""), "{}", page.text);
    assert!(page.text.contains("The files are being written"), "{}", page.text);
    assert!(!page.text.contains("id=\"files\""), "{}", page.text);
    assert_eq!(listed(&mut olga, Obstacle::Blocked, 1).await, ["blocked@contoso.test"]);
    let file = format!("{}/file/users.csv", latest(&world).await);
    olga.person.browser.get(&file).await.assert_refused(404, "not yet");

    // Nor while the next one is under way.
    let next = begin(&world).await;
    let page = olga.person.browser.visit(&path(&world)).await;
    assert!(page.text.contains("id=\"found\"") && !page.text.contains("id=\"files\""));
    olga.person.browser.get(&file).await.assert_refused(404, "not written, and never will be");
    world.directory.mend_spent("writing");
    world.batch(&[next]).await;
    let before = preflight(&world).await.findings.unwrap().id;
    let page = olga.look().await;
    assert_ne!(preflight(&world).await.findings.unwrap().id, before, "another one");
    assert!(page.text.contains("id=\"files\""), "{}", page.text);
    // Nobody goes on with the one that is over.
    world.clock.pass(SignedDuration::from_mins(31));
    world.agree();
    world.sweep().await;
    world.swept().await;
    assert!(preflight(&world).await.look.is_none());
}

/// Lets what was found be written to files once more.
async fn write_again(world: &World) {
    let (org, now) = (world.organization, world.now());
    let stored = world.store.preflight(org, now).await.unwrap().unwrap();
    let Findings { id, began_at, looked_at, told, counts, .. } =
        stored.value.findings.clone().unwrap();
    let step = Step::Writing(Writing::default());
    let look = Look { id, began_at, expected: None, looked_at, told, counts, restarts: 0, step };
    let task = Task::LookAtEverybody { look: id };
    let item = OutboxItem::new(&ambient::SystemEntropy, org, task, now).not_before(now);
    let audit_id = OutboxId::mint(&ambient::SystemEntropy);
    let audit = AuditEntry::new(audit_id, now, Actor::System, Action::PreflightBegun);
    world.store.begin_preflight(org, Some(&stored), look, &item, &audit).await.unwrap();
}

/// Asserts that both files name everybody once.
async fn whole(olga: &mut Connector<'_>, users: u64) {
    for name in ["users.csv", "users.jsonl"] {
        let text = file(olga, name).await.text;
        let mut named: Vec<_> =
            text.lines().filter_map(|line| line.split("user-").nth(1)?.get(..9)).collect();
        assert_eq!(named.len() as u64, users, "{name}");
        named.sort_unstable();
        named.dedup();
        assert_eq!(named.len() as u64, users, "{name}: nobody twice");
    }
}

fn finding(page: u64, place: usize) -> Finding {
    let user = UserId::mint(&ambient::SystemEntropy);
    Finding {
        user: Some(user),
        user_name: format!("user-{page:06}-{place:02}@{}", "n".repeat(238)),
        display_name: "n".repeat(256),
        object_id: Some(user.uuid()),
        held_by: Some(Holder { user, display_name: "n".repeat(256) }),
    }
}
