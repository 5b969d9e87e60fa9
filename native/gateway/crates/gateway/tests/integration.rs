//! The real binary against a provider that misbehaves on request.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod commands;
mod control;
mod support;
mod webui;

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use support::provider::Provider;
use support::{Gateway, HOUSE_KEY, OWN_KEY, events_of, file, json_of, run};

const VERSION: &str = env!("CARGO_PKG_VERSION");

fn say(text: &str) -> Value {
    json!({"model": "gpt-4o-mini", "messages": [{"role": "user", "content": text}]})
}

fn stream(text: &str) -> Value {
    let mut body = say(text);
    body["stream"] = json!(true);
    body
}

/// 600 uncached at $0.15, 400 cached at $0.075, 500 answered at $0.60 per million.
const COST_OF_THE_ANSWER: i64 = 600 * 150 + 400 * 75 + 500 * 600;

#[tokio::test]
async fn a_whole_answer_says_who_gave_it_and_what_it_cost() {
    let provider = Provider::start().await;
    let gateway = Gateway::start(&provider.base_url, None, "").await;
    let response = gateway.ask(say("hello")).await;
    let header = |name: &str| response.headers()[name].to_str().unwrap().to_owned();
    assert_eq!(header("x-convergio-provider"), "openai");
    assert_eq!(header("x-convergio-model"), "gpt-4o-mini");
    assert_eq!(header("x-convergio-credential-source"), "user");
    assert_eq!(header("x-convergio-route-reason"), "only_candidate");
    assert_eq!(header("x-convergio-cost-nano-usd"), COST_OF_THE_ANSWER.to_string());
    let (status, body) = json_of(response).await;
    assert_eq!(status, 200);
    assert_eq!(body["choices"][0]["message"]["content"], "Hello there");
    assert_eq!(body["convergio"]["cost_nano_usd"], COST_OF_THE_ANSWER);
    assert_eq!(body["convergio"]["usage"]["cached_tokens"], 400);
    let calls = provider.calls();
    assert_eq!(calls.len(), 1);
    assert_eq!(calls[0].key, OWN_KEY);
}

#[tokio::test]
async fn fields_the_gateway_does_not_know_reach_the_provider() {
    let provider = Provider::start().await;
    let gateway = Gateway::start(&provider.base_url, None, "").await;
    let mut body = say("hello");
    body["seed"] = json!(7);
    body["metadata"] = json!({"a": ["b"]});
    assert_eq!(gateway.ask(body).await.status(), 200);
    let sent = &provider.calls()[0].body;
    assert_eq!((&sent["seed"], &sent["metadata"]), (&json!(7), &json!({"a": ["b"]})));
}

#[tokio::test]
async fn auto_routes_by_what_is_asked() {
    let provider = Provider::start().await;
    let gateway = Gateway::start(&provider.base_url, None, "").await;
    let mut simple = say("hi");
    simple["model"] = json!("auto");
    let mut hard = simple.clone();
    let task = "Prove step by step why this algorithm is optimal, compare it with alternatives, \
                analyse the complexity and explain the trade-offs:\n```rust\nfn f(n: u64) -> u64 { \
                if n < 2 { n } else { f(n - 1) + f(n - 2) } }\n```\n1. Derive the recurrence.\n2. \
                Solve it.\n3. Evaluate the integral of x^2 + 3x = 7 for 12.5 < x.\n";
    hard["messages"][0]["content"] = json!(task.repeat(6));
    let (_, simple) = json_of(gateway.ask(simple).await).await;
    let (_, hard) = json_of(gateway.ask(hard).await).await;
    let score =
        |answer: &Value| answer["convergio"]["route"]["complexity"]["score"].as_u64().unwrap();
    assert!(score(&simple) < score(&hard));
    assert_ne!(simple["convergio"]["model"], hard["convergio"]["model"]);
}

