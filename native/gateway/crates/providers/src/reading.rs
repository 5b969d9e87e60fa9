//! Streamed answers: every event checked, every end told from a break.
use std::time::Duration;

use bytes::Bytes;
use convergio_wire::dialect::{Dialect, Follower};
use convergio_wire::sse::{self, SseError};
use convergio_wire::stream::Step;
use convergio_wire::{ErrorCode, Failure};
use futures_util::stream::{self, BoxStream};
use futures_util::{Stream, StreamExt};
use secrecy::ExposeSecret;
use tokio::time::timeout;

use crate::exchange::{too_slow, truncated};
use crate::{Broken, Credential, Piece, Pieces, failure};

/// The pieces of an answer that has begun.
pub(crate) fn pieces(
    response: reqwest::Response,
    provider: &'static str,
    dialect: Dialect,
    credential: &Credential,
    idle: Duration,
) -> Pieces {
    let reader = Reader {
        events: sse::events(until_idle(response.bytes_stream(), idle)).boxed(),
        progress: Follower::new(dialect),
        key: credential.clone(),
        provider,
    };
    stream::unfold(Some(reader), |reader| async move {
        let mut reader = reader?;
        let piece = reader.next().await;
        let more = matches!(piece, Ok(Piece::Chunk(_) | Piece::Usage(_)));
        Some((piece, more.then_some(reader)))
    })
    .boxed()
}

/// Reads a stream that has begun.
struct Reader {
    events: BoxStream<'static, Result<String, SseError<Failure>>>,
    progress: Follower,
    key: Credential,
    provider: &'static str,
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
            None if self.progress.ends_with_the_connection() && self.progress.is_complete() => {
                return Ok(Piece::End(self.progress.usage()));
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
                let key = self.key.key.expose_secret();
                Err(self.broken(failure::from_stream_error(self.provider, &error, key)))
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
