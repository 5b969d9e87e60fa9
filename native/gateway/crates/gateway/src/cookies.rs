//! The session's cookie: out of scripts' reach, never sent by other sites.
use axum::http::{HeaderMap, HeaderValue, header};
use convergio_control::Millis;
use cookie::time::Duration;
use cookie::{Cookie, SameSite};
use secrecy::{ExposeSecret as _, SecretString};

/// Its name. Over HTTPS the prefix has the browser insist on `Secure`, on `/` and on no domain.
fn name(secure: bool) -> &'static str {
    if secure { "__Host-convergio_session" } else { "convergio_session" }
}

/// The session that a request brings.
pub(crate) fn session(headers: &HeaderMap, secure: bool) -> Option<SecretString> {
    let lines = headers.get_all(header::COOKIE).iter().filter_map(|line| line.to_str().ok());
    lines
        .flat_map(Cookie::split_parse)
        .filter_map(Result::ok)
        .find(|cookie| cookie.name() == name(secure))
        .map(|cookie| SecretString::from(cookie.value()))
        .filter(|value| !value.expose_secret().is_empty())
}

/// The header that gives a browser its session, for `lasts` milliseconds.
pub(crate) fn set(session: &SecretString, lasts: Millis, secure: bool) -> HeaderValue {
    line(session.expose_secret(), Duration::milliseconds(lasts.max(0)), secure)
}

/// The header that takes it away.
pub(crate) fn clear(secure: bool) -> HeaderValue {
    line("", Duration::ZERO, secure)
}

fn line(value: &str, max_age: Duration, secure: bool) -> HeaderValue {
    let cookie = Cookie::build((name(secure), value))
        .path("/")
        .http_only(true)
        .same_site(SameSite::Strict)
        .secure(secure)
        .max_age(max_age);
    // The value is hexadecimal digits, or nothing.
    let mut line =
        HeaderValue::from_str(&cookie.to_string()).unwrap_or_else(|_| HeaderValue::from_static(""));
    line.set_sensitive(true);
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_and_other_sites_cannot_have_it() {
        let secret = SecretString::from("abc123");
        let plain = set(&secret, 90_000, false);
        assert_eq!(
            plain.to_str().unwrap(),
            "convergio_session=abc123; HttpOnly; SameSite=Strict; Path=/; Max-Age=90"
        );
        let secure = set(&secret, 90_000, true);
        let text = secure.to_str().unwrap();
        assert!(text.starts_with("__Host-convergio_session=") && text.contains("; Secure"));
        assert!(clear(false).to_str().unwrap().contains("Max-Age=0"));
    }

    #[test]
    fn it_is_found_among_others_under_its_name_only() {
        let with = |text| HeaderMap::from_iter([(header::COOKIE, HeaderValue::from_static(text))]);
        let found = |text, secure| {
            session(&with(text), secure).map(|session| session.expose_secret().to_owned())
        };
        assert_eq!(found("a=b; convergio_session=x1", false).as_deref(), Some("x1"));
        assert_eq!(found("__Host-convergio_session=x2", true).as_deref(), Some("x2"));
        assert_eq!(found("convergio_session=x1", true), None);
        assert_eq!(found("convergio_session=", false), None);
        assert_eq!(found(";;=;%", false), None);
    }
}