#[tokio::test]
async fn a_stream_is_passed_on_whole() {
    let provider = Provider::start().await;
    let gateway = Gateway::start(&provider.base_url, None, "").await;
    let response = gateway.ask(stream("hello")).await;
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    assert_eq!(response.headers()["x-convergio-model"], "gpt-4o-mini");
    let events = events_of(response).await;
    assert_eq!(events.last().unwrap(), "[DONE]");
    let chunks: Vec<Value> = events[..events.len() - 1]
        .iter()
        .map(|event| serde_json::from_str(event).unwrap())
        .collect();
    let text: String = chunks
        .iter()
        .filter_map(|chunk| chunk["choices"][0]["delta"]["content"].as_str())
        .collect();
    assert_eq!(text, "Hello there");
    // The usage was asked for on the provider's side only, and does not show.
    assert!(chunks.iter().all(|chunk| chunk.get("usage").is_none()), "{chunks:?}");
    assert_eq!(provider.calls()[0].body["stream_options"]["include_usage"], true);
}

#[tokio::test]
async fn a_stream_that_asked_for_usage_gets_it_with_its_cost() {
    let provider = Provider::start().await;
    let gateway = Gateway::start(&provider.base_url, None, "").await;
    let mut body = stream("hello");
    body["stream_options"] = json!({"include_usage": true});
    let events = events_of(gateway.ask(body).await).await;
    let usage: Value = serde_json::from_str(&events[events.len() - 2]).unwrap();
    assert_eq!(usage["usage"]["prompt_tokens"], 1000);
    assert_eq!(usage["convergio"]["cost_nano_usd"], COST_OF_THE_ANSWER);
}

#[tokio::test]
async fn half_a_stream_is_never_a_success() {
    let provider = Provider::start().await;
    let config = "[timeouts]\nstream_idle_ms = 300\n";
    let gateway = Gateway::start(&provider.base_url, None, config).await;
    for (order, code) in [
        ("end without a terminator", "provider.truncated"),
        ("end without a finish reason", "provider.truncated"),
        ("break off", "provider.truncated"),
        ("fail in the middle", "provider.unavailable"),
        ("fall silent", "provider.timeout"),
    ] {
        let events = events_of(gateway.ask(stream(order)).await).await;
        assert!(!events.iter().any(|event| event == "[DONE]"), "{order}: {events:?}");
        let error: Value = serde_json::from_str(events.last().unwrap()).unwrap();
        assert_eq!(error["error"]["code"], code, "{order}");
        assert_eq!(events.len(), 4, "{order}: what was delivered before stays delivered");
    }
}

#[tokio::test]
async fn a_provider_that_shows_it_is_at_work_is_waited_for() {
    let provider = Provider::start().await;
    let config = "[timeouts]\nstream_idle_ms = 300\n";
    let gateway = Gateway::start(&provider.base_url, None, config).await;
    let events = events_of(gateway.ask(stream("keep alive")).await).await;
    assert_eq!(events.last().unwrap(), "[DONE]");
}

#[tokio::test]
async fn a_stream_that_fails_at_once_is_an_ordinary_error() {
    let provider = Provider::start().await;
    let gateway = Gateway::start(&provider.base_url, None, "").await;
    let (status, body) = json_of(gateway.ask(stream("fail at once")).await).await;
    assert_eq!((status, &body["error"]["code"]), (503, &json!("provider.unavailable")));
}

#[tokio::test]
async fn half_an_answer_is_never_a_success() {
    let provider = Provider::start().await;
    let gateway = Gateway::start(&provider.base_url, None, "").await;
    for order in ["forget the finish reason", "cut the JSON"] {
        let (status, body) = json_of(gateway.ask(say(order)).await).await;
        assert_eq!(
            (status, &body["error"]["code"]),
            (502, &json!("provider.truncated")),
            "{order}"
        );
    }
}

