//! Provider keys: brought, tried, rotated, revoked; never shown.
use serde_json::{Value, json};

use super::{Person, add, administrator, fresh, with_provider};
use crate::support::provider::Provider;

const SECRET: &str = "sk-canary-first-0123456789";
const NEXT: &str = "sk-canary-second-0123456789";

fn new(name: &str, secret: &str) -> Value {
    json!({"provider": "openai", "name": name, "secret": secret})
}

async fn bring(ada: &Person, name: &str, secret: &str) -> String {
    let key = ada.post("/api/v1/keys", new(name, secret)).await.expect(201);
    key["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_key_goes_in_and_never_comes_out() {
    let provider = Provider::start().await;
    let (gateway, ada) = with_provider(&provider).await;
    let key = ada.post("/api/v1/keys", new("Work", SECRET)).await.expect(201);
    let version = &key["versions"][0];
    assert_eq!((&version["state"], &version["last_four"]), (&json!("active"), &json!("6789")));
    assert_eq!(key["usage_30d"], json!({"requests": 0, "cost_nano_usd": 0}));
    assert_eq!((&key["endpoint"], &key["tested_at"]), (&Value::Null, &Value::Null));
    let id = key["id"].as_str().unwrap();
    let mut seen = ada.get("/api/v1/keys").await.expect(200).to_string();
    seen += &ada.get(&format!("/api/v1/keys/{id}")).await.expect(200).to_string();
    seen += &ada.post(&format!("/api/v1/keys/{id}/test"), json!({})).await.expect(200).to_string();
    seen += &ada.get("/api/v1/audit").await.expect(200).to_string();
    seen += &gateway.output();
    assert!(seen.contains(id), "positive control");
    assert!(!seen.contains("canary"), "the key shows");
    for name in ["convergio.db", "convergio.db-wal"] {
        let bytes = std::fs::read(gateway.path("data").join(name)).unwrap();
        assert!(!bytes.windows(6).any(|window| window == b"canary"), "{name}");
    }
}

#[tokio::test]
async fn a_key_is_tried_before_it_is_kept_and_after() {
    let provider = Provider::start().await;
    let (_gateway, ada) = with_provider(&provider).await;
    let check = |secret: &str| json!({"provider": "openai", "secret": secret});
    let good = ada.post("/api/v1/keys/check", check(SECRET)).await.expect(200);
    assert_eq!((&good["outcome"], &good["models"]), (&json!("ok"), &json!(["gpt-4o-mini"])));
    let bad = ada.post("/api/v1/keys/check", check("sk-canary-refused-1")).await.expect(200);
    assert_eq!((&bad["outcome"], &bad["models"]), (&json!("auth.invalid"), &json!([])));
    assert!(
        bad["message"].as_str().is_some_and(|said| !said.is_empty() && !said.contains("canary"))
    );
    assert_eq!(ada.get("/api/v1/keys").await.expect(200)["data"], json!([]), "nothing is kept");

    let id = bring(&ada, "Work", "sk-canary-refused-2").await;
    let said = ada.post(&format!("/api/v1/keys/{id}/test"), json!({})).await.expect(200);
    assert_eq!(said["outcome"], "auth.invalid");
    let key = ada.get(&format!("/api/v1/keys/{id}")).await.expect(200);
    assert_eq!(key["test_outcome"], "auth.invalid");
    assert!(key["tested_at"].as_i64().unwrap() > 0);
}

#[tokio::test]
async fn a_provider_that_is_down_is_said_in_words() {
    let gateway = fresh("[retry]\nmax_retries = 0\n").await;
    let ada = administrator(&gateway).await;
    let body = json!({"provider": "openai", "secret": SECRET});
    let said = ada.post("/api/v1/keys/check", body).await.expect(200);
    assert_eq!(said["outcome"], "provider.unavailable");
}

#[tokio::test]
async fn a_key_is_rotated_with_an_overlap_and_revoked() {
    let provider = Provider::start().await;
    let (_gateway, ada) = with_provider(&provider).await;
    let id = bring(&ada, "Work", SECRET).await;
    let path = format!("/api/v1/keys/{id}");
    let states = |key: &Value| -> Vec<String> {
        let versions = key["versions"].as_array().unwrap().iter();
        versions.map(|version| version["state"].as_str().unwrap().to_owned()).collect()
    };
    let rotate = json!({"secret": NEXT, "overlap_hours": 24});
    let key = ada.post(&format!("{path}/rotate"), rotate).await.expect(200);
    assert_eq!(states(&key), ["overlapping", "active"]);
    assert!(key["versions"][0]["overlap_until"].as_i64().is_some());
    let one = ada.post(&format!("{path}/revoke"), json!({"version": 1})).await.expect(200);
    assert_eq!(states(&one), ["revoked", "active"]);
    let again = ada.post(&format!("{path}/revoke"), json!({"version": 1})).await;
    assert_eq!(again.refused(), (404, "request.not_found"));
    let at_once = json!({"secret": SECRET, "overlap_hours": 0});
    let key = ada.post(&format!("{path}/rotate"), at_once).await.expect(200);
    assert_eq!(states(&key), ["revoked", "revoked", "active"]);
    let all = ada.post(&format!("{path}/revoke"), json!({})).await.expect(200);
    assert_eq!(states(&all), ["revoked", "revoked", "revoked"]);
    assert_eq!(ada.post(&format!("{path}/test"), json!({})).await.refused().0, 404);
    let named = ada.patch(&path, json!({"name": "Old"})).await.expect(200);
    assert_eq!(named["name"], "Old");
    ada.delete(&path).await.expect(204);
    assert_eq!(ada.get(&path).await.refused(), (404, "request.not_found"));

    let rows = ada.get("/api/v1/audit?kind=key_change").await.expect(200);
    let actions: Vec<_> = rows["data"]
        .as_array()
        .unwrap()
        .iter()
        .rev()
        .map(|row| row["action"].as_str().unwrap().split(' ').next().unwrap().to_owned())
        .collect();
    let expected = ["add", "rotate", "revoke", "rotate", "revoke", "rename", "remove"];
    assert_eq!(actions, expected);
}

#[tokio::test]
async fn what_cannot_be_a_key_is_refused_by_its_field() {
    let provider = Provider::start().await;
    let (_gateway, ada) = with_provider(&provider).await;
    let azure = |url: &str| json!({"endpoint": url, "api_version": null, "region": null});
    for (field, value, provider) in [
        ("provider", json!("nobody"), "openai"),
        ("name", json!(""), "openai"),
        ("name", json!("x".repeat(101)), "openai"),
        ("secret", json!("short"), "openai"),
        ("secret", json!("sk-canary with blanks in it"), "openai"),
        ("secret", json!(12), "openai"),
        ("endpoint", azure("https://a.openai.azure.com"), "openai"),
        ("endpoint", json!(null), "azure"),
        ("endpoint", azure("http://a.openai.azure.com"), "azure"),
        ("endpoint", azure("https://127.0.0.1"), "azure"),
        ("endpoint", azure("https://169.254.169.254"), "azure"),
        ("endpoint", azure("https://evil.example"), "azure"),
        ("colour", json!("red"), "openai"),
    ] {
        let mut body = new("Work", SECRET);
        body["provider"] = json!(provider);
        body[field] = value;
        let reply = ada.post("/api/v1/keys", body).await;
        let param = reply.body["error"]["param"].as_str().unwrap_or_default();
        assert_eq!((reply.refused(), param), ((400, "request.invalid"), field), "{}", reply.body);
        assert!(!reply.body.to_string().contains("canary"), "{}", reply.body);
    }
    let mut body = new("Azure", SECRET);
    body["provider"] = json!("azure");
    body["endpoint"] = azure("https://a.openai.azure.com/");
    let key = ada.post("/api/v1/keys", body).await.expect(201);
    assert_eq!(key["endpoint"], azure("https://a.openai.azure.com"));
    let id = bring(&ada, "Work", NEXT).await;
    for (body, status) in [
        (json!({"secret": SECRET, "overlap_hours": 721}), 400),
        (json!({"secret": SECRET, "overlap_hours": -1}), 400),
        (json!({"overlap_hours": 1}), 400),
    ] {
        assert_eq!(ada.post(&format!("/api/v1/keys/{id}/rotate"), body).await.status, status);
    }
}

#[tokio::test]
async fn the_same_secret_and_the_same_name_are_conflicts() {
    let provider = Provider::start().await;
    let (_gateway, ada) = with_provider(&provider).await;
    bring(&ada, "Work", SECRET).await;
    for (name, secret, param) in [("Other", SECRET, "secret"), ("Work", NEXT, "name")] {
        let reply = ada.post("/api/v1/keys", new(name, secret)).await;
        let found = reply.body["error"]["param"].as_str().unwrap_or_default();
        assert_eq!((reply.refused(), found), ((409, "request.conflict"), param));
    }
}

#[tokio::test]
async fn who_brought_a_key_uses_it_and_who_administers_ends_it() {
    let provider = Provider::start().await;
    let (gateway, ada) = with_provider(&provider).await;
    let bob = add(&gateway, &ada, "bob", "user").await;
    let eve = add(&gateway, &ada, "eve", "user").await;
    let id = bring(&bob, "Work", SECRET).await;
    let path = format!("/api/v1/keys/{id}");
    let rotate = json!({"secret": NEXT, "overlap_hours": 0});
    // To another person it is not there.
    assert_eq!(eve.get("/api/v1/keys").await.expect(200)["data"], json!([]));
    assert_eq!(eve.get(&path).await.status, 404);
    assert_eq!(eve.post(&format!("{path}/revoke"), json!({})).await.status, 404);
    assert_eq!(eve.delete(&path).await.status, 404);
    // An administrator sees it and may take it out of use, and cannot use it or change it.
    assert_eq!(ada.get("/api/v1/keys").await.expect(200)["data"].as_array().unwrap().len(), 1);
    for (what, body) in [("test", json!({})), ("rotate", rotate.clone())] {
        let reply = ada.post(&format!("{path}/{what}"), body).await;
        assert_eq!(reply.refused(), (403, "auth.forbidden"), "{what}");
    }
    assert_eq!(ada.patch(&path, json!({"name": "Mine"})).await.refused(), (403, "auth.forbidden"));
    bob.post(&format!("{path}/rotate"), rotate).await.expect(200);
    ada.post(&format!("{path}/revoke"), json!({})).await.expect(200);
    ada.delete(&path).await.expect(204);
}

#[tokio::test]
async fn the_wizard_learns_what_to_ask_for() {
    let provider = Provider::start().await;
    let (_gateway, ada) = with_provider(&provider).await;
    let list = ada.get("/api/v1/providers").await.expect(200);
    let found: Vec<_> = list["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (one["name"].as_str().unwrap(), one["needs_endpoint"].as_bool().unwrap()))
        .collect();
    assert_eq!(
        found,
        [("openai", false), ("anthropic", false), ("google", false), ("azure", true)]
    );
    let models = list["data"][0]["models"].as_array().unwrap();
    assert!(models.contains(&json!("gpt-4o-mini")), "{models:?}");
    assert_eq!(ada.get("/api/v1/reminders").await.expect(200), json!({"data": []}));
}
