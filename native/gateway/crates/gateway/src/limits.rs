//! How a limit is said in headers: with the names of OpenAI's API, which its clients know.
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use convergio_control::Admission;

const LIMIT: HeaderName = HeaderName::from_static("x-ratelimit-limit-requests");
const REMAINING: HeaderName = HeaderName::from_static("x-ratelimit-remaining-requests");
const RESET: HeaderName = HeaderName::from_static("x-ratelimit-reset-requests");

/// Says what is left. `reset` is when one more than `remaining` is allowed, such as `1.5s`.
pub(crate) fn say(left: &Admission, headers: &mut HeaderMap) {
    headers.insert(LIMIT, HeaderValue::from(left.limit));
    headers.insert(REMAINING, HeaderValue::from(left.remaining));
    let millis = left.reset.as_millis();
    let (seconds, rest) = (millis / 1_000, millis % 1_000);
    if let Ok(reset) = HeaderValue::from_str(&format!("{seconds}.{rest:03}s")) {
        headers.insert(RESET, reset);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn what_is_left_is_said_as_openai_says_it() {
        let mut headers = HeaderMap::new();
        let reset = Duration::from_millis(60_007);
        say(&Admission { limit: 3, remaining: 2, reset }, &mut headers);
        assert_eq!(headers[LIMIT], "3");
        assert_eq!(headers[REMAINING], "2");
        assert_eq!(headers[RESET], "60.007s");
    }
}
