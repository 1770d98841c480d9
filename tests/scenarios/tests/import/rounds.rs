//! What a round tells, and where the next one begins.

use std::sync::Arc;

use ambient::{SystemClock, SystemEntropy};
use directory::ReadingError;
use entra_sim::{Disorder, Fault, GraphFault, GraphSettings, GraphUser, population};
use graph::{Graph, GraphError};
use identity::Block;

use crate::lab::{Given, Lab};

#[tokio::test]
async fn everybody_is_read_once_whatever_the_order_and_a_quiet_round_changes_nothing() {
    let lab = Lab::start().await;
    lab.simulator.put_users(population(60)).unwrap();
    lab.simulator.set_graph(GraphSettings {
        page_size: 9,
        disorder: Disorder::Repeated,
        empty_every: Some(3),
        ..GraphSettings::default()
    });

    let first = lab.read().await;
    let users = lab.users().await;
    let second = lab.read().await;

    assert_eq!((users.len(), first.tally.made, first.round), (60, 60, 2));
    assert!(first.tally.told > 60, "some were told of twice");
    assert_eq!((second.tally.told, second.pages), (0, 1), "a round without changes is one page");
    assert_eq!(lab.users().await, users);
    assert!(users.values().all(|user| user.object_id.is_some() && user.personal_email.is_some()));
}

#[tokio::test]
async fn a_change_there_is_a_change_here_and_the_user_stays_the_same() {
    let lab = Lab::start().await;
    lab.put("ada", |ada| ada.on_premises_immutable_id = Some("A1".to_owned()));
    lab.put("guest", |guest| {
        guest.more.insert("userType".to_owned(), "Guest".into());
    });
    let first = lab.read().await;
    let ada = lab.user("ada").await;
    assert_eq!((first.tally.made, first.tally.guests), (1, 1));

    lab.put("ada", |ada| {
        ada.account_enabled = false;
        ada.user_principal_name = "arden@contoso.test".to_owned();
    });
    let second = lab.read().await;
    let arden = lab.user("arden").await;
    assert_eq!((second.tally.changed, second.tally.blocked), (1, 1));
    assert_eq!((arden.id, arden.anchor.clone()), (ada.id, ada.anchor.clone()));
    assert!(arden.blocks.contains(&Block::Entra));
    assert!(arden.sessions_valid_from > ada.sessions_valid_from, "every session is over");

    lab.put("ada", |ada| ada.account_enabled = true);
    lab.read().await;
    assert!(lab.user("arden").await.blocks.is_empty());
    lab.simulator.soft_delete_user("arden@contoso.test").unwrap();
    lab.read().await;
    assert!(lab.user("arden").await.blocks.contains(&Block::Entra), "gone there, no access here");
    lab.simulator.restore_user("arden@contoso.test").unwrap();
    lab.read().await;
    assert!(lab.user("arden").await.blocks.is_empty());
}

#[tokio::test]
async fn an_expired_link_or_a_reset_reads_anew_and_removes_nobody() {
    let lab = Lab::start().await;
    lab.simulator.put_users(population(20)).unwrap();
    lab.read().await;

    for fault in [Fault::Expired, Fault::Reset] {
        lab.simulator.inject(GraphFault::next(fault).at("/users/delta"));
        let anew = lab.read().await;
        assert_eq!((anew.tally.told, anew.tally.made, anew.tally.changed), (20, 0, 0));
    }
    lab.simulator
        .put_user(GraphUser {
            display_name: "Other".to_owned(),
            ..lab.simulator.users().into_iter().next().unwrap()
        })
        .unwrap();
    assert_eq!(lab.read().await.tally.changed, 1, "what is selected is still selected");
    let before = lab.users().await;
    for empty in 0..2 {
        lab.simulator.inject(GraphFault::next(Fault::Reset).at("/users/delta"));
        lab.simulator.inject(GraphFault::next(Fault::Empty).at("/users/delta"));
        assert_eq!(lab.read().await.tally.told, 0, "{empty}");
    }

    assert_eq!(lab.users().await, before, "who is not told of keeps everything");
}

#[tokio::test]
async fn a_graph_that_loses_its_place_again_and_again_is_not_asked_without_pause() {
    let lab = Lab::start().await;
    lab.simulator.put_users(population(10)).unwrap();
    lab.read().await;
    let before = (lab.users().await, lab.asked("/users/delta"));
    lab.simulator.inject(GraphFault::next(Fault::Reset).at("/users/delta").times(30));

    let error = lab.try_read(600).await.unwrap_err();

    assert!(matches!(error, ReadingError::Graph(GraphError::Gone { .. })), "{error}");
    assert_eq!(lab.asked("/users/delta") - before.1, 3);
    assert_eq!(lab.users().await, before.0);
}

#[tokio::test]
async fn without_the_one_permission_that_reading_declares_nothing_is_read_and_nobody_changes() {
    let mut lab = Lab::start().await;
    lab.simulator.put_users(population(5)).unwrap();
    lab.read().await;
    let before = lab.users().await;
    lab.put("new", |_| ());
    let (clock, entropy) = (Arc::new(SystemClock), Arc::new(SystemEntropy));
    let tokens = Arc::new(Given(Arc::clone(&lab.simulator), &[]));
    lab.graph = Graph::new(lab.origin.clone(), tokens, clock, entropy).unwrap();

    let error = lab.try_read(600).await.unwrap_err();

    assert!(matches!(error, ReadingError::Graph(GraphError::ConsentLost(_))), "{error}");
    assert_eq!(lab.users().await, before);
    let calls = lab.simulator.graph_calls();
    assert!(calls.iter().all(|call| call.method == "GET"), "reading writes nothing there");
}
