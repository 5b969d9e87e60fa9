//! What each dialect can carry: one row per property, read by the codecs and by their tests.
//!
//! What changes the answer and cannot be said is refused, by name: silence would be a wrong answer.
//! What is a hint by its own definition is left out.
use std::borrow::Cow;

use super::Dialect;
use crate::conversation::{Conversation, Format, Image, Part};
use crate::error::Failure;

/// What happens to a property.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Carriage {
    /// It arrives.
    Kept,
    /// It is left out; the answer may be as good.
    Dropped,
    /// The request is refused.
    Refused,
}
use Carriage::{Dropped, Kept, Refused};

/// Something a conversation may hold that not every dialect can say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "named like the fields they stand for")]
pub enum Property {
    TopK,
    Seed,
    PresencePenalty,
    FrequencyPenalty,
    SeveralAnswers,
    Json,
    SchemaName,
    Effort,
    OneCallAtATime,
    StrictTool,
    ImageUrl,
    FailedTool,
    ThoughtSignature,
    EndUser,
}

/// One property: its field for people, and its carriage by OpenAI, Anthropic, Google.
type Row = (Property, &'static str, [Carriage; 3]);

/// The table. Everything that is not in it arrives in every dialect.
#[rustfmt::skip]
pub const TABLE: [Row; 14] = [
    //                           field                        OpenAI   Anthropic Google
    (Property::TopK,             "top_k",                    [Refused, Kept,    Kept]),
    // "Best effort" by definition.
    (Property::Seed,             "seed",                     [Kept,    Dropped, Kept]),
    (Property::PresencePenalty,  "presence_penalty",         [Kept,    Refused, Kept]),
    (Property::FrequencyPenalty, "frequency_penalty",        [Kept,    Refused, Kept]),
    (Property::SeveralAnswers,   "n",                        [Kept,    Refused, Kept]),
    (Property::Json,             "response_format",          [Kept,    Refused, Kept]),
    (Property::SchemaName,       "response_format.json_schema.name", [Kept, Dropped, Dropped]),
    // Not every model takes it, and a model that does not refuses the request.
    (Property::Effort,           "reasoning_effort",         [Kept,    Dropped, Dropped]),
    (Property::OneCallAtATime,   "parallel_tool_calls",      [Kept,    Kept,    Refused]),
    (Property::StrictTool,       "tools.strict",             [Kept,    Kept,    Dropped]),
    // The gateway fetches nothing for anybody.
    (Property::ImageUrl,         "image_url",                [Kept,    Kept,    Refused]),
    // The result's own words say it too.
    (Property::FailedTool,       "is_error",                 [Dropped, Kept,    Kept]),
    (Property::ThoughtSignature, "extra_content",            [Kept,    Dropped, Kept]),
    (Property::EndUser,          "user",                     [Kept,    Kept,    Dropped]),
];

/// The name a schema gets where the caller's own was lost.
pub const SCHEMA_NAME: &str = "answer";

/// What happens to `property` in `dialect`.
pub fn carriage(property: Property, dialect: Dialect) -> Carriage {
    let column = match dialect {
        Dialect::OpenAi => 0,
        Dialect::Anthropic => 1,
        Dialect::Google => 2,
    };
    TABLE.iter().find(|row| row.0 == property).map_or(Kept, |row| row.2[column])
}

/// `conversation` as far as `dialect` carries it.
///
/// # Errors
/// `request.invalid`, naming the first field it refuses.
pub fn fit(
    conversation: &Conversation,
    dialect: Dialect,
) -> Result<Cow<'_, Conversation>, Failure> {
    let mut fitted = Cow::Borrowed(conversation);
    for (property, field, _) in TABLE {
        if !holds(conversation, property) {
            continue;
        }
        match carriage(property, dialect) {
            Kept => {}
            Dropped => leave_out(fitted.to_mut(), property),
            Refused => {
                return Err(Failure::invalid(
                    field,
                    format!(
                        "`{field}` has no counterpart in {}, which this model speaks; leave it \
                         out, or ask another model",
                        dialect.name()
                    ),
                ));
            }
        }
    }
    Ok(fitted)
}

/// Whether a conversation holds a property.
pub fn holds(conversation: &Conversation, property: Property) -> bool {
    let sampling = &conversation.sampling;
    let any = |test: fn(&Part) -> bool| conversation.parts().any(test);
    match property {
        Property::TopK => sampling.top_k.is_some(),
        Property::Seed => sampling.seed.is_some(),
        Property::PresencePenalty => sampling.presence_penalty.is_some_and(|much| much != 0.0),
        Property::FrequencyPenalty => sampling.frequency_penalty.is_some_and(|much| much != 0.0),
        Property::SeveralAnswers => conversation.answers.is_some_and(|many| many > 1),
        Property::Json => conversation.format == Some(Format::Json),
        Property::SchemaName => matches!(&conversation.format, Some(Format::Schema { .. })),
        Property::Effort => conversation.effort.is_some(),
        Property::OneCallAtATime => conversation.parallel_tool_calls == Some(false),
        Property::StrictTool => conversation.tools.iter().any(|tool| tool.strict),
        Property::ImageUrl => any(|part| matches!(part, Part::Image(Image::Url(_)))),
        Property::FailedTool => any(|part| matches!(part, Part::ToolResult { failed: true, .. })),
        Property::ThoughtSignature => {
            any(|part| matches!(part, Part::ToolCall(call) if call.signature.is_some()))
        }
        Property::EndUser => conversation.end_user.is_some(),
    }
}

/// Takes a property out.
pub fn leave_out(conversation: &mut Conversation, property: Property) {
    let parts = conversation.messages.iter_mut().flat_map(|message| &mut message.parts);
    match property {
        Property::TopK => conversation.sampling.top_k = None,
        Property::Seed => conversation.sampling.seed = None,
        Property::PresencePenalty => conversation.sampling.presence_penalty = None,
        Property::FrequencyPenalty => conversation.sampling.frequency_penalty = None,
        Property::SeveralAnswers => conversation.answers = None,
        Property::Json => conversation.format = None,
        Property::SchemaName => {
            if let Some(Format::Schema { name, .. }) = &mut conversation.format {
                SCHEMA_NAME.clone_into(name);
            }
        }
        Property::Effort => conversation.effort = None,
        Property::OneCallAtATime => conversation.parallel_tool_calls = None,
        Property::StrictTool => conversation.tools.iter_mut().for_each(|tool| tool.strict = false),
        Property::ImageUrl => {
            for message in &mut conversation.messages {
                message.parts.retain(|part| !matches!(part, Part::Image(Image::Url(_))));
            }
        }
        Property::FailedTool => parts.for_each(|part| {
            if let Part::ToolResult { failed, .. } = part {
                *failed = false;
            }
        }),
        Property::ThoughtSignature => parts.for_each(|part| {
            if let Part::ToolCall(call) = part {
                call.signature = None;
            }
        }),
        Property::EndUser => conversation.end_user = None,
    }
}
