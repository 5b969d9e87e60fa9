//! One deliberate memory error per test: the positive control for Miri.

#[cfg(test)]
mod tests {
    #[test]
    fn clean() {
        assert_eq!(std::hint::black_box(vec![1, 2, 3])[2], 3);
    }

    #[test]
    fn use_after_free() {
        let pointer = Box::into_raw(Box::new(7));
        unsafe {
            drop(Box::from_raw(pointer));
            assert_eq!(pointer.read(), 7);
        }
    }

    #[test]
    fn overread() {
        let numbers = vec![1, 2, 3];
        assert_ne!(unsafe { numbers.as_ptr().add(3).read() }, 4);
    }
}
