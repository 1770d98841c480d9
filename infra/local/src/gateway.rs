//! Amazon API Gateway, HTTP API: requests become payloads of format 2.0, answers become responses.
//!
//! No streaming and no caching, as there. What is under `/_local/` never reaches a function: it is
//! the stack's own control surface.

mod answer;
mod event;
mod limits;
mod route;

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use ambient::{Clock as _, Entropy, SystemClock, SystemEntropy};
use axum::Router;
use bytes::Bytes;
use http::{HeaderValue, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tower::ServiceExt as _;

use crate::guard::guarded;
use crate::invoke::Invoke;
use crate::template::model::Route;
use event::Origin;
use limits::HEADERS_AT_ONCE;
use route::Routes;

/// Requests on their way to functions.
pub struct Gateway {
    routes: Routes,
    invoke: Arc<dyn Invoke>,
    control: Router,
    host: String,
}

impl Gateway {
    /// A gateway for `routes` at `localhost:PORT`; `control` answers `/_local/…`.
    pub fn new(routes: &[Route], invoke: Arc<dyn Invoke>, control: Router, port: u16) -> Arc<Self> {
        let (control, host) = (guarded(control, port), format!("localhost:{port}"));
        Arc::new(Self { routes: Routes::new(routes), invoke, control, host })
    }

    /// Answers connections of `listener` until dropped.
    pub async fn serve(self: Arc<Self>, listener: TcpListener) {
        let mut connections = JoinSet::new();
        loop {
            tokio::select! {
                accepted = listener.accept() => match accepted {
                    Ok((stream, peer)) => {
                        connections.spawn(connection(stream, peer, self.clone()));
                    }
                    // Out of file descriptors: wait until a connection ends.
                    Err(error) => {
                        tracing::warn!(error = %error, "a connection was not accepted");
                        tokio::time::sleep(Duration::from_millis(50)).await;
                    }
                },
                Some(_) = connections.join_next(), if !connections.is_empty() => {}
            }
        }
    }

    async fn answer(&self, peer: IpAddr, request: Request<Incoming>) -> Response<Full<Bytes>> {
        let id = request_id();
        let mut response = self.route(peer, &id, request).await;
        if let Ok(id) = HeaderValue::from_str(&id) {
            response.headers_mut().insert("apigw-requestid", id);
        }
        response
    }

    async fn route(
        &self,
        peer: IpAddr,
        id: &str,
        request: Request<Incoming>,
    ) -> Response<Full<Bytes>> {
        if limits::head_is_too_large(&request) {
            return answer::message(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE);
        }
        if request.uri().path().starts_with("/_local/") {
            return self.control(request).await;
        }
        let Some(path) = event::decoded_path(request.uri().path()) else {
            return answer::message(StatusCode::BAD_REQUEST);
        };
        let Some(matched) = self.routes.find(request.method(), request.uri().path()) else {
            return answer::message(StatusCode::NOT_FOUND);
        };
        let (head, body) = request.into_parts();
        let Ok(body) = Limited::new(body, limits::REQUEST).collect().await else {
            return answer::message(StatusCode::PAYLOAD_TOO_LARGE);
        };
        let origin = Origin { id, peer, host: &self.host, now: SystemClock.now() };
        let payload = event::payload(&head, &path, &body.to_bytes(), &matched, &origin);
        if payload.len() > limits::PAYLOAD {
            return answer::message(StatusCode::PAYLOAD_TOO_LARGE);
        }
        let invocation = self.invoke.invoke(&matched.route.function, payload);
        match tokio::time::timeout(matched.route.timeout, invocation).await {
            Ok(outcome) => answer::response(outcome),
            Err(_) => answer::message(StatusCode::SERVICE_UNAVAILABLE),
        }
    }

    async fn control(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        let Ok(response) = self.control.clone().oneshot(request).await;
        let (head, body) = response.into_parts();
        match body.collect().await {
            Ok(body) => Response::from_parts(head, Full::new(body.to_bytes())),
            Err(_) => answer::message(StatusCode::INTERNAL_SERVER_ERROR),
        }
    }
}

async fn connection(stream: TcpStream, peer: SocketAddr, gateway: Arc<Gateway>) {
    let _ = stream.set_nodelay(true);
    let service = service_fn(|request| {
        let gateway = gateway.clone();
        async move { Ok::<_, Infallible>(gateway.answer(peer.ip(), request).await) }
    });
    let mut server = hyper::server::conn::http1::Builder::new();
    server.timer(TokioTimer::new()).max_headers(HEADERS_AT_ONCE);
    if let Err(error) = server.serve_connection(TokioIo::new(stream), service).await {
        tracing::debug!(error = %error, "a connection ended early");
    }
}

/// API Gateway's look: 16 characters ending in `=`.
fn request_id() -> String {
    use base64::Engine as _;
    let entropy: &dyn Entropy = &SystemEntropy;
    base64::engine::general_purpose::STANDARD.encode(entropy.bytes::<11>())
}
