//! Filters made at random, asked of resources made at random, and judged by an evaluator that
//! shares nothing with ours but the rules it was written from.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use proptest::prelude::*;
use proptest::sample::select;
use scim::schema::{ENTERPRISE_URN, GROUP, USER};
use scim::{Filter, Members, Resource};
use serde_json::{Map, Value, json};

/// What kind of attribute a question is about.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Type {
    Folded,
    Exact,
    Boolean,
    Instant,
}

/// A path as it is asked for, where its values are, and their type.
type Known = (&'static str, &'static [&'static str], Type);

const ATTRIBUTES: [Known; 11] = [
    ("userName", &["userName"], Type::Folded),
    ("externalId", &["externalId"], Type::Exact),
    ("title", &["title"], Type::Folded),
    ("active", &["active"], Type::Boolean),
    ("name.givenName", &["name", "givenName"], Type::Folded),
    ("emails.type", &["emails", "type"], Type::Folded),
    ("emails.primary", &["emails", "primary"], Type::Boolean),
    ("emails", &["emails", "value"], Type::Folded),
    ("meta.lastModified", &["meta", "lastModified"], Type::Instant),
    ("department", &[ENTERPRISE_URN, "department"], Type::Folded),
    (
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager",
        &[ENTERPRISE_URN, "manager", "value"],
        Type::Exact,
    ),
];

const PARTS: [Known; 3] = [
    ("value", &["value"], Type::Folded),
    ("type", &["type"], Type::Folded),
    ("primary", &["primary"], Type::Boolean),
];

const TEXT_OPERATORS: [&str; 9] = ["eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le"];

/// The value in a question.
#[derive(Clone, Debug)]
enum Given {
    Text(&'static str),
    Boolean(bool),
    /// Seconds, and the minutes of the offset in which they are written.
    Instant(i64, i16),
    Null,
    Nothing,
}

/// A question.
#[derive(Clone, Debug)]
enum Ask {
    And(Vec<Self>),
    Or(Vec<Self>),
    Not(Box<Self>),
    Test(Known, &'static str, Given),
    Unknown(&'static str, Given),
    /// `emails[…]`, and a test of a part after it.
    Emails(Box<Self>, Option<Box<Self>>),
}

fn texts() -> impl Strategy<Value = &'static str> {
    select(vec![
        "a",
        "A",
        "ab",
        "B",
        "ä",
        "Ä",
        "a b",
        "say \"x\"",
        "back\\slash",
        "😀",
        "true",
        "7",
    ])
}

fn given(kind: Type) -> BoxedStrategy<(&'static str, Given)> {
    let null = select(vec!["eq", "ne"]).prop_map(|operator| (operator, Given::Null));
    let present = Just(("pr", Given::Nothing));
    let compared = match kind {
        Type::Folded | Type::Exact => (select(&TEXT_OPERATORS[..]), texts())
            .prop_map(|(operator, text)| (operator, Given::Text(text)))
            .boxed(),
        Type::Boolean => (select(vec!["eq", "ne"]), any::<bool>())
            .prop_map(|(operator, value)| (operator, Given::Boolean(value)))
            .boxed(),
        Type::Instant => {
            let operators = select(vec!["eq", "ne", "gt", "ge", "lt", "le"]);
            (operators, 0..4_i64, select(vec![0_i16, 120, -330]))
                .prop_map(|(operator, at, offset)| (operator, Given::Instant(at, offset)))
                .boxed()
        }
    };
    prop_oneof![8 => compared, 1 => null, 1 => present].boxed()
}

fn test(of: &'static [Known]) -> BoxedStrategy<Ask> {
    select(of)
        .prop_flat_map(|known| {
            given(known.2).prop_map(move |(operator, given)| Ask::Test(known, operator, given))
        })
        .boxed()
}

fn joined(leaf: BoxedStrategy<Ask>) -> BoxedStrategy<Ask> {
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 2..4).prop_map(Ask::And),
            proptest::collection::vec(inner.clone(), 2..4).prop_map(Ask::Or),
            inner.prop_map(|ask| Ask::Not(Box::new(ask))),
        ]
    })
    .boxed()
}

fn ask() -> BoxedStrategy<Ask> {
    let unknown = given(Type::Folded).prop_map(|(operator, given)| Ask::Unknown(operator, given));
    let part = proptest::option::of(test(&PARTS).prop_map(Box::new));
    let emails =
        (joined(test(&PARTS)), part).prop_map(|(inner, part)| Ask::Emails(Box::new(inner), part));
    joined(prop_oneof![6 => test(&ATTRIBUTES), 1 => unknown, 2 => emails].boxed())
}

fn instant(at: i64, minutes: i16) -> String {
    let instant = jiff::Timestamp::from_second(1_300_000_000 + at).unwrap();
    let offset = jiff::tz::Offset::from_seconds(i32::from(minutes) * 60).unwrap();
    instant.display_with_offset(offset).to_string()
}

