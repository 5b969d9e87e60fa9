//! Tenants beside each other.
use serde_json::json;

use super::{Person, administrator, founder, fresh};
use crate::commands::Operator;

#[tokio::test]
async fn tenants_keep_apart_what_is_theirs() {
    let gateway = fresh("").await;
    let ada = administrator(&gateway).await;
    let secret = "sk-canary-0123456789";
    let key = json!({"provider": "openai", "name": "Work", "secret": secret});
    let own = ada.post("/api/v1/keys", key.clone()).await.expect(201);
    let event = Operator::of(&gateway).run(&["setup-link", "--json"]).json(0);
    let (_, token) = event["url"].as_str().unwrap().split_once('#').unwrap();
    let mut away = founder(token);
    (away["tenant"], away["email"]) = (json!("Away"), json!("eve@example.org"));
    let nobody = Person::nobody(&gateway);
    let eve = nobody.post("/api/v1/setup", away).await;
    let eve = nobody.with(eve, 201);
    assert_eq!(eve.get("/api/v1/keys").await.expect(200), json!({"data": []}));
    assert_eq!(eve.get("/api/v1/people").await.expect(200)["data"].as_array().unwrap().len(), 1);
    let me = ada.get("/api/v1/me").await.expect(200)["user"]["id"].as_str().unwrap().to_owned();
    let id = own["id"].as_str().unwrap();
    for (path, body) in [
        (format!("/api/v1/keys/{id}/test"), json!({})),
        (format!("/api/v1/keys/{id}/revoke"), json!({})),
        (format!("/api/v1/keys/{id}/rotate"), json!({"secret": "sk-other-0123456789"})),
    ] {
        assert_eq!(eve.post(&path, body).await.refused(), (404, "request.not_found"), "{path}");
    }
    for path in [format!("/api/v1/keys/{id}"), format!("/api/v1/people/{me}")] {
        let reply = eve.patch(&path, json!({"name": "x"})).await;
        assert!(matches!(reply.status, 400 | 404), "{path}");
        assert_ne!(eve.delete(&path).await.status, 204, "{path}");
    }
    let disabled = eve.patch(&format!("/api/v1/people/{me}"), json!({"disabled": true})).await;
    assert_eq!(disabled.refused(), (404, "request.not_found"));
    // The same secret in two tenants is nobody's business, and its fingerprints differ.
    let other = eve.post("/api/v1/keys", key).await.expect(201);
    let fingerprint = |key: &serde_json::Value| key["versions"][0]["fingerprint"].clone();
    assert_ne!(fingerprint(&own), fingerprint(&other));
    let rows = eve.get("/api/v1/audit").await.expect(200);
    assert!(!rows.to_string().contains(&me) && !rows.to_string().contains(id), "{rows}");
    ada.get(&format!("/api/v1/keys/{id}")).await.expect(200);
}
