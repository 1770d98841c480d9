//! Wires the login function; decides nothing.

use aws_config::BehaviorVersion;
use login::{App, Config, router};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    lambda_http::tracing::init_default_subscriber();
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
    let config = Config::read(std::env::vars())?;
    let aws = aws_config::load_defaults(BehaviorVersion::latest()).await;
    lambda_http::run(router(App::new(&aws, config))).await
}
