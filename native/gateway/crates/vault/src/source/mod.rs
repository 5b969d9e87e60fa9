//! Where master keys come from.
//!
//! Wherever they are kept, the text is the same: one key a line (or between commas), as
//! `version:64 hexadecimal digits`; `#` begins a comment. The highest version seals, all open. A KMS
//! that hands out no keys is not a source: it implements [`MasterKeys`](crate::MasterKeys) itself.
mod environment;
mod file;
mod keychain;

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use secrecy::{ExposeSecret as _, SecretBox, SecretString};
use zeroize::Zeroizing;

pub use environment::{EnvironmentSource, VARIABLE};
pub use file::FileSource;
pub use keychain::{KeychainSource, PATIENCE};

use crate::master::MasterKeyring;

/// Hands out master keys.
pub trait MasterKeySource: fmt::Debug {
    /// Where they come from, for messages.
    fn place(&self) -> String;

    /// The keys as they are now.
    ///
    /// # Errors
    /// Whatever makes them unusable; never with a byte of a key.
    fn load(&self) -> Result<MasterKeyring, SourceError>;
}

/// Why there are no master keys.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// There is nothing at that place.
    #[error("{place}: there are no master keys; {remedy}")]
    Missing {
        /// Where they were looked for.
        place: String,
        /// How to bring them there.
        remedy: &'static str,
    },
    /// Others than the owner could read or change them.
    #[error("{}: {what}; {remedy}", path.display())]
    Exposed {
        /// The file or folder.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
        /// The command that puts it right.
        remedy: String,
    },
    /// They are there and cannot be read.
    #[error("{place}: cannot be read: {reason}")]
    Unreadable {
        /// Where they are.
        place: String,
        /// What the system said.
        reason: String,
    },
    /// They cannot be kept there.
    #[error("{}: cannot be written: {reason}; check the folder and whose it is", path.display())]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        reason: String,
    },
    /// There is something where a new file was to be made.
    #[error("{}: is there already; {remedy}", path.display())]
    Exists {
        /// The file.
        path: PathBuf,
        /// What to do instead.
        remedy: &'static str,
    },
    /// What is there are no master keys.
    #[error("{place}: entry {entry}: {what}; expected version:64 hexadecimal digits")]
    Malformed {
        /// Where they are.
        place: String,
        /// Which of the entries, from 1.
        entry: usize,
        /// What is wrong, without the value.
        what: &'static str,
    },
    /// The system gave no random bytes for a new one.
    #[error("the system gives no random bytes; no master key was made")]
    NoRandomness,
}

/// 32 bytes out of 64 hexadecimal digits, without a copy that is not wiped.
pub(crate) fn unhex(text: &str) -> Option<SecretBox<[u8; 32]>> {
    let digits = text.as_bytes();
    if digits.len() != 64 || !digits.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    let value = |digit: u8| match digit {
        b'0'..=b'9' => digit - b'0',
        _ => (digit | 0x20) - b'a' + 10,
    };
    Some(SecretBox::init_with_mut(|key: &mut [u8; 32]| {
        for (byte, pair) in key.iter_mut().zip(digits.chunks_exact(2)) {
            *byte = value(pair[0]) << 4 | value(pair[1]);
        }
    }))
}

/// Reads the text all sources share.
fn parse(place: &str, text: &SecretString) -> Result<MasterKeyring, SourceError> {
    let mut keys: BTreeMap<u32, SecretBox<[u8; 32]>> = BTreeMap::new();
    let lines = text.expose_secret().lines().filter(|line| !line.trim_start().starts_with('#'));
    let entries = lines.flat_map(|line| line.split(',')).map(str::trim).filter(|it| !it.is_empty());
    for (at, entry) in entries.enumerate() {
        let wrong = |what| SourceError::Malformed { place: place.to_owned(), entry: at + 1, what };
        let (version, digits) = entry.split_once(':').ok_or(wrong("there is no colon"))?;
        let version: u32 = version.trim().parse().map_err(|_| wrong("the version is no number"))?;
        if version == 0 {
            return Err(wrong("versions begin with 1"));
        }
        let key = unhex(digits.trim()).ok_or(wrong("the key is not 64 hexadecimal digits"))?;
        if key.expose_secret().iter().all(|byte| *byte == key.expose_secret()[0]) {
            return Err(wrong("the key is one byte repeated, which nobody drew at random"));
        }
        let same = |other: &SecretBox<[u8; 32]>| other.expose_secret() == key.expose_secret();
        if keys.values().any(same) {
            return Err(wrong("the same key stands under another version"));
        }
        if keys.insert(version, key).is_some() {
            return Err(wrong("the version is there twice"));
        }
    }
    MasterKeyring::new(keys).ok_or_else(|| SourceError::Missing {
        place: place.to_owned(),
        remedy: "put a line there: 1: and the output of openssl rand -hex 32",
    })
}

/// A fresh key as the shared text has it.
fn fresh_line(version: u32) -> Result<Zeroizing<String>, SourceError> {
    let mut bytes = Zeroizing::new([0_u8; 32]);
    crate::random::fill(bytes.as_mut_slice()).map_err(|_| SourceError::NoRandomness)?;
    let mut line = Zeroizing::new(String::with_capacity(80));
    line.push_str(&format!("{version}:"));
    for byte in bytes.iter() {
        for digit in [byte >> 4, byte & 15] {
            line.push(char::from_digit(u32::from(digit), 16).unwrap_or('0'));
        }
    }
    line.push('\n');
    Ok(line)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MasterKeys as _;

    const ONE: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
    const TWO: &str = "FF0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

    fn read(text: &str) -> Result<MasterKeyring, SourceError> {
        parse("here", &text.to_owned().into())
    }

    #[test]
    fn lines_and_commas_comments_and_blanks() {
        for text in [
            format!("1:{ONE}\n2:{TWO}\n"),
            format!("1:{ONE},2:{TWO}"),
            format!("# keys, all of them\n\n 2: {TWO} \r\n 1:{ONE}"),
        ] {
            let keys = read(&text).expect("two keys");
            assert_eq!(keys.versions().collect::<Vec<_>>(), [1, 2], "{text}");
            assert_eq!(keys.primary(), 2);
        }
    }

    #[test]
    fn what_is_wrong_is_said_without_the_key() {
        for (text, said) in [
            (ONE.to_owned(), "entry 1: there is no colon"),
            (format!("x:{ONE}"), "entry 1: the version is no number"),
            (format!("0:{ONE}"), "entry 1: versions begin with 1"),
            (format!("1:{ONE},1:{TWO}"), "entry 2: the version is there twice"),
            (format!("1:{ONE},2:{ONE}"), "entry 2: the same key stands under another version"),
            (format!("1:{}", &ONE[1..]), "entry 1: the key is not 64 hexadecimal digits"),
            (format!("1:g{}", &ONE[1..]), "entry 1: the key is not 64 hexadecimal digits"),
            (format!("1:{}", "aa".repeat(32)), "entry 1: the key is one byte repeated"),
            ("# nothing".to_owned(), "there are no master keys"),
        ] {
            let refused = read(&text).expect_err("refused").to_string();
            assert!(refused.contains(said), "{refused}");
            assert!(!refused.contains(&ONE[1..20]), "{refused}");
        }
    }

    #[test]
    fn fresh_keys_are_read_back_and_differ() {
        let both =
            [fresh_line(1).expect("a key"), fresh_line(2).expect("a key")].map(|it| it.to_string());
        let keys = read(&both.concat()).expect("two different keys");
        assert_eq!(keys.versions().count(), 2);
    }
}
