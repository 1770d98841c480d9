//! Facts of G.3 and G.4: the bodies of creations and of PATCH, in both dialects.

use entra_sim::{Dialect, GraphUser, Provisioning, Shapes};
use serde_json::{Value, json};

use crate::lab::{ADA, ADA_ID, Lab, ada, grace, recommended, same};

const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
const PATCH_OP: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";

fn everything(ada: &mut GraphUser) {
    let some = |text: &str| Some(text.to_owned());
    ada.job_title = some("Countess");
    ada.preferred_language = some("en-GB");
    ada.business_phones = vec!["+44 1".to_owned(), "+44 2".to_owned()];
    ada.mobile_phone = some("+44 3");
    ada.fax_number = some("+44 4");
    ada.office_location = some("Ockham Park");
    ada.street_address = some("1 St James's Square");
    ada.city = some("London");
    ada.state = some("Greater London");
    ada.postal_code = some("SW1Y 4LB");
    ada.country = some("GB");
    ada.employee_id = some("1815");
    ada.department = some("Analytics");
    ada.other_mails = vec!["ada@personal.test".to_owned(), "other@personal.test".to_owned()];
    ada.on_premises_immutable_id = some("Zk9dQm4cTEKZ3wARIjOqCw==");
}

async fn created(change: impl FnOnce(Provisioning) -> Provisioning) -> Value {
    let lab = Lab::start(change).await;
    lab.change(everything);
    lab.cycle().await;
    lab.target.take().into_iter().find(|request| request.method == "POST").unwrap().body()
}

#[tokio::test]
async fn g3_the_default_mapping_creates_with_the_documented_body() {
    let body = created(same).await;

    let expected = json!({
        "schemas": [USER, ENTERPRISE],
        "externalId": "alovelace",
        "userName": ADA,
        "active": true,
        "displayName": "Ada Lovelace",
        "title": "Countess",
        "preferredLanguage": "en-GB",
        "emails": [{ "primary": true, "type": "work", "value": "ada.lovelace@contoso.test" }],
        "meta": { "resourceType": "User" },
        "name": { "formatted": "Ada Lovelace", "familyName": "Lovelace", "givenName": "Ada" },
        "addresses": [{
            "type": "work", "formatted": "Ockham Park", "streetAddress": "1 St James's Square",
            "locality": "London", "region": "Greater London", "postalCode": "SW1Y 4LB",
            "country": "GB",
        }],
        "phoneNumbers": [
            { "type": "work", "value": "+44 1" },
            { "type": "mobile", "value": "+44 3" },
            { "type": "fax", "value": "+44 4" },
        ],
        "roles": [],
        ENTERPRISE: { "employeeNumber": "1815", "department": "Analytics" },
    });
    assert_eq!(body, expected);
}

#[tokio::test]
async fn g3_without_a_nickname_external_id_is_the_sign_in_names_local_part() {
    let lab = Lab::empty(same).await;
    lab.simulator.put_user(grace()).unwrap();

    lab.cycle().await;

    let body = lab.target.take()[1].body();
    assert_eq!(body["externalId"], "grace");
}

#[tokio::test]
async fn g3_the_recommended_mapping_sends_the_object_id_and_the_extension_but_not_its_schema() {
    let body = created(recommended).await;

    assert_eq!(body["externalId"], ADA_ID);
    assert_eq!(body["schemas"], json!([USER, ENTERPRISE]));
    assert_eq!(
        body["urn:ietf:params:scim:schemas:extension:passerelle:2.0:User"],
        json!({ "immutableId": "Zk9dQm4cTEKZ3wARIjOqCw==", "personalEmail": "ada@personal.test" })
    );
}

