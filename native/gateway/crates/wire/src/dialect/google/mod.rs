//! Google's dialect (`generativelanguage`).
//!
//! Source: the types of the vendor's Python SDK, google-genai 3.4.0: `GenerateContentConfig`,
//! `GenerateContentResponse`, `FinishReason`. Its streams have no terminator: the finish reason of
//! every candidate is all that tells a whole answer from half of one.
pub mod reply;
pub mod request;
pub mod stream;

#[cfg(test)]
pub(crate) mod reading;

use crate::conversation::Finish;

/// The end behind a `finishReason`. What is not here (`MALFORMED_FUNCTION_CALL`, `OTHER`, …) is a
/// model that failed.
fn finish(reason: &str) -> Option<Finish> {
    match reason {
        "STOP" => Some(Finish::Stop(None)),
        "MAX_TOKENS" => Some(Finish::Length),
        "SAFETY"
        | "RECITATION"
        | "LANGUAGE"
        | "BLOCKLIST"
        | "PROHIBITED_CONTENT"
        | "SPII"
        | "IMAGE_SAFETY"
        | "IMAGE_PROHIBITED_CONTENT"
        | "IMAGE_RECITATION"
        | "MODEL_ARMOR" => Some(Finish::Filtered),
        _ => None,
    }
}
