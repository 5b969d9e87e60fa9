//! What the core says it is.
use convergio_core_sys::version as sys;

use crate::status::static_text;

/// The ABI this binding was written for.
pub const ABI_VERSION: u32 = sys::CORE_ABI_VERSION;

/// The version of the core, SemVer.
pub fn version() -> &'static str {
    // SAFETY: takes nothing; documented as static storage, never NULL.
    let text = unsafe { sys::core_version() };
    // SAFETY: as above.
    unsafe { static_text(text) }
}

/// The ABI version compiled into the core.
pub fn abi_version() -> u32 {
    // SAFETY: takes nothing, returns a number.
    unsafe { sys::core_abi_version() }
}

/// Whether the linked core is the one this binding was written for: `Err(theirs)` when it is not.
///
/// # Errors
/// The ABI version of the linked core, when it differs from [`ABI_VERSION`].
pub fn check_abi() -> std::result::Result<(), u32> {
    match abi_version() {
        ABI_VERSION => Ok(()),
        theirs => Err(theirs),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn core_and_workspace_are_one_release() {
        assert_eq!(version(), env!("CARGO_PKG_VERSION"));
        assert_eq!(check_abi(), Ok(()));
    }
}
