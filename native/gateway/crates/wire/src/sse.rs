//! Event streams: the data of each event, from any stream of bytes, within a bound.
//!
//! The grammar is the HTML Living Standard's "Server-sent events"; `eventsource-stream` implements
//! it, and this module adds what it lacks: a limit, so that a provider which never ends an event
//! cannot fill the memory; whole lines, because it reads an unfinished line again with every piece
//! of it, in quadratic time; one kind of line end, because it waits for more after a lone CR; and
//! the byte order mark, at which it panics.
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::{BufMut, Bytes, BytesMut};
use eventsource_stream::{EventStreamError, Eventsource};
use futures_util::{Stream, StreamExt};

/// Most bytes between two events.
pub const MAX_EVENT_BYTES: usize = 8 * 1024 * 1024;

/// Why an event stream broke.
#[derive(Debug)]
pub enum SseError<E> {
    /// The bytes below failed.
    Transport(E),
    /// The bytes are not UTF-8, or not an event stream.
    Malformed,
    /// An event exceeds [`MAX_EVENT_BYTES`].
    TooLarge,
}

impl<E: fmt::Display> fmt::Display for SseError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Transport(error) => write!(f, "{error}"),
            Self::Malformed => f.write_str("not a valid event stream"),
            Self::TooLarge => write!(f, "an event exceeds {MAX_EVENT_BYTES} bytes"),
        }
    }
}

/// The `data` of each event. An event cut short by the end of the bytes is not delivered.
pub fn events<S, E>(bytes: S) -> impl Stream<Item = Result<String, SseError<E>>> + Send
where
    S: Stream<Item = Result<Bytes, E>> + Send,
    E: Send,
{
    events_within(bytes, MAX_EVENT_BYTES)
}

fn events_within<S, E>(
    bytes: S,
    limit: usize,
) -> impl Stream<Item = Result<String, SseError<E>>> + Send
where
    S: Stream<Item = Result<Bytes, E>> + Send,
    E: Send,
{
    let pending = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&pending);
    let mut lines = Lines::default();
    let bounded = bytes.map(move |chunk| {
        let chunk = chunk.map_err(SseError::Transport)?;
        let before = counted.fetch_add(chunk.len(), Ordering::Relaxed);
        if before.saturating_add(chunk.len()) > limit {
            return Err(SseError::TooLarge);
        }
        Ok(lines.take(&chunk))
    });
    bounded.eventsource().map(move |event| {
        pending.store(0, Ordering::Relaxed);
        match event {
            Ok(event) => Ok(event.data),
            Err(EventStreamError::Transport(error)) => Err(error),
            Err(EventStreamError::Utf8(_) | EventStreamError::Parser(_)) => {
                Err(SseError::Malformed)
            }
        }
    })
}

/// Holds an unfinished line back until its end has come; every line end becomes LF.
#[derive(Default)]
struct Lines {
    held: BytesMut,
    begun: bool,
    after_cr: bool,
}

impl Lines {
    /// The lines that `chunk` completes; empty when there is none.
    fn take(&mut self, chunk: &[u8]) -> Bytes {
        let mut complete = 0;
        for &byte in chunk {
            let second_half = byte == b'\n' && self.after_cr;
            self.after_cr = byte == b'\r';
            if second_half {
                continue;
            }
            self.held.put_u8(if self.after_cr { b'\n' } else { byte });
            if matches!(byte, b'\n' | b'\r') {
                complete = self.held.len();
            }
        }
        let lines = self.held.split_to(complete).freeze();
        if lines.is_empty() {
            return lines;
        }
        if std::mem::replace(&mut self.begun, true) {
            return lines;
        }
        // The standard drops one byte order mark. What the parser sees first is a comment of ours,
        // so that it never looks for another.
        let text = lines.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(&lines);
        [b":\n", text].concat().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::{FutureExt, stream};
    use proptest::prelude::*;
    use std::convert::Infallible;

    fn read(chunks: Vec<Vec<u8>>, limit: usize) -> Vec<Result<String, SseError<Infallible>>> {
        let bytes = stream::iter(chunks.into_iter().map(|chunk| Ok(Bytes::from(chunk))));
        // Every part is ready at once, so there is nothing to wait for.
        events_within(bytes, limit).collect::<Vec<_>>().now_or_never().unwrap()
    }

    #[test]
    fn comments_line_ends_and_unfinished_events_follow_the_standard() {
        let text = ": ping\r\n\r\ndata: one\r\n\r\ndata: two\ndata: lines\n\ndata: cut short";
        let events: Vec<_> =
            read(vec![text.into()], 1_000).into_iter().map(Result::unwrap).collect();
        assert_eq!(events, ["one", "two\nlines"]);
    }

    #[test]
    fn a_byte_order_mark_is_dropped_once_wherever_it_is_cut() {
        let text = "\u{feff}data: one\n\ndata: \u{feff}two\n\n".as_bytes();
        for cut in 0..text.len() {
            let (head, tail) = text.split_at(cut);
            let events: Vec<_> = read(vec![head.to_vec(), tail.to_vec()], 1_000)
                .into_iter()
                .map(Result::unwrap)
                .collect();
            assert_eq!(events, ["one", "\u{feff}two"], "cut at {cut}");
        }
        // A second mark belongs to the name of a field that nobody knows.
        assert!(read(vec!["\u{feff}\u{feff}data: one\n\n".into()], 1_000).is_empty());
    }

    #[test]
    fn an_unfinished_line_is_held_back_and_not_read_again() {
        let mut lines = Lines::default();
        assert_eq!(lines.take(b"data: "), "");
        assert_eq!(lines.take(b"x"), "");
        assert_eq!(lines.take(b"y\n\nda"), ":\ndata: xy\n\n");
        assert_eq!(lines.take(b"ta: z\r"), "data: z\n");
        assert_eq!(lines.take(b"\n\r"), "\n");
    }

    #[test]
    fn an_event_without_an_end_is_stopped_at_the_limit() {
        let chunks = vec![b"data: ".to_vec(), vec![b'x'; 50], vec![b'x'; 50]];
        assert!(matches!(read(chunks, 99).as_slice(), [.., Err(SseError::TooLarge)]));
    }

    #[test]
    fn bytes_that_are_not_text_are_an_error() {
        let events = read(vec![b"data: \xff\xfe\n\n".to_vec()], 1_000);
        assert!(matches!(events.first(), Some(Err(SseError::Malformed))), "{events:?}");
    }

    proptest! {
        /// Where the network cuts the bytes makes no difference.
        #[test]
        fn cuts_do_not_change_events(
            payloads in proptest::collection::vec("[^\r\n]{1,20}", 1..6),
            cuts in proptest::collection::vec(1_usize..7, 1..80),
            end in "\r\n|\n|\r",
        ) {
            let event = |data: &String| format!("data: {data}{end}data: more{end}{end}");
            let text: String = payloads.iter().map(event).collect();
            let (mut rest, mut chunks) = (text.as_bytes(), Vec::new());
            for cut in cuts {
                let (head, tail) = rest.split_at(cut.min(rest.len()));
                chunks.push(head.to_vec());
                rest = tail;
            }
            chunks.push(rest.to_vec());
            let events: Vec<_> = read(chunks, 10_000).into_iter().map(Result::unwrap).collect();
            let expected: Vec<_> = payloads.iter().map(|data| format!("{data}\nmore")).collect();
            prop_assert_eq!(events, expected);
        }
    }
}
