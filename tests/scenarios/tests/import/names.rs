//! Names that people have, leave, swap and share.

use ambient::SystemEntropy;
use entra_sim::population;
use identity::{Block, User, UserId};

use crate::lab::{Lab, now};

#[tokio::test]
async fn a_name_that_somebody_left_is_taken_in_the_same_round() {
    let lab = Lab::start().await;
    lab.put("ada", |_| ());
    lab.put("grace", |_| ());
    lab.read().await;
    let before = lab.users().await;

    lab.put("ada", |ada| ada.user_principal_name = "away@contoso.test".to_owned());
    lab.put("grace", |grace| grace.user_principal_name = "ada@contoso.test".to_owned());
    let round = lab.read().await;

    let after = lab.users().await;
    assert_eq!(round.tally.clashes, 0);
    assert_eq!(after["ada@contoso.test"].id, before["grace@contoso.test"].id);
    assert_eq!(after["away@contoso.test"].id, before["ada@contoso.test"].id);
}

#[tokio::test]
async fn names_that_two_or_three_swap_end_where_they_belong() {
    let lab = Lab::start().await;
    let names = ["ada", "grace", "alan", "edsger", "barbara"];
    for name in names {
        lab.put(name, |_| ());
    }
    lab.read().await;
    let before = lab.users().await;

    // By way of a name that nobody is told of: two change places, and three more in turn.
    for name in names {
        lab.put(name, |user| user.user_principal_name = format!("{name}@x.test"));
    }
    let swaps = [
        ("ada", "grace"),
        ("grace", "ada"),
        ("alan", "edsger"),
        ("edsger", "barbara"),
        ("barbara", "alan"),
    ];
    for (from, to) in swaps {
        lab.put(from, |user| user.user_principal_name = format!("{to}@contoso.test"));
    }
    let round = lab.read().await;

    let after = lab.users().await;
    assert_eq!(round.tally.clashes, 0);
    for (from, to) in swaps {
        let (old, new) = (format!("{from}@contoso.test"), format!("{to}@contoso.test"));
        assert_eq!(after[&new].id, before[&old].id, "{from} is {to} now");
    }
    assert_eq!(after.len(), 5);
}

#[tokio::test]
async fn a_name_of_somebody_who_is_gone_for_good_is_free_again() {
    let lab = Lab::start().await;
    lab.put("ada", |_| ());
    lab.read().await;
    let gone = lab.user("ada").await;
    lab.simulator.delete_user("ada@contoso.test").unwrap();
    lab.put("ada", |_| ());

    let round = lab.read().await;

    let users = lab.users().await;
    let kept = users.values().find(|user| user.id == gone.id).unwrap();
    assert_eq!((round.tally.made, round.tally.clashes, users.len()), (1, 0, 2));
    assert_ne!(users["ada@contoso.test"].id, gone.id, "a name used again is another person");
    assert!(kept.blocks.contains(&Block::Entra));
}

#[tokio::test]
async fn somebody_who_was_here_before_becomes_the_object_and_an_anchor_is_of_one_only() {
    let lab = Lab::start().await;
    let id = UserId::mint(&SystemEntropy);
    let name = "ada@contoso.test".parse().unwrap();
    let here = User::new(id, name, "Ada".to_owned(), now());
    lab.store.create_user(lab.organization, &here).await.unwrap();
    let ada = lab.put("ada", |ada| ada.on_premises_immutable_id = Some("A1".to_owned()));
    lab.put("other", |other| other.on_premises_immutable_id = Some("a 1".replace(' ', "")));

    let round = lab.read().await;

    let user = lab.user("ada").await;
    assert_eq!((user.id, user.object_id), (id, ada.id.parse().ok()));
    assert_eq!(user.anchor.unwrap().as_str(), "A1");
    assert_eq!(user.display_name, "Ada", "what they are here stays");
    assert_eq!(lab.user("other").await.anchor.unwrap().as_str(), "a1", "another one by its case");
    assert_eq!(round.tally.clashes, 0);
}

#[tokio::test]
async fn who_has_a_name_by_a_provisioning_client_keeps_it_and_a_page_of_them_is_one_pass() {
    let lab = Lab::start().await;
    lab.simulator.put_users(population(60)).unwrap();
    for user in lab.simulator.users().iter().take(40) {
        lab.provisioned(&user.user_principal_name).await;
    }

    let round = lab.read().await;

    assert_eq!((round.tally.made, round.tally.clashes, round.tally.told), (20, 40, 60));
    let linked = lab.users().await.into_values().filter(|user| user.object_id.is_some()).count();
    assert_eq!(linked, 20, "a sign-in name that arrives with an object id takes nobody over");
    assert_eq!(lab.asked("/users/delta"), 1);
    assert_eq!(lab.asked("/users/"), 1, "nobody of them is asked for");
}

#[tokio::test]
async fn whoever_loses_access_loses_it_though_their_new_name_is_somebody_elses() {
    let lab = Lab::start().await;
    lab.put("ada", |_| ());
    lab.read().await;
    lab.provisioned("taken@contoso.test").await;
    lab.put("ada", |ada| {
        ada.user_principal_name = "taken@contoso.test".to_owned();
        ada.account_enabled = false;
    });

    let round = lab.read().await;

    assert_eq!((round.tally.clashes, round.tally.blocked), (1, 1));
    assert!(lab.user("ada").await.blocks.contains(&Block::Entra));
    assert!(lab.user("taken").await.blocks.is_empty());
}
