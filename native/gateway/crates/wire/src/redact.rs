//! Removing a key from text that must be passed on.

/// What stands where a key stood.
pub const MARK: &str = "[redacted]";

/// Replaces every occurrence of `secret` in `text`.
///
/// A provider may echo our key in an error; what it says is passed on, the key is not. Secrets
/// shorter than 8 bytes are left alone: replacing them would mangle ordinary words.
///
/// ```
/// let text = convergio_wire::redact::redact("bad key sk-0123456789", "sk-0123456789");
/// assert_eq!(text, "bad key [redacted]");
/// ```
pub fn redact(text: &str, secret: &str) -> String {
    if secret.len() < 8 { text.to_owned() } else { text.replace(secret, MARK) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_secret_is_gone(before in ".{0,20}", secret in "sk-[a-z0-9]{8,20}", after in ".{0,20}") {
            let text = redact(&format!("{before}{secret}{after}"), &secret);
            prop_assert!(!text.contains(&secret));
        }
    }
}
