//! What may be spent with a key in a month.
use serde_json::{Value, json};

use super::{EMAIL, PASSWORD, Person, with_provider};
use crate::support::Gateway;
use crate::support::provider::Provider;

/// What the provider reports costs: 600 at $0.15, 400 cached at $0.075, 500 at $0.60 a million.
const COST: i64 = 600 * 150 + 400 * 75 + 500 * 600;

fn question() -> Value {
    json!({"model": "gpt-4o-mini", "max_completion_tokens": 600,
           "messages": [{"role": "user", "content": "hello"}]})
}

async fn add(ada: &Person, limit: Option<i64>) -> Value {
    let mut key = json!({"provider": "openai", "name": "Work", "secret": "sk-0123456789abcdef"});
    if let Some(limit) = limit {
        key["monthly_limit_nano_usd"] = json!(limit);
    }
    ada.post("/api/v1/keys", key).await.expect(201)
}

async fn limit(ada: &Person, path: &str, limit: Value) -> Value {
    ada.patch(path, json!({"monthly_limit_nano_usd": limit})).await.expect(200)
}

fn path(key: &Value) -> String {
    format!("/api/v1/keys/{}", key["id"].as_str().unwrap())
}

/// What was spent this month, what is left, and how near that is to the limit.
fn month(key: &Value) -> (i64, Option<i64>, Option<&str>) {
    let month = &key["month"];
    let spent = month["cost_nano_usd"].as_i64().unwrap();
    (spent, month["left_nano_usd"].as_i64(), month["level"].as_str())
}

async fn ask(ada: &Person) -> u16 {
    ada.post("/v1/chat/completions", question()).await.status
}

#[tokio::test]
async fn a_limit_is_told_of_and_then_holds_before_the_provider_is_called() {
    let provider = Provider::start().await;
    let (gateway, ada) = with_provider(&provider).await;
    let key = add(&ada, Some(1_000_000)).await;
    let path = path(&key);
    assert_eq!(key["monthly_limit_nano_usd"], 1_000_000);
    assert_eq!(month(&key), (0, Some(1_000_000), Some("normal")));
    for (spent, level) in [(COST, "normal"), (2 * COST, "alert")] {
        assert_eq!(ask(&ada).await, 200);
        let key = ada.get(&path).await.expect(200);
        assert_eq!(month(&key), (spent, Some(1_000_000 - spent), Some(level)));
    }
    let refused = ada.post("/v1/chat/completions", question()).await;
    assert_eq!(refused.refused(), (402, "budget.exceeded"));
    assert!(refused.body["error"]["message"].as_str().unwrap().contains("\"Work\""));
    assert_eq!(refused.headers["x-should-retry"], "false");
    assert_eq!(provider.calls().len(), 2, "the provider was asked all the same");

    let key = limit(&ada, &path, Value::Null).await;
    assert_eq!(
        (month(&key), &key["monthly_limit_nano_usd"]),
        ((2 * COST, None, None), &Value::Null)
    );
    assert_eq!(ask(&ada).await, 200);
    // What was spent before the limit was set counts.
    let key = limit(&ada, &path, json!(1_300_000)).await;
    assert_eq!(month(&key), (3 * COST, Some(1_300_000 - 3 * COST), Some("cheaper")));
    assert_eq!(ask(&ada).await, 402);

    // And so it does after a restart.
    let environment = [("CONVERGIO_OPENAI_BASE_URL", provider.base_url.as_str())];
    let gateway = Gateway::start_in(gateway.stop().await, &environment, "").await;
    let ada = Person::log_in(&gateway, EMAIL, PASSWORD).await;
    assert_eq!(ask(&ada).await, 402);
    limit(&ada, &path, json!(10_000_000)).await;
    assert_eq!(ask(&ada).await, 200);
    let rows = ada.get("/api/v1/audit?kind=key_change").await.expect(200);
    let noted = rows["data"].as_array().unwrap().iter();
    let noted = noted.filter(|row| row["action"].as_str().unwrap().starts_with("limit ")).count();
    assert_eq!(noted, 4, "{rows}");
}

#[tokio::test]
async fn nobody_passes_a_limit_together() {
    let provider = Provider::start().await;
    let (_gateway, ada) = with_provider(&provider).await;
    let most = 3 * COST;
    let path = path(&add(&ada, Some(most)).await);
    let asked: Vec<_> = (0..12)
        .map(|_| {
            let ada = ada.clone();
            let mut question = question();
            // What is held is then more than what it costs.
            question["max_completion_tokens"] = json!(1_000);
            tokio::spawn(async move { ada.post("/v1/chat/completions", question).await.status })
        })
        .collect();
    let mut answered = 0;
    for one in asked {
        match one.await.unwrap() {
            200 => answered += 1,
            status => assert_eq!(status, 402),
        }
    }
    let key = ada.get(&path).await.expect(200);
    let (spent, left, _) = month(&key);
    assert!((COST..=most).contains(&spent), "{spent}");
    assert_eq!((spent, left), (answered * COST, Some(most - spent)), "nothing stays held");
}

#[tokio::test]
async fn a_limit_that_cannot_be_and_one_of_somebody_elses_key_are_refused() {
    let provider = Provider::start().await;
    let (gateway, ada) = with_provider(&provider).await;
    let path = path(&add(&ada, None).await);
    for wrong in [json!(-1), json!(1_000_000_000_000_001_i64), json!("10"), json!(1.5)] {
        let reply = ada.patch(&path, json!({"monthly_limit_nano_usd": wrong})).await;
        assert_eq!(reply.refused(), (400, "request.invalid"), "{wrong}");
        assert_eq!(reply.body["error"]["param"], "monthly_limit_nano_usd");
    }
    let grace = super::add(&gateway, &ada, "grace", "admin").await;
    let reply = grace.patch(&path, json!({"monthly_limit_nano_usd": 1})).await;
    assert_eq!(reply.refused(), (403, "auth.forbidden"));
    let key = ada.get(&path).await.expect(200);
    assert_eq!(key["monthly_limit_nano_usd"], Value::Null);
    let key = ada.patch(&path, json!({"name": "Home"})).await.expect(200);
    assert_eq!((&key["name"], &key["monthly_limit_nano_usd"]), (&json!("Home"), &Value::Null));
}
