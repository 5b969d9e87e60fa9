//! What is written down, and that it stays as it was written.
use serde_json::{Value, json};

use super::{EMAIL, PASSWORD, Person, administrator, fresh};

async fn rows(ada: &Person, query: &str) -> Vec<Value> {
    let list = ada.get(&format!("/api/v1/audit?{query}")).await.expect(200);
    list["data"].as_array().unwrap().clone()
}

#[tokio::test]
async fn every_deed_leaves_a_row_with_exactly_its_fields() {
    let gateway = fresh("").await;
    let ada = administrator(&gateway).await;
    let me = ada.get("/api/v1/me").await.expect(200)["user"]["id"].clone();
    let body = json!({"name": "laptop", "scopes": ["chat"]});
    let issued = ada.post("/api/v1/tokens", body).await;
    let request = issued.headers["x-convergio-request-id"].to_str().unwrap().to_owned();
    let token = issued.expect(201)["id"].as_str().unwrap().to_owned();
    let [login] = rows(&ada, "kind=login").await.try_into().unwrap();
    let fields = |row: &Value| -> Vec<String> {
        row.as_object().unwrap().keys().map(ToOwned::to_owned).collect()
    };
    let always = ["seq", "kind", "at", "request_id", "user"];
    assert_eq!(fields(&login), [&always[..], &["ip", "device", "success"]].concat());
    assert_eq!(
        (&login["ip"], &login["success"], &login["user"]),
        (&json!("127.0.0.1"), &json!(true), &me)
    );
    let [issue, setup] = rows(&ada, "kind=admin_action").await.try_into().unwrap();
    assert_eq!(fields(&issue), [&always[..], &["action", "target"]].concat());
    assert_eq!(
        (&issue["action"], &issue["target"]),
        (&json!("token.issue"), &json!(format!("token {token}")))
    );
    assert_eq!(issue["request_id"], request);
    assert_eq!(setup["action"], "setup");
}

#[tokio::test]
async fn a_failed_login_is_written_down_where_the_address_is_somebodys() {
    let gateway = fresh("").await;
    let ada = administrator(&gateway).await;
    for email in [EMAIL, "eve@example.org"] {
        let body = json!({"email": email, "password": "not the password"});
        assert_eq!(Person::nobody(&gateway).post("/api/v1/session", body).await.status, 401);
    }
    // It is written aside: the time an answer takes must not tell whose address is known.
    let failed = loop {
        let logins = rows(&ada, "kind=login").await;
        let failed: Vec<_> = logins.into_iter().filter(|row| row["success"] == false).collect();
        if !failed.is_empty() {
            break failed;
        }
        tokio::task::yield_now().await;
    };
    assert_eq!(failed.len(), 1);
    assert!(!failed[0].to_string().contains(PASSWORD));
}

#[tokio::test]
async fn the_log_is_followed_from_its_first_row_to_its_end() {
    let gateway = fresh("").await;
    let ada = administrator(&gateway).await;
    let whole = ada.get("/api/v1/audit/verify").await.expect(200);
    assert_eq!(
        (&whole["ok"], &whole["rows"], &whole["broken"]),
        (&json!(true), &json!(2), &Value::Null)
    );
    assert_eq!(whole["head"].as_str().unwrap().len(), 64);
    let pages = [rows(&ada, "limit=1").await, rows(&ada, "limit=1&after=2").await].concat();
    let numbers: Vec<_> = pages.iter().map(|row| row["seq"].as_i64().unwrap()).collect();
    assert_eq!(numbers, [2, 1]);
}
