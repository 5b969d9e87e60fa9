//! Every call upstream is an attempt: told once, priced as the budget is, on the key that was used.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use convergio_core::Allocator;
use convergio_engine::{
    Attempt, Credential, CredentialSource, Engine, Event, KeptAs, KeyRing, KeyUsed, Keys, Meter,
    Outcome, PaidBy,
};
use convergio_wire::{ChatRequest, EngineConfig, ErrorCode, Failure};
use futures_util::future::BoxFuture;
use futures_util::{FutureExt, StreamExt};
use secrecy::SecretString;
use serde_json::{Value, json};

/// What the provider was sent: the key, by call.
type Seen = Arc<Mutex<Vec<String>>>;

/// Does what the prompt says, a word for each call: `503`, `401`, `ok`, `stream`, `cut`, `hang`. Keys
/// that hold `refused` are refused whatever it says.
async fn provider(
    State(seen): State<Seen>,
    headers: HeaderMap,
    Json(body): Json<Value>,
) -> Response {
    let key = headers["authorization"].to_str().unwrap().trim_start_matches("Bearer ").to_owned();
    let call = {
        let mut seen = seen.lock().unwrap();
        seen.push(key.clone());
        seen.len() - 1
    };
    let said = body["messages"][0]["content"].as_str().unwrap().to_owned();
    let step = said.split(' ').nth(call).unwrap_or("ok").to_owned();
    let usage = json!({"prompt_tokens": 1_000, "completion_tokens": 500, "total_tokens": 1_500,
        "prompt_tokens_details": {"cached_tokens": 400}});
    let chunk = |value: Value| format!("data: {value}\n\n");
    let word =
        json!({"choices": [{"index": 0, "delta": {"content": "word"}, "finish_reason": null}]});
    let end = json!({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]});
    let error = |status: StatusCode| {
        (status, Json(json!({"error": {"message": "no", "code": "said"}}))).into_response()
    };
    match step.as_str() {
        _ if key.contains("refused") => error(StatusCode::UNAUTHORIZED),
        "503" => error(StatusCode::SERVICE_UNAVAILABLE),
        "400" => error(StatusCode::BAD_REQUEST),
        "stream" => {
            let usage = json!({"choices": [], "usage": usage});
            let text = [chunk(word), chunk(end), chunk(usage), "data: [DONE]\n\n".to_owned()];
            ([("content-type", "text/event-stream")], text.concat()).into_response()
        }
        "cut" => ([("content-type", "text/event-stream")], chunk(word)).into_response(),
        "hang" => {
            let first =
                futures_util::stream::iter([Ok::<_, std::convert::Infallible>(chunk(word))]);
            let forever = first.chain(futures_util::stream::pending());
            axum::body::Body::from_stream(forever).into_response()
        }
        _ => Json(json!({"service_tier": "default", "usage": usage, "choices":
            [{"index": 0, "finish_reason": "stop", "message": {"content": "hello"}}]}))
        .into_response(),
    }
}

async fn engine() -> (Engine, Seen) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base_url = format!("http://{}/v1", listener.local_addr().unwrap());
    let seen = Seen::default();
    let router = Router::new().route("/v1/chat/completions", post(provider));
    let router = router.with_state(Arc::clone(&seen));
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    let config: EngineConfig = serde_json::from_value(json!({
        "providers": {"openai": {"base_url": base_url, "api_key": "sk-house"}},
        "budget": {"limit_nano_usd": 1_000_000_000_i64},
        "retry": {"max_retries": 2, "base_ms": 1, "cap_ms": 1},
    }))
    .unwrap();
    (Engine::new(config, &Allocator::new()).unwrap(), seen)
}

/// Keeps what it is told.
#[derive(Default)]
struct Kept(Mutex<Vec<Attempt>>);

impl Meter for Kept {
    fn attempt(&self, attempt: Attempt) {
        self.0.lock().unwrap().push(attempt);
    }
}

impl Kept {
    fn outcomes(&self) -> Vec<String> {
        self.0.lock().unwrap().iter().map(|one| one.outcome.as_str().to_owned()).collect()
    }

    fn cost(&self) -> i64 {
        self.0.lock().unwrap().iter().map(|one| one.cost_nano_usd).sum()
    }

    fn last(&self) -> Attempt {
        self.0.lock().unwrap().last().unwrap().clone()
    }
}