impl Ask {
    /// As a client could write it; every inner question in parentheses.
    fn write(&self) -> String {
        let list = |asks: &[Self], word: &str| {
            let asks: Vec<_> = asks.iter().map(|ask| format!("({})", ask.write())).collect();
            asks.join(word)
        };
        match self {
            Self::And(asks) => list(asks, " and "),
            Self::Or(asks) => list(asks, " OR "),
            Self::Not(ask) => format!("not ({})", ask.write()),
            Self::Test((path, _, _), operator, given) => {
                format!("{path} {operator}{}", written(given))
            }
            Self::Unknown(operator, given) => format!("shoeSize {operator}{}", written(given)),
            Self::Emails(inner, None) => format!("emails[{}]", inner.write()),
            Self::Emails(inner, Some(part)) => {
                format!("emails[{}].{}", inner.write(), part.write())
            }
        }
    }

    fn holds(&self, of: &Value) -> bool {
        match self {
            Self::And(asks) => asks.iter().all(|ask| ask.holds(of)),
            Self::Or(asks) => asks.iter().any(|ask| ask.holds(of)),
            Self::Not(ask) => !ask.holds(of),
            Self::Unknown(operator, given) => nothing_holds(operator, given),
            Self::Emails(inner, part) => of["emails"].as_array().is_some_and(|emails| {
                emails.iter().any(|email| {
                    inner.holds(email) && part.as_ref().is_none_or(|part| part.holds(email))
                })
            }),
            Self::Test((_, steps, kind), operator, given) => {
                let mut found = vec![of.clone()];
                for step in *steps {
                    found = found
                        .into_iter()
                        .flat_map(|value| match value {
                            Value::Array(items) => items,
                            value => vec![value],
                        })
                        .filter_map(|value| value.get(step).cloned())
                        .collect();
                }
                if found.is_empty() {
                    return nothing_holds(operator, given);
                }
                found.iter().any(|value| value_holds(*kind, operator, given, value))
            }
        }
    }
}

fn written(given: &Given) -> String {
    match given {
        Given::Text(text) => format!(" {}", json!(text)),
        Given::Boolean(value) => format!(" {value}"),
        Given::Instant(at, offset) => format!(" \"{}\"", instant(*at, *offset)),
        Given::Null => " null".to_owned(),
        Given::Nothing => String::new(),
    }
}

fn nothing_holds(operator: &str, given: &Given) -> bool {
    matches!((operator, given), ("eq", Given::Null))
        || (operator == "ne" && !matches!(given, Given::Null))
}

fn value_holds(kind: Type, operator: &str, given: &Given, value: &Value) -> bool {
    match given {
        Given::Nothing => true,
        Given::Null => operator == "ne",
        Given::Boolean(given) => (value == given) == (operator == "eq"),
        Given::Instant(given, _) => {
            let at = value.as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
            ordered(operator, &(at.as_second() - 1_300_000_000), given)
        }
        Given::Text(given) => {
            let fold = |text: &str| match kind {
                Type::Exact => text.to_owned(),
                _ => text.to_lowercase(),
            };
            let (value, given) = (fold(value.as_str().unwrap()), fold(given));
            match operator {
                "co" => value.contains(&given),
                "sw" => value.starts_with(&given),
                "ew" => value.ends_with(&given),
                operator => ordered(operator, &value, &given),
            }
        }
    }
}

fn ordered<T: Ord>(operator: &str, one: &T, other: &T) -> bool {
    match operator {
        "eq" => one == other,
        "ne" => one != other,
        "gt" => one > other,
        "ge" => one >= other,
        "lt" => one < other,
        "le" => one <= other,
        other => panic!("{other}"),
    }
}

fn maybe<T: Strategy>(strategy: T) -> impl Strategy<Value = Option<T::Value>> {
    proptest::option::of(strategy)
}

fn without_nulls(mut value: Value) -> Value {
    value.as_object_mut().unwrap().retain(|_, value| !value.is_null());
    value
}

fn user() -> impl Strategy<Value = Value> {
    let email = (maybe(select(vec!["work", "Home"])), texts(), maybe(any::<bool>()));
    let emails = proptest::collection::vec(email, 0..3);
    let plain = (texts(), maybe(texts()), maybe(texts()), maybe(any::<bool>()), maybe(texts()));
    let rest = (emails, maybe(0..4_i64), maybe(texts()), maybe(texts()));
    (plain, rest).prop_map(|(plain, (emails, modified, department, manager))| {
        let (name, external, title, active, given_name) = plain;
        let mut user = Map::new();
        let mut put = |name: &str, value: Value| user.insert(name.to_owned(), value);
        put("userName", name.into());
        external.map(|it| put("externalId", it.into()));
        title.map(|it| put("title", it.into()));
        active.map(|it| put("active", it.into()));
        given_name.map(|it| put("name", json!({ "givenName": it })));
        modified.map(|it| put("meta", json!({ "lastModified": instant(it, 0) })));
        let list: Vec<_> = emails
            .into_iter()
            .map(|(kind, value, primary)| {
                without_nulls(json!({ "value": value, "type": kind, "primary": primary }))
            })
            .collect();
        if !list.is_empty() {
            put("emails", list.into());
        }
        let manager = manager.map(|it| json!({ "value": it }));
        let enterprise = without_nulls(json!({ "department": department, "manager": manager }));
        if enterprise != json!({}) {
            put(ENTERPRISE_URN, enterprise);
        }
        Value::Object(user)
    })
}

