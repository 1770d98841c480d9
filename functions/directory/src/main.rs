//! Wires the directory function; decides nothing.

use aws_config::BehaviorVersion;
use directory::{App, Config, Event};
use lambda_runtime::{LambdaEvent, service_fn};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    lambda_runtime::tracing::init_default_subscriber();
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
    let config = Config::read(std::env::vars())?;
    let aws = aws_config::load_defaults(BehaviorVersion::latest()).await;
    let app = &App::new(&aws, config);
    let carry_out = async |event: LambdaEvent<Event>| {
        app.carry_out(event.payload, &event.context.request_id).await
    };
    lambda_runtime::run(service_fn(carry_out)).await
}
