//! A page at a time: whatever stops it, and whatever it says.

use std::sync::Arc;
use std::sync::atomic::AtomicI64;

use directory::{Reading, ReadingError};
use entra_sim::{Fault, GraphFault, GraphSettings, population};
use graph::GraphError;
use identity::Block;
use serde_json::json;

use crate::lab::{Lab, Ticking, now};

#[tokio::test]
async fn it_goes_on_where_it_was_whatever_stopped_it() {
    let lab = Lab::start().await;
    lab.simulator.put_users(population(40)).unwrap();
    lab.simulator.set_graph(GraphSettings { page_size: 10, ..GraphSettings::default() });

    // Every page fails once, each in another way, and half of the invocations have no time.
    let faults = [
        Fault::Throttled { retry_after: Some(3_000) },
        Fault::ConsentLost,
        Fault::Torn,
        Fault::Garbage,
    ];
    for fault in faults {
        lab.simulator.inject(GraphFault::next(fault).at("/users/delta"));
        let error = lab.try_read(600).await.unwrap_err();
        assert!(matches!(error, ReadingError::Graph(_)), "{error}");
        lab.simulator.inject(
            GraphFault::next(Fault::Throttled { retry_after: Some(3_000) })
                .at("/users/delta")
                .after(1),
        );
        let stopped = lab.try_read(600).await;
        assert!(matches!(stopped, Err(ReadingError::Graph(GraphError::Retry(_))) | Ok(_)));
        assert!(matches!(lab.try_read(1).await.unwrap(), Reading::Unfinished { .. }));
    }
    let mut rounds = 0;
    while lab.users().await.len() < 40 {
        lab.try_read(600).await.unwrap();
        rounds += 1;
        assert!(rounds < 10);
    }

    let calls = lab.simulator.graph_calls();
    assert!(calls.iter().all(|call| call.method == "GET"), "reading writes nothing there");
    assert!(lab.users().await.values().all(|user| user.blocks.is_empty()));
}

#[tokio::test]
async fn two_at_once_make_nobody_twice() {
    let lab = Lab::start().await;
    lab.simulator.put_users(population(30)).unwrap();
    lab.simulator.set_graph(GraphSettings { page_size: 10, ..GraphSettings::default() });

    let (one, other) = tokio::join!(lab.try_read(600), lab.try_read(600));
    let ended = [one.unwrap(), other.unwrap()];

    assert!(ended.iter().any(|reading| matches!(reading, Reading::Ended(_))), "{ended:?}");
    assert_eq!(lab.users().await.len(), 30);
}

#[tokio::test]
async fn a_page_that_fits_no_invocation_is_carried_out_by_several() {
    let lab = Lab::by(Arc::new(Ticking(AtomicI64::new(0)))).await;
    let names: Vec<String> = (0..24).map(|number| format!("user{number}")).collect();
    for name in &names {
        lab.put(name, |_| ());
    }
    while !matches!(lab.try_read(60).await.unwrap(), Reading::Ended(_)) {}
    let before = lab.users().await;
    // Everybody takes the name of the next one, in a circle.
    for name in &names {
        lab.put(name, |user| user.user_principal_name = format!("{name}@x.test"));
    }
    let next = |number: usize| format!("user{}@contoso.test", (number + 1) % 24);
    for (number, name) in names.iter().enumerate() {
        lab.put(name, |user| user.user_principal_name = next(number));
    }

    let mut invocations = 1;
    let round = loop {
        match lab.try_read(30).await.unwrap() {
            Reading::Ended(round) => break round,
            Reading::Unfinished { import, .. } => {
                let known = lab.store.import(lab.organization, now()).await.unwrap().unwrap();
                assert_eq!(known.value, import, "what is done is kept");
            }
            Reading::Elsewhere => panic!("nobody else is there"),
        }
        invocations += 1;
        assert!(invocations < 50, "it gets nowhere");
    };

    assert!(invocations > 1, "it fitted one");
    assert_eq!((round.tally.clashes, round.carried_out.len(), round.pages), (0, 0, 1));
    let after = lab.users().await;
    for number in 0..24 {
        let old = format!("user{number}@contoso.test");
        assert_eq!(after[&next(number)].id, before[&old].id, "{old}");
    }
}

#[tokio::test]
async fn what_makes_no_sense_is_left_out_counted_and_enables_nobody() {
    let lab = Lab::start().await;
    let ada = lab.put("ada", |ada| ada.account_enabled = false);
    lab.read().await;
    let odd = [
        json!({ "id": ada.id, "accountEnabled": "true" }),
        json!({ "id": ada.id, "accountEnabled": 1 }),
        json!({ "id": ada.id, "@removed": { "reason": "moved" } }),
        json!({ "accountEnabled": true }),
        json!(7),
    ];
    for (number, thing) in odd.into_iter().enumerate() {
        let name = format!("user{number}");
        lab.put(&name, |_| ());
        lab.put("ada", |ada| ada.account_enabled = number % 2 == 1);
        let text = thing.to_string();
        lab.simulator.inject(GraphFault::next(Fault::Odd(thing)).at("/users/delta"));

        let round = lab.read().await;

        assert_eq!((round.tally.unread, round.tally.made), (1, 1), "{text}");
        assert!(lab.users().await.contains_key(&format!("{name}@contoso.test")), "{text}");
        let blocked = lab.user("ada").await.blocks.contains(&Block::Entra);
        assert!(blocked || number == 3, "{text}");
    }
    // Who is made of what is asked for, and not told, is made of sense alone.
    lab.put("new", |_| ());
    lab.simulator.inject(GraphFault::next(Fault::Reset).at("/users/delta"));
    lab.read().await;
    assert!(lab.user("new").await.blocks.is_empty());
}
