//! Requests.
use serde_json::{Map, Value, json};

use crate::conversation::{
    Conversation, Format, Image, Message, Part, Role, Sampling, Tool, ToolCall, ToolChoice,
};
use crate::dialect::table::SCHEMA_NAME;
use crate::dialect::{list_at, number_at, object, text_at};
use crate::error::Failure;

/// Fields of a request that the internal model holds, or that the engine obeys itself.
#[rustfmt::skip]
const KNOWN: [&str; 13] = [
    "model", "messages", "max_tokens", "system", "tools", "tool_choice", "temperature", "top_p",
    "top_k", "stop_sequences", "stream", "metadata", "output_config",
];

/// Fields about thinking aloud, caching and billing at Anthropic, which mean nothing elsewhere.
#[rustfmt::skip]
const HINTS: [&str; 7] = [
    "thinking", "cache_control", "service_tier", "context_management", "diagnostics", "speed",
    "inference_geo",
];

/// Reads a request that must cross into another dialect.
///
/// # Errors
/// `request.invalid`, naming the field.
pub fn read(body: &Map<String, Value>) -> Result<Conversation, Failure> {
    let known = |name: &str| KNOWN.contains(&name) || HINTS.contains(&name);
    if let Some((stranger, _)) = body.iter().find(|(name, value)| !known(name) && !value.is_null())
    {
        return Err(Failure::invalid(
            stranger.as_str(),
            format!(
                "`{stranger}` is known to Anthropic's API only, and the model asked for speaks \
                 another; leave it out, or ask a model of Anthropic's"
            ),
        ));
    }
    let whole = Value::Object(body.clone());
    let (tool_choice, parallel_tool_calls) = tool_choice(body.get("tool_choice"))?;
    let stops = list_at(&whole, "stop_sequences");
    let mut conversation = Conversation {
        system: texts(body.get("system").unwrap_or(&Value::Null))
            .map_err(|problem| Failure::invalid("system", format!("system: {problem}")))?,
        tools: tools(list_at(&whole, "tools"))?,
        tool_choice,
        parallel_tool_calls,
        sampling: Sampling {
            temperature: number_at(body, "temperature")?,
            top_p: number_at(body, "top_p")?,
            top_k: body.get("top_k").and_then(Value::as_u64),
            stop: stops.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
            ..Sampling::default()
        },
        max_output_tokens: body.get("max_tokens").and_then(Value::as_u64),
        format: whole
            .pointer("/output_config/format/schema")
            .map(|schema| Format::Schema { name: SCHEMA_NAME.to_owned(), schema: schema.clone() }),
        effort: whole.pointer("/output_config/effort").and_then(Value::as_str).map(str::to_owned),
        end_user: whole.pointer("/metadata/user_id").and_then(Value::as_str).map(str::to_owned),
        ..Conversation::default()
    };
    for (index, message) in list_at(&whole, "messages").iter().enumerate() {
        read_message(message, &mut conversation).map_err(|problem| {
            let at = format!("messages[{index}]");
            let problem = format!("{at}: {problem}");
            Failure::invalid(at, problem)
        })?;
    }
    if conversation.messages.is_empty() {
        return Err(Failure::invalid("messages", "`messages` needs at least one message"));
    }
    Ok(conversation)
}

fn read_message(message: &Value, into: &mut Conversation) -> Result<(), String> {
    let content = message.get("content").unwrap_or(&Value::Null);
    let role = match text_at(message, "/role") {
        "user" => Role::User,
        "assistant" => Role::Assistant,
        "system" => {
            into.system.extend(texts(content)?);
            return Ok(());
        }
        other => {
            let other: String = other.chars().take(40).collect();
            return Err(format!("role `{other}` is unknown; user or assistant"));
        }
    };
    let parts = match content {
        Value::String(text) => vec![Part::Text(text.clone())],
        Value::Array(blocks) => {
            let mut parts = Vec::with_capacity(blocks.len());
            for block in blocks {
                parts.extend(read_block(block)?);
            }
            // Where results of tools stand among the rest makes no difference to Anthropic, but it
            // does to others.
            parts.sort_by_key(|part| !matches!(part, Part::ToolResult { .. }));
            parts
        }
        _ => return Err("`content` must be text or a list of blocks".to_owned()),
    };
    into.say(role, parts);
    Ok(())
}

