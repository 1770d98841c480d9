//! ajv judges what we say on the bus by the schemas that we publish, and their own examples.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use std::fs;

use entra_sim::{Fault, GraphFault, population};
use jiff::SignedDuration;
use judges::functions::root;
use judges::program::Program;
use scenarios::World;
use scenarios::microsoft::account;
use scenarios::world::READER;
use serde_json::{Value, json};

/// A schema that we publish.
fn schema(detail_type: &str) -> Value {
    let path = root().join(format!("infra/events/{detail_type}.json"));
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

/// Everything that is told of, said by a world.
async fn said() -> World {
    let world = World::start().await;
    world.user("ada").await;
    for action in ["block", "unblock"] {
        let email = "ada@contoso.test";
        let asked = json!({ "action": action, "domain": "contoso.test", "email": email });
        world.operate(asked).await.unwrap();
    }
    let mut olga = world.connector().await;
    world.microsoft.put_users(population(18).skip(12)).unwrap();
    olga.connect("read-users", account::BOSS).await;
    world.swept().await;
    // Somebody decides about six of eight who are missing.
    let people = world.microsoft.users();
    let gone = people.iter().filter(|user| user.user_principal_name.starts_with("person"));
    for user in gone.take(6) {
        world.microsoft.delete_user(&user.user_principal_name).unwrap();
    }
    world.microsoft.inject(GraphFault::next(Fault::Reset).at("/users/delta"));
    world.clock.pass(SignedDuration::from_hours(4));
    world.agree();
    world.sweep().await;
    world.swept().await;
    // Nobody can be asked for half a day.
    world.microsoft.inject(
        GraphFault::next(Fault::Throttled { retry_after: Some(600) })
            .at("/users/delta")
            .times(u32::MAX),
    );
    for _ in 0..12 {
        world.clock.pass(SignedDuration::from_hours(1));
        world.agree();
        world.sweep().await;
    }
    world.microsoft.mend();
    world.swept().await;
    olga.revoke(READER).await;
    world.clock.pass(SignedDuration::from_hours(4));
    world.agree();
    world.sweep().await;
    world.swept().await;
    world
}

#[tokio::test]
async fn each_event_and_each_example_is_as_its_schema_says() {
    let world = said().await;
    let mut ajv = Program::node("schema_judge.js");
    let published = fs::read_dir(root().join("infra/events")).unwrap();
    let names = published.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let names = names.filter_map(|name| name.strip_suffix(".json").map(str::to_owned));
    let names: Vec<String> = names.collect();
    assert!(names.len() >= 3, "{names:?}");
    for name in names {
        let schema = schema(&name);
        let events = world.said(&name);
        assert!(!events.is_empty(), "nothing was said of {name}");
        for value in events.iter().chain(schema["examples"].as_array().unwrap()) {
            ajv.must("validate", json!({ "schema": schema, "value": value }));
            // Nothing is said that the schema does not tell of.
            for property in value.as_object().unwrap().keys() {
                assert!(schema["properties"].get(property).is_some(), "{name}: {property}");
            }
            for required in schema["required"].as_array().unwrap() {
                let mut lacking = value.clone();
                lacking.as_object_mut().unwrap().remove(required.as_str().unwrap());
                let answer = ajv.ask("validate", json!({ "schema": schema, "value": lacking }));
                assert!(answer.get("refused").is_some(), "{name} without {required}");
            }
        }
    }
}
