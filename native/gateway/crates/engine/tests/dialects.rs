//! One question, every provider: each gets it in its own dialect, and the caller hears the answer in
//! theirs.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use convergio_core::Allocator;
use convergio_engine::{Credential, CredentialSource, Engine, Event, Keys};
use convergio_wire::config::Place;
use convergio_wire::embeddings::EmbeddingsRequest;
use convergio_wire::{ChatRequest, EngineConfig, ErrorCode, Failure};
use futures_util::StreamExt;
use secrecy::SecretString;
use serde_json::{Value, json};

/// What a provider was sent: path with query, headers, body.
type Seen = Arc<Mutex<Vec<(String, Vec<(String, String)>, Value)>>>;

const ANTHROPIC_STREAM: &str = r#"event: message_start
data: {"type":"message_start","message":{"id":"m1","model":"claude","usage":{"input_tokens":5,"output_tokens":1}}}

event: content_block_start
data: {"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}

event: ping
data: {"type":"ping"}

event: content_block_delta
data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Hello there"}}

event: content_block_stop
data: {"type":"content_block_stop","index":0}

event: message_delta
data: {"type":"message_delta","delta":{"stop_reason":"end_turn","stop_sequence":null},"usage":{"output_tokens":7}}

"#;
const ANTHROPIC_END: &str = "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n";
const GOOGLE_STREAM: &str = "data: {\"responseId\":\"r\",\"modelVersion\":\"g\",\"candidates\":[{\"index\":0,\
    \"content\":{\"parts\":[{\"text\":\"Hello there\"}]}}]}\r\n\r\n";
const GOOGLE_END: &str = "data: {\"responseId\":\"r\",\"candidates\":[{\"index\":0,\"finishReason\":\"STOP\"}],\
    \"usageMetadata\":{\"promptTokenCount\":5,\"candidatesTokenCount\":7}}\r\n\r\n";

async fn provider(State(seen): State<Seen>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let bytes = axum::body::to_bytes(body, 1_000_000).await.unwrap();
    let body: Value = serde_json::from_slice(&bytes).unwrap_or_default();
    let headers = parts.headers.iter();
    let headers = headers
        .map(|(name, value)| (name.to_string(), value.to_str().unwrap_or_default().to_owned()))
        .collect();
    seen.lock().unwrap().push((parts.uri.to_string(), headers, body.clone()));
    let path = parts.uri.to_string();
    let half = body.to_string().contains("break off");
    let stream = |events: &str, end: &str| {
        let text = if half { events.to_owned() } else { format!("{events}{end}") };
        ([("content-type", "text/event-stream")], Body::from(text)).into_response()
    };
    if path.contains("/models") && parts.method == "GET" {
        return axum::Json(json!({"data": [{"id": "one"}], "models": [{"name": "models/one"}]}))
            .into_response();
    }
    if path.contains("batchEmbedContents") {
        return axum::Json(json!({"embeddings": [{"values": [0.5, 1.0]}]})).into_response();
    }
    if path.contains("/embeddings") {
        return axum::Json(json!({"object": "list", "model": "e",
            "data": [{"object": "embedding", "index": 0, "embedding": [0.5, 1.0]}],
            "usage": {"prompt_tokens": 3, "total_tokens": 3}}))
        .into_response();
    }
    if path.contains("count_tokens") {
        return axum::Json(json!({"input_tokens": 9})).into_response();
    }
    if path.contains("streamGenerateContent") {
        return stream(GOOGLE_STREAM, GOOGLE_END);
    }
    if path.contains("generateContent") {
        return axum::Json(json!({"responseId": "r", "modelVersion": "g",
            "candidates": [{"index": 0, "finishReason": "STOP", "content": {"parts": [{"text": "Hello there"}]}}],
            "usageMetadata": {"promptTokenCount": 5, "candidatesTokenCount": 7}}))
        .into_response();
    }
    if path.contains("/messages") {
        if body["stream"] == true {
            return stream(ANTHROPIC_STREAM, ANTHROPIC_END);
        }
        return axum::Json(
            json!({"id": "m1", "type": "message", "model": "claude", "stop_reason": "end_turn",
            "content": [{"type": "text", "text": "Hello there"}],
            "usage": {"input_tokens": 5, "output_tokens": 7}}),
        )
        .into_response();
    }
    axum::Json(json!({"id": "c", "model": "o", "choices": [{"index": 0, "finish_reason": "stop",
        "message": {"role": "assistant", "content": "Hello there"}}],
        "usage": {"prompt_tokens": 5, "completion_tokens": 7}}))
    .into_response()
}

async fn engine() -> (Engine, Seen) {
    engine_with(json!({})).await
}

/// With this `routing`.
async fn engine_with(routing: Value) -> (Engine, Seen) {
    let seen = Seen::default();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let router = Router::new().fallback(provider).with_state(seen.clone());
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    let model = |provider: &str, id: &str| {
        json!({"id": id, "provider": provider, "context_window": 100_000, "max_output_tokens": 1_000,
            "capability": 500, "features": ["tools", "vision"],
            "price": {"input": 1_000_000, "cached_input": 1, "output": 1_000_000, "reasoning": 1}})
    };
    let vectors = |provider: &str, id: &str| {
        let mut vectors = model(provider, id);
        vectors["serves"] = json!("embeddings");
        vectors
    };
    let config: EngineConfig = serde_json::from_value(json!({
        "providers": {
            "openai": {"base_url": format!("{address}/v1")},
            "anthropic": {"base_url": format!("{address}/v1")},
            "google": {"base_url": format!("{address}/v1beta")},
            "azure": {"endpoint": address, "api_version": "2024-10-21", "deployments": {"o": "mine"}},
        },
        "budget": {"limit_nano_usd": 1_000_000_000_i64},
        "models": [model("openai", "o"), model("anthropic", "claude"), model("google", "g"), model("azure", "o"),
            vectors("openai", "e"), vectors("google", "ge"), vectors("azure", "e"), vectors("anthropic", "ae")],
        "retry": {"max_retries": 0},
        "routing": routing,
    }))
    .unwrap();
    (Engine::new(config, &Allocator::new()).unwrap(), seen)
}

const ALL: [(&str, &str, &str, &str); 4] = [
    ("o", "/v1/chat/completions", "authorization", "Bearer sk-own-key"),
    ("claude", "/v1/messages", "x-api-key", "sk-own-key"),
    ("g", "/v1beta/models/g:generateContent", "x-goog-api-key", "sk-own-key"),
    (
        "azure/o",
        "/openai/deployments/mine/chat/completions?api-version=2024-10-21",
        "api-key",
        "sk-own-key",
    ),
];

fn asking(model: &str, text: &str, extra: Value) -> ChatRequest {
    let mut body = json!({"model": model, "messages": [{"role": "user", "content": text}]});
    body.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
    ChatRequest::parse(body).unwrap()
}

fn telling(model: &str, text: &str, stream: bool) -> ChatRequest {
    let body = json!({"model": model, "max_tokens": 50, "stream": stream,
        "messages": [{"role": "user", "content": text}]});
    ChatRequest::parse_messages(body).unwrap()
}

fn own(engine: &Engine) -> Keys {
    engine.credential(Some(SecretString::from("sk-own-key"))).unwrap()
}

#[tokio::test]
async fn each_provider_is_called_at_its_own_address_with_the_key_in_its_own_header() {
    let (engine, seen) = engine().await;
    for (model, path, header, key) in ALL {
        let answered =
            engine.complete(&asking(model, "hi", json!({})), &own(&engine)).await.unwrap();
        assert_eq!(answered.body["choices"][0]["message"]["content"], "Hello there", "{model}");
        assert_eq!(answered.body["choices"][0]["finish_reason"], "stop", "{model}");
        let usage = answered.receipt.usage.unwrap();
        assert_eq!((usage.prompt_tokens, usage.completion_tokens, usage.estimated), (5, 7, false));
        assert_eq!(answered.receipt.cost_nano_usd, Some(12), "{model}");
        let (found, headers, body) = seen.lock().unwrap().pop().unwrap();
        assert_eq!(found, path);
        let secrets: Vec<_> =
            headers.iter().filter(|(_, value)| value.contains("sk-own-key")).collect();
        assert_eq!(
            secrets,
            [&(header.to_owned(), key.to_owned())],
            "{model}: once, and nowhere else"
        );
        assert!(!body.to_string().contains("sk-own-key") && !found.contains("sk-own-key"));
    }
}

#[tokio::test]
async fn anthropics_callers_hear_every_provider_in_their_own_dialect() {
    let (engine, _) = engine().await;
    for (model, ..) in ALL {
        let answered = engine.complete(&telling(model, "hi", false), &own(&engine)).await.unwrap();
        assert_eq!(answered.body["content"][0]["text"], "Hello there", "{model}");
        assert_eq!(answered.body["stop_reason"], "end_turn", "{model}");
        assert_eq!(answered.body["usage"]["output_tokens"], 7, "{model}");
    }
}

#[tokio::test]
async fn streams_are_translated_settled_and_never_complete_without_their_end() {
    for model in ["claude", "g"] {
        let (engine, _) = engine().await;
        let request = asking(model, "hi", json!({"stream": true}));
        let (_, events) = engine.stream(&request, &own(&engine)).await.unwrap();
        let events: Vec<_> = events.map(Result::unwrap).collect().await;
        let mut text = String::new();
        for event in &events {
            if let Event::Chunk(chunk) = event {
                assert_eq!(chunk["object"], "chat.completion.chunk");
                text += chunk["choices"][0]["delta"]["content"].as_str().unwrap_or_default();
            }
        }
        assert_eq!(text, "Hello there", "{model}");
        let [.., Event::Usage(usage, _), Event::End(receipt)] = events.as_slice() else {
            panic!("{model}: {events:?}")
        };
        assert_eq!(usage["usage"]["total_tokens"], 12);
        assert_eq!(receipt.cost_nano_usd, Some(12));

        let request = asking(model, "break off", json!({"stream": true}));
        let (_, events) = engine.stream(&request, &own(&engine)).await.unwrap();
        let events: Vec<_> = events.collect().await;
        let failure = events.last().unwrap().as_ref().unwrap_err();
        assert_eq!(failure.code, ErrorCode::ProviderTruncated, "{model}");
        let budget = engine.budget().unwrap();
        assert!(budget.reserved == 0 && budget.spent > 12, "{model}: what was delivered is booked");
    }
}

#[tokio::test]
async fn a_caller_of_anthropics_gets_its_events_untouched_and_others_translated() {
    let (engine, seen) = engine().await;
    let request = telling("claude", "hi", true).with_header("anthropic-beta", "b1");
    let (_, events) = engine.stream(&request, &own(&engine)).await.unwrap();
    let events: Vec<_> = events.map(Result::unwrap).collect().await;
    assert!(matches!(&events[2], Event::Chunk(event) if event["type"] == "ping"), "untouched");
    let (_, headers, _) = seen.lock().unwrap().pop().unwrap();
    assert!(headers.contains(&("anthropic-beta".to_owned(), "b1".to_owned())));

    let request = telling("g", "hi", true).with_header("anthropic-beta", "b1");
    let (_, events) = engine.stream(&request, &own(&engine)).await.unwrap();
    let events: Vec<_> = events.map(Result::unwrap).collect().await;
    let types: Vec<_> = events
        .iter()
        .filter_map(|event| match event {
            Event::Chunk(event) => event["type"].as_str(),
            _ => None,
        })
        .collect();
    let expected = [
        "message_start",
        "content_block_start",
        "content_block_delta",
        "content_block_stop",
        "message_delta",
    ];
    assert_eq!(types, expected);
    let (_, headers, _) = seen.lock().unwrap().pop().unwrap();
    assert!(headers.iter().all(|(name, _)| name != "anthropic-beta"), "not Google's business");
}

#[tokio::test]
async fn a_key_is_used_only_where_it_is_for() {
    let (engine, seen) = engine().await;
    // Brought along: `auto` stays with the provider whose API was called.
    let auto = engine.complete(&asking("auto", "hi", json!({})), &own(&engine)).await.unwrap();
    assert_eq!(auto.receipt.provider, "openai");
    let auto = engine.complete(&telling("auto", "hi", false), &own(&engine)).await.unwrap();
    assert_eq!(auto.receipt.provider, "anthropic");
    // Kept: only the providers there are keys for.
    let kept = Credential::new(SecretString::from("sk-kept"), CredentialSource::User);
    let keys = Keys::default().with("google", kept);
    let auto = engine.complete(&asking("auto", "hi", json!({})), &keys).await.unwrap();
    assert_eq!(auto.receipt.provider, "google");
    let calls = seen.lock().unwrap().len();
    let failure: Failure = engine.complete(&asking("o", "hi", json!({})), &keys).await.unwrap_err();
    assert_eq!(failure.code, ErrorCode::ByokMissingKey);
    assert_eq!(seen.lock().unwrap().len(), calls, "nothing was sent");
}

#[tokio::test]
async fn what_a_dialect_cannot_carry_goes_to_no_provider() {
    let (engine, seen) = engine().await;
    let request = asking("claude", "hi", json!({"logprobs": true}));
    let failure = engine.complete(&request, &own(&engine)).await.unwrap_err();
    assert_eq!(failure.param.as_deref(), Some("logprobs"));
    assert!(seen.lock().unwrap().is_empty());
    assert_eq!(engine.budget().unwrap().reserved, 0);
}

#[tokio::test]
async fn an_address_that_comes_with_a_key_is_held_to_the_egress_rule() {
    let (engine, seen) = engine().await;
    for address in [
        "https://127.0.0.1",
        "https://localhost",
        "https://example.org",
        "http://x.openai.azure.com",
    ] {
        let mut kept = Credential::new(SecretString::from("sk-kept"), CredentialSource::User);
        kept.place = Some(Place::at(address));
        let keys = Keys::default().with("azure", kept.clone());
        let request = asking("azure/o", "hi", json!({}));
        let failure = engine.complete(&request, &keys).await.unwrap_err();
        assert_eq!(
            (failure.code, failure.param.as_deref()),
            (ErrorCode::RequestInvalid, Some("endpoint"))
        );
        assert!(engine.models_at("azure", &kept).await.is_err());
    }
    assert!(seen.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_key_is_tried_by_listing_models() {
    let (engine, seen) = engine().await;
    let key = Credential::new(SecretString::from("sk-own-key"), CredentialSource::User);
    for (provider, path) in [
        ("openai", "/v1/models"),
        ("anthropic", "/v1/models?limit=1000"),
        ("google", "/v1beta/models?pageSize=1000"),
        ("azure", "/openai/models?api-version=2024-10-21"),
    ] {
        assert_eq!(engine.models_at(provider, &key).await.unwrap(), ["one"], "{provider}");
        assert_eq!(seen.lock().unwrap().last().unwrap().0, path);
    }
    let failure = engine.models_at("nobody", &key).await.unwrap_err();
    assert_eq!(failure.param.as_deref(), Some("provider"));
}

#[tokio::test]
async fn vectors_come_from_every_provider_that_makes_them() {
    let (engine, seen) = engine().await;
    let ask = |model: &str| {
        let body = json!({"model": model, "input": "some words to be understood"});
        EmbeddingsRequest::parse(body).unwrap()
    };
    for (model, path, estimated) in [
        ("e", "/v1/embeddings", false),
        ("azure/e", "/openai/deployments/e/embeddings?api-version=2024-10-21", false),
        ("ge", "/v1beta/models/ge:batchEmbedContents", true),
    ] {
        let answered = engine.embed(&ask(model), &own(&engine)).await.unwrap();
        assert_eq!(answered.body["data"][0]["embedding"], json!([0.5, 1.0]), "{model}");
        let usage = answered.receipt.usage.unwrap();
        assert_eq!(usage.estimated, estimated, "{model}");
        assert_eq!(answered.receipt.cost_nano_usd, Some(usage.prompt_tokens), "{model}");
        assert_eq!(seen.lock().unwrap().last().unwrap().0, path);
    }
    let calls = seen.lock().unwrap().len();
    for (model, code) in [
        ("o", ErrorCode::RequestInvalid),
        ("ae", ErrorCode::RequestInvalid),
        ("none", ErrorCode::RequestNotFound),
    ] {
        let failure = engine.embed(&ask(model), &own(&engine)).await.unwrap_err();
        assert_eq!((failure.code, failure.param.as_deref()), (code, Some("model")), "{model}");
    }
    let failure = engine.complete(&asking("e", "hi", json!({})), &own(&engine)).await.unwrap_err();
    assert_eq!(failure.param.as_deref(), Some("model"), "vectors are no answer");
    assert_eq!(seen.lock().unwrap().len(), calls);
    assert_eq!(engine.budget().unwrap().reserved, 0);
}

#[tokio::test]
async fn tokens_are_counted_by_anthropic_and_estimated_for_others() {
    let (engine, seen) = engine().await;
    let counted =
        engine.count_tokens(&telling("claude", "hi", false), &own(&engine)).await.unwrap();
    assert_eq!(counted, json!({"input_tokens": 9}));
    let (path, _, body) = seen.lock().unwrap().pop().unwrap();
    assert_eq!(path, "/v1/messages/count_tokens");
    assert!(body.get("max_tokens").is_none() && body.get("stream").is_none());
    for model in ["g", "o", "auto"] {
        let counted =
            engine.count_tokens(&telling(model, "hi", false), &own(&engine)).await.unwrap();
        assert!(counted["input_tokens"].as_u64().unwrap() > 0);
        assert_eq!(counted["convergio"]["estimated"], true, "{model}");
    }
    assert!(seen.lock().unwrap().is_empty(), "nobody was asked");
}

#[tokio::test]
async fn where_nothing_may_leave_the_machine_not_even_a_count_or_a_key_is_tried() {
    for routing in [json!({"privacy": "local_only"}), json!({"offline": true})] {
        let (engine, seen) = engine_with(routing.clone()).await;
        let counted =
            engine.count_tokens(&telling("claude", "hi", false), &own(&engine)).await.unwrap();
        assert_eq!(counted["convergio"]["estimated"], true, "{routing}");

        let key = SecretString::from("sk-own-key");
        let credential = Credential::new(key, CredentialSource::User);
        let failure = engine.models_at("openai", &credential).await.unwrap_err();
        assert_eq!(failure.code, ErrorCode::PrivacyBlocked, "{routing}");
        assert!(seen.lock().unwrap().is_empty(), "nobody was asked: {routing}");
    }
}