#[tokio::test]
async fn provider_errors_keep_their_meaning() {
    let provider = Provider::start().await;
    let config = "[retry]\nmax_retries = 0\n[timeouts]\nrequest_ms = 500\n";
    let gateway = Gateway::start(&provider.base_url, None, config).await;
    for (order, status, code, own) in [
        ("refuse the key", 401, "auth.invalid", json!("invalid_api_key")),
        ("quota spent", 429, "provider.rate_limited", json!("insufficient_quota")),
        ("be down", 503, "provider.unavailable", Value::Null),
        ("redirect", 503, "provider.unavailable", Value::Null),
        ("refuse the request", 422, "request.invalid", Value::Null),
        ("sleep", 504, "provider.timeout", Value::Null),
    ] {
        let (found, body) = json_of(gateway.ask(say(order)).await).await;
        let error = &body["error"];
        assert_eq!((found, &error["code"]), (status, &json!(code)), "{order}: {body}");
        let said = error["provider"].get("code").cloned().unwrap_or_default();
        assert_eq!(said, own, "{order}");
        assert!(error["message"].as_str().is_some_and(|message| !message.is_empty()));
        assert!(!body.to_string().contains(OWN_KEY), "{order} shows the key");
    }
    assert_eq!(provider.calls().len(), 6, "no retry, no redirect followed");
}

#[tokio::test]
async fn a_limited_call_is_repeated_after_the_wait_that_was_asked_for() {
    let provider = Provider::start().await;
    let gateway = Gateway::start(&provider.base_url, None, "").await;
    let start = Instant::now();
    let response = gateway.ask(say("limit once")).await;
    assert_eq!(response.status(), 200);
    assert!(start.elapsed() >= Duration::from_millis(20));
    assert_eq!(provider.calls().len(), 2);
}

#[tokio::test]
async fn a_wait_that_is_too_long_goes_to_the_caller() {
    let provider = Provider::start().await;
    let gateway = Gateway::start(&provider.base_url, None, "").await;
    let response = gateway.ask(say("limit for an hour")).await;
    assert_eq!(response.status(), 429);
    assert_eq!(response.headers()["retry-after"], "3600");
    assert_eq!(provider.calls().len(), 1);
}

const TWO_MODELS: &str = r#"
[retry]
max_retries = 0
[[models]]
id = "cheap"
provider = "openai"
context_window = 100000
max_output_tokens = 1000
capability = 500
price = { input = 1, cached_input = 1, output = 1, reasoning = 1 }
[[models]]
id = "dear"
provider = "openai"
context_window = 100000
max_output_tokens = 1000
capability = 500
price = { input = 1000000000, cached_input = 1000000000, output = 1000000000, reasoning = 1000000000 }
"#;

#[tokio::test]
async fn the_next_model_answers_when_the_chosen_one_is_down_and_says_so() {
    let provider = Provider::start().await;
    let gateway = Gateway::start(&provider.base_url, None, TWO_MODELS).await;
    let mut body = say("fail the chosen model");
    body["model"] = json!("auto");
    let response = gateway.ask(body).await;
    assert_eq!(response.headers()["x-convergio-fallback-from"], "cheap");
    let (_, body) = json_of(response).await;
    assert_eq!(body["convergio"]["model"], "dear");
    assert_eq!(body["convergio"]["fallback_from"], "cheap");
}

#[tokio::test]
async fn nothing_is_sent_without_a_key() {
    let provider = Provider::start().await;
    let gateway = Gateway::start(&provider.base_url, None, "").await;
    let (status, body) = json_of(gateway.ask_with(None, say("hello")).await).await;
    assert_eq!((status, &body["error"]["code"]), (401, &json!("byok.missing_key")));
    assert_eq!(provider.calls().len(), 0);
}

