//! What a person at the local stack reads of a round: when it was, what it changed, who lost their access by
//! it, and when the next one is.

use std::collections::BTreeSet;

use ambient::{Clock as _, SystemClock};
use jiff::{SignedDuration, Timestamp};
use local::lambda::Line;

use crate::once::Hand;
use crate::site::Site;

/// What a line says under a name.
fn field<'l>(line: &'l str, name: &str) -> &'l str {
    let mut words = line.split_whitespace();
    let found = words.find_map(|word| word.strip_prefix(name)?.strip_prefix('='));
    found.unwrap_or_else(|| panic!("no {name} in {line}")).trim_matches('"')
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_shows_of_each_round_when_it_was_how_many_changed_who_lost_access_and_the_next_run()
{
    let site = Site::reading().await;
    let known = site.stack.log().len();
    let (mut leavers, began) = (BTreeSet::new(), SystemClock.now());
    for (user, hand) in site.settled().await {
        if hand == Hand::Entra && leavers.len() < 2 {
            leavers.insert(user.id.clone());
            site.change(user, hand).await;
        }
    }

    site.carry_out(&site.due().await).await;
    site.rest().await;

    let here = site.here().await;
    let leavers: BTreeSet<String> =
        leavers.iter().map(|object| here[object].id.to_string()).collect();
    let lines: Vec<Line> = site.stack.log().into_iter().skip(known).collect();
    let saying = |what: &str| {
        let lines = lines.iter().filter(|line| line.text.contains(what));
        lines.map(|line| (line.at, line.to_string())).collect::<Vec<(Timestamp, String)>>()
    };
    let rounds = saying("a round is over");
    let (first, others) = rounds.split_first().expect("a round");
    let (at, line) = first;
    let ended = SystemClock.now();
    assert!((began..=ended).contains(at), "{line}");
    let shown = format!("{}     Directory | ", at.strftime("%H:%M:%SZ"));
    assert!(line.starts_with(&shown), "when and by whom: {line}");
    let organization = &site.stack.ready().organization;
    for (name, value) in [
        ("organization", organization.as_str()),
        ("told", "2"),
        ("access_taken", "2"),
        ("access_given", "0"),
    ] {
        assert_eq!(field(line, name), value, "{line}");
    }
    let next: Timestamp = field(line, "next_at").parse().unwrap();
    let hours = SignedDuration::from_mins(216)..=SignedDuration::from_hours(4);
    assert!(hours.contains(&next.duration_since(*at)), "{line}");
    for (_, line) in others {
        assert_eq!(field(line, "told"), "0", "{line}");
    }
    let told = saying("the bus is told");
    let who: BTreeSet<String> =
        told.iter().map(|(_, line)| field(line, "user").to_owned()).collect();
    assert_eq!(who, leavers);
    assert!(told.iter().all(|(_, line)| field(line, "event") == "user.offboarded"), "{told:?}");
    site.stack.stop().await;
}
