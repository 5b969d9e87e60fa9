//! The bytes in which a sealed secret is kept.
//!
//! | offset | bytes | what |
//! |---|---|---|
//! | 0 | 1 | format, 1 |
//! | 1 | 4 | version of the master key, big-endian |
//! | 5 | 4 | version of the secret, big-endian |
//! | 9 | 2 | length `n` of the wrapped data key, big-endian |
//! | 11 | n | the wrapped data key; wrapped here: a nonce of 12, 32 encrypted bytes, a tag of 16 |
//! | 11 + n | 12 | nonce of the secret |
//! | 23 + n | m | the encrypted secret |
//! | 23 + n + m | 16 | tag of the secret |
//!
//! Both are AES-256-GCM. Nothing in here is trusted for being here: whatever is not under a tag is
//! part of the associated data of one, see [`crate::envelope`].
use crate::error::{Result, VaultError};

/// The format this program writes.
pub const FORMAT: u8 = 1;

pub(crate) const NONCE: usize = 12;
pub(crate) const TAG: usize = 16;
const HEAD: usize = 11;

/// A sealed secret, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sealed {
    /// The version of the master key that wraps the data key.
    pub kek_version: u32,
    /// The version of the secret.
    pub version: u32,
    /// The wrapped data key; only whoever wrapped it knows its inside.
    pub wrapped: Vec<u8>,
    /// The nonce of the secret.
    pub nonce: [u8; NONCE],
    /// The encrypted secret with its tag.
    pub ciphertext: Vec<u8>,
}

impl Sealed {
    /// The bytes to keep.
    ///
    /// # Errors
    /// `Service` when the wrapped data key is longer than 65,535 bytes.
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        let length = u16::try_from(self.wrapped.len())
            .map_err(|_| VaultError::Service("a wrapped key of more than 65,535 bytes".into()))?;
        let size = HEAD + self.wrapped.len() + NONCE + self.ciphertext.len();
        let mut out = Vec::with_capacity(size);
        out.push(FORMAT);
        out.extend_from_slice(&self.kek_version.to_be_bytes());
        out.extend_from_slice(&self.version.to_be_bytes());
        out.extend_from_slice(&length.to_be_bytes());
        out.extend_from_slice(&self.wrapped);
        out.extend_from_slice(&self.nonce);
        out.extend_from_slice(&self.ciphertext);
        Ok(out)
    }

    /// Takes kept bytes apart; nothing is decrypted or believed yet.
    ///
    /// # Errors
    /// `UnknownFormat`, or `Truncated` when they end before the smallest secret would.
    pub fn parse(bytes: &[u8]) -> Result<Self> {
        let mut rest = bytes;
        let [format] = *take::<1>(&mut rest)?;
        if format != FORMAT {
            return Err(VaultError::UnknownFormat(format));
        }
        let kek_version = u32::from_be_bytes(*take(&mut rest)?);
        let version = u32::from_be_bytes(*take(&mut rest)?);
        let length = usize::from(u16::from_be_bytes(*take(&mut rest)?));
        let (wrapped, after) = rest.split_at_checked(length).ok_or(VaultError::Truncated)?;
        rest = after;
        let nonce = *take(&mut rest)?;
        if rest.len() < TAG {
            return Err(VaultError::Truncated);
        }
        Ok(Self { kek_version, version, wrapped: wrapped.into(), nonce, ciphertext: rest.into() })
    }
}

fn take<'a, const N: usize>(rest: &mut &'a [u8]) -> Result<&'a [u8; N]> {
    let (head, tail) = rest.split_first_chunk().ok_or(VaultError::Truncated)?;
    *rest = tail;
    Ok(head)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn bytes_are_taken_apart_as_they_were_put_together(
            kek_version: u32,
            version: u32,
            wrapped in prop::collection::vec(any::<u8>(), 0..200),
            nonce: [u8; NONCE],
            ciphertext in prop::collection::vec(any::<u8>(), TAG..200),
        ) {
            let sealed = Sealed { kek_version, version, wrapped, nonce, ciphertext };
            let bytes = sealed.to_bytes().expect("fits");
            prop_assert_eq!(Sealed::parse(&bytes).expect("parses"), sealed);
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            if let Ok(sealed) = Sealed::parse(&bytes) {
                prop_assert_eq!(sealed.to_bytes().expect("fits"), bytes);
            }
        }
    }
}
