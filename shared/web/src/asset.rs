//! The style sheet, scripts and pictures: embedded, named by their hash, cached for ever.
//!
//! Knows no page. A changed file has another name, so a browser never mixes two releases.

use std::sync::LazyLock;

use aws_lc_rs::digest::{SHA256, digest};
use axum::response::{IntoResponse, Response};
use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderName, HeaderValue, StatusCode};

use crate::page::REFERRER;

/// Where assets are served from.
pub const FOLDER: &str = "/assets/";

/// A file that pages refer to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asset {
    /// The one style sheet.
    Style,
    /// Runs the passkey ceremonies.
    Passkey,
    /// Submits the page that posts an answer.
    Post,
    /// Copies and prints the recovery code.
    Recovery,
    /// The bridge mark.
    Mark,
    /// The quiet picture behind a page.
    Scene,
}

impl Asset {
    /// Every asset.
    pub const ALL: [Self; 6] =
        [Self::Style, Self::Passkey, Self::Post, Self::Recovery, Self::Mark, Self::Scene];

    /// The path that a page refers to, `/assets/NAME.HASH.EXTENSION`.
    #[must_use]
    pub fn url(self) -> &'static str {
        static URLS: LazyLock<[String; 6]> = LazyLock::new(|| Asset::ALL.map(Asset::named));
        let [style, passkey, post, recovery, mark, scene] = &*URLS;
        match self {
            Self::Style => style,
            Self::Passkey => passkey,
            Self::Post => post,
            Self::Recovery => recovery,
            Self::Mark => mark,
            Self::Scene => scene,
        }
    }

    fn named(self) -> String {
        let (name, extension) = self.name();
        let hash = digest(&SHA256, self.bytes());
        let hash: String = hash.as_ref().iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        format!("{FOLDER}{name}.{hash}.{extension}")
    }

    fn name(self) -> (&'static str, &'static str) {
        match self {
            Self::Style => ("style", "css"),
            Self::Passkey => ("passkey", "js"),
            Self::Post => ("post", "js"),
            Self::Recovery => ("recovery", "js"),
            Self::Mark => ("mark", "svg"),
            Self::Scene => ("scene", "svg"),
        }
    }

    fn bytes(self) -> &'static [u8] {
        match self {
            Self::Style => include_bytes!("../assets/style.css"),
            Self::Passkey => include_bytes!("../assets/passkey.js"),
            Self::Post => include_bytes!("../assets/post.js"),
            Self::Recovery => include_bytes!("../assets/recovery.js"),
            Self::Mark => include_bytes!("../assets/mark.svg"),
            Self::Scene => include_bytes!("../assets/scene.svg"),
        }
    }

    fn content_type(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Self::Style => "text/css; charset=utf-8",
            Self::Passkey | Self::Post | Self::Recovery => "text/javascript; charset=utf-8",
            Self::Mark | Self::Scene => "image/svg+xml",
        })
    }
}

/// Answers `GET /assets/{file}`; 404 for any name that is not of this release.
#[must_use]
pub fn respond(file: &str) -> Response {
    let found = Asset::ALL.into_iter().find(|asset| asset.url().strip_prefix(FOLDER) == Some(file));
    let Some(asset) = found else {
        let headers = [
            (CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8")),
            (CACHE_CONTROL, HeaderValue::from_static("no-store")),
            (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
            (REFERRER_POLICY, REFERRER),
        ];
        return (StatusCode::NOT_FOUND, headers, "not found\n").into_response();
    };
    let headers = [
        (CONTENT_TYPE, asset.content_type()),
        (CACHE_CONTROL, HeaderValue::from_static("public, max-age=31536000, immutable")),
        // An SVG opened on its own is a document.
        (CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; sandbox")),
        (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        (REFERRER_POLICY, REFERRER),
        (
            HeaderName::from_static("cross-origin-resource-policy"),
            HeaderValue::from_static("same-origin"),
        ),
    ];
    (headers, asset.bytes()).into_response()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
mod tests {
    use super::*;

    fn file(asset: Asset) -> &'static str {
        asset.url().strip_prefix(FOLDER).unwrap()
    }

    #[test]
    fn each_asset_is_served_under_its_own_name_with_its_type() {
        let types = [
            (Asset::Style, "text/css; charset=utf-8"),
            (Asset::Passkey, "text/javascript; charset=utf-8"),
            (Asset::Post, "text/javascript; charset=utf-8"),
            (Asset::Recovery, "text/javascript; charset=utf-8"),
            (Asset::Mark, "image/svg+xml"),
            (Asset::Scene, "image/svg+xml"),
        ];
        for (asset, content_type) in types {
            let response = respond(file(asset));

            assert_eq!(response.status(), StatusCode::OK, "{asset:?}");
            assert_eq!(response.headers()[CONTENT_TYPE], content_type, "{asset:?}");
            let caching = response.headers()[CACHE_CONTROL].to_str().unwrap();
            assert!(caching.contains("immutable"), "{asset:?}");
        }
    }

    #[test]
    fn a_name_carries_the_hash_of_the_content() {
        let name = file(Asset::Style);
        let hash = digest(&SHA256, include_bytes!("../assets/style.css"));
        let first: String = hash.as_ref()[..8].iter().map(|byte| format!("{byte:02x}")).collect();

        assert_eq!(name, format!("style.{first}.css"));
    }

    #[test]
    fn any_other_name_is_not_found_and_not_cached() {
        let style = file(Asset::Style);
        let names = ["", "style.css", "../style.css", "style.0000000000000000.css"];
        let names = names.map(str::to_owned).into_iter().chain([
            format!("{style}/"),
            style.to_uppercase(),
            format!("/assets/{style}"),
        ]);
        for name in names {
            let response = respond(&name);

            assert_eq!(response.status(), StatusCode::NOT_FOUND, "{name:?}");
            assert_eq!(response.headers()[CACHE_CONTROL], "no-store", "{name:?}");
        }
    }
}
