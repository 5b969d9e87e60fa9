//! Telling secrets apart without telling them, and keys for other seals.
use std::fmt;

use ring::hmac::{HMAC_SHA256, Key, Tag, sign};
use secrecy::{ExposeSecret as _, SecretBox, SecretString};

use crate::error::Result;
use crate::random;

/// A secret of the installation, made once and sealed under the master key like any other, from
/// which keys are derived that must stay the same when master keys change. Wiped when dropped.
pub struct Pepper(SecretBox<[u8; 32]>);

impl Pepper {
    pub(crate) fn fresh() -> Result<Self> {
        let mut filled = Ok(());
        let bytes = SecretBox::init_with_mut(|bytes: &mut [u8; 32]| filled = random::fill(bytes));
        filled.map(|()| Self(bytes))
    }

    pub(crate) fn from_hex(text: &SecretString) -> Option<Self> {
        crate::source::unhex(text.expose_secret()).map(Self)
    }

    pub(crate) fn to_hex(&self) -> SecretString {
        let mut text = String::with_capacity(64);
        for byte in self.0.expose_secret() {
            for digit in [byte >> 4, byte & 15] {
                text.push(char::from_digit(u32::from(digit), 16).unwrap_or('0'));
            }
        }
        text.into()
    }

    /// A key for one purpose; others cannot be found from it.
    pub fn derive(&self, purpose: &str) -> SecretBox<[u8; 32]> {
        let key = Key::new(HMAC_SHA256, self.0.expose_secret());
        let tag = sign(&key, purpose.as_bytes());
        SecretBox::init_with_mut(|out: &mut [u8; 32]| out.copy_from_slice(tag.as_ref()))
    }

    /// 16 hexadecimal digits that are the same for the same secret of the same tenant. Not a bare
    /// digest: provider keys have a known shape, and a tenant's must not be told in another's.
    pub fn fingerprint(&self, tenant: &str, secret: &SecretString) -> String {
        let key = self.derive("convergio vault: fingerprint");
        let mut context =
            ring::hmac::Context::with_key(&Key::new(HMAC_SHA256, key.expose_secret()));
        context.update(&u32::try_from(tenant.len()).unwrap_or(u32::MAX).to_be_bytes());
        context.update(tenant.as_bytes());
        context.update(secret.expose_secret().as_bytes());
        hex_of_half(&context.sign())
    }
}

fn hex_of_half(tag: &Tag) -> String {
    tag.as_ref().iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

impl fmt::Debug for Pepper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pepper([redacted])")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TENANT: &str = "0192f0c1-0000-7000-8000-000000000001";

    fn pepper() -> Pepper {
        Pepper(SecretBox::new(Box::new(std::array::from_fn(|at| at as u8))))
    }

    /// The expected digits were made by another implementation.
    #[test]
    fn a_fingerprint_is_the_known_one_and_differs_by_secret_and_tenant() {
        let secret: SecretString = "sk-known-answer-0123456789".to_owned().into();
        let other: SecretString = "sk-known-answer-0123456788".to_owned().into();
        assert_eq!(pepper().fingerprint(TENANT, &secret), "7d5371942c001d2c");
        assert_ne!(pepper().fingerprint(TENANT, &other), "7d5371942c001d2c");
        assert_ne!(pepper().fingerprint("another", &secret), "7d5371942c001d2c");
    }

    #[test]
    fn a_pepper_survives_text_and_never_prints() {
        let again = Pepper::from_hex(&pepper().to_hex()).expect("hex");
        assert_eq!(again.0.expose_secret(), pepper().0.expose_secret());
        assert_eq!(format!("{again:?}"), "Pepper([redacted])");
        assert_ne!(again.derive("a").expose_secret(), again.derive("b").expose_secret());
    }
}
