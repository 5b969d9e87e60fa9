//! What the process keeps from others on the same machine, and from its own last words.
use std::panic::{self, PanicHookInfo};

/// No core file, no debugger of another user's, no value in a panic's message: opened keys are in this
/// process's memory.
///
/// # Errors
/// What the system refused, and what that means.
pub(crate) fn harden() -> Result<(), String> {
    panic::set_hook(Box::new(|info| {
        tracing::error!(at = place(info), thread = std::thread::current().name(), "panicked");
    }));
    no_core_files()
}

/// Where it panicked; never what the message says, which may quote what it stumbled over.
fn place(info: &PanicHookInfo<'_>) -> String {
    let at = info.location();
    at.map_or_else(|| "unknown".to_owned(), |at| format!("{}:{}", at.file(), at.line()))
}

fn no_core_files() -> Result<(), String> {
    use rustix::process::{Resource, Rlimit, setrlimit};

    let none = Rlimit { current: Some(0), maximum: Some(0) };
    setrlimit(Resource::Core, none)
        .map_err(|error| format!("core files cannot be turned off: {error}; set `ulimit -c 0`"))?;
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{DumpableBehavior, set_dumpable_behavior};
        set_dumpable_behavior(DumpableBehavior::NotDumpable).map_err(|error| {
            format!("the process's memory cannot be kept from other processes: {error}")
        })?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    #[test]
    fn a_panic_is_told_by_its_place_alone() {
        let told = Arc::new(Mutex::new(String::new()));
        let before = panic::take_hook();
        let kept = Arc::clone(&told);
        panic::set_hook(Box::new(move |info| {
            if let Ok(mut kept) = kept.lock() {
                kept.push_str(&place(info));
            }
        }));
        let outcome = panic::catch_unwind(|| panic!("{}", "sk-canary-0123456789"));
        panic::set_hook(before);
        assert!(outcome.is_err());
        let told = told.lock().unwrap();
        assert!(told.contains("hardening.rs:") && !told.contains("canary"), "{told}");
    }
}