#[tokio::test]
async fn the_house_key_serves_whoever_brings_none_and_only_them() {
    let provider = Provider::start().await;
    let gateway = Gateway::start(&provider.base_url, Some(HOUSE_KEY), "").await;
    for (own, sent, source) in [(None, HOUSE_KEY, "house"), (Some(OWN_KEY), OWN_KEY, "user")] {
        let response = gateway.ask_with(own, say("hello")).await;
        assert_eq!(response.headers()["x-convergio-credential-source"], source);
        assert_eq!(provider.calls().last().unwrap().key, sent);
    }
    let (status, body) = json_of(gateway.ask_with(None, say("refuse the key")).await).await;
    assert_eq!((status, &body["error"]["code"]), (503, &json!("provider.unavailable")));
    assert!(!body.to_string().contains("canary"));
}

#[tokio::test]
async fn a_spent_budget_stops_the_call_before_the_provider() {
    let provider = Provider::start().await;
    let config = "[budget]\nlimit_nano_usd = 1000\nspent_nano_usd = 1000\n";
    let gateway = Gateway::start(&provider.base_url, None, config).await;
    let (status, body) = json_of(gateway.ask(say("hello")).await).await;
    assert_eq!((status, &body["error"]["code"]), (402, &json!("budget.exceeded")));
    assert_eq!(provider.calls().len(), 0);
}

#[tokio::test]
async fn local_only_never_calls_the_cloud() {
    let provider = Provider::start().await;
    let config = "[routing]\nprivacy = 'local_only'\n";
    let gateway = Gateway::start(&provider.base_url, None, config).await;
    let (status, body) = json_of(gateway.ask(say("hello")).await).await;
    assert_eq!((status, &body["error"]["code"]), (403, &json!("privacy.blocked")));
    assert_eq!(provider.calls().len(), 0);
}

#[tokio::test]
async fn bad_requests_are_refused_with_the_field_at_fault() {
    let provider = Provider::start().await;
    let config = "[server]\nmax_body_bytes = 2000\n";
    let gateway = Gateway::start(&provider.base_url, None, config).await;
    for (body, status, code, param) in [
        (json!({"messages": []}), 400, "request.invalid", json!("model")),
        (json!({"model": "m", "messages": []}), 400, "request.invalid", json!("messages")),
        (
            json!({"model": "none", "messages": [{"role": "user"}]}),
            404,
            "request.not_found",
            json!("model"),
        ),
        (say(&"x".repeat(3_000)), 413, "request.invalid", Value::Null),
    ] {
        let (found, answer) = json_of(gateway.ask(body).await).await;
        let error = &answer["error"];
        assert_eq!((found, &error["code"], &error["param"]), (status, &json!(code), &param));
    }
    let url = format!("{}/v1/chat/completions", gateway.url);
    let broken = gateway.client.post(&url).bearer_auth(OWN_KEY).body("{\"model\": ");
    assert_eq!(json_of(broken.send().await.unwrap()).await.0, 400);
    assert_eq!(json_of(gateway.client.get(&url).send().await.unwrap()).await.0, 405);
    assert_eq!(json_of(gateway.get("/nowhere").await).await.0, 404);
    assert_eq!(provider.calls().len(), 0);
}

/// Asks in Anthropic's dialect.
async fn tell(gateway: &Gateway, text: &str, stream: bool) -> reqwest::Response {
    let body = json!({"model": "gpt-4o-mini", "max_tokens": 100, "stream": stream,
        "messages": [{"role": "user", "content": text}]});
    let url = format!("{}/v1/messages", gateway.url);
    let request = gateway.client.post(url).header("x-api-key", OWN_KEY);
    request.body(body.to_string()).send().await.unwrap()
}

