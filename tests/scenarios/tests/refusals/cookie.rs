//! A browser that is made to begin one request after the other.

use axum::body::Body;
use http::Request;
use http::header::{COOKIE, SET_COOKIE};
use scenarios::saml::AuthnRequest;
use scenarios::{Authenticator, Browser, Page, World};

/// How many requests a browser keeps.
const MOST: usize = 8;

fn halves(browser: &Browser) -> usize {
    browser.cookies.keys().filter(|name| name.starts_with("__Host-r-")).count()
}

async fn goes_on(browser: &mut Browser, page: &Page, authenticator: &mut Authenticator) {
    let page = browser.sign_in(page, authenticator).await;
    assert!(page.answer().is_some(), "{}", page.text);
}

#[tokio::test]
async fn a_browser_keeps_eight_requests_and_goes_on_with_the_newest() {
    let world = World::start().await;
    let mut ada = world.person("ada").await;
    let (mut redirected, mut posted) = (world.browser(), world.browser());
    for number in 0..3 * MOST {
        let request = AuthnRequest::new(&format!("_{number}"), world.now());
        let by_redirect = redirected.visit(&world.sso_of(&request)).await;
        let landed = posted.land(&AuthnRequest::new(&format!("_p{number}"), world.now())).await;
        let by_post = posted.follow(landed).await;

        let kept = (number + 1).min(MOST);
        assert_eq!((halves(&redirected), halves(&posted)), (kept, kept), "after {number} more");
        if number % MOST == MOST - 1 {
            goes_on(&mut redirected.clone(), &by_redirect, &mut ada.authenticator).await;
            goes_on(&mut posted.clone(), &by_post, &mut ada.authenticator).await;
        }
    }
}

/// Browsers send the oldest cookie first.
#[tokio::test]
async fn the_oldest_requests_are_let_go_and_nothing_else_is() {
    let world = World::start().await;
    let mut held = vec!["__Host-s-other=x".to_owned(), "theirs=r-1".to_owned()];
    held.extend((0..11).map(|number| format!("__Host-r-{}=x", 99 - number)));
    let request = Request::get(world.sso("_full")).header(COOKIE, held.join("; "));

    let page = world.pass(request.body(Body::empty()).unwrap()).await;

    let set = page.headers.get_all(SET_COOKIE).iter().map(|cookie| cookie.to_str().unwrap());
    let (removed, kept): (Vec<_>, Vec<_>) = set.partition(|cookie| cookie.contains("Max-Age=0"));
    let removed = removed.iter().map(|cookie| cookie.split('=').next().unwrap());
    let oldest = ["__Host-r-99", "__Host-r-98", "__Host-r-97", "__Host-r-96"];
    assert_eq!(removed.collect::<Vec<_>>(), oldest);
    assert_eq!(kept.len(), 1, "{kept:?}");
    assert!(kept.iter().all(|cookie| cookie.starts_with("__Host-r-")), "{kept:?}");
}
