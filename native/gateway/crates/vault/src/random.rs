//! Random bytes, from the system or, in tests, from a list.
use ring::rand::SystemRandom;

use crate::error::{Result, VaultError};

/// Fills a buffer with bytes nobody can foresee.
pub(crate) trait Random: Send + Sync {
    /// Fills all of `buffer`.
    fn fill(&self, buffer: &mut [u8]) -> Result<()>;
}

impl Random for SystemRandom {
    fn fill(&self, buffer: &mut [u8]) -> Result<()> {
        ring::rand::SecureRandom::fill(self, buffer).map_err(|_| VaultError::NoRandomness)
    }
}

/// The system's generator.
pub(crate) fn system() -> SystemRandom {
    SystemRandom::new()
}

/// Fills `buffer` from the system's generator.
pub(crate) fn fill(buffer: &mut [u8]) -> Result<()> {
    system().fill(buffer)
}
