//! Groups and their names; who is in them is in `members`.

use ambient::SystemEntropy;
use identity::{GroupId, UserId};
use store::{Action, Group, GroupName, MemberChange, Named, OutboxItem, ProvisionError, Stored};

use crate::{Place, RACERS, audit, noon, race};

pub(crate) fn group(name: &str) -> Group {
    Group::new(GroupId::mint(&SystemEntropy), name.to_owned(), noon())
}

impl Place {
    pub(crate) async fn create(
        &self,
        group: &Group,
        members: &[UserId],
    ) -> Result<Option<OutboxItem>, ProvisionError> {
        let said = audit(Action::GroupCreated);
        self.store.create_group(self.org(), group, members, &said, &SystemEntropy).await
    }

    pub(crate) async fn stored(&self, group: GroupId) -> Option<Stored<Group>> {
        self.store.group(self.org(), group, noon()).await.unwrap()
    }

    pub(crate) async fn change_group(
        &self,
        before: &Stored<Group>,
        members: &MemberChange,
        change: impl Fn(&mut Group),
    ) -> Result<Option<OutboxItem>, ProvisionError> {
        let mut after = before.value.clone();
        change(&mut after);
        let said = audit(Action::GroupChanged);
        let entropy = &SystemEntropy;
        self.store.change_group(self.org(), before, &after, members, &said, entropy).await
    }
}

#[tokio::test]
async fn a_renamed_group_is_found_by_its_new_name_and_ids_alone() {
    let (place, nobody) = (Place::new().await, MemberChange::default());
    let mut staff = group("Staff");
    staff.external_id = Some("g1".to_owned());
    place.create(&staff, &[]).await.unwrap();
    let before = place.stored(staff.id).await.unwrap();
    assert_eq!((&before.value, before.version), (&staff, 1));

    let renamed = place.change_group(&before, &nobody, |group| {
        group.display_name = "Crew".to_owned();
        group.external_id = Some("g2".to_owned());
    });
    assert!(renamed.await.unwrap().is_none());
    let stale = place.change_group(&before, &nobody, |group| {
        group.display_name = "Band".to_owned();
    });
    assert!(matches!(stale.await, Err(ProvisionError::Stale)));

    let named = async |name: &str| {
        place
            .store
            .group_named(place.org(), GroupName::Display(name), noon())
            .await
            .unwrap()
            .is_some()
    };
    let found = (named("staff").await, named("crew").await, named("band").await);
    assert_eq!(found, (false, true, false));
    let of = async |id: &str| {
        place.store.group_named(place.org(), GroupName::ExternalId(id), noon()).await.unwrap()
    };
    assert!(of("g1").await.is_none());
    assert_eq!(of("g2").await.unwrap().version, 2);
    let unnamed = place.stored(staff.id).await.unwrap();
    let unnamed = place.change_group(&unnamed, &nobody, |group| {
        group.external_id = None;
    });
    unnamed.await.unwrap();
    assert!(of("g2").await.is_none());
    place.sound_records().await;
}

#[tokio::test]
async fn nothing_different_is_no_change() {
    let (place, nobody) = (Place::new().await, MemberChange::default());
    let staff = group("Staff");
    place.create(&staff, &[]).await.unwrap();
    let before = place.stored(staff.id).await.unwrap();
    let records = place.sound_records().await;

    place.change_group(&before, &nobody, |_| ()).await.unwrap();

    assert_eq!(place.sound_records().await, records);
}

#[tokio::test]
async fn an_external_id_belongs_to_one_group_and_a_deleted_group_frees_it() {
    let place = Place::new().await;
    let owning = |name: &str| {
        let mut group = group(name);
        group.external_id = Some("g1".to_owned());
        group
    };
    let groups = (0..RACERS).map(|number| owning(&format!("g{number}"))).collect::<Vec<_>>();

    assert_eq!(race(groups.iter().map(|group| place.create(group, &[]))).await, 1);
    let refused = place.create(&owning("late"), &[]).await;
    assert!(matches!(refused, Err(ProvisionError::Taken(Named::ExternalId))), "{refused:?}");
    assert_eq!(place.store.count_groups(place.org()).await.unwrap(), 1);

    let found = place.store.group_named(place.org(), GroupName::ExternalId("g1"), noon()).await;
    let found = found.unwrap().unwrap();
    let said = audit(Action::GroupDeleted);
    place.store.delete_group(place.org(), &found, &said, &SystemEntropy).await.unwrap();
    assert_eq!(place.store.count_groups(place.org()).await.unwrap(), 0);
    assert!(place.stored(found.value.id).await.is_none());
    place.create(&owning("next"), &[]).await.unwrap();
    place.sound_records().await;
}

#[tokio::test]
async fn no_update_is_lost_among_sixteen_who_change_one_group() {
    let (place, nobody) = (Place::new().await, MemberChange::default());
    let staff = group("0");
    place.create(&staff, &[]).await.unwrap();
    let writer = async |_| loop {
        let before = place.stored(staff.id).await.unwrap();
        let next = |group: &mut Group| {
            let number: usize = group.display_name.parse().unwrap();
            group.display_name = (number + 1).to_string();
        };
        match place.change_group(&before, &nobody, next).await {
            Err(ProvisionError::Stale) => {}
            other => return other,
        }
    };

    assert_eq!(race((0..RACERS).map(writer)).await, RACERS);

    let after = place.stored(staff.id).await.unwrap();
    assert_eq!((after.value.display_name.as_str(), after.version), ("16", 17));
    place.sound_records().await;
}

#[tokio::test]
async fn a_name_belongs_to_one_group_in_any_case_and_a_renamed_or_deleted_group_frees_it() {
    let (place, nobody) = (Place::new().await, MemberChange::default());
    let names = ["Staff", "STAFF", "staff", "sTaFf"].into_iter().cycle();
    let groups = names.take(RACERS).map(group).collect::<Vec<_>>();

    assert_eq!(race(groups.iter().map(|group| place.create(group, &[]))).await, 1);

    assert_eq!(place.store.count_groups(place.org()).await.unwrap(), 1);
    let named = async |name: &str| {
        place.store.group_named(place.org(), GroupName::Display(name), noon()).await.unwrap()
    };
    let staff = named("STAFF").await.unwrap();
    let crew = group("Crew");
    place.create(&crew, &[]).await.unwrap();
    let before = place.stored(crew.id).await.unwrap();
    let rename = |name: &'static str| move |group: &mut Group| group.display_name = name.to_owned();
    let refused = place.change_group(&before, &nobody, rename("staff")).await;
    assert!(matches!(refused, Err(ProvisionError::Taken(Named::DisplayName))), "{refused:?}");
    place.sound_records().await;
    place.change_group(&before, &nobody, rename("CREW")).await.unwrap();

    let said = audit(Action::GroupDeleted);
    place.store.delete_group(place.org(), &staff, &said, &SystemEntropy).await.unwrap();
    assert!(named("staff").await.is_none());
    let before = place.stored(crew.id).await.unwrap();
    place.change_group(&before, &nobody, rename("staff")).await.unwrap();
    place.create(&group("Crew"), &[]).await.unwrap();
    assert_eq!(named("STAFF").await.unwrap().value.id, crew.id);
    place.sound_records().await;
}