#[tokio::test]
async fn g3_the_tutorials_example_has_explicit_nulls_and_a_misspelt_schema() {
    let lab = Lab::start(|settings| Provisioning { shapes: Shapes::Tutorial, ..settings }).await;

    lab.cycle().await;

    let body = lab.target.take()[1].body();
    assert_eq!(body["schemas"][1], "urn:ietf:params:scim:schemas:extension:enterprise:2.0User");
    let object = body.as_object().unwrap();
    for name in ["addresses", "phoneNumbers", "preferredLanguage", "title", "department", "manager"]
    {
        assert_eq!(object.get(name), Some(&Value::Null), "{name}");
    }
    assert!(!object.contains_key("roles"));
}

#[tokio::test]
async fn g3_a_conflict_at_the_creation_is_followed_by_the_matching_query_and_a_link() {
    let lab = Lab::start(same).await;
    let racing = json!({ "id": "racing", "userName": ADA, "active": true });
    lab.target.store().racing.push_back(racing);

    let report = lab.cycle().await;

    assert_eq!((report.users.linked, report.users.failed), (1, 0));
    let query = format!("GET /Users?filter=userName eq \"{ADA}\"");
    let lines = lab.target.lines();
    assert_eq!(lines, [&query, "POST /Users", &query, "PATCH /Users/racing"]);
}

/// What a cycle sends for Ada after a change.
async fn patched(dialect: Dialect, change: impl FnOnce(&mut GraphUser)) -> Value {
    let lab = Lab::provisioned(|settings| settings.with_dialect(dialect)).await;
    lab.change(change);
    lab.cycle().await;
    let requests = lab.target.take();
    let methods: Vec<&str> = requests.iter().map(|request| request.method.as_str()).collect();
    assert_eq!(methods, ["GET", "PATCH"], "a GET comes before the PATCH");
    assert_eq!(requests[0].path, "/Users/user-1");
    requests[1].body()
}

fn message(operations: &Value) -> Value {
    json!({ "schemas": [PATCH_OP], "Operations": operations })
}

#[tokio::test]
async fn g4_disabling_is_a_text_without_the_flag_and_a_boolean_with_it() {
    let block = |ada: &mut GraphUser| ada.account_enabled = false;

    let classic = patched(Dialect::Classic, block).await;
    let compliant = patched(Dialect::Compliant, block).await;

    let operation = json!([{ "op": "Replace", "path": "active", "value": "False" }]);
    assert_eq!(classic, message(&operation));
    let operation = json!([{ "op": "replace", "path": "active", "value": false }]);
    assert_eq!(compliant, message(&operation));
}

#[tokio::test]
async fn g4_a_new_single_value_is_added_by_its_path() {
    let title = |ada: &mut GraphUser| ada.job_title = Some("Countess".to_owned());

    let classic = patched(Dialect::Classic, title).await;
    let compliant = patched(Dialect::Compliant, title).await;

    let operation = json!([{ "op": "Add", "path": "title", "value": "Countess" }]);
    assert_eq!(classic, message(&operation));
    let operation = json!([{ "op": "add", "path": "title", "value": "Countess" }]);
    assert_eq!(compliant, message(&operation));
}

fn several(ada: &mut GraphUser) {
    ada.display_name = "Ada King".to_owned();
    ada.mail = Some("ada.king@contoso.test".to_owned());
    ada.surname = Some("King".to_owned());
    ada.mail_nickname = Some("aking".to_owned());
}

#[tokio::test]
async fn g4_without_the_flag_several_attributes_are_an_operation_each() {
    let classic = patched(Dialect::Classic, several).await;

    let operations = json!([
        { "op": "Replace", "path": "displayName", "value": "Ada King" },
        { "op": "Replace", "path": "emails[type eq \"work\"].value",
          "value": "ada.king@contoso.test" },
        { "op": "Replace", "path": "name.familyName", "value": "King" },
        { "op": "Replace", "path": "name.formatted", "value": "Ada King" },
        { "op": "Replace", "path": "externalId", "value": "aking" },
    ]);
    assert_eq!(classic, message(&operations));
}

