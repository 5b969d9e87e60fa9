//! What to keep when a conversation grows towards its context window.
use convergio_core_sys::compaction as sys;

use crate::status::{Result, check, check_with};

/// Who wrote a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Instructions; always kept.
    System,
    /// The person.
    User,
    /// The model.
    Assistant,
    /// A tool's answer; kept or compacted with the assistant message it answers.
    Tool,
}

/// One message of a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Message {
    /// Who wrote it.
    pub role: Role,
    /// Always kept.
    pub pinned: bool,
    /// Estimated tokens.
    pub tokens: u64,
}

/// When to compact, and how far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CompactionConfig {
    /// Tokens the model can hold.
    pub context_window: u64,
    /// Tokens kept free for the answer.
    pub reserved_output: u64,
    /// Compact above this share of the usable window, in thousandths.
    pub trigger_permille: u16,
    /// Shrink to at most this share, in thousandths.
    pub target_permille: u16,
}

impl CompactionConfig {
    /// The core's default thresholds for this window.
    ///
    /// # Errors
    /// A failure of the core is passed on.
    pub fn new(context_window: u64, reserved_output: u64) -> Result<Self> {
        let mut raw = sys::core_compaction_config {
            context_window: 0,
            reserved_output: 0,
            trigger_permille: 0,
            target_permille: 0,
        };
        // SAFETY: `raw` is a valid place.
        check(unsafe {
            sys::core_compaction_config_init(context_window, reserved_output, &mut raw)
        })?;
        Ok(Self {
            context_window: raw.context_window,
            reserved_output: raw.reserved_output,
            trigger_permille: raw.trigger_permille,
            target_permille: raw.target_permille,
        })
    }

    /// Decides which of `messages`, oldest first, stay as they are.
    ///
    /// # Errors
    /// `ContextWindow` when what must be kept does not fit, `Invalid`, `Overflow`.
    pub fn decide(&self, messages: &[Message]) -> Result<Compaction> {
        let config = sys::core_compaction_config {
            context_window: self.context_window,
            reserved_output: self.reserved_output,
            trigger_permille: self.trigger_permille,
            target_permille: self.target_permille,
        };
        let raw_messages: Vec<_> = messages.iter().map(Message::as_core).collect();
        let mut keep = vec![false; messages.len()];
        let mut raw = sys::core_compaction {
            needed: false,
            tokens_before: 0,
            tokens_kept: 0,
            summary_tokens: 0,
            kept: 0,
            compacted: 0,
        };
        check_with(|detail| {
            // SAFETY: both slices have `len` entries and outlive the call; outputs are valid places.
            unsafe {
                sys::core_compaction_decide(
                    &config,
                    raw_messages.as_ptr(),
                    raw_messages.len(),
                    keep.as_mut_ptr(),
                    &mut raw,
                    detail,
                )
            }
        })?;
        Ok(Compaction {
            needed: raw.needed,
            tokens_before: raw.tokens_before,
            tokens_kept: raw.tokens_kept,
            summary_tokens: raw.summary_tokens,
            keep,
        })
    }
}

impl Message {
    fn as_core(&self) -> sys::core_message {
        sys::core_message {
            role: match self.role {
                Role::System => sys::CORE_ROLE_SYSTEM,
                Role::User => sys::CORE_ROLE_USER,
                Role::Assistant => sys::CORE_ROLE_ASSISTANT,
                Role::Tool => sys::CORE_ROLE_TOOL,
            },
            pinned: self.pinned,
            tokens: self.tokens,
        }
    }
}

/// What to keep.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Compaction {
    /// False: everything is kept.
    pub needed: bool,
    /// Tokens of the whole conversation.
    pub tokens_before: u64,
    /// Tokens of what is kept.
    pub tokens_kept: u64,
    /// Room for a summary of the rest.
    pub summary_tokens: u64,
    /// For each message, whether it stays.
    pub keep: Vec<bool>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Status;

    fn message(role: Role, tokens: u64) -> Message {
        Message { role, pinned: false, tokens }
    }

    #[test]
    fn the_system_message_and_the_newest_stay() {
        let mut messages = vec![message(Role::System, 10)];
        messages.extend([message(Role::User, 100); 9]);
        let config = CompactionConfig::new(1_000, 0).unwrap();
        let compaction = config.decide(&messages).unwrap();
        assert!(compaction.needed);
        assert_eq!(compaction.keep.first(), Some(&true));
        assert_eq!(compaction.keep.last(), Some(&true));
        assert!(compaction.tokens_kept <= 500);
        assert_eq!(compaction.tokens_before, 910);
    }

    #[test]
    fn a_message_larger_than_the_window_is_refused() {
        let config = CompactionConfig::new(100, 0).unwrap();
        let error = config.decide(&[message(Role::User, 101)]).unwrap_err();
        assert_eq!(error.status, Status::ContextWindow);
    }
}
