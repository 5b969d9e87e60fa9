//! Reading what comes in, strictly: an unknown field is a mistake, and no mistake is answered with
//! the value that was sent, for it may be a secret.
use std::str::FromStr;

use axum::extract::{FromRequest, FromRequestParts, Path, Request};
use axum::http::request::Parts;
use convergio_wire::redact::without_value;
use convergio_wire::{ErrorCode, Failure};
use serde::de::DeserializeOwned;

use crate::api::Api;
use crate::error::{ApiError, ApiResult};
use crate::incoming::read;

/// More than any of these bodies needs.
const LARGEST: usize = 64 * 1024;

/// A body of JSON.
pub(crate) struct Body<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequest<Api> for Body<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, api: &Api) -> ApiResult<Self> {
        let limit = api.app.server.max_body_bytes.min(LARGEST);
        let bytes = read(&api.app, request.into_body(), limit).await?;
        Ok(Self(parse(&bytes)?))
    }
}

fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Failure> {
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let parsed = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let at = error.path().to_string();
        refused(&at, &error.into_inner().to_string())
    })?;
    json.end().map_err(|error| refused(".", &error.to_string()))?;
    Ok(parsed)
}

/// A mistake at a place, in serde's words but without the value.
pub(crate) fn refused(at: &str, message: &str) -> Failure {
    let message = without_value(message);
    // A field that is not there has no place of its own.
    let named = || message.strip_prefix("missing field `")?.split('`').next().map(str::to_owned);
    match Some(at).filter(|at| *at != ".").map(str::to_owned).or_else(named) {
        Some(param) => Failure::invalid(param.clone(), format!("`{param}`: {message}")),
        None => Failure::new(ErrorCode::RequestInvalid, format!("the body: {message}")),
    }
}

/// An id in the address. What cannot be one is something that is not there.
pub(crate) struct Id<T>(pub(crate) T);

impl<T: FromStr> FromRequestParts<Api> for Id<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> ApiResult<Self> {
        let path = Path::<String>::from_request_parts(parts, api).await;
        let id = path.ok().and_then(|Path(text)| text.parse().ok());
        let missing = || Failure::new(ErrorCode::RequestNotFound, "there is nothing of that id");
        Ok(Self(id.ok_or_else(missing)?))
    }
}

#[cfg(test)]
mod tests {
    use secrecy::SecretString;
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[allow(dead_code, reason = "only whether it parses counts")]
    struct Form {
        secret: SecretString,
        number: u32,
        inner: Option<Inner>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[allow(dead_code, reason = "only whether it parses counts")]
    struct Inner {
        deep: bool,
    }

    #[test]
    fn a_mistake_is_named_by_its_field_and_its_value_is_not_shown() {
        for (text, param) in [
            (r#"{"secret": "s"}"#, Some("number")),
            (r#"{"secret": "s", "number": 1, "more": 2}"#, Some("more")),
            (r#"{"secret": "s", "number": "canary"}"#, Some("number")),
            (r#"{"secret": 77123, "number": 1}"#, Some("secret")),
            (r#"{"secret": "s", "number": 1, "inner": {"deep": "canary"}}"#, Some("inner.deep")),
            (r#"{"secret": "canary", "number": 1} x"#, None),
            (r#"{"secret": "canary"#, None),
            (r#""canary""#, None),
            ("", None),
        ] {
            let failure = parse::<Form>(text.as_bytes()).expect_err(text);
            assert_eq!(failure.code, ErrorCode::RequestInvalid, "{text}");
            if param.is_some() {
                assert_eq!(failure.param.as_deref(), param, "{text}: {failure}");
            }
            let said = failure.to_string();
            assert!(!said.contains("canary") && !said.contains("77123"), "{said}");
        }
        assert!(parse::<Form>(br#"{"secret": "s", "number": 1}"#).is_ok());
    }
}
