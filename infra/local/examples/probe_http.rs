//! A function for the stack's own tests, on the HTTP library that the product's functions use.

use lambda_http::{Body, Error, Request, RequestExt as _, Response, run, service_fn};
use serde_json::json;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    run(service_fn(answer)).await
}

async fn answer(request: Request) -> Result<Response<Body>, Error> {
    let seen = json!({
        "method": request.method().as_str(),
        "uri": request.uri().to_string(),
        "path": request.raw_http_path(),
        "query": request.uri().query(),
        "cookie": request.headers().get("cookie").and_then(|value| value.to_str().ok()),
        "body": request.body().to_vec(),
    });
    let response = Response::builder()
        .header("content-type", "application/json")
        .header("set-cookie", "one=1; HttpOnly")
        .header("set-cookie", "two=2");
    Ok(response.body(Body::Text(seen.to_string()))?)
}
