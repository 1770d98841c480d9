//! Lists: whole, in order, and each page the same whatever happens before it.

use ambient::SystemEntropy;
use identity::{GroupId, ScimKeyId, User};
use serde_json::json;
use store::{Action, Bookmark, Group, GroupName, Order, Page, Position, Profile, Provisioned};

use crate::provisioned::kept;
use crate::{Place, audit, noon, seconds, user};

const ORDERS: [Order; 3] = [Order::Stored, Order::Ascending, Order::Descending];

fn name(user: &Provisioned) -> String {
    user.user.value.user_name.folded()
}

impl Place {
    async fn hire(&self, count: usize) -> Vec<User> {
        let mut users = Vec::new();
        for number in 0..count {
            let user = user(&format!("u{number:03}"));
            self.provision(&user, &Profile::new(noon())).await;
            users.push(user);
        }
        users
    }

    async fn page(&self, order: Order, from: Option<&Position>, most: usize) -> Page<Provisioned> {
        self.store.list_users(self.org(), order, from, most, noon()).await.unwrap()
    }

    /// The names of all, page by page.
    async fn walk(&self, order: Order, most: usize) -> Vec<String> {
        let (mut names, mut from) = (Vec::new(), None);
        loop {
            let page = self.page(order, from.as_ref(), most).await;
            assert!(page.items.len() <= most);
            names.extend(page.items.iter().map(name));
            let Some(next) = page.next else { return names };
            from = Some(next);
        }
    }
}

#[tokio::test]
async fn pages_of_any_size_name_everybody_once_and_sorted_ones_in_order() {
    let place = Place::new().await;
    let users = place.hire(40).await;
    let mut expected = users.iter().map(|user| user.user_name.folded()).collect::<Vec<_>>();
    expected.push("admin@contoso.test".to_owned());
    expected.sort();

    for most in [3, 41, 42] {
        for order in ORDERS {
            let mut names = place.walk(order, most).await;
            match order {
                Order::Stored => names.sort(),
                Order::Ascending => {}
                Order::Descending => names.reverse(),
            }
            assert_eq!(names, expected, "{order:?} by {most}");
        }
    }
    assert_eq!(place.page(Order::Stored, None, 41).await.next, None, "nothing follows");
}

#[tokio::test]
async fn what_is_added_or_deleted_before_a_place_moves_nothing_behind_it() {
    let place = Place::new().await;
    let users = place.hire(30).await;
    for order in ORDERS {
        let first = place.page(order, None, 10).await;
        let next = first.next.unwrap();
        let before = place.page(order, Some(&next), 10).await;
        let gone = first.items.iter().find(|user| users.contains(&user.user.value)).unwrap();

        let said = audit(Action::UserDeleted);
        place.store.delete_provisioned(place.org(), gone, &said, &SystemEntropy).await.unwrap();

        let after = place.page(order, Some(&next), 10).await;
        let names = |page: &Page<Provisioned>| page.items.iter().map(name).collect::<Vec<_>>();
        assert_eq!(names(&after), names(&before), "{order:?}");
        let again = User { id: gone.user.value.id, ..gone.user.value.clone() };
        place.provision(&again, &Profile::new(noon())).await;
    }
    place.forget(users[0].id).await;
}

#[tokio::test]
async fn a_jump_lands_where_a_walk_would() {
    let place = Place::new().await;
    place.hire(40).await;
    for order in ORDERS {
        let all = place.page(order, None, 100).await.items;
        for many in [0, 1, 13, 40, 41, 42, 1_000] {
            let at = place.store.skip_users(place.org(), order, None, many).await.unwrap();

            let rest = match (&at, many) {
                (None, 0) => place.page(order, None, 100).await.items,
                (None, _) => Vec::new(),
                (Some(at), _) => place.page(order, Some(at), 100).await.items,
            };
            let expected = all.iter().skip(many).map(name).collect::<Vec<_>>();
            assert_eq!(rest.iter().map(name).collect::<Vec<_>>(), expected, "{order:?} {many}");
            if let Some(at) = at.filter(|_| many == 13) {
                let on = place.store.skip_users(place.org(), order, Some(&at), 10).await.unwrap();
                let rest = place.page(order, on.as_ref(), 1).await.items;
                assert_eq!(name(&rest[0]), name(&all[23]), "{order:?}: from a place on");
            }
        }
    }
}

