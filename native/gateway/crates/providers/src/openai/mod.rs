//! OpenAI's wire, spoken by OpenAI and by many others.
mod client;
mod failure;

use std::fmt;
use std::sync::OnceLock;
use std::time::{Duration, SystemTime};

use bytes::{Bytes, BytesMut};
use convergio_core::RetryPolicy;
use convergio_wire::config;
use convergio_wire::sse::{self, SseError};
use convergio_wire::stream::{Progress, Step};
use convergio_wire::{ErrorCode, Failure, Usage, chat};
use futures_util::future::BoxFuture;
use futures_util::stream::{self, BoxStream};
use futures_util::{FutureExt, Stream, StreamExt};
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use secrecy::ExposeSecret;
use serde_json::Value;
use tokio::time::{Instant, timeout, timeout_at};

use crate::{Answer, Broken, Credential, Piece, Pieces, Provider};

const NAME: &str = "openai";

/// Largest plain answer.
const MAX_ANSWER_BYTES: usize = 32 * 1024 * 1024;
/// As much of an error body as is worth reading.
const MAX_ERROR_BYTES: usize = 64 * 1024;

/// Adapter for a server that speaks OpenAI's wire.
pub struct OpenAi {
    base_url: String,
    retry: RetryPolicy,
    connect_timeout: Duration,
    request_timeout: Duration,
    idle_timeout: Duration,
    // Built by the first call: pure uses of an engine must not need root certificates.
    client: OnceLock<Result<reqwest::Client, String>>,
}

impl fmt::Debug for OpenAi {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenAi").field("base_url", &self.base_url).finish_non_exhaustive()
    }
}

impl OpenAi {
    /// An adapter for a checked configuration. Connects to nothing yet.
    pub fn new(
        openai: &config::OpenAi,
        retry: &config::Retry,
        timeouts: &config::Timeouts,
    ) -> Self {
        Self {
            base_url: openai.base_url.trim_end_matches('/').to_owned(),
            retry: RetryPolicy {
                base_ms: retry.base_ms,
                cap_ms: retry.cap_ms,
                max_retries: retry.max_retries,
                max_retry_after_ms: retry.max_retry_after_ms,
            },
            connect_timeout: Duration::from_millis(timeouts.connect_ms),
            request_timeout: Duration::from_millis(timeouts.request_ms),
            idle_timeout: Duration::from_millis(timeouts.stream_idle_ms),
            client: OnceLock::new(),
        }
    }

    fn client(&self) -> Result<&reqwest::Client, Failure> {
        self.client
            .get_or_init(|| client::build(&self.base_url, self.connect_timeout))
            .as_ref()
            .map_err(|problem| Failure {
                retryable: false,
                ..Failure::new(ErrorCode::ProviderUnavailable, problem.clone())
            })
    }

    /// Sends `body` until an answer begins, retrying what may be retried before `deadline`.
    async fn begin(
        &self,
        body: &Value,
        credential: &Credential,
        accept: &'static str,
        deadline: Instant,
    ) -> Result<reqwest::Response, Failure> {
        let body = Bytes::from(body.to_string());
        for retry in 0.. {
            let outcome = match timeout_at(deadline, self.send(&body, credential, accept)).await {
                Ok(outcome) => outcome,
                // Waiting is over for good; what the provider does now is unknown.
                Err(_) => return Err(too_slow(self.request_timeout)),
            };
            let failure = match outcome {
                Ok(response) => return Ok(response),
                Err(failure) if failure.retryable => failure,
                Err(failure) => return Err(failure),
            };
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
    async fn send(
        &self,
        body: &Bytes,
        credential: &Credential,
        accept: &'static str,
    ) -> Result<reqwest::Response, Failure> {
        let key = credential.key.expose_secret();
        let response = self
            .client()?
            .post(format!("{}/chat/completions", self.base_url))
            .header(AUTHORIZATION, bearer(key)?)
            .header(CONTENT_TYPE, "application/json")
            .header(ACCEPT, accept)
            .body(body.clone())
            .send()
            .await
            .map_err(unreachable_provider)?;
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        let headers = response.headers().clone();
        // The status already says enough; a body that breaks off only costs detail.
        let body = read(response, MAX_ERROR_BYTES).await.unwrap_or_default();
        let now = SystemTime::now();
        Err(failure::from_answer(status, &headers, &body, credential.source, key, now))
    }

    async fn complete_once(
        &self,
        body: &Value,
        credential: &Credential,
    ) -> Result<Answer, Failure> {
        let deadline = Instant::now() + self.request_timeout;
        let response = self.begin(body, credential, "application/json", deadline).await?;
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
        if let Some(error) = body.get("error").filter(|error| !error.is_null()) {
            return Err(failure::from_stream_error(error, credential.key.expose_secret()));
        }
        if !chat::is_complete(&body) {
            return Err(truncated("a choice has no finish reason"));
        }
        Ok(Answer { usage: Usage::read(&body), body })
    }

    async fn begin_stream(&self, body: &Value, credential: &Credential) -> Result<Pieces, Failure> {
        let deadline = Instant::now() + self.request_timeout;
        let response = self.begin(body, credential, "text/event-stream", deadline).await?;
        let reader = Reader {
            events: sse::events(until_idle(response.bytes_stream(), self.idle_timeout)).boxed(),
            progress: Progress::default(),
            key: credential.clone(),
        };
        Ok(stream::unfold(Some(reader), |reader| async move {
            let mut reader = reader?;
            let piece = reader.next().await;
            let more = matches!(piece, Ok(Piece::Chunk(_) | Piece::Usage(_)));
            Some((piece, more.then_some(reader)))
        })
        .boxed())
    }
}

impl Provider for OpenAi {
    fn name(&self) -> &'static str {
        NAME
    }

    fn warm_up(&self) -> Result<(), Failure> {
        self.client().map(|_| ())
    }

    fn complete<'a>(
        &'a self,
        body: &'a Value,
        credential: &'a Credential,
    ) -> BoxFuture<'a, Result<Answer, Failure>> {
        self.complete_once(body, credential).boxed()
    }

    fn stream<'a>(
        &'a self,
        body: &'a Value,
        credential: &'a Credential,
    ) -> BoxFuture<'a, Result<Pieces, Failure>> {
        self.begin_stream(body, credential).boxed()
    }
}

