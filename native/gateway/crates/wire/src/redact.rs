//! Removing what may be a key from text that must be passed on.

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

/// What serde says about a configuration, without the value it quotes: a key that stands in the
/// wrong place is a value of the wrong type.
///
/// ```
/// use convergio_wire::redact::without_value;
///
/// let text = without_value("invalid type: string \"sk-0123456789\", expected struct OpenAi");
/// assert_eq!(text, "invalid type: expected struct OpenAi");
/// ```
pub fn without_value(message: &str) -> String {
    const QUOTING: [&str; 3] = ["invalid type: ", "invalid value: ", "unknown variant "];
    let quoting = QUOTING.iter().find(|start| message.starts_with(**start));
    match (quoting, message.rfind(", expected ")) {
        // The last one: the value itself may hold the same words.
        (Some(start), Some(at)) => format!("{start}{}", &message[at + 2..]),
        (Some(start), None) => start.trim_end_matches([':', ' ']).to_owned(),
        (None, _) => message.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_quoted_value_is_gone_whatever_it_holds() {
        for (message, said) in [
            ("invalid type: string \"sk, expected x\", expected u16", "invalid type: expected u16"),
            (
                "unknown variant `sk`, expected `any` or `all`",
                "unknown variant expected `any` or `all`",
            ),
            ("unknown variant `sk`, there are no variants", "unknown variant"),
            (
                "unknown field `ofline`, expected `offline`",
                "unknown field `ofline`, expected `offline`",
            ),
        ] {
            assert_eq!(without_value(message), said);
        }
    }

    proptest! {
        #[test]
        fn the_secret_is_gone(before in ".{0,20}", secret in "sk-[a-z0-9]{8,20}", after in ".{0,20}") {
            let text = redact(&format!("{before}{secret}{after}"), &secret);
            prop_assert!(!text.contains(&secret));
        }
    }
}
