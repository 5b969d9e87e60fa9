//! Calls over HTTP: deadlines, retries, bodies within bounds. The same for every provider.
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::{Bytes, BytesMut};
use convergio_core::RetryPolicy;
use convergio_wire::config;
use convergio_wire::{ErrorCode, Failure};
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderValue};
use reqwest::{Method, StatusCode};
use secrecy::ExposeSecret;
use serde_json::Value;
use tokio::time::{Instant, timeout_at};

use crate::client::Clients;
use crate::{Credential, Watch, failure};

/// Largest plain answer.
const MAX_ANSWER_BYTES: usize = 32 * 1024 * 1024;
/// As much of an error body as is worth reading.
const MAX_ERROR_BYTES: usize = 64 * 1024;

/// How calls are made.
pub(crate) struct Exchange {
    provider: &'static str,
    retry: RetryPolicy,
    pub(crate) request_timeout: Duration,
    pub(crate) idle_timeout: Duration,
    clients: Arc<Clients>,
}

/// One call.
pub(crate) struct Call<'a> {
    pub(crate) method: Method,
    pub(crate) url: String,
    /// What `url` begins with.
    pub(crate) base_url: &'a str,
    /// Key included, marked as sensitive.
    pub(crate) headers: HeaderMap,
    pub(crate) accept: &'static str,
    /// Nothing for a call without a body.
    pub(crate) body: Option<Bytes>,
    pub(crate) credential: &'a Credential,
    pub(crate) watch: Option<&'a dyn Watch>,
}

impl Call<'_> {
    fn failed(&self, failure: Failure) -> Failure {
        if let Some(watch) = self.watch {
            watch.failed(&failure);
        }
        failure
    }
}

impl Exchange {
    pub(crate) fn new(
        provider: &'static str,
        retry: &config::Retry,
        timeouts: &config::Timeouts,
        clients: Arc<Clients>,
    ) -> Self {
        Self {
            provider,
            retry: RetryPolicy {
                base_ms: retry.base_ms,
                cap_ms: retry.cap_ms,
                max_retries: retry.max_retries,
                max_retry_after_ms: retry.max_retry_after_ms,
            },
            request_timeout: Duration::from_millis(timeouts.request_ms),
            idle_timeout: Duration::from_millis(timeouts.stream_idle_ms),
            clients,
        }
    }

    /// The client for an address: the operator's, or one that came with a key.
    pub(crate) fn client(
        &self,
        base_url: &str,
        supplied: bool,
    ) -> Result<&reqwest::Client, Failure> {
        let built = if supplied {
            let (guard, client) = self.clients.supplied();
            guard.check(base_url)?;
            client
        } else {
            self.clients.configured(base_url)
        };
        built.map_err(|problem| Failure {
            retryable: false,
            ..Failure::new(ErrorCode::ProviderUnavailable, problem.clone())
        })
    }

    /// Calls until an answer begins, retrying what may be retried before `deadline`.
    pub(crate) async fn begin(
        &self,
        call: &Call<'_>,
        deadline: Instant,
    ) -> Result<reqwest::Response, Failure> {
        for retry in 0.. {
            let outcome = match timeout_at(deadline, self.send(call)).await {
                Ok(outcome) => outcome,
                // Waiting is over for good; what the provider does now is unknown.
                Err(_) => return Err(call.failed(too_slow(self.request_timeout))),
            };
            let failure = match outcome {
                Ok(response) => return Ok(response),
                Err(failure) => call.failed(failure),
            };
            if !failure.retryable {
                return Err(failure);
            }
            let Ok(delay) = self.retry.delay(retry, fastrand::u64(..), failure.retry_after) else {
                return Err(failure);
            };
            if Instant::now() + delay >= deadline {
                return Err(failure);
            }
            tracing::debug!(code = %failure.code, retry, delay_ms = delay.as_millis(), "retrying");
            tokio::time::sleep(delay).await;
        }
        unreachable!("the retry policy ends the loop")
    }

    /// One attempt: a response that is a success, or why not.
    async fn send(&self, call: &Call<'_>) -> Result<reqwest::Response, Failure> {
        let supplied = call.credential.place.is_some();
        let mut request = self
            .client(call.base_url, supplied)?
            .request(call.method.clone(), &call.url)
            .headers(call.headers.clone())
            .header(ACCEPT, call.accept);
        if let Some(body) = &call.body {
            request = request.header(CONTENT_TYPE, "application/json").body(body.clone());
        }
        if let Some(watch) = call.watch {
            watch.sent();
        }
        let response = request.send().await.map_err(unreachable_provider)?;
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        Err(self.refusal(status, response, call.credential).await)
    }

