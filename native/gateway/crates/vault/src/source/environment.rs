//! Master keys from an environment variable.
//!
//! For platforms that deliver secrets that way. A file is better: the environment of a process stays
//! readable for its owner (`/proc/<pid>/environ`) and is handed to every child.
use secrecy::SecretString;

use super::{MasterKeySource, SourceError, parse};
use crate::master::MasterKeyring;

/// The variable that is looked at.
pub const VARIABLE: &str = "CONVERGIO_MASTER_KEY";

/// What the variable held when the program began.
#[derive(Debug)]
pub struct EnvironmentSource(Option<SecretString>);

impl EnvironmentSource {
    /// The variable's value as given by the caller, who alone reads the environment.
    pub fn new(value: Option<SecretString>) -> Self {
        Self(value)
    }

    /// The variable's value as it is now.
    pub fn read() -> Self {
        Self(std::env::var(VARIABLE).ok().map(Into::into))
    }
}

impl MasterKeySource for EnvironmentSource {
    fn place(&self) -> String {
        format!("environment variable {VARIABLE}")
    }

    fn load(&self) -> Result<MasterKeyring, SourceError> {
        let text = self.0.as_ref().ok_or_else(|| SourceError::Missing {
            place: self.place(),
            remedy: "set it to 1: and the output of openssl rand -hex 32, or use a file",
        })?;
        parse(&self.place(), text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_value_is_read_and_never_shown() {
        let value = "3:000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
        let source = EnvironmentSource::new(Some(value.to_owned().into()));
        assert_eq!(source.load().expect("a key").versions().collect::<Vec<_>>(), [3]);
        assert!(!format!("{source:?}").contains("0001"));
    }

    #[test]
    fn without_the_variable_it_says_how_to_set_it() {
        let said = EnvironmentSource::new(None).load().expect_err("missing").to_string();
        assert!(said.contains(VARIABLE) && said.contains("openssl rand -hex 32"), "{said}");
    }
}
