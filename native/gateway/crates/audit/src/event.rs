//! What is audited, with exactly the fields that are required of each event.
use std::fmt;

use convergio_store::{AuditColumns, KeyId, Millis, TenantId};

/// What happened. The timestamp, tenant and request are in [`Entry`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// Somebody asked a model.
    Query {
        /// Who asked.
        user: String,
        /// The model that answered.
        model: String,
        /// Tokens of all kinds together.
        tokens: i64,
        /// What it cost, in nano-dollars.
        cost_nanos: i64,
    },
    /// Somebody logged in, or tried.
    Login {
        /// Who; what they typed, when nobody has that name.
        user: String,
        /// From where.
        ip: String,
        /// With what.
        device: String,
        /// Whether it worked.
        success: bool,
    },
    /// Somebody administered.
    AdminAction {
        /// Who.
        actor: String,
        /// What they did.
        action: String,
        /// To what.
        target: String,
    },
    /// Somebody changed a provider key.
    KeyChange {
        /// Who.
        user: String,
        /// What they did, to which key: see [`key_action`].
        action: String,
    },
}

/// The action of a key change: one word, the key, and the version where one is meant.
pub fn key_action(verb: &str, key: &KeyId, version: Option<i64>) -> String {
    match version {
        Some(version) => format!("{verb} {key} version {version}"),
        None => format!("{verb} {key}"),
    }
}

/// An event in its place and time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Whose log it goes into.
    pub tenant: TenantId,
    /// When it happened, by the caller's clock.
    pub at: Millis,
    /// The request it happened in.
    pub request_id: String,
    /// What happened.
    pub event: Event,
}

/// The kind of an event, as the database and the API name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Word {
    /// [`Event::Query`].
    Query,
    /// [`Event::Login`].
    Login,
    /// [`Event::AdminAction`].
    AdminAction,
    /// [`Event::KeyChange`].
    KeyChange,
}

impl Word {
    /// The word itself.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Query => "query",
            Self::Login => "login",
            Self::AdminAction => "admin_action",
            Self::KeyChange => "key_change",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        [Self::Query, Self::Login, Self::AdminAction, Self::KeyChange]
            .into_iter()
            .find(|word| word.as_str() == text)
    }
}

/// A row whose fields are not those of its kind: it was not written by this program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotAnEvent;

impl fmt::Display for NotAnEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("its fields are not those of its kind")
    }
}

impl std::error::Error for NotAnEvent {}

impl Entry {
    /// The row for it.
    pub fn to_columns(&self) -> AuditColumns {
        let empty = AuditColumns {
            kind: self.event.word().as_str().to_owned(),
            occurred_at: self.at,
            request_id: self.request_id.clone(),
            user: String::new(),
            model: None,
            tokens: None,
            cost_nanos: None,
            ip: None,
            device: None,
            success: None,
            action: None,
            target: None,
        };
        match self.event.clone() {
            Event::Query { user, model, tokens, cost_nanos } => AuditColumns {
                user,
                model: Some(model),
                tokens: Some(tokens),
                cost_nanos: Some(cost_nanos),
                ..empty
            },
            Event::Login { user, ip, device, success } => AuditColumns {
                user,
                ip: Some(ip),
                device: Some(device),
                success: Some(success),
                ..empty
            },
            Event::AdminAction { actor, action, target } => {
                AuditColumns { user: actor, action: Some(action), target: Some(target), ..empty }
            }
            Event::KeyChange { user, action } => {
                AuditColumns { user, action: Some(action), ..empty }
            }
        }
    }
}

impl Event {
    /// Its kind.
    pub fn word(&self) -> Word {
        match self {
            Self::Query { .. } => Word::Query,
            Self::Login { .. } => Word::Login,
            Self::AdminAction { .. } => Word::AdminAction,
            Self::KeyChange { .. } => Word::KeyChange,
        }
    }

    /// What a row says.
    ///
    /// # Errors
    /// [`NotAnEvent`] when a field is missing, or one is there that its kind does not have.
    pub fn from_columns(columns: &AuditColumns) -> Result<Self, NotAnEvent> {
        let AuditColumns { model, tokens, cost_nanos, ip, device, success, action, target, .. } =
            columns.clone();
        let user = columns.user.clone();
        let query = (model, tokens, cost_nanos);
        let login = (ip, device, success);
        match (Word::parse(&columns.kind), query, login, action, target) {
            (
                Some(Word::Query),
                (Some(model), Some(tokens), Some(cost_nanos)),
                (None, None, None),
                None,
                None,
            ) => Ok(Self::Query { user, model, tokens, cost_nanos }),
            (
                Some(Word::Login),
                (None, None, None),
                (Some(ip), Some(device), Some(success)),
                None,
                None,
            ) => Ok(Self::Login { user, ip, device, success }),
            (
                Some(Word::AdminAction),
                (None, None, None),
                (None, None, None),
                Some(action),
                Some(target),
            ) => Ok(Self::AdminAction { actor: user, action, target }),
            (Some(Word::KeyChange), (None, None, None), (None, None, None), Some(action), None) => {
                Ok(Self::KeyChange { user, action })
            }
            _ => Err(NotAnEvent),
        }
    }
}
