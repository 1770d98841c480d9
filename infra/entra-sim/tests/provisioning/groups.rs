//! Facts of G.4 and G.6: groups and their members, in both dialects.

use std::collections::BTreeSet;

use entra_sim::{Dialect, GraphGroup, GroupMapping, Provisioning};
use serde_json::{Value, json};

use crate::lab::{ADA_ID, GRACE_ID, Lab, ada, grace, same, settings};

fn staff(members: &[&str]) -> GraphGroup {
    GraphGroup {
        id: "33333333-3333-4333-8333-333333333333".to_owned(),
        display_name: "Staff".to_owned(),
        members: members.iter().map(|id| (*id).to_owned()).collect(),
        ..GraphGroup::default()
    }
}

/// Ada and Grace are provisioned; the group holds Ada.
async fn lab(change: impl FnOnce(Provisioning) -> Provisioning) -> Lab {
    let lab = Lab::empty(change).await;
    lab.simulator.put_users([ada(), grace()]).unwrap();
    lab.simulator.put_group(staff(&[ADA_ID])).unwrap();
    lab.cycle().await;
    lab
}

fn ids(ids: &[&str]) -> BTreeSet<String> {
    ids.iter().map(|id| (*id).to_owned()).collect()
}

fn operations(lab: &Lab) -> Value {
    let patched = lab.target.take();
    let patch = patched.into_iter().rfind(|request| request.method == "PATCH").unwrap();
    patch.body()["Operations"].clone()
}

#[tokio::test]
async fn g6_a_group_is_matched_by_its_name_created_empty_and_then_patched() {
    let lab = lab(same).await;

    let requests = lab.target.take();
    let about: Vec<&crate::target::Recorded> =
        requests.iter().filter(|request| request.path.starts_with("/Groups")).collect();

    let lines: Vec<String> = about.iter().map(|request| request.line()).collect();
    let query = "GET /Groups?excludedAttributes=members&filter=displayName eq \"Staff\"";
    assert_eq!(lines, [query, "POST /Groups", "PATCH /Groups/group-3"]);
    let body = json!({
        "schemas": [
            "urn:ietf:params:scim:schemas:core:2.0:Group",
            "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group",
        ],
        "externalId": "33333333-3333-4333-8333-333333333333",
        "displayName": "Staff",
        "meta": { "resourceType": "Group" },
    });
    assert_eq!(about[1].body(), body);
    let add = json!([{ "op": "Add", "path": "members",
        "value": [{ "$ref": null, "value": "user-1" }] }]);
    assert_eq!(about[2].body()["Operations"], add);
}

#[tokio::test]
async fn g6_a_member_is_checked_then_added_or_removed_in_the_dialect() {
    for dialect in [Dialect::Classic, Dialect::Compliant] {
        let lab = lab(|settings| settings.with_dialect(dialect)).await;
        lab.target.take();

        lab.simulator.change_members("Staff", ids(&[GRACE_ID]), &BTreeSet::new()).unwrap();
        lab.cycle().await;
        let lines: Vec<String> =
            lab.target.store().requests.iter().map(|request| request.line()).collect();
        let added = operations(&lab);
        lab.simulator.change_members("Staff", [], &ids(&[ADA_ID])).unwrap();
        lab.cycle().await;
        let removed = operations(&lab);

        let line = lines.iter().find(|line| line.contains(" and ")).unwrap();
        assert!(line.ends_with("filter=id eq \"group-3\" and members eq \"user-2\""), "{line}");
        assert!(line.contains("excludedAttributes=members"), "{line}");
        let (add, remove) = match dialect {
            Dialect::Classic => (
                json!([{ "op": "Add", "path": "members",
                    "value": [{ "$ref": null, "value": "user-2" }] }]),
                json!([{ "op": "Remove", "path": "members", "value": [{ "value": "user-1" }] }]),
            ),
            Dialect::Compliant => (
                json!([{ "op": "add", "path": "members",
                    "value": [{ "$ref": null, "value": "user-2" }] }]),
                json!([{ "op": "remove", "path": "members[value eq \"user-1\"]" }]),
            ),
        };
        assert_eq!((added, removed), (add, remove));
    }
}

#[tokio::test]
async fn g6_a_member_that_is_in_place_already_is_not_sent() {
    let lab = lab(same).await;
    lab.target.store().groups.get_mut("group-3").unwrap()["members"] =
        json!([{ "value": "user-1" }, { "value": "user-2" }]);
    lab.target.take();

    lab.simulator.change_members("Staff", ids(&[GRACE_ID]), &BTreeSet::new()).unwrap();
    let report = lab.cycle().await;

    assert_eq!((report.references.unchanged, report.references.added), (1, 0));
    assert!(lab.target.take().iter().all(|request| request.method == "GET"));
}