    async fn refusal(
        &self,
        status: StatusCode,
        response: reqwest::Response,
        credential: &Credential,
    ) -> Failure {
        let headers = response.headers().clone();
        // The status already says enough; a body that breaks off only costs detail.
        let body = read(response, MAX_ERROR_BYTES).await.unwrap_or_default();
        let (now, key) = (SystemTime::now(), credential.key.expose_secret());
        failure::from_answer(self.provider, status, &headers, &body, credential.source, key, now)
    }

    /// The JSON of a whole answer.
    pub(crate) async fn whole(&self, call: &Call<'_>) -> Result<Value, Failure> {
        let deadline = Instant::now() + self.request_timeout;
        let response = self.begin(call, deadline).await?;
        let bytes = timeout_at(deadline, read(response, MAX_ANSWER_BYTES))
            .await
            .map_err(|_| too_slow(self.request_timeout))?
            .map_err(|error| match error {
                ReadError::TooLarge => Failure {
                    retryable: false,
                    ..Failure::new(ErrorCode::ProviderUnavailable, "the answer exceeds 32 MiB")
                },
                ReadError::Broken => truncated("the connection broke off"),
            })?;
        let body: Value = serde_json::from_slice(&bytes).map_err(|error| {
            if error.is_eof() {
                truncated("its JSON is cut short")
            } else {
                Failure::new(ErrorCode::ProviderUnavailable, "the provider's answer is not JSON")
            }
        })?;
        match body.get("error").filter(|error| !error.is_null()) {
            Some(error) => {
                let key = call.credential.key.expose_secret();
                Err(failure::from_stream_error(self.provider, error, key))
            }
            None => Ok(body),
        }
    }
}

/// The only place where a key is written out; marked so that no log of headers shows it.
pub(crate) fn secret(prefix: &str, key: &str) -> Result<HeaderValue, Failure> {
    let mut value = HeaderValue::from_str(&format!("{prefix}{key}")).map_err(|_| {
        Failure::new(
            ErrorCode::AuthInvalid,
            "the key holds characters that no header may carry; copy it again without white space",
        )
    })?;
    value.set_sensitive(true);
    Ok(value)
}

/// A piece of a path, with whatever is not plain escaped.
pub(crate) fn segment(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            escaped.push_str(&format!("%{byte:02X}"));
        }
    }
    escaped
}

pub(crate) fn truncated(how: &str) -> Failure {
    Failure::new(
        ErrorCode::ProviderTruncated,
        format!("the provider's answer is incomplete: {how}; ask again"),
    )
}

pub(crate) fn too_slow(limit: Duration) -> Failure {
    Failure::new(
        ErrorCode::ProviderTimeout,
        format!("the provider did not answer within {} ms", limit.as_millis()),
    )
}

/// No answer at all. The error's own text may hold the address and is kept for the log.
fn unreachable_provider(error: reqwest::Error) -> Failure {
    tracing::debug!(error = %error, "provider unreachable");
    // The client's only deadline is the one for connecting: nothing was sent.
    let how = if error.is_timeout() {
        "the provider could not be reached in time; check base_url and the network"
    } else if error.is_connect() {
        "the provider cannot be reached; check base_url and the network"
    } else {
        "the connection to the provider broke before an answer began"
    };
    Failure::new(ErrorCode::ProviderUnavailable, how)
}

enum ReadError {
    TooLarge,
    Broken,
}

/// Reads a whole body within `limit`.
async fn read(mut response: reqwest::Response, limit: usize) -> Result<Bytes, ReadError> {
    let mut body = BytesMut::new();
    while let Some(chunk) = response.chunk().await.map_err(|_| ReadError::Broken)? {
        if body.len() + chunk.len() > limit {
            return Err(ReadError::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body.freeze())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_marked_sensitive_and_never_shown() {
        let value = secret("Bearer ", "sk-canary-0123456789").unwrap();
        assert!(value.is_sensitive());
        assert!(!format!("{value:?}").contains("canary"));
        assert_eq!(secret("", "bad\nkey").unwrap_err().code, ErrorCode::AuthInvalid);
    }

    #[test]
    fn a_name_cannot_leave_its_place_in_a_path() {
        assert_eq!(segment("gemini-2.5-flash"), "gemini-2.5-flash");
        assert_eq!(segment("../x?y#z é"), "..%2Fx%3Fy%23z%20%C3%A9");
    }
}