/// A block; nothing for the model's own thoughts, which only Anthropic can check.
fn read_block(block: &Value) -> Result<Option<Part>, String> {
    let text = |pointer: &str| text_at(block, pointer).to_owned();
    Ok(Some(match text_at(block, "/type") {
        "thinking" | "redacted_thinking" => return Ok(None),
        "text" => Part::Text(text("/text")),
        "image" => match text_at(block, "/source/type") {
            "base64" => Part::Image(Image::Inline {
                media_type: text("/source/media_type"),
                data: text("/source/data"),
            }),
            "url" => Part::Image(Image::Url(text("/source/url"))),
            _ => return Err("an image's source must be base64 or url".to_owned()),
        },
        "tool_use" => Part::ToolCall(ToolCall {
            id: text("/id"),
            name: text("/name"),
            arguments: block.get("input").and_then(Value::as_object).cloned().unwrap_or_default(),
            signature: None,
        }),
        "tool_result" => Part::ToolResult {
            id: text("/tool_use_id"),
            text: texts(block.get("content").unwrap_or(&Value::Null))
                .map_err(|problem| format!("tool_result: {problem}"))?
                .concat(),
            failed: block.get("is_error").and_then(Value::as_bool).unwrap_or(false),
        },
        other => {
            let other: String = other.chars().take(40).collect();
            return Err(format!(
                "a block of type `{other}` has no counterpart at this model's provider"
            ));
        }
    }))
}

/// Content that may only be words.
fn texts(content: &Value) -> Result<Vec<String>, String> {
    match content {
        Value::Null => Ok(Vec::new()),
        Value::String(text) => Ok(vec![text.clone()]),
        Value::Array(blocks) => blocks
            .iter()
            .map(|block| match text_at(block, "/type") {
                "text" => Ok(text_at(block, "/text").to_owned()),
                _ => Err("only text is possible here at this model's provider".to_owned()),
            })
            .collect(),
        _ => Err("must be text or a list of text blocks".to_owned()),
    }
}

fn tools(listed: &[Value]) -> Result<Vec<Tool>, Failure> {
    listed
        .iter()
        .enumerate()
        .map(|(index, tool)| {
            let ours = matches!(text_at(tool, "/type"), "" | "custom");
            match (ours, tool.get("name").and_then(Value::as_str), tool.get("input_schema")) {
                (true, Some(name), Some(schema)) => Ok(Tool {
                    name: name.to_owned(),
                    description: tool.get("description").and_then(Value::as_str).map(str::to_owned),
                    schema: schema.clone(),
                    strict: tool.get("strict").and_then(Value::as_bool).unwrap_or(false),
                }),
                _ => Err(Failure::invalid(
                    format!("tools[{index}]"),
                    "only tools of the caller's own, with `name` and `input_schema`, can reach \
                     this model's provider",
                )),
            }
        })
        .collect()
}

fn tool_choice(choice: Option<&Value>) -> Result<(Option<ToolChoice>, Option<bool>), Failure> {
    let Some(choice) = choice.filter(|choice| !choice.is_null()) else { return Ok((None, None)) };
    let made = match text_at(choice, "/type") {
        "auto" => ToolChoice::Auto,
        "any" => ToolChoice::Any,
        "none" => ToolChoice::Never,
        "tool" => ToolChoice::Named(text_at(choice, "/name").to_owned()),
        _ => {
            return Err(Failure::invalid(
                "tool_choice",
                "`tool_choice.type` must be auto, any, none or tool",
            ));
        }
    };
    let alone = choice.get("disable_parallel_tool_use").and_then(Value::as_bool);
    Ok((Some(made), alone.map(|alone| !alone)))
}

