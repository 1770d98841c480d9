//! Each call to the account fails, once and for good: nobody ends half way, and everybody gets on.

mod errand;
mod lane;
mod operator;
mod process;
mod signing;
mod transactions;
mod visitor;

use errand::Errand;
use lane::Lane;

/// Worlds that share the cases of one errand.
const LANES: usize = 3;

/// Lets every call of an errand fail in every way.
async fn survive(errand: Errand) {
    let lanes = (0..LANES).map(|number| tokio::spawn(lane(errand, number)));
    for lane in lanes.collect::<Vec<_>>() {
        lane.await.unwrap();
    }
}

async fn lane(errand: Errand, number: usize) {
    let mut lane = Lane::start(errand).await;
    let cases = lane.cases().await;
    assert!(cases.len() >= 3 * 8, "{errand:?} makes {} calls", cases.len() / 8);
    for case in cases.into_iter().skip(number).step_by(LANES) {
        lane.play(&case).await;
    }
    lane.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_answer_survives_every_fault() {
    survive(Errand::Silent).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_nobody_is_signed_in_survives_every_fault() {
    survive(Errand::Passive).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sign_in_by_redirect_survives_every_fault() {
    survive(Errand::Redirect).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sign_in_by_post_survives_every_fault() {
    survive(Errand::Post).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_enrolment_by_code_survives_every_fault() {
    survive(Errand::Code).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_enrolment_by_link_survives_every_fault() {
    survive(Errand::Link).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sign_out_survives_every_fault() {
    survive(Errand::SignOut).await;
}
