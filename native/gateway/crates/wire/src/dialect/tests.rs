//! What crosses from one dialect to another arrives, or is refused by name.
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::table::{self, Carriage, SCHEMA_NAME, TABLE};
use super::*;
use crate::conversation::*;

const ALL: [Dialect; 3] = [Dialect::OpenAi, Dialect::Anthropic, Dialect::Google];

fn text() -> impl Strategy<Value = String> {
    "[a-zA-Zäß日\"\\\\\n ]{1,12}"
}

fn arguments() -> impl Strategy<Value = Map<String, Value>> {
    let value = prop_oneof![
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        text().prop_map(Value::from),
        vec(any::<u8>(), 0..3).prop_map(Value::from),
    ];
    proptest::collection::btree_map("[a-z]{1,4}", value, 0..3)
        .prop_map(|fields| fields.into_iter().collect())
}

fn image() -> impl Strategy<Value = Part> {
    prop_oneof![
        4 => "[A-Za-z0-9+/]{4,8}".prop_map(|data| Image::Inline {
            media_type: "image/png".to_owned(),
            data,
        }),
        1 => "[a-z]{1,6}".prop_map(|name| Image::Url(format!("https://example.org/{name}.png"))),
    ]
    .prop_map(Part::Image)
}

/// A turn of the user's, the model's calls, and what the tools answered.
fn exchange(index: usize) -> impl Strategy<Value = Vec<Message>> {
    let asked = vec(prop_oneof![3 => text().prop_map(Part::Text), 1 => image()], 1..3);
    let call =
        ("[a-z]{1,5}", arguments(), option::weighted(0.1, "[a-z]{4}"), text(), any::<bool>());
    (asked, option::of(text()), vec(call, 0..3)).prop_map(move |(asked, said, calls)| {
        let mut made: Vec<Part> = said.into_iter().map(Part::Text).collect();
        let mut results = Vec::new();
        for (count, (name, arguments, signature, text, failed)) in calls.into_iter().enumerate() {
            let id = format!("call_{index}_{count}");
            results.push(Part::ToolResult { id: id.clone(), text, failed: failed && count == 0 });
            made.push(Part::ToolCall(ToolCall { id, name, arguments, signature }));
        }
        if made.is_empty() {
            made.push(Part::Text("well".to_owned()));
        }
        let mut turns = vec![
            Message { role: Role::User, parts: asked },
            Message { role: Role::Assistant, parts: made },
        ];
        if !results.is_empty() {
            turns.push(Message { role: Role::User, parts: results });
            turns.push(Message { role: Role::Assistant, parts: vec![Part::Text("so".to_owned())] });
        }
        turns
    })
}

fn sampling() -> impl Strategy<Value = Sampling> {
    let number = || option::weighted(0.3, (0..8_u8).prop_map(|eighths| f64::from(eighths) / 8.0));
    (
        (number(), number(), option::weighted(0.1, 1..50_u64)),
        (vec(text(), 0..3), option::weighted(0.3, any::<i64>())),
        (option::weighted(0.1, Just(0.5)), option::weighted(0.1, Just(-0.25))),
    )
        .prop_map(|(a, b, c)| Sampling {
            temperature: a.0,
            top_p: a.1,
            top_k: a.2,
            stop: b.0,
            seed: b.1,
            presence_penalty: c.0,
            frequency_penalty: c.1,
        })
}

fn tool() -> impl Strategy<Value = Tool> {
    ("[a-z]{1,6}", option::of(text()), any::<bool>()).prop_map(|(name, description, strict)| Tool {
        name,
        description,
        schema: json!({"type": "object", "properties": {"city": {"type": "string"}}}),
        strict,
    })
}

prop_compose! {
    fn conversation()(
        system in vec(text(), 0..3),
        turns in (exchange(0), exchange(1)),
        last in text(),
        tools in vec(tool(), 0..3),
        choice in option::of(prop_oneof![
            Just(ToolChoice::Auto), Just(ToolChoice::Any),
            "[a-z]{1,6}".prop_map(ToolChoice::Named),
        ]),
        one_at_a_time in option::weighted(0.1, Just(false)),
        sampling in sampling(),
        max_output_tokens in 1..9_999_u64,
        answers in option::weighted(0.1, 2..4_u64),
        format in option::weighted(0.3, prop_oneof![
            1 => Just(Format::Json),
            3 => "[a-z]{1,6}".prop_map(|name| Format::Schema { name, schema: json!({"type": "object"}) }),
        ]),
        (effort, end_user) in (option::of(Just("low".to_owned())), option::of("[a-z]{1,6}")),
    ) -> Conversation {
        let mut said = Conversation {
            // Only with tools can there be a choice of them; one at a time, for Anthropic, is one.
            tool_choice: match choice {
                _ if tools.is_empty() => None,
                None if one_at_a_time.is_some() => Some(ToolChoice::Auto),
                choice => choice,
            },
            parallel_tool_calls: if tools.is_empty() { None } else { one_at_a_time },
            system, tools, sampling, answers, format, effort, end_user,
            max_output_tokens: Some(max_output_tokens),
            ..Conversation::default()
        };
        for turn in turns.0.into_iter().chain(turns.1) {
            said.say(turn.role, turn.parts);
        }
        said.say(Role::User, vec![Part::Text(last)]);
        said
    }
}

