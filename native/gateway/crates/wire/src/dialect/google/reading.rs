//! Reads requests back, for the tests alone: nobody sends us Google's.
use serde_json::{Map, Value};

use crate::conversation::{
    Conversation, Format, Image, Part, Role, Sampling, Tool, ToolCall, ToolChoice,
};
use crate::dialect::table::SCHEMA_NAME;
use crate::dialect::{list_at, text_at};

pub(crate) fn read(body: &Value) -> Conversation {
    let config = body.get("generationConfig").cloned().unwrap_or_default();
    let number = |name: &str| config.get(name).and_then(Value::as_f64);
    let mut said = Conversation {
        system: body
            .get("systemInstruction")
            .map_or(&[][..], |system| list_at(system, "parts"))
            .iter()
            .map(|part| text_at(part, "/text").to_owned())
            .collect(),
        tools: list_at(body, "tools")
            .iter()
            .flat_map(|tool| list_at(tool, "functionDeclarations"))
            .map(|tool| Tool {
                name: text_at(tool, "/name").to_owned(),
                description: tool.get("description").and_then(Value::as_str).map(str::to_owned),
                schema: tool["parametersJsonSchema"].clone(),
                strict: false,
            })
            .collect(),
        tool_choice: body.pointer("/toolConfig/functionCallingConfig").map(|choice| {
            match (text_at(choice, "/mode"), list_at(choice, "allowedFunctionNames")) {
                ("AUTO", _) => ToolChoice::Auto,
                ("NONE", _) => ToolChoice::Never,
                (_, [name]) => ToolChoice::Named(name.as_str().unwrap().to_owned()),
                _ => ToolChoice::Any,
            }
        }),
        sampling: Sampling {
            temperature: number("temperature"),
            top_p: number("topP"),
            top_k: config.get("topK").and_then(Value::as_u64),
            stop: list_at(&config, "stopSequences")
                .iter()
                .map(|stop| stop.as_str().unwrap().to_owned())
                .collect(),
            seed: config.get("seed").and_then(Value::as_i64),
            presence_penalty: number("presencePenalty"),
            frequency_penalty: number("frequencyPenalty"),
        },
        max_output_tokens: config.get("maxOutputTokens").and_then(Value::as_u64),
        answers: config.get("candidateCount").and_then(Value::as_u64),
        format: match (config.get("responseMimeType"), config.get("responseJsonSchema")) {
            (Some(_), Some(schema)) => {
                Some(Format::Schema { name: SCHEMA_NAME.to_owned(), schema: schema.clone() })
            }
            (Some(_), None) => Some(Format::Json),
            _ => None,
        },
        ..Conversation::default()
    };
    for content in list_at(body, "contents") {
        let role = if content["role"] == "model" { Role::Assistant } else { Role::User };
        said.say(role, list_at(content, "parts").iter().map(part).collect());
    }
    said
}

fn part(part: &Value) -> Part {
    let text = |pointer: &str| text_at(part, pointer).to_owned();
    if part.get("inlineData").is_some() {
        return Part::Image(Image::Inline {
            media_type: text("/inlineData/mimeType"),
            data: text("/inlineData/data"),
        });
    }
    if let Some(call) = part.get("functionCall") {
        return Part::ToolCall(ToolCall {
            id: text("/functionCall/id"),
            name: text("/functionCall/name"),
            arguments: call["args"].as_object().cloned().unwrap_or_else(Map::new),
            signature: part.get("thoughtSignature").and_then(Value::as_str).map(str::to_owned),
        });
    }
    if let Some(result) = part.get("functionResponse") {
        let failed = result.pointer("/response/error").is_some();
        let outcome = if failed { "/response/error" } else { "/response/result" };
        return Part::ToolResult {
            id: text("/functionResponse/id"),
            text: text_at(result, outcome).to_owned(),
            failed,
        };
    }
    Part::Text(text("/text"))
}
