//! Requests. The model stands in the address.
use serde_json::{Value, json};

use crate::conversation::{
    Conversation, Format, Image, Message, Part, Role, Sampling, Tool, ToolChoice,
};
use crate::dialect::object;

/// Writes a request.
pub fn write(said: &Conversation) -> Value {
    let contents: Vec<Value> =
        said.messages.iter().filter_map(|message| write_message(said, message)).collect();
    let system: Vec<Value> = said.system.iter().map(|text| json!({"text": text})).collect();
    let functions: Vec<Value> = said.tools.iter().map(write_tool).collect();
    let config = write_config(said);
    let choice = said.tool_choice.as_ref().map(|choice| {
        let config = match choice {
            ToolChoice::Auto => json!({"mode": "AUTO"}),
            ToolChoice::Never => json!({"mode": "NONE"}),
            ToolChoice::Any => json!({"mode": "ANY"}),
            ToolChoice::Named(name) => json!({"mode": "ANY", "allowedFunctionNames": [name]}),
        };
        json!({"functionCallingConfig": config})
    });
    Value::Object(object([
        ("systemInstruction", (!system.is_empty()).then(|| json!({"parts": system}))),
        ("contents", Some(Value::Array(contents))),
        ("tools", (!functions.is_empty()).then(|| json!([{"functionDeclarations": functions}]))),
        ("toolConfig", choice),
        (
            "generationConfig",
            config.as_object().is_some_and(|all| !all.is_empty()).then_some(config),
        ),
    ]))
}

fn write_config(said: &Conversation) -> Value {
    let Sampling { temperature, top_p, top_k, stop, seed, presence_penalty, frequency_penalty } =
        &said.sampling;
    let (media_type, schema) = match &said.format {
        None => (None, None),
        Some(Format::Json) => (Some(json!("application/json")), None),
        Some(Format::Schema { schema, .. }) => {
            (Some(json!("application/json")), Some(schema.clone()))
        }
    };
    Value::Object(object([
        ("temperature", temperature.map(Value::from)),
        ("topP", top_p.map(Value::from)),
        ("topK", top_k.map(Value::from)),
        ("stopSequences", (!stop.is_empty()).then(|| json!(stop))),
        ("seed", seed.map(Value::from)),
        ("presencePenalty", presence_penalty.map(Value::from)),
        ("frequencyPenalty", frequency_penalty.map(Value::from)),
        ("maxOutputTokens", said.max_output_tokens.map(Value::from)),
        ("candidateCount", said.answers.map(Value::from)),
        ("responseMimeType", media_type),
        ("responseJsonSchema", schema),
    ]))
}

fn write_tool(tool: &Tool) -> Value {
    Value::Object(object([
        ("name", Some(json!(tool.name))),
        ("description", tool.description.as_deref().map(Value::from)),
        ("parametersJsonSchema", Some(tool.schema.clone())),
    ]))
}

fn write_message(said: &Conversation, message: &Message) -> Option<Value> {
    let parts: Vec<Value> = message.parts.iter().map(|part| write_part(said, part)).collect();
    let role = match message.role {
        Role::User => "user",
        Role::Assistant => "model",
    };
    (!parts.is_empty()).then(|| json!({"role": role, "parts": parts}))
}

fn write_part(said: &Conversation, part: &Part) -> Value {
    match part {
        Part::Text(text) => json!({"text": text}),
        Part::Image(Image::Inline { media_type, data }) => {
            json!({"inlineData": {"mimeType": media_type, "data": data}})
        }
        // Refused by the table before it comes here.
        Part::Image(Image::Url(url)) => json!({"fileData": {"fileUri": url}}),
        Part::ToolCall(call) => {
            let made = json!({"id": call.id, "name": call.name, "args": call.arguments});
            let mut part = json!({"functionCall": made});
            if let Some(signature) = &call.signature {
                part["thoughtSignature"] = json!(signature);
            }
            part
        }
        Part::ToolResult { id, text, failed } => {
            // Google wants the tool's name too, which stands at the call; a result without its call
            // is the provider's to refuse.
            let name = said.tool_of(id).unwrap_or(id);
            let outcome = if *failed { "error" } else { "result" };
            json!({"functionResponse": {"id": id, "name": name, "response": {outcome: text}}})
        }
    }
}