fn back(dialect: Dialect, body: &Value) -> Conversation {
    match dialect {
        Dialect::Google => google::reading::read(body),
        other => other.read(body.as_object().unwrap()).unwrap(),
    }
}

proptest! {
    /// internal -> dialect -> internal keeps what the table says, and refuses what it says.
    #[test]
    fn a_request_survives_each_dialect_as_the_table_says(said in conversation()) {
        for dialect in ALL {
            let mut expected = said.clone();
            let mut refused = None;
            for (property, field, _) in TABLE {
                if !table::holds(&said, property) {
                    continue;
                }
                match table::carriage(property, dialect) {
                    Carriage::Kept => {}
                    Carriage::Dropped => table::leave_out(&mut expected, property),
                    Carriage::Refused => refused = refused.or(Some(field)),
                }
            }
            let written = dialect.write(&said, "m", 1_000, false);
            if let Some(field) = refused {
                let failure = written.unwrap_err();
                prop_assert_eq!(failure.param.as_deref(), Some(field));
                prop_assert_eq!(failure.code, ErrorCode::RequestInvalid);
            } else {
                prop_assert_eq!(back(dialect, &written.unwrap()), expected, "{:?}", dialect);
            }
        }
    }

    /// However an answer is streamed, what is told adds up to what was heard.
    #[test]
    fn a_stream_told_in_another_dialect_adds_up(
        words in vec(text(), 0..4),
        calls in vec(("[a-z]{1,5}", arguments()), 0..3),
    ) {
        let mut deltas = vec![Delta::Begin { id: "answer".to_owned(), model: "m".to_owned() }];
        deltas.extend(words.iter().map(|text| Delta::Text { choice: 0, text: text.clone() }));
        for (index, (name, arguments)) in calls.iter().enumerate() {
            let call = index as u64;
            deltas.push(Delta::Call { choice: 0, call, id: format!("c{index}"), name: name.clone(), signature: None });
            let json = Value::Object(arguments.clone()).to_string();
            for piece in json.as_bytes().chunks(3).map(String::from_utf8_lossy) {
                // Cutting through a character is the network's business, not the model's.
                if !json.is_ascii() { break; }
                deltas.push(Delta::Arguments { choice: 0, call, json: piece.into_owned() });
            }
            if !json.is_ascii() {
                deltas.push(Delta::Arguments { choice: 0, call, json });
            }
        }
        let finish = if calls.is_empty() { Finish::Length } else { Finish::ToolCalls };
        deltas.push(Delta::End { choice: 0, finish });
        let usage = Usage { prompt_tokens: 7, completion_tokens: 3, total_tokens: 10, cached_tokens: 2, ..Usage::default() };

        for dialect in [Dialect::OpenAi, Dialect::Anthropic] {
            let (mut teller, mut listener) = (Teller::new(dialect, 1), Listener::new(dialect));
            let mut follower = Follower::new(dialect);
            let mut told: Vec<Value> = deltas.iter().flat_map(|delta| teller.tell(delta.clone())).collect();
            told.extend(teller.finish(Some(usage)));
            let mut heard = Vec::new();
            for event in &told {
                prop_assert!(!matches!(follower.take(&event.to_string()), Step::Malformed | Step::Error(_)));
                heard.extend(listener.hear(event).unwrap());
            }
            prop_assert!(!follower.is_complete(), "nobody said that it is over");
            let over = if dialect == Dialect::OpenAi { "[DONE]" } else { r#"{"type":"message_stop"}"# };
            prop_assert_eq!(follower.take(over), Step::Done);
            prop_assert!(follower.is_complete());
            prop_assert_eq!(follower.usage(), Some(usage));
            prop_assert_eq!(sum(&heard), sum(&deltas), "{:?}", dialect);
        }
    }

    #[test]
    fn any_events_are_survived(data in ".{0,80}", kind in "(message_start|content_block_start|content_block_delta|message_delta|candidates|error)") {
        for dialect in ALL {
            let mut follower = Follower::new(dialect);
            follower.take(&data);
            let event = json!({"type": kind, "index": data, "delta": data, "candidates": [{"content": data}]});
            follower.take(&event.to_string());
            prop_assert!(!follower.is_complete());
            // What it makes of nonsense is its business; a panic would not be.
            let _heard = Listener::new(dialect).hear(&event);
        }
    }
}

/// The text, the calls with their arguments, and the ends.
fn sum(deltas: &[Delta]) -> (String, Vec<(String, String, String)>, Vec<Finish>) {
    let (mut said, mut calls, mut ends) = (String::new(), Vec::new(), Vec::new());
    for delta in deltas {
        match delta {
            Delta::Begin { .. } => {}
            Delta::Text { text, .. } => said.push_str(text),
            Delta::Call { id, name, .. } => calls.push((id.clone(), name.clone(), String::new())),
            Delta::Arguments { call, json, .. } => {
                calls[usize::try_from(*call).unwrap()].2.push_str(json);
            }
            Delta::End { finish, .. } => ends.push(finish.clone()),
        }
    }
    (said, calls, ends)
}

/// Answers as the vendors' documents show them.
fn captured(dialect: Dialect) -> Value {
    match dialect {
        Dialect::OpenAi => json!({
            "id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "m",
            "choices": [{"index": 0, "finish_reason": "tool_calls", "logprobs": null, "message": {
                "role": "assistant", "content": "Let me see.", "refusal": null, "tool_calls": [
                    {"id": "call_1", "type": "function", "function": {"name": "weather", "arguments": "{\"city\":\"Rome\"}"}}]}}],
            "usage": {"prompt_tokens": 50, "completion_tokens": 9, "total_tokens": 59,
                "prompt_tokens_details": {"cached_tokens": 20}, "completion_tokens_details": {"reasoning_tokens": 4}},
        }),
        Dialect::Anthropic => json!({
            "id": "chatcmpl-1", "type": "message", "role": "assistant", "model": "m",
            "content": [{"type": "thinking", "thinking": "hm", "signature": "x"},
                {"type": "text", "text": "Let me see."},
                {"type": "tool_use", "id": "call_1", "name": "weather", "input": {"city": "Rome"}}],
            "stop_reason": "tool_use", "stop_sequence": null,
            "usage": {"input_tokens": 30, "cache_read_input_tokens": 20, "cache_creation_input_tokens": 0,
                "output_tokens": 9, "output_tokens_details": {"thinking_tokens": 4}},
        }),
        Dialect::Google => json!({
            "candidates": [{"index": 0, "finishReason": "STOP", "content": {"role": "model", "parts": [
                {"text": "hm", "thought": true}, {"text": "Let me see."},
                {"functionCall": {"id": "call_1", "name": "weather", "args": {"city": "Rome"}}}]}}],
            "usageMetadata": {"promptTokenCount": 50, "cachedContentTokenCount": 20,
                "candidatesTokenCount": 5, "thoughtsTokenCount": 4, "totalTokenCount": 59},
            "modelVersion": "m", "responseId": "chatcmpl-1",
        }),
    }
}

#[test]
fn the_same_answer_reads_the_same_in_every_dialect() {
    for dialect in ALL {
        let answer = captured(dialect);
        assert!(dialect.is_complete(&answer));
        let reply = dialect.read_reply(&answer).unwrap();
        let written = Dialect::OpenAi.write_reply(&reply, 1);
        assert_eq!(written, captured(Dialect::OpenAi), "{dialect:?}");
        let messages = Dialect::Anthropic.write_reply(&reply, 1);
        let again = Dialect::Anthropic.read_reply(&messages).unwrap();
        assert_eq!(
            (&again.choices[0].calls, &again.choices[0].text),
            (&reply.choices[0].calls, &reply.choices[0].text)
        );
        assert_eq!(dialect.usage(&answer), reply.usage);
        assert_eq!(dialect.usage(&json!({})), None);
    }
}

#[test]
fn an_answer_that_ended_for_no_good_reason_is_incomplete() {
    for (dialect, answer) in [
        (Dialect::Anthropic, json!({"content": [], "stop_reason": "pause_turn"})),
        (Dialect::Google, json!({"candidates": [{"finishReason": "MALFORMED_FUNCTION_CALL"}]})),
        (Dialect::OpenAi, json!({"choices": [{"finish_reason": "mood"}]})),
    ] {
        let failure = dialect.read_reply(&answer).unwrap_err();
        assert_eq!(failure.code, ErrorCode::ProviderTruncated, "{dialect:?}");
    }
    for dialect in ALL {
        assert!(!dialect.is_complete(&json!({})), "{dialect:?}");
    }
}

#[test]
fn a_prompt_that_google_blocks_is_an_answer_kept_back() {
    let blocked = json!({"promptFeedback": {"blockReason": "SAFETY"}, "usageMetadata": {"promptTokenCount": 4}});
    assert!(Dialect::Google.is_complete(&blocked));
    let reply = Dialect::Google.read_reply(&blocked).unwrap();
    assert_eq!(reply.choices[0].finish, Finish::Filtered);
    let mut follower = Follower::new(Dialect::Google);
    follower.take(&blocked.to_string());
    assert!(follower.is_complete());
    let heard = Listener::new(Dialect::Google).hear(&blocked).unwrap();
    assert!(heard.contains(&Delta::End { choice: 0, finish: Finish::Filtered }));
}

#[test]
fn googles_calls_without_ids_get_one() {
    let call = |name: &str| json!({"functionCall": {"name": name, "args": {}}});
    let event = json!({"responseId": "r", "candidates": [{"index": 0, "finishReason": "STOP",
        "content": {"parts": [call("a"), call("b")]}}]});
    let reply = Dialect::Google.read_reply(&event).unwrap();
    let ids: Vec<_> = reply.choices[0].calls.iter().map(|call| call.id.as_str()).collect();
    assert_eq!(ids, ["call_r_0_0", "call_r_0_1"]);
    let heard = Listener::new(Dialect::Google).hear(&event).unwrap();
    let told: Vec<_> = heard
        .iter()
        .filter_map(|delta| match delta {
            Delta::Call { id, .. } => Some(id.as_str()),
            _ => None,
        })
        .collect();
    assert_eq!(told, ids);
}

#[test]
fn a_stream_of_anthropics_is_complete_only_with_reason_and_terminator() {
    let start =
        r#"{"type":"message_start","message":{"usage":{"input_tokens":5,"output_tokens":1}}}"#;
    let end = r#"{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":8}}"#;
    let stop = r#"{"type":"message_stop"}"#;
    for (events, complete) in [
        (&[start, end, stop][..], true),
        (&[start, end], false),
        (&[start, stop], false),
        (&[stop], false),
    ] {
        let mut progress = anthropic::stream::Progress::default();
        for event in events {
            progress.take(event);
        }
        assert_eq!(progress.is_complete(), complete, "{events:?}");
    }
    let mut progress = anthropic::stream::Progress::default();
    progress.take(start);
    assert!(progress.usage().unwrap().estimated, "the answer's share is not known yet");
    progress.take(end);
    let usage = progress.usage().unwrap();
    assert_eq!((usage.prompt_tokens, usage.completion_tokens, usage.estimated), (5, 8, false));
    assert_eq!(
        progress
            .take(r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#),
        Step::Error(json!({"type": "overloaded_error", "message": "Overloaded"}))
    );
}

#[test]
fn fields_of_one_dialect_alone_are_refused_by_name() {
    let openai = |extra: Value| {
        let mut body = json!({"model": "m", "messages": [{"role": "user", "content": "hi"}]});
        body.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        Dialect::OpenAi.read(body.as_object().unwrap())
    };
    for (extra, param) in [
        (json!({"logprobs": true}), "logprobs"),
        (json!({"novelty": 1}), "novelty"),
        (json!({"tools": [{"type": "web_search"}]}), "tools[0]"),
        (json!({"tool_choice": 3}), "tool_choice"),
        (json!({"stop": 3}), "stop"),
        (json!({"temperature": "hot"}), "temperature"),
        (json!({"response_format": {"type": "xml"}}), "response_format"),
        (
            json!({"messages": [{"role": "user", "content": [{"type": "input_audio"}]}]}),
            "messages[0]",
        ),
        (json!({"messages": [{"role": "oracle", "content": "x"}]}), "messages[0]"),
        (json!({"messages": [{"role": "tool", "content": "x"}]}), "messages[0]"),
        (json!({"messages": [{"role": "system", "content": "x"}]}), "messages"),
    ] {
        assert_eq!(openai(extra.clone()).unwrap_err().param.as_deref(), Some(param), "{extra}");
    }
    // What asks for nothing, or is about billing at OpenAI, stops nobody.
    for extra in
        [json!({"logprobs": false, "functions": []}), json!({"store": true, "metadata": {"a": 1}})]
    {
        assert!(openai(extra).is_ok());
    }
    let anthropic = json!({"model": "m", "max_tokens": 1, "mcp_servers": [{}],
        "messages": [{"role": "user", "content": "hi"}]});
    let failure = Dialect::Anthropic.read(anthropic.as_object().unwrap()).unwrap_err();
    assert_eq!(failure.param.as_deref(), Some("mcp_servers"));
}

#[test]
fn a_schema_whose_name_was_lost_gets_another() {
    let said = Conversation {
        format: Some(Format::Schema { name: "mine".to_owned(), schema: json!({}) }),
        ..Conversation::default()
    };
    let fitted = table::fit(&said, Dialect::Google).unwrap();
    assert!(matches!(&fitted.format, Some(Format::Schema { name, .. }) if name == SCHEMA_NAME));
}