/// Writes a request for `model`, whose longest answer has `most` tokens: this dialect insists on a
/// ceiling.
pub fn write(said: &Conversation, model: &str, most: u64, stream: bool) -> Value {
    let messages: Vec<Value> = said.messages.iter().filter_map(write_message).collect();
    let system: Vec<Value> = said
        .system
        .iter()
        .filter(|text| !text.is_empty())
        .map(|text| json!({"type": "text", "text": text}))
        .collect();
    let tools: Vec<Value> = said.tools.iter().map(write_tool).collect();
    let Sampling { temperature, top_p, top_k, stop, .. } = &said.sampling;
    let format = match &said.format {
        Some(Format::Schema { schema, .. }) => {
            Some(json!({"format": {"type": "json_schema", "schema": schema}}))
        }
        _ => None,
    };
    Value::Object(object([
        ("model", Some(json!(model))),
        ("max_tokens", Some(json!(said.max_output_tokens.unwrap_or(most)))),
        ("system", (!system.is_empty()).then_some(Value::Array(system))),
        ("messages", Some(Value::Array(messages))),
        ("tools", (!tools.is_empty()).then_some(Value::Array(tools))),
        ("tool_choice", write_choice(said)),
        ("temperature", temperature.map(Value::from)),
        ("top_p", top_p.map(Value::from)),
        ("top_k", top_k.map(Value::from)),
        ("stop_sequences", (!stop.is_empty()).then(|| json!(stop))),
        ("output_config", format),
        ("metadata", said.end_user.as_ref().map(|user| json!({"user_id": user}))),
        ("stream", stream.then_some(Value::Bool(true))),
    ]))
}

/// The choice, which also says whether several calls at once are welcome.
fn write_choice(said: &Conversation) -> Option<Value> {
    let mut choice = match &said.tool_choice {
        None if said.parallel_tool_calls.is_none() || said.tools.is_empty() => return None,
        None | Some(ToolChoice::Auto) => json!({"type": "auto"}),
        Some(ToolChoice::Any) => json!({"type": "any"}),
        Some(ToolChoice::Never) => return Some(json!({"type": "none"})),
        Some(ToolChoice::Named(name)) => json!({"type": "tool", "name": name}),
    };
    if let Some(parallel) = said.parallel_tool_calls {
        choice["disable_parallel_tool_use"] = Value::Bool(!parallel);
    }
    Some(choice)
}

fn write_tool(tool: &Tool) -> Value {
    Value::Object(object([
        ("name", Some(json!(tool.name))),
        ("description", tool.description.as_deref().map(Value::from)),
        ("input_schema", Some(tool.schema.clone())),
        ("strict", tool.strict.then_some(Value::Bool(true))),
    ]))
}

/// A turn; nothing for an empty one, which Anthropic refuses, as it does empty text.
fn write_message(message: &Message) -> Option<Value> {
    let blocks: Vec<Value> = message.parts.iter().filter_map(write_part).collect();
    let role = match message.role {
        Role::User => "user",
        Role::Assistant => "assistant",
    };
    (!blocks.is_empty()).then(|| json!({"role": role, "content": blocks}))
}

fn write_part(part: &Part) -> Option<Value> {
    Some(match part {
        Part::Text(text) if text.is_empty() => return None,
        Part::Text(text) => json!({"type": "text", "text": text}),
        Part::Image(Image::Inline { media_type, data }) => json!({"type": "image",
            "source": {"type": "base64", "media_type": media_type, "data": data}}),
        Part::Image(Image::Url(url)) => {
            json!({"type": "image", "source": {"type": "url", "url": url}})
        }
        Part::ToolCall(call) => {
            json!({"type": "tool_use", "id": call.id, "name": call.name, "input": call.arguments})
        }
        Part::ToolResult { id, text, failed } => {
            let mut result = json!({"type": "tool_result", "tool_use_id": id, "content": text});
            if *failed {
                result["is_error"] = Value::Bool(true);
            }
            result
        }
    })
}
