//! What a look finds, who is shown it, and that it is done once however often it is asked for.

use identity::{Block, Obstacle, OrganizationId, OutboxId, PreflightId, Role, User};
use jiff::SignedDuration;
use local::services::Deliveries;
use scenarios::microsoft::account;
use scenarios::saml::between;
use scenarios::{Connector, Effect, Fault, Page, World};
use store::{Action, Actor, AuditEntry, Look, OutboxItem, Preflight, Task};

/// A user before whom each obstacle stands, one before whom several do, and some before whom none
/// does.
pub(crate) async fn people(world: &World) {
    world.user("ready").await;
    world.user_with("blocked", |user| user.blocks = [Block::Entra].into()).await;
    world
        .user_with("elsewhere", |user| {
            user.user_name = "elsewhere@fabrikam.test".parse().unwrap();
        })
        .await;
    world.user_with("bare", |user| user.anchor = None).await;
    world.user_with("silent", |user| user.personal_email = None).await;
    for name in ["one", "two"] {
        let shared = "Family@Home.test".parse().unwrap();
        world.user_with(name, |user| user.personal_email = Some(shared)).await;
    }
    world
        .user_with("several", |user| {
            user.user_name = "several".parse().unwrap();
            user.anchor = None;
            user.personal_email = None;
        })
        .await;
    world
        .user_with("root", |user| (user.role, user.personal_email) = (Role::Administrator, None))
        .await;
}

/// What stands before how many of [`people`].
pub(crate) const COUNTS: [(Obstacle, u64); 5] = [
    (Obstacle::Blocked, 1),
    (Obstacle::OutsideDomain, 2),
    (Obstacle::NoAnchor, 2),
    (Obstacle::NoClaim, 2),
    (Obstacle::SharedClaim, 2),
];

pub(crate) async fn preflight(world: &World) -> Preflight {
    let stored = world.store.preflight(world.organization, world.now()).await.unwrap();
    stored.map(|stored| stored.value).unwrap_or_default()
}

pub(crate) fn path(world: &World) -> String {
    format!("{}/preflight", world.connection_path())
}

/// Where what the latest look found is.
pub(crate) async fn latest(world: &World) -> String {
    format!("{}/{}", path(world), preflight(world).await.findings.unwrap().id)
}

fn count(page: &Page, obstacle: Obstacle) -> u64 {
    let section = between(&page.text, &format!("id=\"{}\">", obstacle.word()), "</section>");
    let badge = section.unwrap().split("class=\"badge").nth(1).unwrap();
    between(badge, ">", "<").unwrap().parse().unwrap()
}

