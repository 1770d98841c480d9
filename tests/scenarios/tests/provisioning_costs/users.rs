//! One user.

use http::Method;
use scenarios::scim::{encoded, entra_user};
use serde_json::{Value, json};

use crate::{Cost, change, check, id, object, with_entra};

#[tokio::test]
async fn a_look_up_costs_the_key_what_the_index_holds_and_the_user() {
    let (world, entra) = with_entra().await;
    let ada = entra.create(&entra_user("ada", &object(1))).await;
    let by = |filter: &str| format!("/Users?filter={}", encoded(filter));
    let nobody = by("userName eq \"nobody@contoso.test\"");
    let name = by("userName eq \"ada@contoso.test\"");
    let external = by(&format!("externalId eq \"{}\"", object(1)));
    let no_external = by(&format!("externalId eq \"{}\"", object(2)));
    let mail = by("emails[type eq \"work\"].value eq \"ada@contoso.test\"");
    let no_mail = by("emails[type eq \"work\"].value eq \"nobody@contoso.test\"");
    let own = by(&format!("id eq \"{}\"", id(&ada)));
    let user = format!("/Users/{}", id(&ada));
    let gone = format!("/Users/{}", "0".repeat(32));
    let (get, null) = (&Method::GET, &Value::Null);
    let cases = [
        ("look-up of nobody", get, &*nobody, null, 200, Cost::of(1, 2.0)),
        ("look-up by userName", get, &name, null, 200, Cost::of(2, 4.0)),
        ("look-up by externalId", get, &external, null, 200, Cost::of(2, 4.0)),
        ("look-up of nobody's externalId", get, &no_external, null, 200, Cost::of(1, 2.0)),
        ("look-up by e-mail", get, &mail, null, 200, Cost::of(3, 4.0)),
        ("look-up of nobody's e-mail", get, &no_mail, null, 200, Cost::of(2, 2.0)),
        ("look-up by id", get, &own, null, 200, Cost::of(1, 3.0)),
        ("read", get, &user, null, 200, Cost::of(1, 3.0)),
        ("read who is not there", get, &gone, null, 404, Cost::of(1, 3.0)),
    ];
    check(&world, &entra, &cases).await;
}

#[tokio::test]
async fn a_change_costs_one_transaction_and_one_that_changes_nothing_none() {
    let (world, entra) = with_entra().await;
    let ada = entra.create(&entra_user("ada", &object(1))).await;
    let user = format!("/Users/{}", id(&ada));
    let grace = entra_user("grace", &object(2));
    let mut countess = entra_user("ada", &object(1));
    countess["title"] = json!("Countess");
    let (disable, enable) = (change("Replace", "active", false), change("Replace", "active", true));
    let title = change("Replace", "title", "Enchantress");
    let named = change("Replace", "userName", "lovelace@contoso.test");
    let mail = "emails[type eq \"work\"].value";
    let mailed = change("Replace", mail, "lovelace@contoso.test");
    let (post, put, patch) = (&Method::POST, &Method::PUT, &Method::PATCH);
    let (user, null) = (&*user, &Value::Null);
    let read = Cost::of(1, 3.0);
    let cases = [
        ("create", post, "/Users", &grace, 201, Cost::of(1, 1.0).and(1, 21.0)),
        // The transaction that is refused, whose name it is, and the audit of that.
        ("create again", post, "/Users", &grace, 409, Cost::of(2, 2.0).and(2, 2.0)),
        ("disable", patch, user, &disable, 200, read.and(1, 12.0)),
        ("disable again", patch, user, &disable, 200, read),
        ("enable", patch, user, &enable, 200, read.and(1, 9.0)),
        ("change an attribute", patch, user, &title, 200, read.and(1, 6.0)),
        ("replace", put, user, &countess, 200, read.and(1, 6.0)),
        ("replace by the same", put, user, &countess, 200, read),
        ("rename", patch, user, &named, 200, read.and(1, 12.0)),
        ("change the e-mail address", patch, user, &mailed, 200, read.and(1, 10.0)),
        ("delete", &Method::DELETE, user, null, 204, read.and(1, 30.0)),
        ("delete again", &Method::DELETE, user, null, 404, read),
    ];
    check(&world, &entra, &cases).await;
}
