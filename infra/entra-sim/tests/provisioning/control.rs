//! The control endpoints and the page.

use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};

use crate::lab::{ADA, ADA_ID, Lab, same};
use crate::target::TOKEN;

struct Control {
    lab: Lab,
    client: Client,
}

impl Control {
    async fn start() -> Self {
        Self { lab: Lab::start(same).await, client: Client::builder().no_proxy().build().unwrap() }
    }

    async fn send(&self, method: Method, path: &str, body: Value) -> (StatusCode, Value) {
        let url = format!("{}/_sim/{path}", self.lab.simulator.url());
        let mut request = self.client.request(method, url);
        if !body.is_null() {
            request = request.json(&body);
        }
        let response = request.send().await.unwrap();
        let status = response.status();
        let text = response.text().await.unwrap();
        (status, serde_json::from_str(&text).unwrap_or(Value::Null))
    }

    async fn press(&self, action: &str, origin: &str, user: &str) -> StatusCode {
        let url = format!("{}/provisioning/{action}", self.lab.simulator.url());
        let request = self.client.post(url).header("origin", origin).form(&[("user", user)]);
        request.send().await.unwrap().status()
    }

    async fn page(&self) -> String {
        let url = format!("{}/provisioning", self.lab.simulator.url());
        self.client.get(url).send().await.unwrap().text().await.unwrap()
    }
}

#[tokio::test]
async fn a_job_is_set_up_tested_run_and_read_by_control_requests() {
    let control = Control::start().await;
    let setup = json!({ "tenant_url": control.lab.target.url(), "token": TOKEN,
        "mapping": "recommended", "dialect": "compliant", "scope": "everyone",
        "pace": "unlimited" });

    let (status, told) = control.send(Method::PUT, "provisioning", setup).await;
    let (_, tested) = control.send(Method::POST, "provisioning/test", Value::Null).await;
    let (_, cycle) = control.send(Method::POST, "provisioning/cycle", Value::Null).await;
    let (_, state) = control.send(Method::GET, "provisioning", Value::Null).await;
    let (_, log) = control.send(Method::GET, "provisioning/log?since=2", Value::Null).await;

    assert_eq!(status, StatusCode::OK);
    assert_eq!(told["token"], "[redacted]");
    assert_eq!(told["tenant_url"], format!("{}?aadOptscim062020", control.lab.target.url()));
    let rows = told["attributes"].as_array().unwrap();
    let external = rows.iter().find(|row| row["target"] == "externalId").unwrap();
    assert_eq!(external, &json!({ "source": "objectId", "target": "externalId", "matching": 1 }));
    let active = rows.iter().find(|row| row["target"] == "active").unwrap();
    let switch = "Switch([IsSoftDeleted], , \"False\", \"True\", \"True\", \"False\")";
    assert_eq!(active["source"], switch);
    assert_eq!(tested["problems"], json!([]));
    assert_eq!(cycle["users"]["created"], 1);
    assert_eq!(state["users"][ADA_ID]["id"], "user-1");
    assert_eq!(state["health"]["state"], "healthy");
    assert_eq!(log["entries"].as_array().unwrap().len(), 3);
    assert!(!format!("{state}{log}").contains(TOKEN));
}

#[tokio::test]
async fn bad_settings_are_refused_and_nothing_runs_without_any() {
    let control = Control::start().await;
    let bad = [
        json!({ "tenant_url": "nowhere", "token": TOKEN }),
        json!({ "tenant_url": control.lab.target.url(), "token": "with\nnewline" }),
        json!({ "tenant_url": control.lab.target.url() }),
        json!({ "tenant_url": control.lab.target.url(), "token": TOKEN, "mapping": "other" }),
    ];
    for setup in bad {
        let (status, _) = control.send(Method::PUT, "provisioning", setup.clone()).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{setup}");
    }

    let (forgotten, _) = control.send(Method::DELETE, "provisioning", Value::Null).await;
    let (cycle, _) = control.send(Method::POST, "provisioning/cycle", Value::Null).await;

    assert_eq!(forgotten, StatusCode::NO_CONTENT);
    assert_eq!(cycle, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn users_groups_and_assignments_change_by_control_requests() {
    let control = Control::start().await;
    let ada = format!("users/{ADA}");
    let steps = [
        (Method::PUT, "groups/Staff", json!({}), 200),
        (Method::PUT, "groups/Staff/members/ada@contoso.test", Value::Null, 200),
        (Method::PATCH, "groups/Staff", json!({ "displayName": "Everyone" }), 200),
        (Method::PUT, "assignments/Everyone", Value::Null, 204),
        (Method::DELETE, "assignments/Everyone", Value::Null, 204),
        (Method::POST, "groups/Everyone/members", json!({ "remove": [ADA_ID] }), 200),
        (Method::DELETE, "groups/Everyone/members/nobody", Value::Null, 404),
        (Method::POST, &format!("{ada}/soft-delete"), Value::Null, 204),
        (Method::POST, &format!("{ada}/soft-delete"), Value::Null, 404),
        (Method::POST, &format!("{ada}/restore"), Value::Null, 200),
        (Method::DELETE, "groups/Everyone", Value::Null, 204),
        (Method::DELETE, "groups/Everyone", Value::Null, 404),
    ];
    for (method, path, body, expected) in steps {
        let (status, _) = control.send(method, path, body).await;
        assert_eq!(status.as_u16(), expected, "{path}");
    }
}

#[tokio::test]
async fn the_page_shows_the_job_its_people_and_each_exchange_without_the_token() {
    let control = Control::start().await;
    control.lab.cycle().await;

    let page = control.page().await;

    assert!(page.contains("data-testid=\"health\">healthy<"), "{page}");
    assert!(page.contains("1 created"), "{page}");
    assert!(page.contains("data-user=\"ada@contoso.test\" data-state=\"enabled\""), "{page}");
    assert!(page.contains("<code>user-1</code>"), "{page}");
    assert!(page.contains("POST ada@contoso.test"), "{page}");
    assert!(!page.contains(TOKEN));
}

#[tokio::test]
async fn the_pages_buttons_work_for_the_page_alone() {
    let control = Control::start().await;
    let own = control.lab.simulator.url();

    let foreign = control.press("block", "https://evil.test", ADA).await;
    assert_eq!(foreign, StatusCode::FORBIDDEN);
    assert!(control.lab.simulator.users()[0].account_enabled);
    for action in ["on-demand", "block", "cycle", "unblock", "test", "delete", "restore", "restart"]
    {
        // The client follows the redirect to the page.
        assert_eq!(control.press(action, &own, ADA).await, StatusCode::OK, "{action}");
        if action == "cycle" {
            assert_eq!(control.lab.target.user(ADA)["active"], false);
        }
    }
    assert_eq!(control.press("other", &own, ADA).await, StatusCode::NOT_FOUND);
    assert_eq!(control.lab.target.user(ADA)["active"], true);
}
