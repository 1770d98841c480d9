//! Wires the offboarding function; decides nothing.

use aws_config::BehaviorVersion;
use lambda_runtime::{LambdaEvent, service_fn};
use offboarding::{App, Config, Event};
use web::log;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
    let variables = std::env::vars().collect::<Vec<_>>();
    log::start(log::Format::read(variables.clone()));
    let config = Config::read(variables)?;
    let aws = aws_config::load_defaults(BehaviorVersion::latest()).await;
    let app = &App::new(&aws, config);
    let carry_out = async |event: LambdaEvent<Event>| {
        app.carry_out(event.payload, &event.context.request_id).await
    };
    lambda_runtime::run(service_fn(carry_out)).await
}
