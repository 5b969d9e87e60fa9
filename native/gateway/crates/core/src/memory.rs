//! The memory the core works with: Rust's global allocator, counted.
//!
//! The core asks through three callbacks; every block it holds was allocated here and is freed
//! here, so Rust owns every allocation. The counters let a test prove that nothing is left behind.
use std::alloc::Layout;
use std::ffi::c_void;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use convergio_core_sys::types::core_allocator;

/// What C promises for every block: suitable for `max_align_t`.
const MAX_ALIGN: usize = 16;

/// Hands memory to the core and counts it. Clones share one account. Thread safe.
#[derive(Clone, Default)]
pub struct Allocator {
    account: Arc<Account>,
}

#[derive(Default)]
struct Account {
    live_bytes: AtomicUsize,
    live_blocks: AtomicUsize,
    #[cfg(feature = "fault-injection")]
    fault: fault::Countdown,
}

impl Allocator {
    /// An allocator with an empty account.
    pub fn new() -> Self {
        Self::default()
    }

    /// Bytes the core holds right now.
    pub fn live_bytes(&self) -> usize {
        self.account.live_bytes.load(Ordering::Relaxed)
    }

    /// Blocks the core holds right now.
    pub fn live_blocks(&self) -> usize {
        self.account.live_blocks.load(Ordering::Relaxed)
    }

    /// Makes the allocation after the next `successes` ones fail, once; `None` disarms.
    #[cfg(feature = "fault-injection")]
    pub fn fail_after(&self, successes: Option<u32>) {
        self.account.fault.arm(successes);
    }

    /// The C face. It borrows this allocator: whatever the core builds with it must not outlive
    /// `self`, which is why every owner of a core object also holds a clone.
    pub(crate) fn as_core(&self) -> core_allocator {
        core_allocator {
            user: Arc::as_ptr(&self.account).cast_mut().cast::<c_void>(),
            alloc: Some(alloc),
            realloc: Some(realloc),
            free: Some(free),
        }
    }
}

impl fmt::Debug for Allocator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Allocator")
            .field("live_bytes", &self.live_bytes())
            .field("live_blocks", &self.live_blocks())
            .finish()
    }
}

impl Account {
    fn refuses(&self) -> bool {
        #[cfg(feature = "fault-injection")]
        if self.fault.strikes() {
            return true;
        }
        false
    }
}

/// The account behind `user`.
///
/// # Safety
/// `user` must come from [`Allocator::as_core`] of an allocator that is still alive.
unsafe fn account<'a>(user: *mut c_void) -> &'a Account {
    // SAFETY: the caller's promise; the account is only ever shared, never borrowed mutably.
    unsafe { &*user.cast::<Account>() }
}

/// `None` for sizes no allocator can serve.
fn layout(size: usize) -> Option<Layout> {
    Layout::from_size_align(size, MAX_ALIGN).ok().filter(|layout| layout.size() > 0)
}

unsafe extern "C" fn alloc(user: *mut c_void, size: usize) -> *mut c_void {
    // SAFETY: the core passes back the `user` it was given.
    let account = unsafe { account(user) };
    let Some(layout) = layout(size) else { return std::ptr::null_mut() };
    if account.refuses() {
        return std::ptr::null_mut();
    }
    // SAFETY: the layout's size is not zero.
    let block = unsafe { std::alloc::alloc(layout) };
    if !block.is_null() {
        account.live_bytes.fetch_add(size, Ordering::Relaxed);
        account.live_blocks.fetch_add(1, Ordering::Relaxed);
    }
    block.cast()
}

unsafe extern "C" fn realloc(
    user: *mut c_void,
    ptr: *mut c_void,
    old_size: usize,
    new_size: usize,
) -> *mut c_void {
    // SAFETY: the core passes back the `user` it was given.
    let account = unsafe { account(user) };
    let (Some(old), Some(_)) = (layout(old_size), layout(new_size)) else {
        return std::ptr::null_mut();
    };
    if account.refuses() {
        return std::ptr::null_mut();
    }
    // SAFETY: `ptr` came from `alloc` or `realloc` above with `old_size`, as the C contract says;
    // the new size was checked to make a valid layout.
    let block = unsafe { std::alloc::realloc(ptr.cast(), old, new_size) };
    if !block.is_null() {
        account.live_bytes.fetch_add(new_size, Ordering::Relaxed);
        account.live_bytes.fetch_sub(old_size, Ordering::Relaxed);
    }
    block.cast()
}

unsafe extern "C" fn free(user: *mut c_void, ptr: *mut c_void, size: usize) {
    // SAFETY: the core passes back the `user` it was given.
    let account = unsafe { account(user) };
    let Some(layout) = layout(size) else { return };
    // SAFETY: `ptr` came from `alloc` or `realloc` above with `size`, as the C contract says.
    unsafe { std::alloc::dealloc(ptr.cast(), layout) };
    account.live_bytes.fetch_sub(size, Ordering::Relaxed);
    account.live_blocks.fetch_sub(1, Ordering::Relaxed);
}

#[cfg(feature = "fault-injection")]
mod fault {
    use std::sync::atomic::{AtomicI64, Ordering};

    /// Successes left before the one failure; negative when disarmed.
    pub(super) struct Countdown(AtomicI64);

    impl Default for Countdown {
        fn default() -> Self {
            Self(AtomicI64::new(-1))
        }
    }

    impl Countdown {
        pub(super) fn arm(&self, successes: Option<u32>) {
            self.0.store(successes.map_or(-1, i64::from), Ordering::SeqCst);
        }

        pub(super) fn strikes(&self) -> bool {
            let step = |left: i64| (left >= 0).then(|| left - 1);
            self.0.fetch_update(Ordering::SeqCst, Ordering::SeqCst, step) == Ok(0)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_account_follows_every_call() {
        let allocator = Allocator::new();
        let core = allocator.as_core();
        let (alloc, realloc, free) =
            (core.alloc.unwrap(), core.realloc.unwrap(), core.free.unwrap());
        // SAFETY: `user` belongs to the live allocator above.
        let block = unsafe { alloc(core.user, 10) };
        assert_eq!((allocator.live_bytes(), allocator.live_blocks()), (10, 1));
        assert_eq!(block as usize % MAX_ALIGN, 0);
        // SAFETY: `block` has 10 bytes and is given up here.
        let block = unsafe { realloc(core.user, block, 10, 4_000) };
        assert_eq!((allocator.live_bytes(), allocator.live_blocks()), (4_000, 1));
        // SAFETY: `block` has 4000 bytes and is given up here.
        unsafe { free(core.user, block, 4_000) };
        assert_eq!((allocator.live_bytes(), allocator.live_blocks()), (0, 0));
    }

    #[test]
    fn a_size_no_machine_has_is_refused() {
        let allocator = Allocator::new();
        let core = allocator.as_core();
        let alloc = core.alloc.unwrap();
        for size in [0, usize::MAX, isize::MAX as usize] {
            // SAFETY: `user` belongs to the live allocator above.
            assert!(unsafe { alloc(core.user, size) }.is_null());
        }
        assert_eq!(allocator.live_blocks(), 0);
    }
}
