//! Asking models with an account: on whose key, how often, and what is kept of it.
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{Person, add, with_provider};
use crate::say;
use crate::support::provider::Provider;
use crate::support::{Gateway, events_of};

const SECRET: &str = "sk-canary-first-0123456789";

async fn bring(who: &Person, name: &str, secret: &str) -> String {
    let body = json!({"provider": "openai", "name": name, "secret": secret});
    let key = who.post("/api/v1/keys", body).await.expect(201);
    key["id"].as_str().unwrap().to_owned()
}

/// A program of theirs, which may ask and see what was used.
async fn program(gateway: &Gateway, who: &Person) -> Person {
    let body = json!({"name": "program", "scopes": ["chat", "usage"]});
    let issued = who.post("/api/v1/tokens", body).await.expect(201);
    Person::program(gateway, issued["token"].as_str().unwrap())
}

async fn attempts(who: &Person) -> Vec<Value> {
    let events = who.get("/api/v1/usage/events").await.expect(200);
    events["data"].as_array().unwrap().clone()
}

async fn queries(ada: &Person) -> Vec<Value> {
    let rows = ada.get("/api/v1/audit?kind=query").await.expect(200);
    rows["data"].as_array().unwrap().clone()
}

#[tokio::test]
async fn a_question_goes_out_on_the_askers_key_and_is_kept_before_it_is_answered() {
    let provider = Provider::start().await;
    let (gateway, ada) = with_provider(&provider).await;
    let key = bring(&ada, "Work", SECRET).await;
    let asks = program(&gateway, &ada).await;

    let reply = asks.post("/v1/chat/completions", say("hello")).await;
    let id = reply.headers["x-convergio-request-id"].to_str().unwrap().to_owned();
    let receipt = reply.expect(200)["convergio"].take();

    assert_eq!(provider.calls().iter().map(|call| &call.key).collect::<Vec<_>>(), [SECRET]);
    let kept = attempts(&asks).await;
    let [attempt] = &kept[..] else { panic!("one attempt: {kept:?}") };
    for (field, wanted) in [
        ("request_id", json!(id)),
        ("attempt", json!(1)),
        ("key", json!(key)),
        ("key_version", json!(1)),
        ("provider", json!("openai")),
        ("input_tokens", json!(600)),
        ("cached_tokens", json!(400)),
        ("output_tokens", json!(500)),
        ("cost_nano_usd", receipt["cost_nano_usd"].clone()),
        ("price_digest", receipt["price_table"].clone()),
        ("estimated", json!(false)),
        ("outcome", json!("ok")),
        ("credential_source", json!("user")),
    ] {
        assert_eq!(attempt[field], wanted, "{field}");
    }
    let by_key = ada.get("/api/v1/usage?by=key").await.expect(200);
    assert_eq!(
        (&by_key["data"][0]["group"], &by_key["data"][0]["requests"]),
        (&json!(key), &json!(1))
    );
    let kept = ada.get(&format!("/api/v1/keys/{key}")).await.expect(200);
    assert_eq!(kept["usage_30d"]["cost_nano_usd"], receipt["cost_nano_usd"]);
    let rows = queries(&ada).await;
    assert_eq!((rows.len(), &rows[0]["request_id"]), (1, &json!(id)));
    assert_eq!(ada.get("/api/v1/audit/verify").await.expect(200)["ok"], true);
    assert!(!gateway.output().contains("canary"), "the key is in a log");
}