#[tokio::test]
async fn g6_many_members_go_in_batches_and_a_batch_that_fails_is_sent_again() {
    let lab = Lab::empty(|settings| Provisioning { members_per_patch: 10, ..settings }).await;
    lab.simulator.put_users(entra_sim::population(25)).unwrap();
    let members: Vec<String> = entra_sim::population(25).map(|user| user.id).collect();
    let members: Vec<&str> = members.iter().map(String::as_str).collect();
    lab.simulator.put_group(staff(&members)).unwrap();
    lab.target.plan("PATCH", "/Groups", crate::target::Trouble::Status(500, None));

    let first = lab.cycle().await;
    let second = lab.cycle().await;

    assert_eq!((first.references.failed, first.references.added), (1, 0));
    assert_eq!(second.references.added, 25);
    let requests = lab.target.take();
    let sizes: Vec<usize> = requests
        .iter()
        .filter(|request| request.method == "PATCH" && request.path.starts_with("/Groups"))
        .map(|request| request.body()["Operations"][0]["value"].as_array().unwrap().len())
        .collect();
    assert_eq!(sizes, [10, 10, 10, 5]);
}

#[tokio::test]
async fn g6_a_groups_requests_never_ask_for_its_members() {
    let lab = lab(same).await;
    lab.simulator
        .put_group(GraphGroup { display_name: "Everyone".to_owned(), ..staff(&[ADA_ID]) })
        .unwrap();

    let report = lab.cycle().await;

    assert_eq!(report.groups.updated, 1);
    for request in lab.target.take() {
        if request.path.starts_with("/Groups") && request.method == "GET" {
            assert!(request.query.contains("excludedAttributes=members"), "{}", request.line());
        }
    }
    let name = lab.target.store().groups["group-3"]["displayName"].clone();
    assert_eq!(name, "Everyone");
}

#[tokio::test]
async fn g6_a_nested_group_is_not_expanded() {
    let lab = lab(same).await;
    let inner = GraphGroup {
        display_name: "Inner".to_owned(),
        members: ids(&[GRACE_ID]),
        ..GraphGroup::default()
    };
    let inner = lab.simulator.put_group(inner).unwrap();
    lab.simulator.put_group(staff(&[ADA_ID, &inner.id])).unwrap();

    lab.cycle().await;

    let members = lab.target.store().groups["group-3"]["members"].clone();
    assert_eq!(members, json!([{ "$ref": null, "value": "user-1" }]));
}

#[tokio::test]
async fn g5_a_deleted_group_is_deleted() {
    let lab = lab(same).await;
    lab.target.take();

    lab.simulator.delete_group("Staff").unwrap();
    let report = lab.cycle().await;

    assert_eq!(report.groups.deleted, 1);
    assert_eq!(lab.target.lines(), ["DELETE /Groups/group-3"]);
}

#[tokio::test]
async fn g6_groups_are_optional_and_left_alone_without_their_mapping() {
    let lab = lab(|settings| Provisioning { groups: GroupMapping::Disabled, ..settings }).await;
    lab.simulator.test_connection().await.unwrap();
    let only_users = lab.target.take();
    lab.simulator.configure_provisioning(settings(&lab.target)).unwrap();
    lab.cycle().await;
    lab.simulator
        .configure_provisioning(Provisioning {
            groups: GroupMapping::Disabled,
            ..settings(&lab.target)
        })
        .unwrap();
    lab.cycle().await;

    assert_eq!(lab.target.store().groups.len(), 1, "a disabled mapping deletes nothing");
    assert!(only_users.iter().all(|request| request.path.starts_with("/Users")));
}

#[tokio::test]
async fn g5_members_who_are_deleted_for_good_are_not_removed_one_by_one() {
    let lab = lab(same).await;
    lab.target.take();

    lab.simulator.delete_user("ada@contoso.test").unwrap();
    lab.cycle().await;

    let lines = lab.target.lines();
    assert_eq!(lines, ["DELETE /Users/user-1", "GET /Groups/group-3?excludedAttributes=members"]);
}

#[tokio::test]
async fn g5_who_is_in_the_recycle_bin_is_no_new_member() {
    let lab = lab(same).await;
    lab.simulator.soft_delete_user("grace@contoso.test").unwrap();

    lab.simulator.change_members("Staff", ids(&[GRACE_ID]), &BTreeSet::new()).unwrap();
    let report = lab.cycle().await;

    assert_eq!((report.references.added, report.references.waiting), (0, 0));
    let members = lab.target.store().groups["group-3"]["members"].clone();
    assert_eq!(members, json!([{ "$ref": null, "value": "user-1" }]));
}

#[tokio::test]
async fn g6_a_member_who_is_provisioned_later_is_added_then() {
    let lab = Lab::empty(same).await;
    lab.simulator.put_users([ada(), grace()]).unwrap();
    lab.simulator.put_group(staff(&[ADA_ID, GRACE_ID])).unwrap();
    lab.target.plan("POST", "/Users", crate::target::Trouble::Status(500, None));

    let first = lab.cycle().await;
    let second = lab.cycle().await;

    assert_eq!((first.references.added, first.references.waiting), (1, 1));
    assert_eq!((second.references.added, second.references.waiting), (1, 0));
    assert_eq!(lab.target.store().groups.values().next().unwrap()["members"][1]["value"], "user-3");
}
