//! Master keys: what wraps data keys.
use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::pin::Pin;

use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use secrecy::{ExposeSecret as _, SecretBox};
use zeroize::Zeroizing;

use crate::error::{Result, VaultError};
use crate::random::{self, Random};
use crate::sealed::TAG;

/// A key that encrypts one secret and nothing else. Wiped when dropped.
pub struct DataKey(SecretBox<[u8; 32]>);

impl DataKey {
    /// A data key with bytes from elsewhere: a KMS that unwrapped it.
    pub fn from_bytes(bytes: &[u8; 32]) -> Self {
        Self(SecretBox::init_with_mut(|key: &mut [u8; 32]| key.copy_from_slice(bytes)))
    }

    pub(crate) fn fresh(random: &dyn Random) -> Result<Self> {
        let mut filled = Ok(());
        let key = SecretBox::init_with_mut(|key: &mut [u8; 32]| filled = random.fill(key));
        filled.map(|()| Self(key))
    }

    /// Its bytes: for wrapping them.
    pub fn expose(&self) -> &[u8; 32] {
        self.0.expose_secret()
    }
}

impl fmt::Debug for DataKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DataKey([redacted])")
    }
}

/// An answer that may have to come over the network.
pub type Pending<'a, T> = Pin<Box<dyn Future<Output = Result<T>> + Send + 'a>>;

/// What wraps data keys: keys in memory, or a service that never hands its keys out.
///
/// `context` must be bound to the wrapped bytes, as associated data or encryption context:
/// unwrapping with another context must fail.
pub trait MasterKeys: Send + Sync + fmt::Debug {
    /// The version that wraps from now on.
    fn primary(&self) -> u32;

    /// Wraps a data key under the version [`primary`](Self::primary).
    fn wrap<'a>(&'a self, key: &'a DataKey, context: &'a [u8]) -> Pending<'a, Vec<u8>>;

    /// Unwraps what was wrapped under `version` with the same context.
    fn unwrap<'a>(
        &'a self,
        version: u32,
        wrapped: &'a [u8],
        context: &'a [u8],
    ) -> Pending<'a, DataKey>;
}

/// Master keys in memory, by version; the highest wraps, all unwrap. Wiped when dropped.
///
/// `ring` does not wipe the key schedules it expands from them; they live on the stack for one call.
pub struct MasterKeyring(BTreeMap<u32, SecretBox<[u8; 32]>>);

impl MasterKeyring {
    /// Keys by version; `None` when there is none.
    pub(crate) fn new(keys: BTreeMap<u32, SecretBox<[u8; 32]>>) -> Option<Self> {
        if keys.is_empty() { None } else { Some(Self(keys)) }
    }

    /// The versions, lowest first.
    pub fn versions(&self) -> impl Iterator<Item = u32> + '_ {
        self.0.keys().copied()
    }

    fn cipher(&self, version: u32) -> Result<LessSafeKey> {
        let key = self.0.get(&version).ok_or(VaultError::UnknownMasterKey { version })?;
        cipher(key.expose_secret())
    }

    pub(crate) fn wrap_with(
        &self,
        random: &dyn Random,
        key: &DataKey,
        context: &[u8],
    ) -> Result<Vec<u8>> {
        let mut nonce = [0; NONCE_LEN];
        random.fill(&mut nonce)?;
        let mut body = Zeroizing::new(*key.expose());
        let tag = self
            .cipher(self.primary())?
            .seal_in_place_separate_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(context),
                body.as_mut_slice(),
            )
            .map_err(|_| VaultError::Tampered)?;
        Ok([nonce.as_slice(), body.as_slice(), tag.as_ref()].concat())
    }

    fn unwrap_now(&self, version: u32, wrapped: &[u8], context: &[u8]) -> Result<DataKey> {
        let cipher = self.cipher(version)?;
        let (nonce, body) =
            wrapped.split_first_chunk::<NONCE_LEN>().ok_or(VaultError::Truncated)?;
        if body.len() < 32 + TAG {
            return Err(VaultError::Truncated);
        }
        let mut body = Zeroizing::new(body.to_vec());
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let plain = cipher
            .open_in_place(nonce, Aad::from(context), body.as_mut_slice())
            .map_err(|_| VaultError::Tampered)?;
        let plain: &[u8; 32] = (&*plain).try_into().map_err(|_| VaultError::Tampered)?;
        Ok(DataKey::from_bytes(plain))
    }
}

/// AES-256-GCM under `key`.
pub(crate) fn cipher(key: &[u8; 32]) -> Result<LessSafeKey> {
    // The only way to fail is a key of another length, which the type rules out.
    UnboundKey::new(&AES_256_GCM, key).map(LessSafeKey::new).map_err(|_| VaultError::Tampered)
}

impl MasterKeys for MasterKeyring {
    fn primary(&self) -> u32 {
        self.0.last_key_value().map_or(0, |(version, _)| *version)
    }

    fn wrap<'a>(&'a self, key: &'a DataKey, context: &'a [u8]) -> Pending<'a, Vec<u8>> {
        Box::pin(std::future::ready(self.wrap_with(&random::system(), key, context)))
    }

    fn unwrap<'a>(
        &'a self,
        version: u32,
        wrapped: &'a [u8],
        context: &'a [u8],
    ) -> Pending<'a, DataKey> {
        Box::pin(std::future::ready(self.unwrap_now(version, wrapped, context)))
    }
}

impl fmt::Debug for MasterKeyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MasterKeyring(versions {:?}, keys [redacted])", self.0.keys())
    }
}
