//! A provider that does what the newest user message says. It speaks OpenAI's wire.
use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::serve::ListenerExt;
use axum::{Json, Router};
use futures_util::{StreamExt, stream};
use serde_json::{Value, json};

/// One call that reached the provider.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) key: String,
    pub(crate) body: Value,
}

/// A running provider and what it was asked.
pub(crate) struct Provider {
    pub(crate) base_url: String,
    calls: Arc<Mutex<Vec<Call>>>,
    server: tokio::task::JoinHandle<()>,
}

impl Provider {
    pub(crate) async fn start() -> Self {
        let calls: Arc<Mutex<Vec<Call>>> = Arc::default();
        let router = Router::new()
            .route("/v1/chat/completions", post(answer))
            .route("/v1/models", get(models))
            .with_state(calls.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base_url = format!("http://{}/v1", listener.local_addr().unwrap());
        // Without this the provider itself would add 40 ms steps to its streams.
        let listener = listener.tap_io(|connection| connection.set_nodelay(true).unwrap());
        let server = tokio::spawn(async move {
            axum::serve(listener, router).await.unwrap();
        });
        Self { base_url, calls, server }
    }

    pub(crate) fn calls(&self) -> Vec<Call> {
        self.calls.lock().unwrap().clone()
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        self.server.abort();
    }
}

type Calls = Arc<Mutex<Vec<Call>>>;

fn key_of(headers: &HeaderMap) -> String {
    headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.strip_prefix("Bearer "))
        .unwrap_or_default()
        .to_owned()
}

/// Takes every key but those that say `refused`.
async fn models(headers: HeaderMap) -> Response {
    if key_of(&headers).contains("refused") {
        let error = json!({"error": {"message": "Incorrect key", "code": "invalid_api_key"}});
        return (StatusCode::UNAUTHORIZED, Json(error)).into_response();
    }
    Json(json!({"object": "list", "data": [{"id": "gpt-4o-mini", "object": "model"}]}))
        .into_response()
}

async fn answer(
    State(calls): State<Calls>,
    headers: HeaderMap,
    Json(body): Json<Value>,
) -> Response {
    let key = key_of(&headers);
    let earlier = {
        let mut calls = calls.lock().unwrap();
        calls.push(Call { key: key.clone(), body: body.clone() });
        calls.len() - 1
    };
    let messages = body["messages"].as_array().unwrap();
    let order = messages.last().unwrap()["content"].as_str().unwrap().to_owned();
    let error = |status: u16, error: Value| {
        (StatusCode::from_u16(status).unwrap(), Json(json!({ "error": error }))).into_response()
    };
    match order.as_str() {
        _ if key.contains("refused") => error(401, json!({"code": "invalid_api_key"})),
        "refuse the key" => error(
            401,
            json!({"message": format!("Incorrect key: {key}"), "code": "invalid_api_key"}),
        ),
        "limit once" if earlier == 0 => {
            let body = json!({"error": {"message": "slow down", "code": "rate_limit_exceeded"}});
            (StatusCode::TOO_MANY_REQUESTS, [("retry-after-ms", "20")], Json(body)).into_response()
        }
        "limit for an hour" => {
            let body = json!({"error": {"message": "come back later"}});
            (StatusCode::TOO_MANY_REQUESTS, [("retry-after", "3600")], Json(body)).into_response()
        }
        "quota spent" => error(429, json!({"message": "no credit", "code": "insufficient_quota"})),
        "be down" => error(503, json!({"message": "overloaded"})),
        "fail the chosen model" if body["model"] == "cheap" => {
            error(503, json!({"message": "overloaded"}))
        }
        "redirect" => {
            (StatusCode::TEMPORARY_REDIRECT, [(header::LOCATION, "/v1/chat/completions")])
                .into_response()
        }
        "refuse the request" => {
            error(422, json!({"message": "bad temperature", "param": "temperature"}))
        }
        "sleep" => {
            tokio::time::sleep(Duration::from_secs(30)).await;
            Json(whole(&body, "late")).into_response()
        }
        "forget the finish reason" => {
            let mut answer = whole(&body, "half");
            answer["choices"][0]["finish_reason"] = Value::Null;
            Json(answer).into_response()
        }
        "cut the JSON" => {
            let text = whole(&body, "half").to_string();
            ([(header::CONTENT_TYPE, "application/json")], text[..text.len() / 2].to_owned())
                .into_response()
        }
        _ if body["stream"] == true => streamed(&body, &order),
        _ => Json(whole(&body, "Hello there")).into_response(),
    }
}

pub(crate) fn usage() -> Value {
    json!({"prompt_tokens": 1000, "completion_tokens": 500, "total_tokens": 1500,
           "prompt_tokens_details": {"cached_tokens": 400},
           "completion_tokens_details": {"reasoning_tokens": 0}})
}

fn whole(body: &Value, text: &str) -> Value {
    json!({
        "id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": body["model"],
        "choices": [{"index": 0, "finish_reason": "stop",
                     "message": {"role": "assistant", "content": text}}],
        "usage": usage(),
    })
}

fn streamed(body: &Value, order: &str) -> Response {
    let chunk = |delta: Value, finish: Value| {
        format!(
            "data: {}\n\n",
            json!({
                "id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1,
                "model": body["model"], "usage": null,
                "choices": [{"index": 0, "delta": delta, "finish_reason": finish}],
            })
        )
    };
    let words = ["Hel", "lo ", "there"].map(|word| chunk(json!({ "content": word }), Value::Null));
    let finish = chunk(json!({}), json!("stop"));
    let usage_chunk = format!(
        "data: {}\n\n",
        json!({
            "id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1,
            "model": body["model"], "choices": [], "usage": usage(),
        })
    );
    let done = "data: [DONE]\n\n".to_owned();
    let mut events: Vec<String> = words.to_vec();
    match order {
        "end without a terminator" => {}
        "end without a finish reason" => events.push(done),
        "break off" => {
            let broken = std::io::Error::other("reset");
            let parts = stream::iter(events.into_iter().map(Ok)).chain(stream::once(async {
                tokio::time::sleep(Duration::from_millis(50)).await;
                Err(broken)
            }));
            return event_stream(Body::from_stream(parts));
        }
        "fail in the middle" => {
            events.push(
                "data: {\"error\":{\"message\":\"overloaded\",\"code\":\"server_error\"}}\n\n"
                    .into(),
            );
        }
        "fail at once" => {
            events = vec!["data: {\"error\":{\"message\":\"overloaded\"}}\n\n".into()];
        }
        "fall silent" => {
            let parts =
                stream::iter(events.into_iter().map(Ok::<_, Infallible>)).chain(stream::pending());
            return event_stream(Body::from_stream(parts));
        }
        "keep alive" => {
            events = vec![": still at work\n\n".to_owned(); 6];
            events.extend([finish, usage_chunk, done]);
        }
        _ => events.extend([finish, usage_chunk, done]),
    }
    // One write per event, as a model would.
    let pause = Duration::from_millis(if order == "keep alive" { 100 } else { 2 });
    let parts = stream::iter(events).then(move |event| async move {
        tokio::time::sleep(pause).await;
        Ok::<_, Infallible>(event)
    });
    event_stream(Body::from_stream(parts))
}

fn event_stream(body: Body) -> Response {
    ([(header::CONTENT_TYPE, "text/event-stream")], body).into_response()
}
