//! scim2-tester asks for everything that the discovery endpoints promise.

use std::process::{Command, Output};

use judges::Site;
use judges::program::judge_file;
use serde_json::{Value, json};

/// Fewer would mean that discovery promises less, or that the judge looks at less.
const CHECKS: usize = 140;

fn judge(made: &Value) -> Output {
    let text = |name: &str| made[name].as_str().unwrap();
    Command::new(judge_file("bin/scim2"))
        .env("SCIM_CLI_HEADERS", format!("Authorization: Bearer {}", text("key")))
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .args(["--url", text("tenant_url"), "test", "--verbose"])
        .output()
        .unwrap()
}

#[tokio::test]
async fn everything_that_is_promised_is_kept_and_a_key_that_is_gone_opens_nothing() {
    let site = Site::start().await;
    let asked = json!({
        "action": "create_scim_key", "domain": judges::site::DOMAIN, "name": "Judge",
        "client": "other",
    });
    let made = site.operate(asked).await;

    let verdict = judge(&made);

    let said = String::from_utf8_lossy(&verdict.stdout).into_owned();
    assert!(verdict.status.success(), "{said}");
    assert_eq!(said.lines().filter(|line| line.starts_with("ERROR")).count(), 0, "{said}");
    assert_eq!(said.lines().filter(|line| line.starts_with("SKIPPED")).count(), 0, "{said}");
    let kept = said.lines().filter(|line| line.starts_with("SUCCESS")).count();
    assert!(kept >= CHECKS, "only {kept} checks: {said}");

    // So it is we whom it heard, and it can say no.
    let revoke = json!({
        "action": "revoke_scim_key", "domain": judges::site::DOMAIN, "key_id": made["key_id"],
    });
    site.operate(revoke).await;
    assert!(!judge(&made).status.success());
    site.close().await;
}
