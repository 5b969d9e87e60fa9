//! However a call ends, its reservation is closed, and what was delivered is booked.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::convert::Infallible;
use std::time::Duration;

use axum::body::Body;
use axum::routing::post;
use axum::{Json, Router};
use convergio_core::Allocator;
use convergio_engine::{Engine, Event};
use convergio_wire::{ChatRequest, EngineConfig, ErrorCode};
use futures_util::{StreamExt, stream};
use secrecy::SecretString;
use serde_json::{Value, json};

/// Says nothing to `wait`, cuts its JSON for `cut`; else streams one word and then falls silent; answers a plain request without reporting usage.
async fn answer(Json(body): Json<Value>) -> axum::response::Response {
    use axum::response::IntoResponse;
    match body["messages"][0]["content"].as_str() {
        Some("wait") => return std::future::pending().await,
        Some("cut") => return "{\"choices\": [".into_response(),
        _ => {}
    }
    if body["stream"] != true {
        return Json(json!({"choices": [{"finish_reason": "stop",
            "message": {"content": "a whole answer without usage"}}]}))
        .into_response();
    }
    let chunk = json!({"choices": [{"index": 0, "delta": {"content": "delivered words"},
        "finish_reason": null}]});
    let first = stream::iter([Ok::<_, Infallible>(format!("data: {chunk}\n\n"))]);
    Body::from_stream(first.chain(stream::pending())).into_response()
}

async fn engine() -> Engine {
    engine_with(json!({})).await
}

async fn engine_with(routing: Value) -> Engine {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base_url = format!("http://{}/v1", listener.local_addr().unwrap());
    let router = Router::new().route("/v1/chat/completions", post(answer));
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    let config: EngineConfig = serde_json::from_value(json!({
        "providers": {"openai": {"base_url": base_url}},
        "budget": {"limit_nano_usd": 1_000_000_000_i64},
        "timeouts": {"stream_idle_ms": 200, "request_ms": 2000},
        "routing": routing,
    }))
    .unwrap();
    Engine::new(config, &Allocator::new()).unwrap()
}

fn request(stream: bool) -> ChatRequest {
    asking("hello", json!({"stream": stream}))
}

fn asking(content: &str, extra: Value) -> ChatRequest {
    let messages = json!([{"role": "user", "content": content}]);
    let mut body = json!({"model": "gpt-4o-mini", "messages": messages});
    body.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
    ChatRequest::parse(body).unwrap()
}

#[tokio::test]
async fn a_caller_who_goes_away_pays_for_what_was_delivered() {
    let engine = engine().await;
    let credential = engine.credential(Some(SecretString::from("sk-own"))).unwrap();
    let (_, mut events) = engine.stream(&request(true), &credential).await.unwrap();
    assert!(matches!(events.next().await, Some(Ok(Event::Chunk(_)))));
    assert!(engine.budget().unwrap().reserved > 0, "reserved while it runs");
    drop(events);
    let budget = engine.budget().unwrap();
    assert_eq!((budget.reserved, budget.open), (0, 0));
    assert!(budget.spent > 0);
}

#[tokio::test]
async fn a_stream_that_breaks_off_is_booked_and_ends_with_one_failure() {
    let engine = engine().await;
    let credential = engine.credential(Some(SecretString::from("sk-own"))).unwrap();
    let (_, events) = engine.stream(&request(true), &credential).await.unwrap();
    let events: Vec<_> =
        tokio::time::timeout(Duration::from_secs(5), events.collect()).await.unwrap();
    assert_eq!(events.len(), 2);
    assert_eq!(events[1].as_ref().unwrap_err().code, ErrorCode::ProviderTimeout);
    let budget = engine.budget().unwrap();
    assert!(budget.reserved == 0 && budget.spent > 0);
}

#[tokio::test]
async fn usage_that_is_not_reported_is_estimated_and_says_so() {
    let engine = engine().await;
    let credential = engine.credential(Some(SecretString::from("sk-own"))).unwrap();
    let answered = engine.complete(&request(false), &credential).await.unwrap();
    let usage = answered.receipt.usage.unwrap();
    assert!(usage.estimated && usage.prompt_tokens > 0 && usage.completion_tokens > 0);
    assert_eq!(engine.budget().unwrap().spent, answered.receipt.cost_nano_usd.unwrap());
}

#[tokio::test]
async fn a_call_that_never_happened_costs_nothing() {
    let config: EngineConfig = serde_json::from_value(json!({
        "providers": {"openai": {"base_url": "http://127.0.0.1:9/v1"}},
        "budget": {"limit_nano_usd": 1_000_000_000_i64},
        "retry": {"max_retries": 0},
    }))
    .unwrap();
    let engine = Engine::new(config, &Allocator::new()).unwrap();
    let credential = engine.credential(Some(SecretString::from("sk-own"))).unwrap();
    let failure = engine.complete(&request(false), &credential).await.unwrap_err();
    assert_eq!(failure.code, ErrorCode::ProviderUnavailable);
    let budget = engine.budget().unwrap();
    assert_eq!((budget.spent, budget.reserved), (0, 0));
}

#[tokio::test]
async fn a_prompt_that_was_sent_is_booked_even_if_no_answer_arrives() {
    for stream in [false, true] {
        let engine = engine().await;
        let credential = engine.credential(Some(SecretString::from("sk-own"))).unwrap();
        let request = asking("wait", json!({"stream": stream}));
        let patience = Duration::from_millis(100);
        let left = if stream {
            tokio::time::timeout(patience, engine.stream(&request, &credential)).await.is_err()
        } else {
            tokio::time::timeout(patience, engine.complete(&request, &credential)).await.is_err()
        };
        assert!(left, "the caller went away first");
        let budget = engine.budget().unwrap();
        assert!(budget.reserved == 0 && budget.spent > 0, "stream {stream}: {budget:?}");
    }
    for (content, code) in
        [("cut", ErrorCode::ProviderTruncated), ("wait", ErrorCode::ProviderTimeout)]
    {
        let engine = engine().await;
        let credential = engine.credential(Some(SecretString::from("sk-own"))).unwrap();
        let failure = engine.complete(&asking(content, json!({})), &credential).await.unwrap_err();
        assert_eq!(failure.code, code);
        let budget = engine.budget().unwrap();
        assert!(budget.reserved == 0 && budget.spent > 0, "{content}: {budget:?}");
    }
}

#[tokio::test]
async fn no_answer_may_be_longer_than_what_is_reserved_for_it() {
    let engine = engine_with(json!({"max_output_tokens": 100})).await;
    let route = engine.route(&request(false)).unwrap();
    assert_eq!(route.ceiling, Some(100));
    let failure = engine.route(&asking("hello", json!({"max_tokens": 101}))).unwrap_err();
    assert_eq!(failure.code, ErrorCode::RequestInvalid);
    assert!(failure.message.contains("at most 100"), "{}", failure.message);

    let failure = engine.route(&asking("hello", json!({"n": u64::MAX}))).unwrap_err();
    assert_eq!(failure.param.as_deref(), Some("n"));

    // The edition's default bounds no caller who says how much: all of it is reserved.
    let engine = engine_with(json!({})).await;
    let reserved = |tokens: u64| {
        engine.route(&asking("hello", json!({"max_tokens": tokens}))).unwrap().reserve_nano_usd
    };
    assert!(reserved(100_000) > reserved(50_000));
}
