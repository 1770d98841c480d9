//! Serves every page with sample values: `cargo run -p web --example gallery [PORT]`.
//!
//! For looking at them, and for tools that look: `/{language}/{page}`, `?notice=N` for the N-th
//! notice. Port 0 is any that is free. A form that comes back is answered with what it sent.

mod samples;

use std::error::Error;
use std::net::Ipv4Addr;

use axum::Router;
use axum::extract::{Path, RawQuery};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use http::StatusCode;
use tokio::net::TcpListener;
use web::asset;
use web::language::Language;
use web::page::{Notice, Page, Problem, Trouble};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let port = std::env::args().nth(1).map_or(Ok(8090), |port| port.parse())?;
    let router = Router::new()
        .route("/", get(index))
        .route(
            "/assets/{file}",
            get(|Path(file): Path<String>| async move { asset::respond(&file) }),
        )
        .route("/{language}/{page}", get(page).post(posted))
        .layer(axum::middleware::from_fn(web::header::every_answer));
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
    println!("http://localhost:{}/", listener.local_addr()?.port());
    axum::serve(listener, router).await?;
    Ok(())
}

async fn index() -> Html<String> {
    let mut html = String::from("<!doctype html><html lang=en><title>Pages</title><ul>");
    for language in Language::ALL {
        let tag = language.tag();
        for (name, _) in samples::pages(language, &samples::ordinary("#")) {
            html.push_str(&format!("<li><a href='/{tag}/{name}'>{tag} {name}</a>"));
        }
        for trouble in Trouble::ALL {
            let name = trouble_name(trouble);
            html.push_str(&format!("<li><a href='/{tag}/{name}'>{tag} {name}</a>"));
        }
    }
    Html(html)
}

fn trouble_name(trouble: Trouble) -> String {
    format!("trouble-{trouble:?}")
}

async fn page(Path((tag, name)): Path<(String, String)>, RawQuery(query): RawQuery) -> Response {
    let language = Language::from_tag(&tag).unwrap_or_default();
    let notice = query
        .and_then(|query| query.strip_prefix("notice=")?.parse::<usize>().ok())
        .and_then(|number| Notice::ALL.get(number).copied());
    if let Some(trouble) = Trouble::ALL.into_iter().find(|known| trouble_name(*known) == name) {
        return Problem::of(trouble, language, "JKJaXmPLvHcESHA=").respond();
    }
    let url = format!("/{tag}/{name}");
    let values = samples::Values { notice, ..samples::ordinary(&url) };
    samples::pages(language, &values).into_iter().find(|(known, _)| *known == name).map_or_else(
        || Problem::of(Trouble::NotFound, language, "-").respond(),
        |(_, response)| response,
    )
}

async fn posted(form: String) -> Response {
    (StatusCode::OK, form).into_response()
}
