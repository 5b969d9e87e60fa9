//! Requests.
use serde_json::{Map, Value, json};

use super::{read_call, write_call};
use crate::conversation::{
    Conversation, Format, Image, Message, Part, Role, Sampling, Tool, ToolChoice,
};
use crate::dialect::table::SCHEMA_NAME;
use crate::dialect::{list_at, number_at, object, text_at};
use crate::error::Failure;

/// Fields of a request that the internal model holds, or that the engine obeys itself.
const KNOWN: [&str; 19] = [
    "model",
    "messages",
    "tools",
    "tool_choice",
    "parallel_tool_calls",
    "temperature",
    "top_p",
    "stop",
    "seed",
    "presence_penalty",
    "frequency_penalty",
    "max_tokens",
    "max_completion_tokens",
    "n",
    "response_format",
    "reasoning_effort",
    "user",
    "stream",
    "stream_options",
];

/// Fields about storing, caching and billing at OpenAI, which mean nothing elsewhere.
const HINTS: [&str; 9] = [
    "store",
    "metadata",
    "service_tier",
    "prediction",
    "prompt_cache_key",
    "prompt_cache_retention",
    "prompt_cache_options",
    "safety_identifier",
    "verbosity",
];

/// Reads a request that must cross into another dialect.
///
/// # Errors
/// `request.invalid`, naming the field.
pub fn read(body: &Map<String, Value>) -> Result<Conversation, Failure> {
    let known = |name: &str| KNOWN.contains(&name) || HINTS.contains(&name);
    if let Some((stranger, _)) =
        body.iter().find(|(name, value)| !known(name) && !is_nothing(value))
    {
        return Err(Failure::invalid(
            stranger.as_str(),
            format!(
                "`{stranger}` is known to OpenAI's API only, and the model asked for speaks \
                 another; leave it out, or ask a model of OpenAI's"
            ),
        ));
    }
    let given = |name: &str| body.get(name).filter(|value| !value.is_null());
    let mut conversation = Conversation {
        tools: tools(body)?,
        tool_choice: tool_choice(given("tool_choice"))?,
        parallel_tool_calls: body.get("parallel_tool_calls").and_then(Value::as_bool),
        sampling: Sampling {
            temperature: number_at(body, "temperature")?,
            top_p: number_at(body, "top_p")?,
            top_k: None,
            stop: stops(given("stop"))?,
            seed: body.get("seed").and_then(Value::as_i64),
            presence_penalty: number_at(body, "presence_penalty")?,
            frequency_penalty: number_at(body, "frequency_penalty")?,
        },
        max_output_tokens: ["max_completion_tokens", "max_tokens"]
            .iter()
            .filter_map(|name| body.get(*name)?.as_u64())
            .max(),
        answers: body.get("n").and_then(Value::as_u64),
        format: format(given("response_format"))?,
        effort: body.get("reasoning_effort").and_then(Value::as_str).map(str::to_owned),
        end_user: body.get("user").and_then(Value::as_str).map(str::to_owned),
        ..Conversation::default()
    };
    let messages = body.get("messages").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    for (index, message) in messages.iter().enumerate() {
        read_message(message, &mut conversation).map_err(|problem| {
            let at = format!("messages[{index}]");
            let problem = format!("{at}: {problem}");
            Failure::invalid(at, problem)
        })?;
    }
    if conversation.messages.is_empty() {
        return Err(Failure::invalid("messages", "`messages` needs a message of the user's"));
    }
    Ok(conversation)
}

/// What a client sends for "not set".
fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::Array(list) => list.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        _ => false,
    }
}

fn read_message(message: &Value, into: &mut Conversation) -> Result<(), String> {
    let role = text_at(message, "/role");
    let content = message.get("content").unwrap_or(&Value::Null);
    match role {
        "system" | "developer" => into.system.push(words(content)?),
        "user" => into.say(Role::User, parts(content)?),
        "assistant" => {
            let mut parts = parts(content)?;
            if let Some(refusal) = message.get("refusal").and_then(Value::as_str) {
                parts.push(Part::Text(refusal.to_owned()));
            }
            for call in list_at(message, "tool_calls") {
                let call = read_call(call).ok_or(
                    "each tool call needs `id`, `function.name` and `function.arguments` with a \
                     JSON object",
                )?;
                parts.push(Part::ToolCall(call));
            }
            into.say(Role::Assistant, parts);
        }
        "tool" => {
            let id = message.get("tool_call_id").and_then(Value::as_str);
            let id = id.ok_or("a message of a tool needs `tool_call_id`")?.to_owned();
            let result = Part::ToolResult { id, text: words(content)?, failed: false };
            into.say(Role::User, vec![result]);
        }
        other => {
            let other: String = other.chars().take(40).collect();
            return Err(format!(
                "role `{other}` is unknown; system, developer, user, assistant, tool"
            ));
        }
    }
    Ok(())
}

