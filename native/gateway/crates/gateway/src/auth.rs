//! From a request's headers to who asks: bearer tokens, the session's cookie, and the rules that
//! keep other sites from using it. Who that is and what they may do is for the control plane.
use std::sync::Arc;

use axum::extract::{ConnectInfo, FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{Extensions, HeaderMap, Method, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use convergio_control::{
    AccountError, Admission, By, Caller, Control, ControlError, Presented, Refusal,
};
use convergio_wire::{ErrorCode, Failure};
use secrecy::{ExposeSecret as _, SecretString};

use crate::api::Api;
use crate::app::App;
use crate::cookies;
use crate::error::{ApiError, ApiResult};
use crate::incoming::own_key;
use crate::limits;
use crate::messages::Spoken;
use crate::observe::RequestId;

/// Carries the CSRF token of a session.
const CSRF: &str = "x-csrf-token";

/// How every personal token begins.
const TOKEN: &str = "cvg_";

/// Who asks, and in which request.
#[derive(Clone, Debug)]
pub(crate) struct Who {
    pub(crate) caller: Arc<Caller>,
    /// The cookie's value, when they came with one.
    pub(crate) session: Option<SecretString>,
    request: RequestId,
}

impl Who {
    pub(crate) fn by(&self) -> By<'_> {
        By { caller: &self.caller, request_id: self.request.as_str() }
    }

    /// The session they came with.
    ///
    /// # Errors
    /// `auth.forbidden` for a program with a token: it has none.
    pub(crate) fn session(&self) -> ApiResult<&SecretString> {
        let error = || ControlError::from(AccountError::NeedsSession).into();
        self.session.as_ref().ok_or_else(error)
    }
}

impl FromRequestParts<Api> for Who {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> ApiResult<Self> {
        let Parts { method, uri, headers, extensions, .. } = parts;
        let secure = api.app.server.secure_cookies;
        identify(&api.control, secure, method, uri, headers, extensions).await
    }
}

/// Finds out who asks: by a bearer token, else by the session's cookie.
///
/// # Errors
/// `auth.invalid` without either, `auth.forbidden` for what another site sent.
pub(crate) async fn identify(
    control: &Control,
    secure: bool,
    method: &Method,
    uri: &Uri,
    headers: &HeaderMap,
    extensions: &Extensions,
) -> ApiResult<Who> {
    let request = RequestId::of(extensions);
    if let Some(token) = token(uri, headers)? {
        let caller = control.identify(Presented::Token(&token)).await?;
        return Ok(Who { caller, session: None, request });
    }
    let session = cookies::session(headers, secure).ok_or_else(unknown)?;
    same_origin(headers)?;
    let csrf = headers.get(CSRF).and_then(|value| value.to_str().ok());
    let changes = !matches!(*method, Method::GET | Method::HEAD);
    let caller = control.identify(Presented::Session { session: &session, csrf, changes }).await?;
    Ok(Who { caller, session: Some(session), request })
}

/// Who asks, where that is said and not needed.
///
/// # Errors
/// As [`identify`], for what is said and wrong.
pub(crate) async fn somebody(app: &App, parts: &Parts) -> ApiResult<Option<(Arc<Control>, Who)>> {
    let Some(control) = &app.control else { return Ok(None) };
    let secure = app.server.secure_cookies;
    let Parts { method, uri, headers, extensions, .. } = parts;
    if !headers.contains_key(header::AUTHORIZATION) && cookies::session(headers, secure).is_none() {
        return Ok(None);
    }
    let who = identify(control, secure, method, uri, headers, extensions).await?;
    Ok(Some((Arc::clone(control), who)))
}

/// A personal token, where programs put it: Anthropic's clients have a header of their own.
fn token(uri: &Uri, headers: &HeaderMap) -> Result<Option<SecretString>, Failure> {
    let given = match own_key(headers)? {
        Some(given) => Some(given),
        None if uri.path().starts_with("/v1/messages") => headers
            .get("x-api-key")
            .and_then(|value| value.to_str().ok())
            .map(|value| SecretString::from(value.trim())),
        None => None,
    };
    match given {
        Some(given) if given.expose_secret().starts_with(TOKEN) => Ok(Some(given)),
        // Most likely a provider's key: it is neither taken for a token nor passed on.
        Some(_) => Err(unknown()),
        None => Ok(None),
    }
}

fn unknown() -> Failure {
    Failure::new(
        ErrorCode::AuthInvalid,
        "send a token of this gateway as `Authorization: Bearer cvg_…`: log in and make one \
         (POST /api/v1/session, POST /api/v1/tokens). Provider keys are kept here, not sent along",
    )
}

/// Refuses what a browser says comes from another site. Programs send neither header.
///
/// # Errors
/// `auth.forbidden`.
pub(crate) fn same_origin(headers: &HeaderMap) -> Result<(), Failure> {
    let text = |name| headers.get(name).map(|value| value.to_str().unwrap_or_default());
    let foreign = match text("sec-fetch-site") {
        Some("same-origin" | "none") | None => false,
        Some(_) => true,
    };
    let elsewhere = text("origin").is_some_and(|origin| {
        let (host, ours) = (origin.split_once("://").map(|(_, host)| host), text("host"));
        host.is_none() || host != ours
    });
    if foreign || elsewhere {
        let message = "this came from another site; open the gateway's own address";
        return Err(Failure::new(ErrorCode::AuthForbidden, message));
    }
    Ok(())
}

/// From where a request came, as far as anybody can tell: behind a proxy, the proxy.
pub(crate) fn peer(extensions: &Extensions) -> String {
    let peer = extensions.get::<ConnectInfo<std::net::SocketAddr>>();
    peer.map_or_else(|| "unknown".to_owned(), |peer| peer.0.ip().to_string())
}

/// Before every question to a model: with accounts on, only people of this installation get through
/// who may ask and do not ask too often, with their [`Who`] among the extensions. What they
/// authenticated with goes no further.
pub(crate) async fn inference(
    State(app): State<App>,
    mut request: Request,
    next: Next,
) -> Response {
    let Some(control) = &app.control else { return next.run(request).await };
    let (method, uri, headers) = (request.method(), request.uri(), request.headers());
    let secure = app.server.secure_cookies;
    let who = identify(control, secure, method, uri, headers, request.extensions()).await;
    let admitted = match who {
        Ok(who) => control.admit(&who.caller).await.map(|left| (who, left)).map_err(refused),
        Err(error) => Err((error, None)),
    };
    match admitted {
        Ok((who, left)) => {
            request.headers_mut().remove(header::AUTHORIZATION);
            request.headers_mut().remove("x-api-key");
            request.extensions_mut().insert(who);
            let mut response = next.run(request).await;
            if let Some(left) = left {
                limits::say(&left, response.headers_mut());
            }
            response
        }
        Err((error, left)) => {
            let mut response = match uri.path().starts_with("/v1/messages") {
                true => Spoken(error).into_response(),
                false => error.into_response(),
            };
            if let Some(left) = left {
                limits::say(&left, response.headers_mut());
            }
            response
        }
    }
}

/// A refusal, and what there is to say of the limit where that is why.
fn refused(error: ControlError) -> (ApiError, Option<Admission>) {
    let left = match &error {
        ControlError::TooOften(Refusal { limit, wait }) => {
            Some(Admission { limit: *limit, remaining: 0, reset: *wait })
        }
        _ => None,
    };
    (error.into(), left)
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let pairs = pairs.iter();
        pairs
            .map(|&(name, value)| {
                (header::HeaderName::from_static(name), HeaderValue::from_static(value))
            })
            .collect()
    }

    #[test]
    fn what_another_site_sends_is_refused() {
        let host = ("host", "gate.example:8080");
        for (own, good) in [
            (&[host][..], true),
            (&[host, ("origin", "http://gate.example:8080")], true),
            (&[host, ("sec-fetch-site", "same-origin")], true),
            (&[host, ("sec-fetch-site", "none")], true),
            (&[host, ("sec-fetch-site", "cross-site")], false),
            (&[host, ("sec-fetch-site", "same-site")], false),
            (&[host, ("origin", "http://evil.example")], false),
            (&[host, ("origin", "http://gate.example")], false),
            (&[host, ("origin", "null")], false),
            (&[("origin", "http://gate.example:8080")], false),
        ] {
            assert_eq!(same_origin(&headers(own)).is_ok(), good, "{own:?}");
        }
    }

    #[test]
    fn only_a_token_of_ours_is_taken_for_one() {
        let uri = |path: &'static str| Uri::from_static(path);
        let chat = uri("/v1/chat/completions");
        let found = |uri: &Uri, pairs: &[(&'static str, &'static str)]| {
            token(uri, &headers(pairs)).map(|token| token.is_some())
        };
        assert_eq!(found(&chat, &[]), Ok(false));
        assert_eq!(found(&chat, &[("authorization", "Bearer cvg_1")]), Ok(true));
        assert_eq!(found(&uri("/v1/messages"), &[("x-api-key", "cvg_1")]), Ok(true));
        assert_eq!(found(&chat, &[("x-api-key", "cvg_1")]), Ok(false));
        for refused in [("authorization", "Bearer sk-1"), ("authorization", "Basic x")] {
            assert_eq!(found(&chat, &[refused]).unwrap_err().code, ErrorCode::AuthInvalid);
        }
    }
}
