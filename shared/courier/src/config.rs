//! How long SES may take, in one place.

use std::time::Duration;

use aws_config::SdkConfig;
use aws_sdk_sesv2::config::retry::RetryConfig;
use aws_sdk_sesv2::config::timeout::TimeoutConfig;

/// How often one mail is handed over at most, within one call. The outbox tries again later.
pub const ATTEMPTS: u32 = 2;

/// How long one attempt may take.
pub const ATTEMPT_TIME: Duration = Duration::from_secs(4);

/// How long all attempts and pauses of one mail may take together.
pub const TOTAL_TIME: Duration = Duration::from_secs(9);

/// How long a connection may take to open.
const CONNECT_TIME: Duration = Duration::from_secs(2);

/// The settings of an SES client whose requests are bounded in number and in time.
///
/// Everything else (region, credentials, endpoint) is taken from `base`.
pub fn ses_config(base: &SdkConfig) -> aws_sdk_sesv2::Config {
    aws_sdk_sesv2::config::Builder::from(base)
        .retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS))
        .timeout_config(
            TimeoutConfig::builder()
                .connect_timeout(CONNECT_TIME)
                .operation_attempt_timeout(ATTEMPT_TIME)
                .operation_timeout(TOTAL_TIME)
                .build(),
        )
        .build()
}
