//! From a request to the keys it may use, and from its end to its record. Without accounts the caller
//! brings the key and nothing is kept; with accounts the middleware has said who asks.
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::request::Parts;
use convergio_control::{Control, Query};
use convergio_engine::{Attempt, Event, Events, Keys, Meter};
use convergio_wire::chat::AUTO;
use futures_util::StreamExt;
use secrecy::SecretString;

use crate::app::App;
use crate::auth::Who;
use crate::error::{ApiError, ApiResult};
use crate::incoming::own_key;
use crate::metrics::Metrics;

/// Whoever asks, before it is known what.
pub(crate) enum Asker {
    /// Somebody with a provider's key, or without one.
    Stranger(Keys),
    /// Somebody with an account.
    Known(Arc<Control>, Who),
}

impl FromRequestParts<App> for Asker {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> ApiResult<Self> {
        if let (Some(control), Some(who)) = (&app.control, parts.extensions.get::<Who>()) {
            return Ok(Self::Known(Arc::clone(control), who.clone()));
        }
        let own = brought_along(&parts.headers, parts.uri.path())?;
        Ok(Self::Stranger(app.engine.credential(own)?))
    }
}

/// A provider's key that came with the request; Anthropic's clients have a header of their own for it.
fn brought_along(headers: &HeaderMap, path: &str) -> ApiResult<Option<SecretString>> {
    let named = headers.get("x-api-key").filter(|_| path.starts_with("/v1/messages"));
    let named = named.and_then(|value| value.to_str().ok()).map(str::trim);
    match named.filter(|key| !key.is_empty()) {
        Some(key) => Ok(Some(SecretString::from(key))),
        None => Ok(own_key(headers)?),
    }
}

/// A question to `model`, or to whichever the router chooses.
impl Asker {
    pub(crate) async fn asks(self, app: &App, model: Option<&str>) -> ApiResult<Asking> {
        let metrics = Arc::clone(&app.metrics);
        match self {
            Self::Stranger(keys) => {
                let counted = Counted { metrics, query: None };
                Ok(Asking { keys: keys.metered(Arc::new(counted)), query: None })
            }
            Self::Known(control, who) => {
                let query = Arc::new(control.query(who.by(), model.unwrap_or(AUTO)));
                // A model that is named says by itself which key is needed.
                let providers = match model {
                    Some(_) => Vec::new(),
                    None => control.providers_of(&who.caller).await?,
                };
                let reserved = app.is_reserved(&who.caller.tenant);
                let keys = control.keys_of(&who.caller, providers, reserved);
                let counted = Counted { metrics, query: Some(Arc::clone(&query)) };
                Ok(Asking { keys: keys.metered(Arc::new(counted)), query: Some(query) })
            }
        }
    }
}

/// A question that may be asked.
pub(crate) struct Asking {
    pub(crate) keys: Keys,
    query: Option<Arc<Query>>,
}

impl Asking {
    /// Writes down what the question came to, before the last byte of its answer goes out.
    ///
    /// # Errors
    /// `internal` when it cannot be: then nothing may look like a whole answer.
    pub(crate) async fn record(&self) -> ApiResult<()> {
        match &self.query {
            Some(query) => Ok(query.record().await?),
            None => Ok(()),
        }
    }

    /// The same events, the last one only after the question is recorded.
    pub(crate) fn recorded(&self, events: Events) -> Events {
        let Some(query) = &self.query else { return events };
        let query = Arc::clone(query);
        events
            .then(move |event| {
                let last = matches!(event, Ok(Event::End(_)) | Err(_));
                let query = last.then(|| Arc::clone(&query));
                async move {
                    if let Some(query) = query {
                        query.record().await.map_err(|error| error.failure())?;
                    }
                    event
                }
            })
            .boxed()
    }
}

/// Counts attempts, and keeps them for the record where there is one.
struct Counted {
    metrics: Arc<Metrics>,
    query: Option<Arc<Query>>,
}

impl Meter for Counted {
    fn attempt(&self, attempt: Attempt) {
        self.metrics.attempt(&attempt);
        if let Some(query) = &self.query {
            query.attempt(attempt);
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderName, HeaderValue};
    use secrecy::ExposeSecret as _;

    use super::*;

    #[test]
    fn anthropics_own_header_counts_where_its_api_is_spoken() {
        let found = |path: &str, name: &'static str, value: &'static str| {
            let (name, value) = (HeaderName::from_static(name), HeaderValue::from_static(value));
            let headers = HeaderMap::from_iter([(name, value)]);
            let key = brought_along(&headers, path).unwrap();
            key.map(|key| key.expose_secret().to_owned())
        };
        for path in ["/v1/messages", "/v1/messages/count_tokens"] {
            assert_eq!(found(path, "x-api-key", "sk-1").as_deref(), Some("sk-1"));
            assert_eq!(found(path, "authorization", "Bearer sk-1").as_deref(), Some("sk-1"));
        }
        assert_eq!(found("/v1/chat/completions", "x-api-key", "sk-1"), None);
        assert_eq!(found("/v1/messages", "x-api-key", " "), None);
    }
}
