//! What the core says it is.
use std::ffi::CStr;

use convergio_core_sys::version as sys;

/// The ABI this binding was written for.
pub const ABI_VERSION: u32 = sys::CORE_ABI_VERSION;

/// The version of the core, SemVer.
pub fn version() -> &'static str {
    version_c().to_str().unwrap_or("(version of the core is not UTF-8)")
}

/// The same as C text.
pub fn version_c() -> &'static CStr {
    // SAFETY: takes nothing.
    let text = unsafe { sys::core_version() };
    // SAFETY: documented as static storage, never NULL.
    unsafe { CStr::from_ptr(text) }
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
