//! What holds for every page: words, size, escaping, headers, markup.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "tests")]

#[path = "../examples/gallery/samples.rs"]
mod samples;

use std::fmt::Write;

use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http_body_util::BodyExt;
use samples::{Values, ordinary, pages};
use web::asset::{self, Asset};
use web::language::Language;
use web::page::{Notice, Problem, Trouble};

const KIB: usize = 1024;

async fn html(response: Response) -> String {
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// Every page as (name, HTML).
async fn rendered(language: Language, values: &Values<'_>) -> Vec<(&'static str, String)> {
    let mut rendered = Vec::new();
    for (name, response) in pages(language, values) {
        rendered.push((name, html(response).await));
    }
    rendered
}

/// The page without the hashes of the assets, which change with every stroke of a style sheet.
fn without_hashes(mut page: String) -> String {
    for asset in Asset::ALL {
        page = page.replace(asset.url(), &format!("/assets/{asset:?}"));
    }
    page
}

#[tokio::test]
async fn every_page_reads_as_reviewed_in_english() {
    for (name, page) in rendered(Language::English, &ordinary("/next")).await {
        insta::assert_snapshot!(format!("en_{name}"), without_hashes(page));
    }
}

#[tokio::test]
async fn a_page_with_a_notice_reads_as_reviewed_in_every_other_language() {
    for language in [Language::German, Language::French, Language::Spanish] {
        let values = Values { notice: Some(Notice::NotRecognised), ..ordinary("/next") };
        for (name, page) in rendered(language, &values).await {
            if matches!(name, "sign-in-again" | "certificate" | "invitation") {
                insta::assert_snapshot!(format!("{}_{name}", language.tag()), without_hashes(page));
            }
        }
    }
}

#[test]
fn every_trouble_says_what_happened_and_what_to_do() {
    let mut table = String::new();
    for trouble in Trouble::ALL {
        let page = Problem::of(trouble, Language::English, "1");
        writeln!(table, "{trouble:?} {}", page.status.as_u16()).unwrap();
        for line in [Some(page.title), Some(page.what), Some(page.next), page.administrator] {
            writeln!(table, "    {}", line.unwrap_or("-")).unwrap();
        }
    }
    insta::assert_snapshot!(table);
}

#[tokio::test]
async fn a_page_is_in_the_language_that_it_says() {
    for language in Language::ALL {
        for (name, page) in rendered(language, &ordinary("/next")).await {
            let tag = format!("<html lang=\"{}\">", language.tag());
            assert!(page.contains(&tag), "{name} in {language:?}");
        }
    }
}

#[tokio::test]
async fn no_page_is_larger_than_15_kib_at_its_worst() {
    let long = |length: usize| "\u{df}\"&".repeat(length / 3);
    let (name, url, person) = (long(99), format!("/{}", "a".repeat(600)), long(320));
    let creation_options = worst_creation_options();
    let (code, subject) = (long(60), long(240));
    let post = "A".repeat(12);
    for language in Language::ALL {
        for notice in Notice::ALL {
            let values = Values {
                organization: &name,
                url: &url,
                csrf: ordinary("").csrf,
                request_options: ordinary("").request_options,
                creation_options: &creation_options,
                person: &person,
                code: &code,
                domain: &subject,
                subject: &subject,
                request_id: &code,
                // These two are as long as they are; the page around them is what is measured.
                saml_response: &post,
                relay_state: &post,
                notice: Some(notice),
            };
            for (name, page) in rendered(language, &values).await {
                let size = page.len();
                assert!(size <= 15 * KIB, "{name} in {language:?} with {notice:?}: {size} bytes");
                assert!(name != "auto-post" || size <= 3 * KIB, "{name}: {size} bytes");
            }
        }
    }
}

/// Options that exclude 20 passkeys with credential ids of 64 bytes.
fn worst_creation_options() -> String {
    let known = format!(r#"{{"type":"public-key","id":"{}"}}"#, "A".repeat(86));
    let known = vec![known; 20].join(",");
    ordinary("")
        .creation_options
        .replace(r#""excludeCredentials":[]"#, &format!(r#""excludeCredentials":[{known}]"#))
}

#[tokio::test]
async fn what_a_field_holds_never_becomes_markup() {
    let hostile =
        "<script>alert(1)</script>\"'&<img src=x onerror=alert(1)>`--></title>\r\n{{7*7}}";
    let values = Values {
        organization: hostile,
        url: hostile,
        csrf: hostile,
        request_options: hostile,
        creation_options: hostile,
        person: hostile,
        code: hostile,
        domain: hostile,
        subject: hostile,
        request_id: hostile,
        saml_response: hostile,
        relay_state: hostile,
        notice: None,
    };
    let expected = rendered(Language::English, &ordinary("/next")).await;
    for ((name, page), (_, harmless)) in
        rendered(Language::English, &values).await.into_iter().zip(expected)
    {
        assert_eq!(skeleton(&page), skeleton(&harmless), "{name}");
        assert!(
            page.contains("&#60;script&#62;alert(1)&#60;/script&#62;")
                || name == "signed-out-anywhere",
            "{name}"
        );
    }
}

/// The tags of a page with the names of their attributes, as an HTML parser would find them.
fn skeleton(page: &str) -> Vec<String> {
    let mut tags = Vec::new();
    let mut rest = page;
    while let Some(start) = rest.find('<') {
        rest = &rest[start + 1..];
        let mut tag = String::new();
        let mut quoted = false;
        for (at, character) in rest.char_indices() {
            match character {
                '"' => quoted = !quoted,
                '>' if !quoted => {
                    rest = &rest[at + 1..];
                    break;
                }
                _ if quoted => {}
                _ => tag.push(character),
            }
        }
        tags.push(tag);
    }
    tags
}

#[tokio::test]
async fn every_page_is_sent_with_every_guard() {
    for (name, response) in pages(Language::English, &ordinary("/next")) {
        let header = |name: &str| response.headers()[name].to_str().unwrap().to_owned();

        assert_eq!(header("content-type"), "text/html; charset=utf-8", "{name}");
        assert_eq!(header("cache-control"), "no-store", "{name}");
        assert_eq!(header("x-content-type-options"), "nosniff", "{name}");
        assert_eq!(header("x-frame-options"), "DENY", "{name}");
        assert_eq!(header("referrer-policy"), "strict-origin", "{name}");
        assert_eq!(header("cross-origin-opener-policy"), "unsafe-none", "{name}");
        assert!(
            header("permissions-policy").contains("publickey-credentials-get=(self)"),
            "{name}"
        );
        let policy = header("content-security-policy");
        for part in ["default-src 'none'", "base-uri 'none'", "frame-ancestors 'none'"] {
            assert!(policy.contains(part), "{name}: {part}");
        }
        for loose in ["unsafe", "http:", "https:", "data:", "*"] {
            assert!(!policy.contains(loose), "{name}: {loose}");
        }
        assert_eq!(policy.contains("form-action 'self'"), name != "auto-post", "{name}");
        assert_eq!(policy.contains("form-action"), name != "auto-post", "{name}");
    }
}

#[tokio::test]
async fn only_a_problem_has_another_status_than_ok() {
    for (name, response) in pages(Language::English, &ordinary("/next")) {
        assert_eq!(response.status() == StatusCode::OK, !name.starts_with("problem"), "{name}");
    }
    for trouble in Trouble::ALL {
        let response = Problem::of(trouble, Language::English, "1").into_response();
        assert_eq!(response.status(), trouble.status(), "{trouble:?}");
        assert!(!response.status().is_success(), "{trouble:?}");
    }
}

#[tokio::test]
async fn a_page_holds_nothing_inline_and_refers_only_to_our_own_files() {
    for (name, page) in rendered(Language::English, &ordinary("/next")).await {
        for tag in skeleton(&page) {
            let inline = tag.starts_with("style") || tag.contains(" style=") || tag.contains(" on");
            assert!(!inline, "{name}: <{tag}>");
            assert!(!tag.starts_with("script") || tag.contains("src="), "{name}: <{tag}>");
        }
        for file in page.split('"').filter_map(|value| value.strip_prefix(asset::FOLDER)) {
            assert_eq!(asset::respond(file).status(), StatusCode::OK, "{name}: {file}");
        }
        assert!(!page.contains("://"), "{name}");
    }
}

#[tokio::test]
async fn every_form_that_comes_back_to_us_carries_the_token() {
    for (name, page) in rendered(Language::English, &ordinary("/next")).await {
        for form in page.split("<form ").skip(1).map(|rest| rest.split("</form>").next().unwrap()) {
            assert_eq!(form.contains("name=\"csrf\""), name != "auto-post", "{name}");
            assert!(
                form.starts_with("method=\"post\"") || form.contains(" method=\"post\""),
                "{name}"
            );
        }
    }
}

#[tokio::test]
async fn the_posted_fields_are_exact_and_in_order() {
    let values =
        Values { relay_state: "a\r\nb\"<&'é\t", ..ordinary("https://login.test/srf?a=1&b") };
    let pages = rendered(Language::English, &values).await;
    let (_, page) = pages.iter().find(|(name, _)| *name == "auto-post").unwrap();

    let response = page.find("name=\"SAMLResponse\" value=\"PHNhbWxw").unwrap();
    let state =
        page.find("name=\"RelayState\" value=\"a&#13;&#10;b&#34;&#60;&amp;&#39;é&#9;\"").unwrap();
    assert!(response < state);
    assert!(page.contains("action=\"https://login.test/srf?a=1&#38;b\""));
}

#[tokio::test]
async fn each_notice_is_shown_once_and_announced() {
    for language in Language::ALL {
        for notice in Notice::ALL {
            let values = Values { notice: Some(notice), ..ordinary("/next") };
            let pages = rendered(language, &values).await;
            let (_, page) = pages.iter().find(|(name, _)| *name == "address").unwrap();
            let text = format!("id=\"notice\" role=\"alert\">{}</div>", notice.text(language));
            assert_eq!(page.matches(&text).count(), 1, "{notice:?} in {language:?}");
        }
    }
}
