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

/// Streams one word and then falls silent; answers a plain request without reporting usage.
async fn answer(Json(body): Json<Value>) -> axum::response::Response {
    use axum::response::IntoResponse;
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
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base_url = format!("http://{}/v1", listener.local_addr().unwrap());
    let router = Router::new().route("/v1/chat/completions", post(answer));
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    let config: EngineConfig = serde_json::from_value(json!({
        "providers": {"openai": {"base_url": base_url}},
        "budget": {"limit_nano_usd": 1_000_000_000_i64},
        "timeouts": {"stream_idle_ms": 200},
    }))
    .unwrap();
    Engine::new(config, &Allocator::new()).unwrap()
}

fn request(stream: bool) -> ChatRequest {
    let messages = json!([{"role": "user", "content": "hello"}]);
    let body = json!({"model": "gpt-4o-mini", "stream": stream, "messages": messages});
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
