//! Random bytes and their digests.
use ring::digest::{SHA256, digest};
use ring::rand::{SecureRandom as _, SystemRandom};
use secrecy::{ExposeSecret as _, SecretString};
use zeroize::Zeroizing;

use crate::error::{AccountError, Result};

/// 32 random bytes as 64 hexadecimal digits: what a browser or program is given.
pub(crate) fn secret() -> Result<SecretString> {
    let mut bytes = Zeroizing::new([0_u8; 32]);
    fill(bytes.as_mut_slice())?;
    // Just its size: growing would leave a copy behind that nobody wipes.
    let mut text = String::with_capacity(64);
    for byte in bytes.iter() {
        for digit in [byte >> 4, byte & 15] {
            text.push(char::from_digit(u32::from(digit), 16).unwrap_or('0'));
        }
    }
    Ok(text.into())
}

/// Fills `buffer` with bytes nobody can foresee.
pub(crate) fn fill(buffer: &mut [u8]) -> Result<()> {
    SystemRandom::new().fill(buffer).map_err(|_| AccountError::NoRandomness)
}

/// What is stored of a random token. A plain digest will do: 256 random bits cannot be guessed.
pub(crate) fn hash(secret: &SecretString) -> [u8; 32] {
    let mut out = [0; 32];
    out.copy_from_slice(digest(&SHA256, secret.expose_secret().as_bytes()).as_ref());
    out
}