/// Content that may only be words.
fn words(content: &Value) -> Result<String, String> {
    let mut words = String::new();
    for part in parts(content)? {
        match part {
            Part::Text(text) => words.push_str(&text),
            _ => return Err("only text is possible in this role".to_owned()),
        }
    }
    Ok(words)
}

fn parts(content: &Value) -> Result<Vec<Part>, String> {
    match content {
        Value::Null => Ok(Vec::new()),
        Value::String(text) => Ok(vec![Part::Text(text.clone())]),
        Value::Array(parts) => parts.iter().map(part).collect(),
        _ => Err("`content` must be text, a list of parts, or null".to_owned()),
    }
}

fn part(part: &Value) -> Result<Part, String> {
    match text_at(part, "/type") {
        "text" => Ok(Part::Text(text_at(part, "/text").to_owned())),
        "refusal" => Ok(Part::Text(text_at(part, "/refusal").to_owned())),
        "image_url" => Ok(Part::Image(image(text_at(part, "/image_url/url"))?)),
        other => {
            let other: String = other.chars().take(40).collect();
            Err(format!("a part of type `{other}` has no counterpart at this model's provider"))
        }
    }
}

fn image(url: &str) -> Result<Image, String> {
    let Some(rest) = url.strip_prefix("data:") else {
        if url.starts_with("https://") || url.starts_with("http://") {
            return Ok(Image::Url(url.to_owned()));
        }
        return Err("`image_url.url` must be an address or `data:<type>;base64,<data>`".to_owned());
    };
    let (media_type, data) = rest
        .split_once(";base64,")
        .ok_or("an image in a `data:` address must be base64: data:<type>;base64,<data>")?;
    Ok(Image::Inline { media_type: media_type.to_owned(), data: data.to_owned() })
}

fn tools(body: &Map<String, Value>) -> Result<Vec<Tool>, Failure> {
    let listed = body.get("tools").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let read = |tool: &Value| {
        let function = tool.get("function")?;
        Some(Tool {
            name: function.get("name")?.as_str()?.to_owned(),
            description: function.get("description").and_then(Value::as_str).map(str::to_owned),
            schema: function
                .get("parameters")
                .filter(|schema| schema.is_object())
                .cloned()
                .unwrap_or_else(|| json!({"type": "object", "properties": {}})),
            strict: function.get("strict").and_then(Value::as_bool).unwrap_or(false),
        })
    };
    listed
        .iter()
        .enumerate()
        .map(|(index, tool)| {
            read(tool).ok_or_else(|| {
                Failure::invalid(
                    format!("tools[{index}]"),
                    "only tools of type `function`, with a name, can reach this model's provider",
                )
            })
        })
        .collect()
}

fn tool_choice(choice: Option<&Value>) -> Result<Option<ToolChoice>, Failure> {
    let Some(choice) = choice else { return Ok(None) };
    let named = choice.pointer("/function/name").and_then(Value::as_str);
    match (choice.as_str(), named) {
        (Some("auto"), _) => Ok(Some(ToolChoice::Auto)),
        (Some("none"), _) => Ok(Some(ToolChoice::Never)),
        (Some("required"), _) => Ok(Some(ToolChoice::Any)),
        (None, Some(name)) => Ok(Some(ToolChoice::Named(name.to_owned()))),
        _ => Err(Failure::invalid(
            "tool_choice",
            "`tool_choice` must be auto, none, required or a named function",
        )),
    }
}

fn stops(stop: Option<&Value>) -> Result<Vec<String>, Failure> {
    let wrong = || Failure::invalid("stop", "`stop` must be text or a list of texts");
    match stop {
        None => Ok(Vec::new()),
        Some(Value::String(stop)) => Ok(vec![stop.clone()]),
        Some(Value::Array(stops)) => {
            stops.iter().map(|stop| stop.as_str().map(str::to_owned).ok_or_else(wrong)).collect()
        }
        Some(_) => Err(wrong()),
    }
}