#[tokio::test]
async fn a_stream_is_kept_before_its_end_and_when_nobody_hears_it() {
    let provider = Provider::start().await;
    let (gateway, ada) = with_provider(&provider).await;
    bring(&ada, "Work", SECRET).await;
    let asks = program(&gateway, &ada).await;
    let token = asks.token.clone().unwrap();
    let streamed = |order: &str| {
        let mut body = say(order);
        body["stream"] = json!(true);
        body
    };

    let events = events_of(gateway.ask_with(Some(&token), streamed("hello")).await).await;
    assert_eq!(events.last().map(String::as_str), Some("[DONE]"));
    let kept = attempts(&asks).await;
    assert_eq!((kept.len(), &kept[0]["outcome"]), (1, &json!("ok")));
    assert!(kept[0]["first_token_ms"].is_i64());

    let broken = events_of(gateway.ask_with(Some(&token), streamed("break off")).await).await;
    assert!(broken.last().unwrap().contains("provider.truncated"), "{broken:?}");
    let kept = attempts(&asks).await;
    assert_eq!((kept.len(), &kept[0]["outcome"]), (2, &json!("provider.truncated")));
    assert_eq!(kept[0]["estimated"], true);

    let mut silent = gateway.ask_with(Some(&token), streamed("fall silent")).await;
    assert!(silent.chunk().await.unwrap().is_some(), "it has begun");
    drop(silent);
    let deadline = Instant::now() + Duration::from_secs(10);
    let kept = loop {
        let kept = attempts(&asks).await;
        if kept.len() == 3 {
            break kept;
        }
        assert!(Instant::now() < deadline, "never kept: {kept:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    assert_eq!((&kept[0]["outcome"], &kept[0]["estimated"]), (&json!("cancelled"), &json!(true)));
    assert_eq!(queries(&ada).await.len(), 3);
    assert_eq!(ada.get("/api/v1/audit/verify").await.expect(200)["ok"], true);
}

#[tokio::test]
async fn the_clients_request_id_never_makes_one_of_two() {
    let provider = Provider::start().await;
    let (gateway, ada) = with_provider(&provider).await;
    bring(&ada, "Work", SECRET).await;
    let asks = program(&gateway, &ada).await;
    for _ in 0..2 {
        let (path, again) = ("/v1/chat/completions", [("x-request-id", "the-same")]);
        let reply = asks.send(reqwest::Method::POST, path, Some(say("hello")), &again).await;
        assert_eq!(reply.headers["x-request-id"], "the-same");
        reply.expect(200);
    }
    let usage = asks.get("/api/v1/usage?by=model").await.expect(200);
    assert_eq!((&usage["total"]["requests"], &usage["total"]["attempts"]), (&json!(2), &json!(2)));
    assert_eq!(queries(&ada).await.len(), 2);
}

#[tokio::test]
async fn exactly_as_many_as_allowed_get_through() {
    let provider = Provider::start().await;
    let (gateway, ada) = with_provider(&provider).await;
    bring(&ada, "Work", SECRET).await;
    let asks = program(&gateway, &ada).await;
    asks.post("/v1/chat/completions", say("hello")).await.expect(200);
    ada.put("/api/v1/settings", json!({"requests_per_minute": 5})).await.expect(200);
    let together = (0..12).map(|_| asks.post("/v1/chat/completions", say("hello")));
    let replies = futures_util::future::join_all(together).await;
    let (admitted, refused): (Vec<_>, Vec<_>) =
        replies.into_iter().partition(|reply| reply.status == 200);
    assert_eq!((admitted.len(), refused.len()), (5, 7));
    let mut left: Vec<_> = admitted
        .iter()
        .map(|reply| reply.headers["x-ratelimit-remaining-requests"].to_str().unwrap().to_owned())
        .collect();
    left.sort();
    assert_eq!(left, ["0", "1", "2", "3", "4"]);
    for reply in refused {
        assert_eq!(reply.refused(), (429, "rate.limited"));
        assert_eq!(reply.headers["x-ratelimit-limit-requests"], "5");
        let wait: u64 = reply.headers["retry-after"].to_str().unwrap().parse().unwrap();
        assert!((1..=60).contains(&wait), "{wait}");
    }
    assert_eq!(provider.calls().len(), 6, "what is refused is not sent");
    let bob = add(&gateway, &ada, "bob", "user").await;
    assert_eq!(
        bob.post("/v1/chat/completions", say("hello")).await.refused().1,
        "byok.missing_key"
    );
}

#[tokio::test]
async fn a_rotated_keys_predecessor_stands_in_while_its_window_runs() {
    let provider = Provider::start().await;
    let (gateway, ada) = with_provider(&provider).await;
    let id = bring(&ada, "Work", SECRET).await;
    let asks = program(&gateway, &ada).await;
    let next = json!({"secret": "sk-canary-refused-012345", "overlap_hours": 1});
    ada.post(&format!("/api/v1/keys/{id}/rotate"), next).await.expect(200);

    asks.post("/v1/chat/completions", say("hello")).await.expect(200);
    let keys: Vec<_> = provider.calls().into_iter().map(|call| call.key).collect();
    assert_eq!(keys, ["sk-canary-refused-012345", SECRET]);
    let kept = attempts(&asks).await;
    let told = |at: usize| (kept[at]["outcome"].clone(), kept[at]["key_version"].clone());
    assert_eq!(
        (kept.len(), told(0), told(1)),
        (2, (json!("ok"), json!(1)), (json!("auth.invalid"), json!(2)))
    );
    let usage = asks.get("/api/v1/usage?by=key").await.expect(200);
    assert_eq!((&usage["total"]["requests"], &usage["total"]["attempts"]), (&json!(1), &json!(2)));

    ada.post(&format!("/api/v1/keys/{id}/revoke"), json!({"version": 1})).await.expect(200);
    let reply = asks.post("/v1/chat/completions", say("hello")).await;
    assert_eq!(reply.refused(), (401, "auth.invalid"), "what is revoked stands in for nobody");
    assert_eq!(provider.calls().len(), 3);
}

#[tokio::test]
async fn nobody_asks_on_somebody_elses_key() {
    let provider = Provider::start().await;
    let (gateway, ada) = with_provider(&provider).await;
    bring(&ada, "Work", SECRET).await;
    let bob = add(&gateway, &ada, "bob", "user").await;
    for (path, stream) in
        [("/v1/chat/completions", false), ("/v1/chat/completions", true), ("/v1/embeddings", false)]
    {
        let mut body = say("hello");
        body["stream"] = json!(stream);
        if path == "/v1/embeddings" {
            body = json!({"model": "text-embedding-3-small", "input": "hello"});
        }
        let reply = bob.post(path, body).await;
        assert_eq!(reply.refused(), (401, "byok.missing_key"), "{path}");
        assert!(reply.body["error"]["message"].as_str().unwrap().contains("/api/v1/keys"));
    }
    let mut auto = say("hello");
    auto["model"] = json!("auto");
    let reply = bob.post("/v1/chat/completions", auto.clone()).await;
    assert_eq!(reply.refused(), (401, "byok.missing_key"));
    assert!(provider.calls().is_empty());
    ada.post("/v1/chat/completions", auto).await.expect(200);

    let usable = |models: Value| -> Vec<bool> {
        let listed = models["data"].as_array().unwrap().clone();
        listed.iter().filter_map(|model| model["convergio"]["usable"].as_bool()).collect()
    };
    let (hers, his) = (ada.get("/v1/models").await, bob.get("/v1/models").await);
    let (hers, his) = (usable(hers.expect(200)), usable(his.expect(200)));
    assert!(hers.contains(&true) && hers.contains(&false) && !his.contains(&true));
    assert!(usable(Person::nobody(&gateway).get("/v1/models").await.expect(200)).is_empty());
}
