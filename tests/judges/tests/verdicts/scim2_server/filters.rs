//! Filters of the whole grammar, RFC 7644 §3.4.2.2, about values that are there.

use serde_json::Value;

use super::dice::Dice;
use super::model::{Kind, Model};
use super::people::{ENTERPRISE, OWN, USER, word};

/// What may be asked of an attribute.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Type {
    Text,
    Boolean,
    Time,
    /// Only the server knows it, and each its own: of no order.
    Id,
    Whole,
}

/// A filter, and the word for what it has that may be answered in more than one way.
pub(super) struct Filter {
    pub(super) text: String,
    pub(super) kind: &'static str,
}

const OF_USERS: [(&str, Type); 34] = [
    ("userName", Type::Text),
    ("externalId", Type::Text),
    ("displayName", Type::Text),
    ("nickName", Type::Text),
    ("title", Type::Text),
    ("userType", Type::Text),
    ("locale", Type::Text),
    ("preferredLanguage", Type::Text),
    ("timezone", Type::Text),
    ("profileUrl", Type::Text),
    ("name.familyName", Type::Text),
    ("name.givenName", Type::Text),
    ("emails.value", Type::Text),
    ("emails.type", Type::Text),
    ("phoneNumbers.value", Type::Text),
    ("roles.value", Type::Text),
    ("ims.value", Type::Text),
    ("photos.value", Type::Text),
    ("addresses.locality", Type::Text),
    ("addresses.country", Type::Text),
    ("x509Certificates.value", Type::Whole),
    ("meta.resourceType", Type::Text),
    ("schemas", Type::Text),
    ("active", Type::Boolean),
    ("emails.primary", Type::Boolean),
    ("roles.primary", Type::Boolean),
    ("meta.created", Type::Time),
    ("meta.lastModified", Type::Time),
    ("id", Type::Id),
    ("name", Type::Whole),
    ("addresses", Type::Whole),
    ("photos", Type::Whole),
    ("entitlements", Type::Whole),
    ("emails", Type::Whole),
];
const OF_ENTERPRISE: [&str; 4] = ["department", "employeeNumber", "costCenter", "organization"];
const OF_GROUPS: [(&str, Type); 5] = [
    ("displayName", Type::Text),
    ("externalId", Type::Text),
    ("meta.resourceType", Type::Text),
    ("meta.created", Type::Time),
    ("id", Type::Id),
];
const MANY: [(&str, &[(&str, Type)]); 4] = [
    (
        "emails",
        &[
            ("value", Type::Text),
            ("type", Type::Text),
            ("display", Type::Text),
            ("primary", Type::Boolean),
        ],
    ),
    ("phoneNumbers", &[("value", Type::Text), ("type", Type::Text), ("primary", Type::Boolean)]),
    ("addresses", &[("locality", Type::Text), ("country", Type::Text), ("type", Type::Text)]),
    ("roles", &[("value", Type::Text), ("display", Type::Text), ("primary", Type::Boolean)]),
];
/// What is asked, and how often.
const OF_USERS_ASKED: [(usize, &str); 11] = [
    (30, "one"),
    (30, "joined"),
    (12, "brackets"),
    (6, "malformed"),
    (4, "unknown"),
    (4, "null"),
    (3, "boolean-order"),
    (6, "wrong-type"),
    (2, "no-uri"),
    (2, "schemas-in-other-case"),
    (3, "unlike-of-many"),
];
const OF_GROUPS_ASKED: [(usize, &str); 7] = [
    (20, "one"),
    (20, "joined"),
    (20, "members"),
    (4, "malformed"),
    (3, "unknown"),
    (3, "null"),
    (6, "wrong-type"),
];
/// Of which there are several, outside brackets.
const OF_MANY: [&str; 7] =
    ["emails.", "phoneNumbers.", "roles.", "ims.", "photos.", "addresses.", "schemas"];
const OF_URIS: [&str; 2] = ["profileUrl", "photos.value"];
const MALFORMED: [&str; 22] = [
    "userName",
    "userName eq",
    "eq \"a\"",
    "userName xx \"a\"",
    "userName eq \"a",
    "userName eq \"a\" and",
    "and userName pr",
    "(userName pr",
    "userName pr)",
    "not userName pr",
    "emails[type eq \"work\"",
    "emails[]",
    "emails[type eq]",
    "userName eq \"a\" userName pr",
    "userName eq \"a\" or or title pr",
    "()",
    "userName pr \"a\"",
    "user name pr",
    "1st eq \"a\"",
    "emails[type eq \"a\"] and",
    "[type eq \"work\"]",
    "title pr and (not)",
];
const UNKNOWN: [&str; 5] = [
    "shoeSize pr",
    "shoeSize eq \"42\"",
    "name.shoeSize pr",
    "urn:x:y:2.0:User:shoe eq \"42\"",
    "emails[shoe eq \"x\"]",
];