#[tokio::test]
async fn g4_with_the_flag_they_are_one_object_with_dotted_keys_and_value_paths_stay_apart() {
    let lab = Lab::start(|settings| settings.with_dialect(Dialect::Compliant)).await;
    lab.change(|ada| ada.employee_id = Some("1815".to_owned()));
    lab.cycle().await;
    lab.change(|ada| {
        several(ada);
        ada.employee_id = Some("1852".to_owned());
    });
    lab.target.take();

    lab.cycle().await;

    let operations = json!([
        { "op": "replace", "path": "emails[type eq \"work\"].value",
          "value": "ada.king@contoso.test" },
        { "op": "replace", "value": {
            "displayName": "Ada King",
            "name.familyName": "King",
            "name.formatted": "Ada King",
            "externalId": "aking",
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:employeeNumber": "1852",
        } },
    ]);
    assert_eq!(lab.target.take()[1].body(), message(&operations));
}

#[tokio::test]
async fn g4_a_value_path_is_added_where_no_element_has_the_type() {
    let phone = |ada: &mut GraphUser| ada.mobile_phone = Some("+44 3".to_owned());

    let classic = patched(Dialect::Classic, phone).await;

    let operation = json!([{ "op": "Add", "path": "phoneNumbers[type eq \"mobile\"].value",
        "value": "+44 3" }]);
    assert_eq!(classic, message(&operation));
}

#[tokio::test]
async fn g4_a_rename_replaces_user_name() {
    let lab = Lab::provisioned(same).await;
    lab.change(|ada| ada.user_principal_name = "ada.king@contoso.test".to_owned());

    lab.cycle().await;

    let operation =
        json!([{ "op": "Replace", "path": "userName", "value": "ada.king@contoso.test" }]);
    assert_eq!(lab.target.take()[1].body(), message(&operation));
}

#[tokio::test]
async fn g4_a_value_that_is_gone_is_left_in_the_target() {
    let lab = Lab::provisioned(same).await;
    lab.change(|ada| ada.mail = None);

    let report = lab.cycle().await;

    assert_eq!(report.users.unchanged, 1);
    assert_eq!(lab.target.lines(), ["GET /Users/user-1"]);
}

#[tokio::test]
async fn g4_on_demand_provisioning_ignores_the_flag() {
    let lab = Lab::provisioned(|settings| settings.with_dialect(Dialect::Compliant)).await;
    lab.change(|ada| ada.account_enabled = false);

    let report = lab.simulator.provision_on_demand(ADA).await.unwrap();

    assert_eq!(report.exchanges.len(), 2);
    let operation = json!([{ "op": "Replace", "path": "active", "value": "False" }]);
    assert_eq!(lab.target.take()[1].body(), message(&operation));
}

#[tokio::test]
async fn g4_a_manager_is_a_text_by_the_extensions_path_or_an_array_of_one_reference() {
    for (shapes, dialect, op) in [
        (Shapes::Reference, Dialect::Classic, "Add"),
        (Shapes::Reference, Dialect::Compliant, "add"),
        (Shapes::Tutorial, Dialect::Classic, "Add"),
    ] {
        let lab =
            Lab::start(|settings| Provisioning { shapes, ..settings.with_dialect(dialect) }).await;
        lab.simulator.put_user(grace()).unwrap();
        lab.simulator.put_user(GraphUser { manager: Some(grace().id), ..ada() }).unwrap();

        lab.cycle().await;

        let body = lab.target.take().pop().unwrap().body();
        let reference = format!("{}/Users/user-2", lab.target.url());
        let operation = match shapes {
            Shapes::Reference => {
                json!([{ "op": op, "path": format!("{ENTERPRISE}:manager"), "value": "user-2" }])
            }
            Shapes::Tutorial => json!([{ "op": op, "path": "manager",
                "value": [{ "$ref": reference, "value": "user-2" }] }]),
        };
        assert_eq!(body, message(&operation));
    }
}
