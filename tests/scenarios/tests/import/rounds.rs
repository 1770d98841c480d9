//! What a round tells, and where the next one begins.

use std::sync::Arc;

use ambient::{SystemClock, SystemEntropy};
use directory::{Reading, ReadingError};
use entra_sim::{Disorder, Fault, GraphFault, GraphSettings, GraphUser, population};
use graph::{Graph, GraphError, USER_SELECTION};
use identity::{AttributeValue, Block, User};
use serde_json::{Value, json};
use store::{Import, Stored};

use crate::lab::{Given, Lab, now};

impl Lab {
    /// Where the next round begins for whoever selects less, as a former release did.
    async fn place_of_less(&self) -> String {
        let select = "id,userPrincipalName,accountEnabled,userType";
        let mut url = format!("{}/users/delta?$select={select}", self.simulator.graph_url());
        let token = self.simulator.graph_token(&["User.Read.All"]).unwrap();
        loop {
            let asked = reqwest::Client::new().get(&url).bearer_auth(&token).send().await.unwrap();
            let page: Value = asked.json().await.unwrap();
            let link = |name: &str| page[name].as_str().map(str::to_owned);
            match link("@odata.deltaLink") {
                Some(link) => return link,
                None => url = link("@odata.nextLink").unwrap(),
            }
        }
    }

    /// Disables somebody by a call of Graph, which shows them as before for a while.
    async fn disable(&self, name: &str) {
        let user = self.simulator.users().into_iter().find(|user| user.display_name == name);
        let url = format!("{}/users/{}", self.simulator.graph_url(), user.unwrap().id);
        let token = self.simulator.graph_token(&["User.ReadWrite.All"]).unwrap();
        let request = reqwest::Client::new().patch(url).bearer_auth(token);
        let answer = request.json(&json!({ "accountEnabled": false })).send().await.unwrap();
        assert!(answer.status().is_success(), "{}", answer.status());
    }

    /// Keeps that reading goes on there, by a former selection.
    async fn go_on_by_less(&self, next: String) {
        let stored = self.store.import(self.organization, now()).await.unwrap();
        let Stored { value, version } = stored.unwrap();
        let less = Import { next: Some(next), selection: USER_SELECTION - 1, ..value };
        self.store.keep_import(self.organization, version, &less).await.unwrap();
    }
}

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
async fn a_place_of_a_shorter_selection_is_read_to_its_end_and_then_everybody_is_read_anew() {
    let lab = Lab::start().await;
    lab.simulator.put_users(population(7)).unwrap();
    lab.simulator.set_graph(GraphSettings { page_size: 3, ..GraphSettings::default() });
    lab.read().await;
    let place = lab.place_of_less().await;
    for user in lab.simulator.users() {
        let moved = GraphUser { department: Some("Moved".to_owned()), ..user };
        lab.simulator.put_user(moved).unwrap();
    }
    let names: Vec<String> =
        lab.simulator.users().into_iter().map(|user| user.user_principal_name).collect();
    lab.simulator.delete_user(&names[0]).unwrap();
    lab.put("Grace Bligh 1", |grace| grace.account_enabled = false);
    lab.go_on_by_less(place).await;
    let has_moved = |user: &User| {
        let department = user.attributes.department.as_ref();
        department.map(AttributeValue::as_str) == Some("Moved")
    };

    let rest = lab.read().await;
    let users = lab.users().await;
    assert_eq!(
        (rest.tally.blocked, rest.whole),
        (2, true),
        "whoever is gone for good loses access"
    );
    assert!(users[&names[0]].blocks.contains(&Block::Entra));
    assert!(!users.values().any(has_moved), "nobody was told of that");

    let anew = lab.read().await;
    let users = lab.users().await;
    assert_eq!((anew.tally.told, anew.tally.changed, anew.tally.blocked), (6, 6, 0));
    assert_eq!((anew.whole, anew.selection), (false, USER_SELECTION));
    assert!(names[1..].iter().all(|name| has_moved(&users[name])), "{users:?}");
    assert_eq!(users.values().filter(|user| user.blocks.is_empty()).count(), 5);
    let search = lab.store.missing_search(lab.organization, now()).await.unwrap().unwrap();
    assert!(search.value.is_under_way(), "each is asked for by themselves");

    let quiet = lab.read().await;
    assert_eq!((quiet.tally.told, quiet.pages), (0, 1), "and only what changes from then on");
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

#[tokio::test]
async fn whoever_came_back_while_a_page_was_read_is_not_blocked_by_it() {
    let lab = Lab::start().await;
    for name in ["ada", "grace"] {
        lab.put(name, |_| {});
    }
    lab.read().await;
    let is_blocked = async |name| lab.user(name).await.blocks.contains(&Block::Entra);
    // A page says that they are disabled, and their account, asked for by itself, that they are not.
    lab.simulator.set_graph(GraphSettings { stale_reads: 1, ..GraphSettings::default() });

    lab.disable("ada").await;
    let began = lab.user("ada").await.sessions_valid_from;
    assert!(matches!(lab.try_read_since(began, 600).await, Ok(Reading::Ended(_))));
    assert!(!is_blocked("ada").await, "they are as their account is");
    let noticed = lab.store.noticed(lab.organization, 2, now()).await.unwrap();
    assert_eq!(noticed.len(), 1, "and are asked for once more");

    // Whoever had access all the while is taken at what is told.
    lab.disable("grace").await;
    lab.read().await;
    assert!(is_blocked("grace").await);
}