/// Filters of groups, by their members and otherwise.
fn about_members() -> impl Strategy<Value = String> {
    let of_one = select(vec![
        "members eq \"a\"",
        "members.value eq \"b\"",
        "members ne \"a\"",
        "members pr",
        "members co \"c\"",
        "members[value eq \"c\"]",
        "members[value eq \"a\" and not (value eq \"b\")]",
        "members[value eq \"a\" or value eq \"d\"]",
        "members[not (value eq \"a\")]",
        "members[type eq \"User\" and value eq \"B\"]",
        "members[value eq \"a\"].value eq \"b\"",
        "displayName eq \"g\"",
        "externalId pr",
    ]);
    of_one.prop_map(str::to_owned).prop_recursive(4, 12, 3, |inner| {
        prop_oneof![
            (inner.clone(), inner.clone()).prop_map(|(one, other)| format!("({one}) and {other}")),
            (inner.clone(), inner.clone()).prop_map(|(one, other)| format!("{one} or ({other})")),
            inner.prop_map(|one| format!("not ({one})")),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_filter_says_what_the_naive_evaluator_says(ask in ask(), user in user()) {
        let text = ask.write();
        let filter = Filter::parse(&text, &USER).unwrap_or_else(|error| panic!("{text}: {error}"));
        let resource = Resource::restore(&USER, user.as_object().unwrap().clone());
        prop_assert_eq!(filter.matches(&resource), ask.holds(&user), "{}", text);
    }

    #[test]
    fn printing_and_parsing_again_changes_nothing(ask in ask()) {
        let filter = Filter::parse(&ask.write(), &USER).unwrap();
        let printed = filter.to_string();
        let again = Filter::parse(&printed, &USER);
        prop_assert_eq!(again.as_ref(), Ok(&filter), "{}", printed);
        prop_assert_eq!(again.unwrap().to_string(), printed);
    }

    #[test]
    fn whatever_is_found_by_a_lookup_is_all_that_matches(ask in ask(), user in user()) {
        let filter = Filter::parse(&ask.write(), &USER).unwrap();
        let resource = Resource::restore(&USER, user.as_object().unwrap().clone());
        let Some(lookup) = filter.lookup() else { return Ok(()) };
        if filter.matches(&resource) {
            let folded = |one: &str, other: &str| one.to_lowercase() == other.to_lowercase();
            let is_found = match lookup {
                scim::Lookup::Nothing => false,
                scim::Lookup::UserName(name) => folded(name, resource.user_name().unwrap()),
                scim::Lookup::ExternalId(id) => resource.external_id() == Some(id),
                scim::Lookup::Email(email) => resource.emails().any(|it| folded(it, email)),
                other => panic!("{other:?}"),
            };
            prop_assert!(is_found);
        }
    }

    #[test]
    fn the_members_that_a_filter_asks_for_decide_it(
        text in about_members(),
        members in proptest::collection::btree_set(select(vec!["a", "b", "c", "d"]), 0..4),
    ) {
        let filter = Filter::parse(&text, &GROUP).unwrap();
        let group = |wanted: &dyn Fn(&str) -> bool| {
            let members = members.iter().filter(|id| wanted(id));
            let members = members.map(|id| json!({ "value": id, "type": "User" })).collect::<Vec<_>>();
            let mut group = Resource::restore(&GROUP, json!({ "displayName": "g" }).as_object().unwrap().clone());
            if !members.is_empty() {
                group.set("members", members);
            }
            group
        };
        let expected = filter.matches(&group(&|_| true));
        if let Members::Named(asked) = filter.members() {
            prop_assert_eq!(filter.matches(&group(&|id| asked.contains(&id))), expected, "{}", text);
        }
        if let Some(scim::Lookup::Member(id)) = filter.lookup() {
            prop_assert!(!expected || members.contains(id), "{}", text);
        }
    }

    #[test]
    fn words_in_any_order_never_panic(words in proptest::collection::vec(select(vec![
        "userName", "emails", "emails.type", "[", "]", "(", ")", "not", "and", "or", "eq", "pr", "co", "gt", "\"",
        "\"a\"", "\\", ".", "null", "true", "17", "x:y", "urn:", "$ref", "é", "members", "meta.created", "active", " ",
    ]), 0..24)) {
        for text in [words.concat(), words.join(" ")] {
            for kind in scim::schema::RESOURCE_TYPES {
                if let Ok(filter) = Filter::parse(&text, kind) {
                    prop_assert_eq!(Filter::parse(&filter.to_string(), kind), Ok(filter));
                }
            }
        }
    }

    #[test]
    fn any_text_never_panics(text in ".{0,64}") {
        let _ = Filter::parse(&text, &USER);
    }
}
