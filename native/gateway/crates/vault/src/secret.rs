//! What may be a provider key, and moving one without leaving copies.
use secrecy::{ExposeSecret as _, SecretString};

use crate::error::{Result, VaultError};

const SHORTEST: usize = 16;
const LONGEST: usize = 4096;

/// Refuses what no provider hands out and no header could carry.
///
/// # Errors
/// `NotAKey` with the rule that it breaks, never with the text.
pub fn check(secret: &SecretString) -> Result<()> {
    let text = secret.expose_secret();
    if text.len() < SHORTEST {
        Err(VaultError::NotAKey("it is shorter than 16 characters"))
    } else if text.len() > LONGEST {
        Err(VaultError::NotAKey("it is longer than 4096 characters"))
    } else if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        Err(VaultError::NotAKey("it has blanks, line ends or characters outside ASCII"))
    } else {
        Ok(())
    }
}

/// The last four characters, all that is ever shown of a secret.
pub(crate) fn last_four(secret: &SecretString) -> &str {
    let text = secret.expose_secret();
    text.len().checked_sub(4).and_then(|from| text.get(from..)).unwrap_or("")
}

/// Text as a secret, in one allocation of just its size: growing or shrinking one would leave a
/// copy behind that nobody wipes.
pub(crate) fn secret(text: &[u8]) -> Result<SecretString> {
    let text = std::str::from_utf8(text).map_err(|_| VaultError::Tampered)?;
    let mut own = String::with_capacity(text.len());
    own.push_str(text);
    Ok(own.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_graphic_ascii_of_a_sane_length() {
        for (text, good) in [
            ("sk-0123456789abcdef", true),
            ("sk-short", false),
            ("sk-0123456789 abcdef", false),
            ("sk-0123456789abcdef\n", false),
            ("sk-0123456789abcdéf", false),
        ] {
            let given = check(&text.to_owned().into());
            assert_eq!(given.is_ok(), good, "{text:?}");
            assert!(given.err().is_none_or(|error| !error.to_string().contains("sk-")), "{text:?}");
        }
        assert!(check(&"k".repeat(4097).into()).is_err());
    }

    #[test]
    fn the_last_four_are_four() {
        assert_eq!(last_four(&"sk-0123456789abcdef".to_owned().into()), "cdef");
        assert_eq!(last_four(&"abc".to_owned().into()), "");
    }
}
