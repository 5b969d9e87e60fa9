//! Personal API tokens and CSRF tokens.
use std::fmt;

use convergio_store::TokenId;
use ring::hmac;
use secrecy::{ExposeSecret as _, SecretString};
use subtle::ConstantTimeEq as _;

use crate::error::Result;
use crate::random;

/// How every token begins, so that people and scanners know one when they see it.
const PREFIX: &str = "cvg_";

/// A personal API token, `cvg_<32 digits of its id>_<64 digits>`. Shown once, stored as a hash.
pub struct ApiToken {
    /// Its public part.
    pub id: TokenId,
    secret: SecretString,
}

impl ApiToken {
    /// A fresh one with that id.
    ///
    /// # Errors
    /// `NoRandomness`.
    pub fn issue(id: TokenId) -> Result<Self> {
        Ok(Self { id, secret: random::secret()? })
    }

    /// Takes apart what a program sent; nothing is believed yet. `None` for anything that cannot be a
    /// token, so that a provider's key is not taken for one.
    pub fn parse(text: &str) -> Option<Self> {
        let (id, secret) = text.strip_prefix(PREFIX)?.split_once('_')?;
        let hex = |text: &str| text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        if id.len() != 32 || secret.len() != 64 || !hex(id) || !hex(secret) {
            return None;
        }
        let (a, b, c, d, e) = (&id[..8], &id[8..12], &id[12..16], &id[16..20], &id[20..]);
        let id = format!("{a}-{b}-{c}-{d}-{e}").parse().ok()?;
        let mut own = String::with_capacity(secret.len());
        own.push_str(secret);
        Some(Self { id, secret: own.into() })
    }

    /// The whole token: to be shown once.
    pub fn reveal(&self) -> SecretString {
        let mut text = String::with_capacity(PREFIX.len() + 32 + 1 + 64);
        text.push_str(PREFIX);
        text.extend(self.id.as_str().chars().filter(|letter| *letter != '-'));
        text.push('_');
        text.push_str(self.secret.expose_secret());
        text.into()
    }

    /// What is stored of it.
    pub fn hash(&self) -> [u8; 32] {
        random::hash(&self.secret)
    }

    /// Is this the token of that hash? In constant time.
    pub fn matches(&self, hash: &[u8]) -> bool {
        self.hash().ct_eq(hash).into()
    }
}

impl fmt::Debug for ApiToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ApiToken({}, [redacted])", self.id)
    }
}

fn csrf(session: &SecretString) -> hmac::Tag {
    let key = hmac::Key::new(hmac::HMAC_SHA256, session.expose_secret().as_bytes());
    hmac::sign(&key, b"convergio accounts: csrf")
}

/// The CSRF token of a session, 64 hexadecimal digits. It follows from the session's token and tells
/// nothing about it, so it may stand in a page and nothing of it is stored.
pub fn csrf_token(session: &SecretString) -> String {
    csrf(session).as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Is that the session's CSRF token? In constant time.
pub fn csrf_matches(session: &SecretString, given: &str) -> bool {
    csrf_token(session).as_bytes().ct_eq(given.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NOW: i64 = 1_790_000_000_000;

    #[test]
    fn a_token_survives_text_and_never_prints() {
        let token = ApiToken::issue(TokenId::new(NOW)).expect("issued");
        let text = token.reveal();
        let again = ApiToken::parse(text.expose_secret()).expect("parses");
        assert_eq!(again.id, token.id);
        assert!(again.matches(&token.hash()));
        let shown = format!("{token:?}");
        assert!(!shown.contains(&text.expose_secret()[37..]), "{shown}");
    }

    #[test]
    fn what_cannot_be_a_token_is_none() {
        let text = ApiToken::issue(TokenId::new(NOW)).expect("issued").reveal();
        let text = text.expose_secret();
        for other in [
            "",
            "cvg_",
            "sk-0123456789abcdef",
            &text[1..],
            &text[..text.len() - 1],
            &text.to_uppercase(),
            &text.replace("cvg_", "cvg-"),
            &format!("{text}0"),
            &format!("{text} "),
        ] {
            assert!(ApiToken::parse(other).is_none(), "{other}");
        }
    }

    #[test]
    fn a_csrf_token_is_that_of_one_session() {
        let (one, two): (SecretString, SecretString) =
            ("a".repeat(64).into(), "b".repeat(64).into());
        let token = csrf_token(&one);
        assert!(csrf_matches(&one, &token));
        for (session, given) in [(&two, token.as_str()), (&one, ""), (&one, &token[..63])] {
            assert!(!csrf_matches(session, given), "{given}");
        }
        assert!(!token.contains(one.expose_secret()));
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in ".{0,120}") {
            prop_assert!(ApiToken::parse(&text).is_none());
        }

        #[test]
        fn no_multibyte_text_makes_it_panic(text in "cvg_[0-9a-fé]{30,34}_[0-9a-fé]{62,66}") {
            if let Some(token) = ApiToken::parse(&text) {
                let again = token.reveal();
                prop_assert_eq!(again.expose_secret(), text);
            }
        }
    }
}
