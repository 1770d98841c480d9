//! Users and groups that nobody thought of.

use serde_json::{Map, Value, json};

use super::dice::Dice;
use super::model::{Kind, Model};

pub(super) const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
pub(super) const GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";
pub(super) const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
pub(super) const OWN: &str = "urn:ietf:params:scim:schemas:extension:passerelle:2.0:User";

const WORDS: [&str; 24] = [
    "Ada",
    "ada",
    "Grace",
    "Müller",
    "ÉCOLE",
    "école",
    "Ångström",
    "zebra",
    "Zebra",
    "O'Neill",
    "a b",
    "x",
    "Tour Guide",
    "tour",
    "\"quoted\"",
    "back\\slash",
    "100%",
    "a&b=c",
    "日本",
    "🦊",
    "true",
    "42",
    "null",
    "not (x pr)",
];
const PLACES: [&str; 4] = ["work", "home", "other", "Work"];
const CERTIFICATE: &str = "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8=";

/// Makes resources; what must be unique is.
#[derive(Default)]
pub(super) struct People {
    count: usize,
}

impl People {
    fn count(&mut self) -> usize {
        self.count += 1;
        self.count
    }

    pub(super) fn user_name(&mut self, dice: &mut Dice) -> String {
        let number = self.count();
        let spelling = ["user", "User", "USER", "ünal", "x y"];
        format!("{}-{number}@reference.test", dice.pick(&spelling))
    }

    pub(super) fn external_id(&mut self, dice: &mut Dice) -> String {
        let number = self.count();
        format!("{}{number}", dice.pick(&["ext-", "EXT-", "6b0f1b2c-3d4e-4f60-8172-"]))
    }

    pub(super) fn user(&mut self, dice: &mut Dice, model: &Model) -> Value {
        let mut user = Map::new();
        user.insert("userName".to_owned(), self.user_name(dice).into());
        if dice.chance(60) {
            user.insert("externalId".to_owned(), self.external_id(dice).into());
        }
        if dice.chance(85) {
            user.insert("active".to_owned(), dice.chance(75).into());
        }
        for name in ["displayName", "nickName", "title", "userType"] {
            if dice.chance(45) {
                user.insert(name.to_owned(), word(dice).into());
            }
        }
        for (name, values) in [
            ("preferredLanguage", ["de", "en-GB", "fr-CH"]),
            ("locale", ["de-DE", "en-US", "fr-FR"]),
            ("timezone", ["Europe/Berlin", "America/Los_Angeles", "Asia/Tokyo"]),
            ("profileUrl", ["https://x.test/a", "https://x.test/B", "https://y.test/?q=1"]),
        ] {
            if dice.chance(20) {
                user.insert(name.to_owned(), (*dice.pick(&values)).into());
            }
        }
        for name in ["name", "emails", "phoneNumbers", "ims", "photos", "addresses", "roles"] {
            let often = if ["name", "emails"].contains(&name) { 70 } else { 25 };
            if dice.chance(often) {
                user.insert(name.to_owned(), self.value(dice, name));
            }
        }
        for name in ["entitlements", "x509Certificates"] {
            if dice.chance(15) {
                user.insert(name.to_owned(), self.value(dice, name));
            }
        }
        let mut schemas = vec![USER];
        if dice.chance(45) {
            schemas.push(ENTERPRISE);
            user.insert(ENTERPRISE.to_owned(), enterprise(dice, model));
        }
        if dice.chance(20) {
            schemas.push(OWN);
            let number = self.count();
            let own = json!({ "personalEmail": format!("p{number}@personal.test") });
            user.insert(OWN.to_owned(), own);
        }
        user.insert("schemas".to_owned(), json!(schemas));
        Value::Object(user)
    }

    pub(super) fn group(&mut self, dice: &mut Dice, model: &Model) -> Value {
        let number = self.count();
        let mut group = json!({
            "schemas": [GROUP],
            "displayName": format!("{} {number}", word(dice)),
        });
        if dice.chance(50) {
            group["externalId"] = self.external_id(dice).into();
        }
        if dice.chance(70) {
            let members = members(dice, model, 4);
            if !members.is_empty() {
                group["members"] = members.into();
            }
        }
        group
    }

    /// A value of an attribute of several parts or values.
    pub(super) fn value(&mut self, dice: &mut Dice, name: &str) -> Value {
        if name == "name" {
            let mut value = Map::new();
            for part in ["formatted", "familyName", "givenName", "middleName", "honorificPrefix"] {
                if dice.chance(50) {
                    value.insert(part.to_owned(), word(dice).into());
                }
            }
            value.insert("familyName".to_owned(), word(dice).into());
            return Value::Object(value);
        }
        let many = 1 + dice.roll(3);
        let primary = dice.roll(2 * many);
        let values = (0..many).map(|place| self.element(dice, name, place == primary));
        values.collect()
    }

    /// One of the values of an attribute.
    pub(super) fn element(&mut self, dice: &mut Dice, name: &str, is_primary: bool) -> Value {
        let number = self.count();
        let mut element = match name {
            "addresses" => json!({
                "streetAddress": format!("{} Street {number}", word(dice)),
                "locality": word(dice),
                "country": *dice.pick(&["DE", "FR"]),
            }),
            "emails" => json!({ "value": format!("Mail-{number}@x.test") }),
            "photos" => json!({ "value": format!("https://x.test/photo/{number}") }),
            "x509Certificates" if dice.chance(20) => json!({ "value": CERTIFICATE }),
            "x509Certificates" => json!({ "value": format!("MIIB{number:04}") }),
            "phoneNumbers" => json!({ "value": format!("+49 {number}") }),
            _ => json!({ "value": format!("{name}-{number}") }),
        };
        let is_plain = ["roles", "entitlements", "x509Certificates"].contains(&name);
        if !is_plain || dice.chance(30) {
            element["type"] = (*dice.pick(&PLACES)).into();
        }
        if name != "addresses" && dice.chance(30) {
            element["display"] = word(dice).into();
        }
        if is_primary {
            element["primary"] = true.into();
        }
        element
    }
}

pub(super) fn word(dice: &mut Dice) -> &'static str {
    WORDS[dice.roll(WORDS.len())]
}

fn enterprise(dice: &mut Dice, model: &Model) -> Value {
    let mut enterprise = Map::new();
    enterprise.insert("department".to_owned(), word(dice).into());
    for name in ["employeeNumber", "costCenter", "organization", "division"] {
        if dice.chance(30) {
            enterprise.insert(name.to_owned(), word(dice).into());
        }
    }
    let users = model.all(Kind::User);
    if !users.is_empty() && dice.chance(40) {
        let manager = json!({ "value": dice.pick(users).name });
        enterprise.insert("manager".to_owned(), manager);
    }
    Value::Object(enterprise)
}

/// Up to so many members of a group, each once.
pub(super) fn members(dice: &mut Dice, model: &Model, most: usize) -> Vec<Value> {
    let users = model.all(Kind::User);
    let mut members: Vec<Value> = Vec::new();
    for _ in 0..=dice.roll(most) {
        if !users.is_empty() {
            let member = json!({ "value": dice.pick(users).name, "type": "User" });
            if !members.contains(&member) {
                members.push(member);
            }
        }
    }
    members
}
