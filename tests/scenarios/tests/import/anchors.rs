//! Anchors that change hands, and those that two have.

use ambient::SystemEntropy;
use identity::{User, UserId};

use crate::lab::{Lab, now};

#[tokio::test]
async fn anchors_that_change_hands_end_where_they_belong() {
    let lab = Lab::start().await;
    let names = ["ada", "grace", "alan"];
    for name in names {
        lab.put(name, |user| user.on_premises_immutable_id = Some(format!("anchor-of-{name}")));
    }
    lab.read().await;
    for name in names {
        lab.put(name, |user| user.on_premises_immutable_id = None);
    }
    let hands = [("ada", "grace"), ("grace", "alan"), ("alan", "ada")];
    for (from, to) in hands {
        lab.put(to, |user| user.on_premises_immutable_id = Some(format!("anchor-of-{from}")));
    }

    let round = lab.read().await;

    assert_eq!(round.tally.clashes, 0);
    for (from, to) in hands {
        let user = lab.user(to).await;
        assert_eq!(user.anchor.unwrap().as_str(), format!("anchor-of-{from}"));
        assert!(!user.unanchored);
    }
}

#[tokio::test]
async fn an_anchor_that_somebody_else_has_is_counted_and_seen_to_again() {
    let lab = Lab::start().await;
    let id = UserId::mint(&SystemEntropy);
    let mut here = User::new(id, "else@contoso.test".parse().unwrap(), "Else".to_owned(), now());
    here.anchor = "A1".parse().ok();
    lab.store.create_user(lab.organization, &here).await.unwrap();
    lab.put("ada", |ada| ada.on_premises_immutable_id = Some("A1".to_owned()));

    let round = lab.read().await;

    let ada = lab.user("ada").await;
    assert_eq!((round.tally.clashes, ada.anchor, ada.unanchored), (1, None, true));
    assert_eq!(lab.user("else").await.anchor, here.anchor);
    assert!(lab.store.has_unanchored(lab.organization, now()).await.unwrap());
}
