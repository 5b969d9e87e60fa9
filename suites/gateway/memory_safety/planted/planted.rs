//! One deliberate memory error per function, on the Rust side of the boundary.
//!
//! `black_box` and volatile reads keep the optimiser from removing the very error.
use std::hint::black_box;

/// Reads a heap value after it was freed.
#[unsafe(no_mangle)]
pub extern "C" fn planted_rust_use_after_free() -> i32 {
    let pointer = black_box(Box::into_raw(Box::new(7)));
    unsafe {
        drop(Box::from_raw(pointer));
        pointer.read_volatile()
    }
}

/// Reads one element past the end of a heap buffer.
#[unsafe(no_mangle)]
pub extern "C" fn planted_rust_overread() -> i32 {
    let numbers = black_box(vec![1, 2, 3]);
    unsafe { numbers.as_ptr().add(numbers.len()).read_volatile() }
}

/// Forgets a heap value that nothing refers to any more.
#[unsafe(no_mangle)]
pub extern "C" fn planted_rust_leak() -> i32 {
    std::mem::forget(black_box(Box::new([7_u8; 64])));
    0
}

/// The same work without the error.
#[unsafe(no_mangle)]
pub extern "C" fn planted_rust_clean() -> i32 {
    let numbers = black_box(vec![1, 2, 3]);
    unsafe { numbers.as_ptr().add(2).read_volatile() - 3 }
}
