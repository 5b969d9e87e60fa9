//! Reading what stands behind `?`, as strictly as a body.
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use convergio_wire::{ErrorCode, Failure};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use utoipa::ToSchema;

use crate::api::Api;
use crate::error::{ApiError, ApiResult};

/// What stands behind `?`.
pub(crate) struct Query<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequestParts<Api> for Query<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &Api) -> ApiResult<Self> {
        Ok(Self(parse(parts.uri.query().unwrap_or_default())?))
    }
}

fn parse<T: DeserializeOwned>(query: &str) -> Result<T, Failure> {
    let parts = serde_urlencoded::Deserializer::new(form_urlencoded(query));
    serde_path_to_error::deserialize(parts).map_err(|error| {
        let at = error.path().to_string();
        // The words behind an error here may hold what was sent; the field is enough.
        match at.as_str() {
            "." => Failure::new(ErrorCode::RequestInvalid, "the query cannot be read"),
            _ => {
                let message = format!("`{at}` in the query is unknown or not what it must be");
                Failure::invalid(at, message)
            }
        }
    })
}

fn form_urlencoded(query: &str) -> form_urlencoded::Parse<'_> {
    form_urlencoded::parse(query.as_bytes())
}

/// How an answer is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Format {
    /// As everywhere here.
    #[default]
    Json,
    /// For a spreadsheet: everything, not a page.
    Csv,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Form {
        limit: Option<i64>,
        #[serde(default)]
        format: Format,
    }

    #[test]
    fn a_mistake_is_named_by_its_field() {
        for (query, param) in [
            ("limit=canary", "limit"),
            ("format=canary", "format"),
            ("colour=canary", "colour"),
            ("limit=99999999999999999999", "limit"),
        ] {
            let failure = parse::<Form>(query).expect_err(query);
            assert_eq!(failure.param.as_deref(), Some(param), "{failure}");
            assert!(!failure.to_string().contains("canary"), "{failure}");
        }
        let form = parse::<Form>("limit=3&format=csv").unwrap();
        assert_eq!((form.limit, form.format), (Some(3), Format::Csv));
        assert_eq!(parse::<Form>("").unwrap().limit, None);
        assert!(parse::<Form>("limit=1&limit=2").is_err());
    }
}