/// Filters about users or groups.
pub(super) struct Filters<'a> {
    dice: &'a mut Dice,
    model: &'a Model,
    of: Kind,
    /// What of it may be answered in more than one way, as soon as there is something.
    odd: Option<&'static str>,
}

impl<'a> Filters<'a> {
    pub(super) const fn new(dice: &'a mut Dice, model: &'a Model, of: Kind) -> Self {
        Self { dice, model, of, odd: None }
    }
    pub(super) fn any(&mut self) -> Filter {
        let kinds: &[(usize, &'static str)] = match self.of {
            Kind::User => &OF_USERS_ASKED,
            Kind::Group => &OF_GROUPS_ASKED,
        };
        let kind = self.dice.weighted(kinds);
        let text = match kind {
            "one" => self.comparison(),
            "joined" => self.joined(3),
            "brackets" => self.brackets(),
            "malformed" => (*self.dice.pick(&MALFORMED)).to_owned(),
            "unknown" => (*self.dice.pick(&UNKNOWN)).to_owned(),
            "null" => {
                let operator = *self.dice.pick(&["eq", "ne"]);
                let (path, _) = self.attribute(&[Type::Text]);
                format!("{path} {operator} null")
            }
            "boolean-order" => {
                let operator = *self.dice.pick(&["gt", "ge", "lt", "le", "co", "sw", "ew"]);
                format!("active {operator} true")
            }
            "wrong-type" => self.wrong_type(),
            "members" => self.members(),
            "no-uri" => {
                let operator = *self.dice.pick(&["eq", "ne", "gt", "le"]);
                format!("{} {operator} \"no URI\"", self.dice.pick(&OF_URIS))
            }
            "unlike-of-many" => {
                let path = *self.dice.pick(&["emails.type", "emails.primary", "emails.value"]);
                let of = if path == "emails.primary" { Type::Boolean } else { Type::Text };
                self.term_of(path, path, of, "ne")
            }
            "schemas-in-other-case" => {
                format!("schemas eq \"{}\"", USER.to_uppercase())
            }
            other => unreachable!("{other}"),
        };
        Filter { text, kind: self.odd.unwrap_or(kind) }
    }

    fn joined(&mut self, depth: usize) -> String {
        let inner = |this: &mut Self| match depth {
            0 | 1 => this.comparison(),
            _ => this.joined(depth - 1),
        };
        match self.dice.roll(5) {
            0 => {
                let (one, other) = (inner(self), inner(self));
                format!("{one} {} {other}", self.dice.recased("and"))
            }
            1 => {
                let (one, other) = (inner(self), inner(self));
                format!("{one} {} {other}", self.dice.recased("or"))
            }
            2 => format!("not ({})", inner(self)),
            3 => format!("({}) and {}", inner(self), inner(self)),
            _ if self.of == Kind::User && self.dice.chance(50) => self.brackets(),
            _ => self.comparison(),
        }
    }

    fn brackets(&mut self) -> String {
        let (name, parts) = *self.dice.pick(&MANY);
        let mut terms = Vec::new();
        for _ in 0..=self.dice.roll(2) {
            let (part, of) = *self.dice.pick(parts);
            let term = self.term(part, &format!("{name}.{part}"), of);
            terms.push(if self.dice.chance(15) { format!("not ({term})") } else { term });
        }
        let join = *self.dice.pick(&[" and ", " or "]);
        format!("{name}[{}]", terms.join(join))
    }

    /// Whom a group has, RFC 7643 §4.2.
    fn members(&mut self) -> String {
        let users = self.model.all(Kind::User);
        let Some(user) = (!users.is_empty()).then(|| self.dice.pick(users).name.clone()) else {
            return self.comparison();
        };
        match self.dice.roll(4) {
            0 => format!("members.value eq \"{user}\""),
            1 => format!("members[value eq \"{user}\"]"),
            2 => format!("members.value eq \"{user}\" and {}", self.comparison()),
            _ => {
                let groups = self.model.all(Kind::Group);
                let group = self.dice.pick(groups).name.clone();
                format!("id eq \"{group}\" and members.value eq \"{user}\"")
            }
        }
    }

    fn wrong_type(&mut self) -> String {
        let asked: &[&str] = match self.of {
            Kind::User => &[
                "active eq \"maybe\"",
                "active eq 1",
                "title eq true",
                "title eq 42",
                "meta.created gt \"yesterday\"",
                "userName gt 5",
                "emails.value co 7",
            ],
            Kind::Group => &["displayName eq true", "meta.created gt \"yesterday\""],
        };
        asked[self.dice.deal(self.of.word(), asked.len())].to_owned()
    }

    fn comparison(&mut self) -> String {
        let (path, of) =
            self.attribute(&[Type::Text, Type::Boolean, Type::Time, Type::Id, Type::Whole]);
        let spelled = if self.dice.chance(20) { self.dice.recased(&path) } else { path.clone() };
        let spelled = match self.of {
            Kind::User
                if !path.starts_with("urn") && self.dice.chance(8) && !path.contains("meta") =>
            {
                format!("{USER}:{path}")
            }
            _ => spelled,
        };
        self.term(&spelled, &path, of)
    }

    fn attribute(&mut self, of: &[Type]) -> (String, Type) {
        if self.of == Kind::User && self.dice.chance(15) {
            let name = *self.dice.pick(&OF_ENTERPRISE);
            return (format!("{ENTERPRISE}:{name}"), Type::Text);
        }
        if self.of == Kind::User && self.dice.chance(5) {
            return (format!("{OWN}:personalEmail"), Type::Text);
        }
        let all: &[(&str, Type)] = match self.of {
            Kind::User => &OF_USERS,
            Kind::Group => &OF_GROUPS,
        };
        loop {
            let (path, found) = *self.dice.pick(all);
            if of.contains(&found) {
                return (path.to_owned(), found);
            }
        }
    }

    /// One comparison: `spelled` is how it is written, `path` where its values are.
    fn term(&mut self, spelled: &str, path: &str, of: Type) -> String {
        let operators: &[&str] = match of {
            Type::Text => &["eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le", "pr"],
            Type::Boolean => &["eq", "eq", "ne", "pr"],
            Type::Time => &["gt", "ge", "lt", "le", "ne", "eq", "pr"],
            Type::Id => &["eq", "ne", "pr"],
            Type::Whole => &["pr"],
        };
        let operator = *self.dice.pick(operators);
        self.term_of(spelled, path, of, operator)
    }

    fn term_of(&mut self, spelled: &str, path: &str, of: Type, operator: &str) -> String {
        let is_whole = spelled.to_lowercase().contains(&path.to_lowercase());
        if operator == "ne" && is_whole && OF_MANY.iter().any(|many| path.starts_with(many)) {
            self.odd = Some("unlike-of-many");
        }
        let written =
            if self.dice.chance(15) { self.dice.recased(operator) } else { operator.into() };
        if operator == "pr" {
            return format!("{spelled} {written}");
        }
        let value = match of {
            Type::Boolean => (*self.dice.pick(&["true", "false"])).to_owned(),
            Type::Time => {
                let times =
                    ["2001-01-01T00:00:00Z", "2101-01-01T01:00:00+01:00", "2101-06-30T23:59:59.5Z"];
                format!("\"{}\"", self.dice.pick(&times))
            }
            Type::Id => {
                let all = self.model.all(self.of);
                match all.is_empty() || self.dice.chance(15) {
                    true => "\"nobody\"".to_owned(),
                    false => format!("\"{}\"", self.dice.pick(all).name),
                }
            }
            Type::Text | Type::Whole => {
                let text = match self.present(path) {
                    Some(text) => text,
                    None if OF_URIS.contains(&path) => "https://x.test/nowhere".to_owned(),
                    None => word(self.dice).to_owned(),
                };
                let text = if path == "schemas" { text } else { self.piece(&text, operator) };
                Value::from(text).to_string()
            }
        };
        format!("{spelled} {written} {value}")
    }

    /// A value that somebody has there.
    fn present(&mut self, path: &str) -> Option<String> {
        let all = self.model.all(self.of);
        if all.is_empty() || self.dice.chance(15) {
            return None;
        }
        let body = &self.dice.pick(all).body;
        let value = if let Some((urn, name)) = path.rsplit_once(':') {
            body[urn][name].clone()
        } else {
            path.split('.').fold(body.clone(), |value, name| match value {
                Value::Array(items) if !items.is_empty() => items[0][name].clone(),
                value => value[name].clone(),
            })
        };
        let value = match value {
            Value::Array(items) => items.first()?.clone(),
            value => value,
        };
        value.as_str().map(str::to_owned)
    }

    /// As much of it as an operator can find, in some case.
    fn piece(&mut self, text: &str, operator: &str) -> String {
        let letters = text.chars().collect::<Vec<_>>();
        let cut = self.dice.roll(letters.len() + 1);
        let piece = match operator {
            "sw" => letters[..cut].iter().collect(),
            "ew" => letters[cut..].iter().collect(),
            "co" => {
                let end = cut + self.dice.roll(letters.len() - cut + 1);
                letters[cut..end].iter().collect()
            }
            _ => text.to_owned(),
        };
        let piece: String = if piece.is_empty() { text.to_owned() } else { piece };
        if self.dice.chance(25) && !piece.contains('«') {
            self.dice.recased(&piece)
        } else {
            piece
        }
    }
}