pub(crate) async fn listed(olga: &mut Connector<'_>, obstacle: Obstacle, page: u64) -> Vec<String> {
    let path = format!("{}/list/{}/{page}", latest(olga.world).await, obstacle.word());
    let page = olga.person.browser.visit(&path).await;
    let rows = page.text.split("<tr><td>").skip(1);
    rows.map(|row| row.split('<').next().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn every_obstacle_is_found_counted_and_listed() {
    let world = World::start().await;
    let mut olga = world.connector().await;
    people(&world).await;
    let before = olga.person.browser.visit(&path(&world)).await;
    assert!(!before.text.contains("id=\"found\""), "nobody looked yet");

    let page = olga.look().await;

    for (obstacle, users) in COUNTS {
        assert_eq!(count(&page, obstacle), users, "{obstacle:?}");
    }
    assert!(page.headers.get("refresh").is_none(), "nothing is under way");
    let mut shared = listed(&mut olga, Obstacle::SharedClaim, 1).await;
    shared.sort();
    assert_eq!(shared, ["one@contoso.test", "two@contoso.test"]);
    assert_eq!(listed(&mut olga, Obstacle::Blocked, 1).await, ["blocked@contoso.test"]);
    let audited = world.quiet().await.words();
    assert!(audited.contains("preflight_begun"), "{audited:?}");

    let name = "two@contoso.test".parse().unwrap();
    let user = world.store.user_named(world.organization, &name, world.now());
    let user = user.await.unwrap().unwrap().value;
    world.block(&user).await;
    assert_eq!(count(&olga.look().await, Obstacle::Blocked), 2, "a look is always a new one");
}

#[tokio::test]
async fn once_a_tenant_is_read_everybody_is_looked_at_without_being_asked_and_once() {
    let world = World::start().await;
    let mut olga = world.connector().await;

    olga.connect("read-users", account::BOSS).await;
    let records = world.quiet().await;
    let page = olga.page().await;
    assert!(page.text.contains("/preflight\""), "a way to it: {}", page.text);

    let findings = preflight(&world).await.findings.unwrap();
    assert!(findings.looked_at > 2, "{findings:?}");
    // Nobody of them has a name in the federated domain, nor an anchor.
    assert!(findings.counts[&Obstacle::OutsideDomain] >= 2, "{findings:?}");
    world.clock.pass(SignedDuration::from_hours(4));
    world.agree();
    world.sweep().await;
    let again = world.quiet().await;
    let begun = |records: &scenarios::Records| {
        records.audit().iter().filter(|entry| entry["action"] == "preflight_begun").count()
    };
    assert_eq!((begun(&records), begun(&again)), (1, 1), "another round is no reason");
}

#[tokio::test]
async fn a_list_has_pages_of_fifty_and_none_beyond_its_last() {
    let world = World::start().await;
    let mut olga = world.connector().await;
    for number in 0..120 {
        world.user_with(&format!("user-{number}"), |user| user.personal_email = None).await;
    }
    let page = olga.look().await;
    assert_eq!(count(&page, Obstacle::NoClaim), 120);

    let mut all = Vec::new();
    for (number, expected) in [(1, 50), (2, 50), (3, 20)] {
        let some = listed(&mut olga, Obstacle::NoClaim, number).await;
        assert_eq!(some.len(), expected, "page {number}");
        all.extend(some);
    }
    all.sort();
    all.dedup();
    assert_eq!(all.len(), 120, "each once");
    for wrong in ["no-claim/0", "no-claim/4", "no-claim/x", "shared-claim/1", "tired/1"] {
        let path = format!("{}/list/{wrong}", latest(&world).await);
        olga.person.browser.get(&path).await.assert_refused(404, wrong);
    }
    let first = format!("{}/list/no-claim/1", latest(&world).await);
    let page = olga.person.browser.visit(&first).await;
    assert!(page.text.contains("rel=\"next\"") && !page.text.contains("rel=\"prev\""));
    olga.look().await;
    let of_before = olga.person.browser.get(&first).await;
    assert_eq!(of_before.location(), Some(path(&world)), "pages of two looks are not mixed");
}

#[tokio::test]
async fn only_administrators_look_and_are_shown_what_was_found() {
    let world = World::start().await;
    let mut olga = world.connector().await;
    people(&world).await;
    olga.look().await;
    let mut member = world.person("ada").await;
    let before = world.quiet().await;
    let path = path(&world);

    let latest = latest(&world).await;
    let within = |rest: &str| format!("{latest}/{rest}");
    let within = ["list/blocked/1", "file/users.csv", "file/users.jsonl"].map(within);
    for path in std::iter::once(path.clone()).chain(within) {
        world.browser().get(&path).await.assert_refused(403, &path);
        member.browser.get(&path).await.assert_refused(403, &path);
    }
    member.browser.post(&path, &[("csrf", "x")]).await.assert_refused(403, "a member");
    olga.person.browser.post(&path, &[("csrf", "x")]).await.assert_refused(403, "no token");
    let token = olga.person.browser.visit(&path).await.field("csrf").unwrap();
    let foreign = "https://evil.test";
    let forged = olga.person.browser.post_from(foreign, &path, &[("csrf", &token)]).await;
    forged.assert_refused(403, "another site");
    world.unwritten_since(&before, "nobody may look").await;
}

#[tokio::test]
async fn what_one_organization_has_found_no_other_sees() {
    let world = World::start().await;
    let mut olga = world.connector().await;
    people(&world).await;
    olga.look().await;
    let fabrikam = world.found("Fabrikam", "fabrikam.test").await;
    // The same address in another organization is shared with nobody.
    let mut other = world.user_of(&fabrikam, "family").await;
    other.personal_email = Some("family@home.test".parse().unwrap());

    let theirs = format!("/oauth/connect/{}/preflight", fabrikam.id);
    let look = preflight(&world).await.findings.unwrap().id;
    let within = ["list/blocked/1", "file/users.csv"].map(|rest| format!("{theirs}/{look}/{rest}"));
    for path in std::iter::once(theirs.clone()).chain(within) {
        olga.person.browser.get(&path).await.assert_refused(403, &path);
    }
    assert!(!shares(&world, fabrikam.id, &other).await);
    let stored = world.store.preflight(fabrikam.id, world.now()).await.unwrap();
    assert!(stored.is_none(), "nobody looked there");

    // Nor does their own administrator, by the very id, before they have looked and after it.
    let name = "admin@fabrikam.test".parse().unwrap();
    let boss = world.store.user_named(fabrikam.id, &name, world.now()).await.unwrap().unwrap();
    let link = fabrikam.bootstrap["enrolment_url"].as_str().unwrap();
    let mut boss = world.enrolled_by(link, boss.value).await;
    for _ in 0..2 {
        for rest in ["list/blocked/1", "file/users.csv"] {
            let page = boss.browser.get(&format!("{theirs}/{look}/{rest}")).await;
            assert!(!page.status.is_success(), "{rest}: {}", page.text);
            let elsewhere = page.location().is_none_or(|to| to == theirs);
            assert!(elsewhere && !page.text.contains("contoso.test"), "{rest}: {}", page.text);
        }
        let page = boss.browser.visit(&theirs).await;
        boss.browser.submit(&page, &[]).await;
        world.settled().await;
    }
    let found = world.store.preflight(fabrikam.id, world.now()).await.unwrap().unwrap();
    assert_eq!(found.value.findings.unwrap().looked_at, 2);
}

#[tokio::test]
async fn a_look_is_carried_out_once_however_often_it_is_asked_for_or_told_of() {
    let world = World::with(Deliveries::Twice).await;
    let mut olga = world.connector().await;
    people(&world).await;
    let page = olga.person.browser.visit(&path(&world)).await;
    let (token, mut other) = (page.field("csrf").unwrap(), world.browser());
    other.cookies.clone_from(&olga.person.browser.cookies);
    let (form, path) = ([("csrf", token.as_str())], path(&world));

    // Nobody is told that it is due, so that it is not over when the second one comes.
    let effect = Effect::Refuse(503, "InternalFailure");
    world.oauth.fault(Fault { operation: "PutEvents", skip: 0, times: usize::MAX, effect });
    let (one, two) = tokio::join!(olga.person.browser.post(&path, &form), other.post(&path, &form));

    assert_eq!((one.status.as_u16(), two.status.as_u16()), (303, 303));
    world.oauth.mend_spent("both began");
    world.clock.pass(SignedDuration::from_secs(31));
    tokio::join!(world.sweep(), world.sweep());
    let records = world.quiet().await;
    let begun = records.audit().iter().filter(|entry| entry["action"] == "preflight_begun").count();
    let findings = preflight(&world).await.findings.unwrap();
    assert_eq!(begun, 1);
    assert_eq!(findings.counts, COUNTS.into());
}

#[tokio::test]
async fn while_a_look_is_under_way_its_page_says_how_far_it_is_and_comes_again() {
    let world = World::start().await;
    let mut olga = world.connector().await;
    people(&world).await;
    begin(&world).await;

    let page = olga.person.browser.visit(&path(&world)).await;

    assert!(page.text.contains("Everybody is being looked at"), "{}", page.text);
    assert_eq!(page.headers["refresh"], "5");
    assert!(page.field("csrf").is_none(), "another one cannot be begun");
    world.clock.pass(SignedDuration::from_secs(31));
    world.sweep().await;
    let page = olga.person.browser.visit(&path(&world)).await;
    assert!(page.text.contains("id=\"found\""), "{}", page.text);
}

#[tokio::test]
async fn what_was_found_is_gone_after_a_week() {
    let world = World::start().await;
    let mut olga = world.connector().await;
    people(&world).await;
    olga.look().await;

    world.clock.pass(SignedDuration::from_hours(7 * 24));
    world.agree();

    let kept = preflight(&world).await;
    assert!(kept.kept(world.now()).is_none());
    let id = kept.findings.unwrap().id;
    let place = [(Obstacle::NoClaim, 0)];
    let listed = world.store.findings(world.organization, id, &place, world.now()).await.unwrap();
    assert_eq!(listed, [vec![]]);
}

#[tokio::test]
async fn a_personal_address_is_shared_for_as_long_as_two_have_it() {
    let world = World::start().await;
    let [ada, grace] = [world.user("ada").await, world.user("grace").await];
    let org = world.organization;
    assert!(!shares(&world, org, &ada).await);

    let entra = world.entra().await;
    let user = serde_json::json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
        "userName": "hedy@contoso.test",
        "urn:ietf:params:scim:schemas:extension:passerelle:2.0:User": {
            "personalEmail": "ADA@personal.test",
        },
    });
    let hedy = entra.create(&user).await;
    assert!(shares(&world, org, &ada).await);
    entra.delete(&format!("/Users/{}", hedy["id"].as_str().unwrap())).await.expect(204);
    assert!(!shares(&world, org, &ada).await);

    assert!(!shares(&world, org, &grace).await);
    world.quiet().await;
}

async fn shares(world: &World, org: OrganizationId, user: &User) -> bool {
    let address = user.personal_email.as_ref().unwrap();
    world.store.shares_claim(org, user.id, address).await.unwrap()
}

/// Begins a look that no event tells of, and names its outbox item.
pub(crate) async fn begin(world: &World) -> (OrganizationId, OutboxId) {
    let (org, now) = (world.organization, world.now());
    let before = world.store.preflight(org, now).await.unwrap();
    let look = Look::begin(PreflightId::mint(&ambient::SystemEntropy), now);
    let task = Task::LookAtEverybody { look: look.id };
    let item = OutboxItem::new(&ambient::SystemEntropy, org, task, now);
    let audit = AuditEntry::new(
        OutboxId::mint(&ambient::SystemEntropy),
        now,
        Actor::System,
        Action::PreflightBegun,
    );
    world.store.begin_preflight(org, before.as_ref(), look, &item, &audit).await.unwrap();
    (org, item.id)
}