#[tokio::test]
async fn anthropics_clients_are_answered_in_their_own_words() {
    let provider = Provider::start().await;
    let gateway = Gateway::start(&provider.base_url, None, "[retry]\nmax_retries = 0\n").await;
    let (status, body) = json_of(tell(&gateway, "hello", false).await).await;
    assert_eq!((status, &body["content"][0]["text"]), (200, &json!("Hello there")));
    assert_eq!(
        (&body["stop_reason"], &body["usage"]["output_tokens"]),
        (&json!("end_turn"), &json!(500))
    );
    assert_eq!(body["convergio"]["cost_nano_usd"], COST_OF_THE_ANSWER);
    assert_eq!(provider.calls()[0].key, OWN_KEY);
    assert_eq!(provider.calls()[0].body["max_completion_tokens"], 100);

    for (order, status, code, kind) in [
        ("refuse the key", 401, "auth.invalid", "authentication_error"),
        ("be down", 503, "provider.unavailable", "overloaded_error"),
        ("forget the finish reason", 502, "provider.truncated", "api_error"),
    ] {
        let (found, body) = json_of(tell(&gateway, order, false).await).await;
        let error = &body["error"];
        assert_eq!((found, &body["type"]), (status, &json!("error")), "{order}");
        assert_eq!((&error["code"], &error["type"]), (&json!(code), &json!(kind)), "{order}");
        assert!(!body.to_string().contains(OWN_KEY), "{order} shows the key");
    }

    let url = format!("{}/v1/messages", gateway.url);
    let keyless = gateway.client.post(&url).body("{}").send().await.unwrap();
    assert_eq!(json_of(keyless).await.1["error"]["code"], "byok.missing_key");
    let boundless = json!({"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "x"}]});
    let request = gateway.client.post(&url).bearer_auth(OWN_KEY).body(boundless.to_string());
    let (status, body) = json_of(request.send().await.unwrap()).await;
    assert_eq!((status, &body["error"]["param"]), (400, &json!("max_tokens")));
}

#[tokio::test]
async fn anthropics_clients_see_a_whole_stream_or_an_error() {
    let provider = Provider::start().await;
    let gateway = Gateway::start(&provider.base_url, None, "").await;
    for (order, last) in [("hello", "message_stop"), ("end without a terminator", "error")] {
        let response = tell(&gateway, order, true).await;
        assert_eq!(response.headers()["x-convergio-provider"], "openai");
        let text = response.text().await.unwrap();
        let named: Vec<_> = text.lines().filter_map(|line| line.strip_prefix("event: ")).collect();
        assert_eq!(named[0], "message_start", "{text}");
        assert_eq!(*named.last().unwrap(), last, "{text}");
        assert_eq!(named.contains(&"message_stop"), last == "message_stop", "{text}");
    }
}

#[tokio::test]
async fn every_face_says_the_same_version() {
    let gateway = Gateway::start("http://127.0.0.1:9/v1", None, "").await;
    let (_, health) = json_of(gateway.get("/healthz").await).await;
    assert_eq!((&health["status"], &health["version"]), (&json!("ok"), &json!(VERSION)));
    assert_eq!(health["core_version"], VERSION);
    let (_, document) = json_of(gateway.get("/openapi.json").await).await;
    assert_eq!(document["info"]["version"], VERSION);
    assert!(document["openapi"].as_str().unwrap().starts_with("3."));
    let metrics = gateway.get("/metrics").await.text().await.unwrap();
    assert!(metrics.contains(&format!("version=\"{VERSION}\"")), "{metrics}");

    let output = run(&["--version"]);
    assert_eq!(String::from_utf8(output.stdout).unwrap(), format!("convergio-gateway {VERSION}\n"));
    let output = run(&["version", "--json"]);
    let about: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&about["version"], &about["core_version"]), (&json!(VERSION), &json!(VERSION)));
}

#[tokio::test]
async fn the_catalogue_is_listed() {
    let gateway = Gateway::start("http://127.0.0.1:9/v1", None, "").await;
    let (_, list) = json_of(gateway.get("/v1/models").await).await;
    let ids: Vec<_> =
        list["data"].as_array().unwrap().iter().map(|m| m["id"].as_str().unwrap()).collect();
    assert!(ids.contains(&"auto") && ids.contains(&"gpt-4o-mini"), "{ids:?}");
    let (status, model) = json_of(gateway.get("/v1/models/gpt-4o-mini").await).await;
    assert_eq!((status, &model["object"]), (200, &json!("model")));
    assert_eq!(json_of(gateway.get("/v1/models/none").await).await.0, 404);
}