#[tokio::test]
async fn a_walk_goes_on_where_it_was_for_an_hour() {
    let place = Place::new().await;
    place.hire(20).await;
    let at = place.page(Order::Stored, None, 10).await.next.unwrap();
    let (key, other) = (ScimKeyId::mint(&SystemEntropy), ScimKeyId::mint(&SystemEntropy));
    let walk = Position::walk(key, "users", 11);
    let bookmark = Bookmark { at, total: None };
    let of_filter = Bookmark { total: Some(21), ..bookmark.clone() };

    for bookmark in [&of_filter, &bookmark, &bookmark] {
        place.store.remember_walk(place.org(), &walk, bookmark, noon()).await.unwrap();
        let found = place.store.walk(place.org(), &walk, noon()).await.unwrap();
        assert_eq!(found.as_ref(), Some(bookmark));
    }

    let cases = [
        (walk.clone(), 3599, true),
        (walk, 3600, false),
        (Position::walk(key, "users", 12), 0, false),
        (Position::walk(key, "groups", 11), 0, false),
        (Position::walk(other, "users", 11), 0, false),
    ];
    for (walk, later, expected) in cases {
        let now = noon() + seconds(later);
        let found = place.store.walk(place.org(), &walk, now).await.unwrap();
        assert_eq!(found.is_some_and(|found| found == bookmark), expected, "{later}");
    }
    place.sound_records().await;
}

#[tokio::test]
async fn a_page_of_large_users_ends_early_and_the_next_one_goes_on() {
    let place = Place::new().await;
    let mut large = Profile::new(noon());
    large.attributes = kept(&json!({ "x": "x".repeat(60_000) }));
    for number in 0..110 {
        place.provision(&user(&format!("u{number}")), &large).await;
    }

    let first = place.page(Order::Ascending, None, 200).await;

    assert_eq!(first.items.len(), 70, "as many as 4 MiB hold, and somebody small");
    let rest = place.page(Order::Ascending, first.next.as_ref(), 200).await;
    assert_eq!(first.items.len() + rest.items.len(), 111);
    assert_eq!(rest.next, None);
}

#[tokio::test]
async fn a_page_in_the_middle_costs_what_the_first_one_costs() {
    let place = Place::new().await;
    place.hire(200).await;
    let (store, wire) = place.watched().await;
    let mut from = None;
    let mut costs = Vec::new();
    loop {
        let page = store.list_users(place.org(), Order::Stored, from.as_ref(), 2, noon()).await;
        let page = page.unwrap();
        costs.push(wire.calls().len());
        let Some(next) = page.next else { break };
        from = Some(next);
    }
    let usual = costs.iter().filter(|cost| **cost == 2).count();
    assert!(usual > costs.len() / 2, "a query and a batch: {costs:?}");
    assert!(costs.iter().all(|cost| *cost <= 17), "{costs:?}");
}

#[tokio::test]
async fn groups_are_all_listed_and_found_by_their_names_in_any_case() {
    let place = Place::new().await;
    let long = "Ä".repeat(1_000);
    let names = ["Staff", "STAFF 3", "staff 1", "Staff 2", long.as_str()];
    for name in names {
        let group = Group::new(GroupId::mint(&SystemEntropy), name.to_owned(), noon());
        let said = audit(Action::GroupCreated);
        let made = place.store.create_group(place.org(), &group, &[], &said, &SystemEntropy).await;
        assert!(made.unwrap().is_none());
    }

    for order in ORDERS {
        let (mut listed, mut from) = (Vec::new(), None);
        loop {
            let page = place
                .store
                .list_groups(place.org(), order, from.as_ref(), 2, noon())
                .await
                .unwrap();
            listed.extend(page.items.iter().map(|group| group.value.display_name.clone()));
            let Some(next) = page.next else { break };
            from = Some(next);
        }
        let folded = listed.iter().map(|name| name.to_lowercase()).collect::<Vec<_>>();
        if order == Order::Ascending {
            assert!(folded.is_sorted(), "{folded:?}");
        }
        listed.sort();
        let mut expected = names.map(str::to_owned);
        expected.sort();
        assert_eq!(listed, expected, "{order:?}");
    }
    let found =
        place.store.group_named(place.org(), GroupName::Display("sTaFf 3"), noon()).await.unwrap();
    assert_eq!(found.unwrap().value.display_name, "STAFF 3");
}
