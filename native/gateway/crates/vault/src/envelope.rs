//! Sealing, opening and wrapping anew.
//!
//! A secret is encrypted under a data key made for it alone, so its nonce could never meet the same
//! key again even if the generator repeated itself. The data key is wrapped by a master key. Both
//! encryptions bind what the secret belongs to, each value preceded by its length, so that no two
//! bindings run together into the same bytes.
use ring::aead::{Aad, Nonce};
use secrecy::{ExposeSecret as _, SecretString};
use zeroize::Zeroizing;

use crate::error::{Result, VaultError};
use crate::master::{DataKey, MasterKeys, cipher};
use crate::random::{self, Random};
use crate::sealed::{NONCE, Sealed};
use crate::secret;

/// What a secret belongs to. It opens nowhere else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Binding<'a> {
    /// The tenant's id.
    pub tenant: &'a str,
    /// The provider it is for.
    pub provider: &'a str,
    /// The key's id.
    pub key: &'a str,
    /// The version of the key, from 1.
    pub version: u32,
}

impl Binding<'_> {
    /// The associated data for one of the two encryptions.
    fn context(&self, purpose: &str, kek_version: Option<u32>) -> Vec<u8> {
        let mut out = Vec::with_capacity(192);
        for part in [purpose, self.tenant, self.provider, self.key] {
            // Longer than 4 GiB is nothing that could be stored.
            let length = u32::try_from(part.len()).unwrap_or(u32::MAX);
            out.extend_from_slice(&length.to_be_bytes());
            out.extend_from_slice(part.as_bytes());
        }
        out.extend_from_slice(&self.version.to_be_bytes());
        out.extend(kek_version.into_iter().flat_map(u32::to_be_bytes));
        out
    }

    fn of_secret(&self) -> Vec<u8> {
        self.context("convergio vault 1: secret", None)
    }

    fn of_data_key(&self, kek_version: u32) -> Vec<u8> {
        self.context("convergio vault 1: data key", Some(kek_version))
    }
}

/// Seals a secret for one place, under a fresh data key wrapped by the newest master key.
///
/// # Errors
/// `NoRandomness`, or `Service` when the master keys are in a service that fails.
pub async fn seal(
    keys: &dyn MasterKeys,
    binding: &Binding<'_>,
    secret: &SecretString,
) -> Result<Sealed> {
    let (key, sealed) = encrypt(&random::system(), binding, secret)?;
    let kek_version = keys.primary();
    let wrapped = keys.wrap(&key, &binding.of_data_key(kek_version)).await?;
    Ok(Sealed { kek_version, wrapped, ..sealed })
}

/// Opens what was sealed for exactly this place.
///
/// # Errors
/// `RolledBack` when it was sealed for an earlier version, `Tampered` when it was changed or sealed
/// for another place, `UnknownMasterKey` when its master key is not there.
pub async fn open(
    keys: &dyn MasterKeys,
    binding: &Binding<'_>,
    sealed: &Sealed,
) -> Result<SecretString> {
    let key = data_key(keys, binding, sealed).await?;
    let mut body = Zeroizing::new(sealed.ciphertext.clone());
    let plain = cipher(key.expose())?
        .open_in_place(
            Nonce::assume_unique_for_key(sealed.nonce),
            Aad::from(binding.of_secret()),
            body.as_mut_slice(),
        )
        .map_err(|_| VaultError::Tampered)?;
    secret::secret(plain)
}

/// Wraps the data key anew under the newest master key. The secret stays encrypted throughout.
///
/// # Errors
/// As [`open`]; a secret that was tampered with under an intact data key is not noticed here.
pub async fn rewrap(
    keys: &dyn MasterKeys,
    binding: &Binding<'_>,
    sealed: &Sealed,
) -> Result<Sealed> {
    let key = data_key(keys, binding, sealed).await?;
    let kek_version = keys.primary();
    let wrapped = keys.wrap(&key, &binding.of_data_key(kek_version)).await?;
    Ok(Sealed { kek_version, wrapped, ..sealed.clone() })
}

async fn data_key(
    keys: &dyn MasterKeys,
    binding: &Binding<'_>,
    sealed: &Sealed,
) -> Result<DataKey> {
    if sealed.version < binding.version {
        let (found, expected) = (sealed.version, binding.version);
        return Err(VaultError::RolledBack { found, expected });
    }
    if sealed.version > binding.version {
        return Err(VaultError::Tampered);
    }
    let context = binding.of_data_key(sealed.kek_version);
    keys.unwrap(sealed.kek_version, &sealed.wrapped, &context).await
}

fn encrypt(
    random: &dyn Random,
    binding: &Binding<'_>,
    secret: &SecretString,
) -> Result<(DataKey, Sealed)> {
    let key = DataKey::fresh(random)?;
    let mut nonce = [0; NONCE];
    random.fill(&mut nonce)?;
    let text = secret.expose_secret().as_bytes();
    // Encrypted in a buffer that is wiped: whatever fails half way leaves no plaintext.
    let mut body = Zeroizing::new(text.to_vec());
    let tag = cipher(key.expose())?
        .seal_in_place_separate_tag(
            Nonce::assume_unique_for_key(nonce),
            Aad::from(binding.of_secret()),
            body.as_mut_slice(),
        )
        .map_err(|_| VaultError::NotAKey("it is too long to be encrypted"))?;
    let ciphertext = [body.as_slice(), tag.as_ref()].concat();
    let sealed =
        Sealed { kek_version: 0, version: binding.version, wrapped: Vec::new(), nonce, ciphertext };
    Ok((key, sealed))
}

#[cfg(test)]
mod tests;
