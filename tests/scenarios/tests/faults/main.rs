//! Each call to the account fails, once and for good, or is waited for in vain, or is the last that
//! a process makes: nobody ends half way, and everybody gets on.

mod errand;
mod lane;
mod metric;
mod operator;
mod process;
mod signing;
mod site;
mod transactions;
mod visitor;
mod way;

use errand::Errand;
use lane::Lane;
use scenarios::{Call, Case};

/// Worlds that share the cases of one errand.
const LANES: usize = 3;
/// The same where most of the time is waiting.
const WAITING_LANES: usize = 8;

/// Lets every call of an errand fail in every way.
async fn survive(errand: Errand) {
    share(errand, LANES, Case::all).await;
}

/// Lets every call of an errand be waited for in vain.
async fn outlast(errand: Errand) {
    share(errand, WAITING_LANES, Case::stalls).await;
}

async fn share(errand: Errand, count: usize, cases: fn(&[Call]) -> Vec<Case>) {
    let mut lanes = Vec::new();
    for number in 0..count {
        // Worlds begin one after the other: it is work.
        let mut lane = Lane::start(errand).await;
        lanes.push(tokio::spawn(async move {
            let cases = lane.cases(cases).await;
            assert!(cases.len() >= 2 * 3, "{errand:?} has {} cases", cases.len());
            for case in cases.into_iter().skip(number).step_by(count) {
                lane.play(&case).await;
            }
            lane.end().await;
        }));
    }
    for lane in lanes {
        lane.await.unwrap();
    }
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

#[tokio::test(flavor = "multi_thread")]
async fn another_code_survives_every_fault() {
    survive(Errand::Resend).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_code_survives_every_fault() {
    survive(Errand::WrongCode).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_enrolment_by_recovery_code_survives_every_fault() {
    survive(Errand::Recover).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sign_in_outlasts_whatever_never_answers() {
    for errand in [Errand::Silent, Errand::Redirect, Errand::Post] {
        outlast(errand).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_enrolment_outlasts_whatever_never_answers() {
    for errand in [Errand::Code, Errand::Link] {
        outlast(errand).await;
    }
}