/// Reads a stream that has begun.
struct Reader {
    events: BoxStream<'static, Result<String, SseError<Failure>>>,
    progress: Progress,
    key: Credential,
}

impl Reader {
    async fn next(&mut self) -> Result<Piece, Broken> {
        let data = match self.events.next().await {
            Some(Ok(data)) => data,
            Some(Err(SseError::Transport(failure))) => return Err(self.broken(failure)),
            Some(Err(error)) => {
                let message = format!("the provider's stream cannot be read: {error}");
                return Err(self.broken(Failure::new(ErrorCode::ProviderUnavailable, message)));
            }
            None => return Err(self.broken(truncated("it ended without its terminator"))),
        };
        match self.progress.take(&data) {
            Step::Chunk(chunk) => Ok(Piece::Chunk(chunk)),
            Step::Usage(chunk) => Ok(Piece::Usage(chunk)),
            Step::Done if self.progress.is_complete() => Ok(Piece::End(self.progress.usage())),
            Step::Done => Err(self.broken(truncated("a choice has no finish reason"))),
            Step::Malformed => Err(self.broken(truncated("an event is not JSON"))),
            Step::Error(error) => {
                let failure = failure::from_stream_error(&error, self.key.key.expose_secret());
                Err(self.broken(failure))
            }
        }
    }

    fn broken(&self, failure: Failure) -> Broken {
        Broken { failure, usage: self.progress.usage() }
    }
}

/// The bytes of an answer, until none arrive for `idle`. Bytes, not events: with comments a provider
/// shows that it is still at work.
fn until_idle(
    bytes: impl Stream<Item = reqwest::Result<Bytes>> + Send + 'static,
    idle: Duration,
) -> impl Stream<Item = Result<Bytes, Failure>> + Send {
    stream::unfold(bytes.boxed(), move |mut bytes| async move {
        let chunk = match timeout(idle, bytes.next()).await {
            Ok(chunk) => chunk?.map_err(|_| truncated("the connection broke off")),
            Err(_) => Err(too_slow(idle)),
        };
        Some((chunk, bytes))
    })
}

/// The only place where a key is written out; marked so that no log of headers shows it.
fn bearer(key: &str) -> Result<HeaderValue, Failure> {
    let mut value = HeaderValue::from_str(&format!("Bearer {key}")).map_err(|_| {
        Failure::new(
            ErrorCode::AuthInvalid,
            "the key holds characters that no header may carry; copy it again without white space",
        )
    })?;
    value.set_sensitive(true);
    Ok(value)
}

fn truncated(how: &str) -> Failure {
    Failure::new(
        ErrorCode::ProviderTruncated,
        format!("the provider's answer is incomplete: {how}; ask again"),
    )
}

fn too_slow(limit: Duration) -> Failure {
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
        let value = bearer("sk-canary-0123456789").unwrap();
        assert!(value.is_sensitive());
        assert!(!format!("{value:?}").contains("canary"));
        assert_eq!(bearer("bad\nkey").unwrap_err().code, ErrorCode::AuthInvalid);
    }
}