/// A ring with these keys, the one in force first.
struct Ring(Vec<&'static str>);

impl KeyRing for Ring {
    fn open<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<Vec<Credential>, Failure>> {
        let newest = i64::try_from(self.0.len()).unwrap();
        let opened = self.0.iter().zip(0..).map(|(key, older)| Credential {
            kept: Some(KeptAs { id: "key-1".to_owned(), version: newest - older }),
            ..Credential::new(SecretString::from(*key), CredentialSource::User)
        });
        let opened = opened.collect();
        async move { Ok(opened) }.boxed()
    }
}

fn account(keys: &[&'static str], reserved: bool) -> (Keys, Arc<Kept>) {
    let kept = Arc::new(Kept::default());
    let keys = Keys::of_account(Arc::new(Ring(keys.to_vec())), vec!["openai".to_owned()], reserved);
    (keys.metered(Arc::clone(&kept) as Arc<dyn Meter>), kept)
}

fn asking(steps: &str, stream: bool) -> ChatRequest {
    let messages = json!([{"role": "user", "content": steps}]);
    ChatRequest::parse(json!({"model": "gpt-4o-mini", "stream": stream, "messages": messages}))
        .unwrap()
}

#[tokio::test]
async fn retries_are_attempts_and_budget_receipt_and_usage_agree() {
    let (engine, _) = engine().await;
    let (keys, kept) = account(&["sk-own"], false);
    let answered = engine.complete(&asking("503 503 ok", false), &keys).await.unwrap();
    assert_eq!(kept.outcomes(), ["provider.unavailable", "provider.unavailable", "ok"]);
    let numbers: Vec<_> = kept.0.lock().unwrap().iter().map(|one| one.number).collect();
    assert_eq!(numbers, [1, 2, 3]);
    let (last, receipt) = (kept.last(), answered.receipt);
    // 600 at $0.15, 400 cached at $0.075 and 500 at $0.60 a million.
    assert_eq!(last.cost_nano_usd, 600 * 150 + 400 * 75 + 500 * 600);
    assert_eq!(Some(kept.cost()), receipt.cost_nano_usd);
    assert_eq!(engine.budget().unwrap().spent, kept.cost());
    assert_eq!(receipt.price_table.as_deref(), Some(last.price_table.as_str()));
    assert_eq!((last.tokens.input, last.tokens.cached_input, last.tokens.output), (600, 400, 500));
    assert!(!last.estimated && last.first_token_ms.is_none());
    assert_eq!(last.key, Some(KeyUsed { id: "key-1".to_owned(), version: 1 }));
    assert_eq!((last.credential_source, last.outcome), (PaidBy::User, Outcome::Answered));
}

#[tokio::test]
async fn a_stream_is_one_attempt_however_it_ends() {
    let (engine, _) = engine().await;
    let (keys, kept) = account(&["sk-own"], false);
    let (_, events) = engine.stream(&asking("stream", true), &keys).await.unwrap();
    let events: Vec<_> = events.collect().await;
    let told = events.iter().filter(|event| matches!(event, Ok(Event::Usage(..)))).count();
    assert_eq!((told, kept.outcomes()), (1, vec!["ok".to_owned()]));
    assert!(kept.last().first_token_ms.is_some() && !kept.last().estimated);
    let spent = engine.budget().unwrap().spent;
    assert_eq!(spent, kept.cost());

    let (keys, kept) = account(&["sk-own"], false);
    let (_, events) = engine.stream(&asking("x cut", true), &keys).await.unwrap();
    let events: Vec<_> = events.collect().await;
    assert_eq!(events.last().unwrap().as_ref().unwrap_err().code, ErrorCode::ProviderTruncated);
    assert_eq!(kept.outcomes(), ["provider.truncated"]);
    assert!(kept.last().estimated && kept.last().tokens.output > 0 && kept.cost() > 0);
    assert_eq!(engine.budget().unwrap().spent - spent, kept.cost());

    let (keys, kept) = account(&["sk-own"], false);
    let (_, mut events) = engine.stream(&asking("x x hang", true), &keys).await.unwrap();
    assert!(matches!(events.next().await, Some(Ok(Event::Chunk(_)))));
    assert!(kept.outcomes().is_empty(), "it has not ended");
    drop(events);
    assert_eq!(kept.outcomes(), ["cancelled"]);
    assert!(kept.last().estimated && kept.cost() > 0);
    assert_eq!(engine.budget().unwrap().reserved, 0);
}

#[tokio::test]
async fn a_caller_who_goes_away_before_an_answer_is_one_attempt_too() {
    let (engine, seen) = engine().await;
    let (keys, kept) = account(&["sk-own"], false);
    let request = asking("hang", false);
    let mut answer = Box::pin(engine.complete(&request, &keys));
    loop {
        let polled = tokio::time::timeout(Duration::from_millis(10), &mut answer).await;
        assert!(polled.is_err(), "the provider hangs");
        if !seen.lock().unwrap().is_empty() {
            break;
        }
    }
    drop(answer);
    assert_eq!(kept.outcomes(), ["cancelled"]);
    assert_eq!(engine.budget().unwrap().spent, kept.cost());
    assert!(kept.cost() > 0 && kept.last().tokens.input > 0 && kept.last().tokens.output == 0);
}

#[tokio::test]
async fn a_predecessor_stands_in_once_for_a_key_that_is_refused() {
    let (engine, seen) = engine().await;
    for stream in [false, true] {
        seen.lock().unwrap().clear();
        let (keys, kept) = account(&["sk-refused-new", "sk-old", "sk-older"], false);
        let request = asking("x stream", stream);
        if stream {
            let (_, events) = engine.stream(&request, &keys).await.unwrap();
            assert!(events.collect::<Vec<_>>().await.iter().all(Result::is_ok));
        } else {
            engine.complete(&asking("x ok", false), &keys).await.unwrap();
        }
        assert_eq!(*seen.lock().unwrap(), ["sk-refused-new", "sk-old"]);
        assert_eq!(kept.outcomes(), ["auth.invalid", "ok"]);
        assert_eq!(kept.last().key.unwrap().version, 2);
    }

    seen.lock().unwrap().clear();
    let (keys, kept) = account(&["sk-refused-1", "sk-refused-2", "sk-old"], false);
    let failure = engine.complete(&asking("ok", false), &keys).await.unwrap_err();
    assert_eq!(failure.code, ErrorCode::AuthInvalid);
    assert_eq!(kept.outcomes(), ["auth.invalid", "auth.invalid"], "two are tried, never three");
    assert_eq!(engine.budget().unwrap().reserved, 0);

    seen.lock().unwrap().clear();
    let (keys, kept) = account(&["sk-own", "sk-old"], false);
    let failure = engine.complete(&asking("400", false), &keys).await.unwrap_err();
    assert_eq!(failure.code, ErrorCode::RequestInvalid);
    assert_eq!(kept.outcomes(), ["request.invalid"], "another fault would fail there too");
}

#[tokio::test]
async fn without_a_key_nothing_is_sent_unless_the_house_pays_for_that_tenant() {
    let (engine, seen) = engine().await;
    let (keys, kept) = account(&[], false);
    let failure = engine.complete(&asking("ok", false), &keys).await.unwrap_err();
    assert_eq!(failure.code, ErrorCode::ByokMissingKey);
    assert!(failure.message.contains("openai") && failure.message.contains("/api/v1/keys"));
    assert!(seen.lock().unwrap().is_empty() && kept.outcomes().is_empty());
    assert_eq!(engine.budget().unwrap().reserved, 0);

    let (keys, kept) = account(&[], true);
    engine.complete(&asking("ok", false), &keys).await.unwrap();
    assert_eq!(*seen.lock().unwrap(), ["sk-house"]);
    assert_eq!((kept.last().credential_source, kept.last().key), (PaidBy::House, None));
}

/// Fails in the middle of a call, while a key is open.
struct Panicking;

impl Meter for Panicking {
    fn attempt(&self, _: Attempt) {
        panic!("the meter broke");
    }
}

#[tokio::test]
async fn a_panic_while_a_key_is_open_leaves_neither_the_key_nor_a_reservation() {
    let (engine, _) = engine().await;
    let engine = Arc::new(engine);
    let (keys, _) = account(&["sk-canary-0123456789"], false);
    let keys = keys.metered(Arc::new(Panicking));
    let task = tokio::spawn({
        let engine = Arc::clone(&engine);
        async move { engine.complete(&asking("503", false), &keys).await.map(drop) }
    });
    let payload = task.await.unwrap_err().into_panic();
    let told = payload.downcast_ref::<&str>().copied().unwrap_or_default();
    assert_eq!(told, "the meter broke");
    let budget = engine.budget().unwrap();
    assert_eq!((budget.reserved, budget.open), (0, 0));
}
