//! Wires the notifications function; decides nothing.

use aws_config::BehaviorVersion;
use lambda_http::Adapter;
use notifications::{App, Config, router};
use tower::ServiceBuilder;
use web::log;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
    let variables = std::env::vars().collect::<Vec<_>>();
    log::start(log::Format::read(variables.clone()));
    let config = Config::read(variables)?;
    let aws = aws_config::load_defaults(BehaviorVersion::latest()).await;
    let adapter = Adapter::from(router(App::new(&aws, config)));
    let service = ServiceBuilder::new().map_request(web::gateway::readable).service(adapter);
    lambda_http::lambda_runtime::run(service).await
}
