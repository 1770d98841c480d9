//! Bytes that no browser sends.

use ambient::{Clock as _, SystemClock};
use local::build;
use local::{Options, Stack};
use scenarios::World;
use scenarios::saml::AuthnRequest;
use scenarios::world::DOMAIN;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// Sends a request line with its target byte for byte, and answers the status and the text.
///
/// [`None`] when the server hung up without a word, as it may on a head that it will not read.
async fn get(base_url: &str, target: &str) -> Option<(u16, String)> {
    let host = base_url.strip_prefix("http://").unwrap();
    let address = host.replace("localhost", "127.0.0.1");
    let (mut reader, mut writer) = TcpStream::connect(&address).await.unwrap().into_split();
    let head = format!("GET {target} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n");
    let write = async {
        // The server may have said no before it read all.
        let _ = writer.write_all(head.as_bytes()).await;
    };
    let read = async {
        let mut answer = Vec::new();
        let _ = reader.read_to_end(&mut answer).await;
        answer
    };
    let ((), answer) = tokio::join!(write, read);
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let status = answer.strip_prefix("HTTP/1.1 ")?.get(..3)?.parse().ok()?;
    Some((status, answer))
}

#[tokio::test]
async fn a_megabyte_of_query_is_refused_and_the_next_request_answered() {
    let world = World::start().await;
    let before = world.quiet().await;
    let path = format!("/saml/{DOMAIN}/sso?SAMLRequest=");

    let huge = get(&world.base_url, &format!("{path}{}", "A".repeat(1024 * 1024))).await;
    let long = get(&world.base_url, &format!("{path}{}", "A".repeat(60_000))).await;

    assert!(huge.as_ref().is_none_or(|(status, _)| [414, 431].contains(status)), "{huge:?}");
    assert_eq!(long.map(|(status, _)| status), Some(400));
    world.unchanged_since(&before, "a megabyte of query").await;
    world.browser().visit(&world.sso("_next")).await.options();
}

/// API Gateway hands queries over as they came, and nothing may choke on what a URL cannot hold.
#[tokio::test]
async fn characters_that_no_url_holds_are_answered_by_a_page_or_by_the_gateway() {
    let (template, functions) = build::tested(env!("CARGO")).unwrap();
    let stack = Stack::start(Options::new(template, functions)).await.unwrap();
    let ready = stack.ready();
    let request = AuthnRequest::new("_raw", jiff::Timestamp::UNIX_EPOCH).query("x");

    for characters in
        ["{", "}", "\"", "<", ">", "{\"}<>", "|", "\\", "^", "`", "%", "%zz", "[", "'"]
    {
        for target in [
            format!("/saml/contoso.test/sso?{characters}"),
            format!("/saml/contoso.test/sso?{request}&x={characters}"),
            format!("/saml/contoso.test/sso?{characters}={request}"),
            format!("/saml/contoso.test/slo?SAMLRequest={characters}"),
            format!("/saml/{characters}/sso"),
            format!("/{characters}"),
        ] {
            let (status, text) = get(&ready.base_url, &target).await.expect(&target);
            assert!((400..500).contains(&status), "{target}: {text}");
            assert!(!text.contains(&format!("x={characters}")), "{target} comes back: {text}");
        }
    }
    let (status, _) = get(&ready.base_url, &format!("/?{}", "A".repeat(20_000))).await.unwrap();
    assert_eq!(status, 431, "more than the gateway takes");
    let crashed =
        stack.log().iter().filter(|line| format!("{line:?}").contains("panicked")).count();
    assert_eq!(crashed, 0, "a function panicked");
    let sso = AuthnRequest::new("_good", SystemClock.now()).query("x");
    let (status, text) =
        get(&ready.base_url, &format!("/saml/contoso.test/sso?{sso}")).await.unwrap();
    assert_eq!(status, 200, "{text}");
    stack.stop().await;
}