#[tokio::test]
async fn metrics_count_answers_and_label_whose_key_it_was() {
    let provider = Provider::start().await;
    let gateway = Gateway::start(&provider.base_url, None, "").await;
    gateway.ask(say("hello")).await.text().await.unwrap();
    gateway.ask(stream("hello")).await.text().await.unwrap();
    gateway.ask(stream("break off")).await.text().await.unwrap();
    let text = gateway.get("/metrics").await.text().await.unwrap();
    let answers = |outcome: &str| {
        format!(
            "convergio_answers_total{{credential_source=\"user\",model=\"gpt-4o-mini\",\
             outcome=\"{outcome}\",provider=\"openai\"}}"
        )
    };
    assert!(text.contains(&format!("{} 2", answers("ok"))), "{text}");
    assert!(text.contains(&format!("{} 1", answers("provider.truncated"))), "{text}");
}

#[tokio::test]
async fn a_key_never_shows_in_logs_metrics_or_errors() {
    let provider = Provider::start().await;
    let config = "[retry]\nmax_retries = 1\n[timeouts]\nrequest_ms = 500\n";
    let gateway = Gateway::start(&provider.base_url, Some(HOUSE_KEY), config).await;
    let mut seen = String::new();
    for order in ["hello", "refuse the key", "be down", "redirect", "sleep", "refuse the request"] {
        for own in [Some(OWN_KEY), None] {
            for body in [say(order), stream(order)] {
                let response = gateway.ask_with(own, body).await;
                seen += &format!("{:?}", response.headers());
                seen += &response.text().await.unwrap();
            }
        }
    }
    seen += &gateway.get("/metrics").await.text().await.unwrap();
    seen += &gateway.output();
    assert!(provider.calls().iter().any(|call| call.key == HOUSE_KEY), "positive control");
    assert!(seen.contains("\"answered\""), "the log was read: {seen}");
    assert!(!seen.contains("canary"), "a key shows");
}

#[tokio::test]
async fn a_signal_ends_it_after_the_running_answer() {
    let provider = Provider::start().await;
    let mut gateway = Gateway::start(&provider.base_url, None, "").await;
    let response = gateway.ask(stream("hello")).await;
    gateway.terminate();
    let events = events_of(response).await;
    assert_eq!(events.last().unwrap(), "[DONE]", "the running answer ended well");
    assert!(gateway.ended(Duration::from_secs(5)).await.success());
}

#[tokio::test]
async fn a_signal_does_not_wait_for_ever() {
    let provider = Provider::start().await;
    let config = "[server]\nshutdown_grace_ms = 200\n";
    let mut gateway = Gateway::start(&provider.base_url, None, config).await;
    let stuck = gateway.ask(stream("fall silent")).await;
    gateway.terminate();
    assert!(gateway.ended(Duration::from_secs(5)).await.success());
    drop(stuck);
}

#[test]
fn what_is_wrong_with_a_configuration_is_said_at_once() {
    let (_folder, path) = file(
        "[routing]\nmin_capability = 2000\n[timeouts]\nconnect_ms = 0\n\
         [providers.openai]\nbase_url = 'http://example.org'\n",
    );
    let output = run(&["serve", "--config", &path]);
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success());
    for part in ["min_capability", "timeouts", "base_url"] {
        assert!(text.contains(part), "{text}");
    }
    let (_folder, path) = file("[server]\nlisten = 3\n");
    let output = run(&["serve", "--config", &path]);
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(text.contains("gateway.toml:2:"), "{text}");
    assert!(!run(&["serve", "--config", "/nonexistent"]).status.success());
    assert!(!run(&["serve", "--listen", "nowhere"]).status.success());
}