fn format(format: Option<&Value>) -> Result<Option<Format>, Failure> {
    let Some(format) = format else { return Ok(None) };
    match text_at(format, "/type") {
        "text" => Ok(None),
        "json_object" => Ok(Some(Format::Json)),
        "json_schema" => {
            let name = text_at(format, "/json_schema/name");
            Ok(Some(Format::Schema {
                name: if name.is_empty() { SCHEMA_NAME } else { name }.to_owned(),
                schema: format.pointer("/json_schema/schema").cloned().unwrap_or_else(|| json!({})),
            }))
        }
        _ => Err(Failure::invalid(
            "response_format",
            "`response_format.type` must be text, json_object or json_schema",
        )),
    }
}

/// Writes a request.
pub fn write(said: &Conversation, model: &str, stream: bool) -> Value {
    let mut messages: Vec<Value> = Vec::new();
    for system in &said.system {
        messages.push(json!({"role": "system", "content": system}));
    }
    for message in &said.messages {
        write_message(message, &mut messages);
    }
    let tools: Vec<Value> = said.tools.iter().map(write_tool).collect();
    let Sampling { temperature, top_p, stop, seed, presence_penalty, frequency_penalty, .. } =
        &said.sampling;
    let choice = said.tool_choice.as_ref().map(|choice| match choice {
        ToolChoice::Auto => json!("auto"),
        ToolChoice::Never => json!("none"),
        ToolChoice::Any => json!("required"),
        ToolChoice::Named(name) => json!({"type": "function", "function": {"name": name}}),
    });
    let format = said.format.as_ref().map(|format| match format {
        Format::Json => json!({"type": "json_object"}),
        Format::Schema { name, schema } => json!({"type": "json_schema",
            "json_schema": {"name": name, "schema": schema, "strict": true}}),
    });
    Value::Object(object([
        ("model", Some(json!(model))),
        ("messages", Some(Value::Array(messages))),
        ("tools", (!tools.is_empty()).then_some(Value::Array(tools))),
        ("tool_choice", choice),
        ("parallel_tool_calls", said.parallel_tool_calls.map(Value::from)),
        ("temperature", temperature.map(Value::from)),
        ("top_p", top_p.map(Value::from)),
        ("stop", (!stop.is_empty()).then(|| json!(stop))),
        ("seed", seed.map(Value::from)),
        ("presence_penalty", presence_penalty.map(Value::from)),
        ("frequency_penalty", frequency_penalty.map(Value::from)),
        ("max_completion_tokens", said.max_output_tokens.map(Value::from)),
        ("n", said.answers.map(Value::from)),
        ("response_format", format),
        ("reasoning_effort", said.effort.as_deref().map(Value::from)),
        ("user", said.end_user.as_deref().map(Value::from)),
        ("stream", stream.then_some(Value::Bool(true))),
        ("stream_options", stream.then(|| json!({"include_usage": true}))),
    ]))
}

fn write_tool(tool: &Tool) -> Value {
    let function = object([
        ("name", Some(json!(tool.name))),
        ("description", tool.description.as_deref().map(Value::from)),
        ("parameters", Some(tool.schema.clone())),
        ("strict", tool.strict.then_some(Value::Bool(true))),
    ]);
    json!({"type": "function", "function": function})
}

/// Results of tools are messages of their own; the rest of a turn is one.
fn write_message(message: &Message, into: &mut Vec<Value>) {
    let mut content = Vec::new();
    let mut calls = Vec::new();
    for part in &message.parts {
        match part {
            Part::Text(text) => content.push(json!({"type": "text", "text": text})),
            Part::Image(image) => {
                let url = match image {
                    Image::Url(url) => url.clone(),
                    Image::Inline { media_type, data } => {
                        format!("data:{media_type};base64,{data}")
                    }
                };
                content.push(json!({"type": "image_url", "image_url": {"url": url}}));
            }
            Part::ToolCall(call) => calls.push(write_call(call)),
            Part::ToolResult { id, text, .. } => {
                into.push(json!({"role": "tool", "tool_call_id": id, "content": text}));
            }
        }
    }
    let content = match content.as_slice() {
        [] => None,
        [only] if only["type"] == "text" => Some(only["text"].clone()),
        _ => Some(Value::Array(content)),
    };
    match message.role {
        Role::User => {
            if let Some(content) = content {
                into.push(json!({"role": "user", "content": content}));
            }
        }
        Role::Assistant => {
            let mut said = json!({"role": "assistant", "content": content});
            if !calls.is_empty() {
                said["tool_calls"] = Value::Array(calls);
            }
            into.push(said);
        }
    }
}
