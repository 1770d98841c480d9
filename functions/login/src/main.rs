//! Wires the login function; decides nothing.

use aws_config::BehaviorVersion;
use lambda_http::Adapter;
use login::{App, Config, router};
use tower::ServiceBuilder;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    lambda_http::tracing::init_default_subscriber();
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
    let config = Config::read(std::env::vars())?;
    let aws = aws_config::load_defaults(BehaviorVersion::latest()).await;
    let adapter = Adapter::from(router(App::new(&aws, config)));
    let service = ServiceBuilder::new().map_request(web::gateway::readable).service(adapter);
    lambda_http::lambda_runtime::run(service).await
}
