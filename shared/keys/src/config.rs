//! How long KMS may take, in one place.

use std::time::Duration;

use aws_config::SdkConfig;
use aws_sdk_kms::config::retry::RetryConfig;
use aws_sdk_kms::config::timeout::TimeoutConfig;

/// How often one request is sent at most. Between attempts lies a pause with full jitter.
pub const ATTEMPTS: u32 = 3;

/// How long one attempt may take.
pub const ATTEMPT_TIME: Duration = Duration::from_secs(2);

/// How long all attempts and pauses of one request may take together.
///
/// A person waits for this answer, and API Gateway ends the wait after 30 s.
pub const TOTAL_TIME: Duration = Duration::from_secs(5);

/// How long a connection may take to open.
const CONNECT_TIME: Duration = Duration::from_secs(1);

/// The longest first pause after KMS asked for fewer requests; each further one may be twice as
/// long.
const FIRST_PAUSE: Duration = Duration::from_millis(200);

/// The longest pause of all.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// The settings of a KMS client whose requests are bounded in number and in time.
///
/// Everything else (region, credentials, endpoint) is taken from `base`.
pub fn kms_config(base: &SdkConfig) -> aws_sdk_kms::Config {
    aws_sdk_kms::config::Builder::from(base)
        .retry_config(
            RetryConfig::standard()
                .with_max_attempts(ATTEMPTS)
                .with_initial_backoff(FIRST_PAUSE)
                .with_max_backoff(LONGEST_PAUSE),
        )
        .timeout_config(
            TimeoutConfig::builder()
                .connect_timeout(CONNECT_TIME)
                .operation_attempt_timeout(ATTEMPT_TIME)
                .operation_timeout(TOTAL_TIME)
                .build(),
        )
        .build()
}
