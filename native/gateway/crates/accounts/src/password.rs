//! Passwords: rules, hashing, checking.
use std::fmt;
use std::sync::Arc;

use argon2::password_hash::{PasswordHasher as _, phc::PasswordHash};
use argon2::{Algorithm, Argon2, Params, PasswordVerifier as _, Version};
use secrecy::{ExposeSecret as _, SecretString};
use tokio::sync::Semaphore;

use crate::error::{AccountError, Result};
use crate::random;

/// In characters. Length is what counts; what kinds of characters are in it does not.
const SHORTEST: usize = 12;

/// In bytes; a longer one would only keep the processor busy.
const LONGEST: usize = 1024;

/// What guessing one password costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cost {
    /// Memory in KiB.
    pub memory: u32,
    /// Passes over it.
    pub passes: u32,
}

impl Default for Cost {
    /// What OWASP recommends for Argon2id: 19 MiB, two passes, one lane.
    fn default() -> Self {
        Self { memory: 19 * 1024, passes: 2 }
    }
}

/// What checking a password said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Checked {
    /// It is another one.
    Wrong,
    /// It is the one.
    Right,
    /// It is the one, and its hash was made at another cost: hash it again.
    RightButOld,
}

/// Hashes and checks, off the async threads and only a few at a time: each takes its memory, and
/// whoever sends many logins at once must not take all of it.
#[derive(Clone)]
pub struct Passwords {
    cost: Cost,
    params: Params,
    places: Arc<Semaphore>,
}

impl Passwords {
    /// Passwords at that cost, `at_once` of them at a time. `None` for a cost Argon2 does not allow.
    pub fn new(cost: Cost, at_once: usize) -> Option<Self> {
        let params = Params::new(cost.memory, cost.passes, 1, None).ok()?;
        Some(Self { cost, params, places: Arc::new(Semaphore::new(at_once.max(1))) })
    }

    /// Refuses what the rules refuse.
    ///
    /// # Errors
    /// `BadPassword` with the rule.
    pub fn check_rules(password: &SecretString, email: &str) -> Result<()> {
        let text = password.expose_secret();
        if text.chars().count() < SHORTEST {
            Err(AccountError::BadPassword("it is shorter than 12 characters"))
        } else if text.len() > LONGEST {
            Err(AccountError::BadPassword("it is longer than 1024 bytes"))
        } else if text.to_lowercase() == email.to_lowercase() {
            Err(AccountError::BadPassword("it is your e-mail address"))
        } else {
            Ok(())
        }
    }

    /// The hash to store, in PHC form, with a salt of its own.
    ///
    /// # Errors
    /// `NoRandomness`.
    pub async fn hash(&self, password: &SecretString) -> Result<String> {
        let mut salt = [0; 16];
        random::fill(&mut salt)?;
        let (argon, password) = (self.argon(), password.clone());
        let hashed = self.aside(move || {
            argon.hash_password_with_salt(password.expose_secret().as_bytes(), &salt)
        });
        // The parameters were accepted in `new`, and the salt has its size.
        hashed
            .await
            .map(|hash: PasswordHash| hash.to_string())
            .map_err(|_| AccountError::NoRandomness)
    }

    /// Is it the password of that hash?
    ///
    /// # Errors
    /// `DamagedHash` when `hash` is none.
    pub async fn check(&self, password: &SecretString, hash: &str) -> Result<Checked> {
        let parsed = PasswordHash::new(hash).map_err(|_| AccountError::DamagedHash)?;
        let made_with = Params::try_from(&parsed).map_err(|_| AccountError::DamagedHash)?;
        let (argon, password) = (self.argon(), password.clone());
        let checked = self
            .aside(move || argon.verify_password(password.expose_secret().as_bytes(), &parsed))
            .await;
        let as_now = (made_with.m_cost(), made_with.t_cost(), made_with.p_cost())
            == (self.params.m_cost(), self.params.t_cost(), self.params.p_cost());
        Ok(match checked {
            Ok(()) if as_now => Checked::Right,
            Ok(()) => Checked::RightButOld,
            Err(_) => Checked::Wrong,
        })
    }

    /// Takes as long as [`check`](Self::check) and says nothing: for a name nobody has, so that the
    /// time an answer takes does not tell who is there.
    pub async fn check_nobody(&self, password: &SecretString) {
        let (argon, password) = (self.argon(), password.clone());
        let spent = self.aside(move || {
            let mut out = [0; 32];
            let done =
                argon.hash_password_into(password.expose_secret().as_bytes(), &[0; 16], &mut out);
            (done.is_ok(), out)
        });
        // It is refused whatever came out; the work must only not be optimised away.
        std::hint::black_box(spent.await);
    }

    fn argon(&self) -> Argon2<'static> {
        Argon2::new(Algorithm::Argon2id, Version::V0x13, self.params.clone())
    }

    async fn aside<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> T {
        // Never closed, so there is always a place sooner or later.
        let place = Arc::clone(&self.places).acquire_owned().await;
        let done = tokio::task::spawn_blocking(move || {
            let result = work();
            drop(place);
            result
        });
        match done.await {
            Ok(result) => result,
            Err(ended) => match ended.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                // The runtime is going down, and everything that waits with it.
                Err(_) => std::future::pending().await,
            },
        }
    }
}

impl fmt::Debug for Passwords {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Passwords({:?})", self.cost)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As little as Argon2 allows, so that tests take no time.
    fn cheap(passes: u32) -> Passwords {
        Passwords::new(Cost { memory: 8, passes }, 2).expect("allowed")
    }

    fn secret(text: &str) -> SecretString {
        text.to_owned().into()
    }

    #[tokio::test]
    async fn the_right_one_is_right_and_no_other() {
        let passwords = cheap(1);
        let hash = passwords.hash(&secret("correct horse battery")).await.expect("hashed");
        assert!(hash.starts_with("$argon2id$v=19$m=8,t=1,p=1$"), "{hash}");
        for (text, expected) in [
            ("correct horse battery", Checked::Right),
            ("correct horse batterx", Checked::Wrong),
            ("Correct horse battery", Checked::Wrong),
            ("correct horse battery ", Checked::Wrong),
            ("", Checked::Wrong),
        ] {
            assert_eq!(
                passwords.check(&secret(text), &hash).await.expect("checked"),
                expected,
                "{text}"
            );
        }
        let again = passwords.hash(&secret("correct horse battery")).await.expect("hashed");
        assert_ne!(hash, again, "each hash has its own salt");
        passwords.check_nobody(&secret("anything")).await;
    }

    #[tokio::test]
    async fn a_hash_of_another_cost_is_right_and_old() {
        let hash = cheap(1).hash(&secret("correct horse battery")).await.expect("hashed");
        let checked = cheap(2).check(&secret("correct horse battery"), &hash).await;
        assert_eq!(checked.expect("checked"), Checked::RightButOld);
    }

    #[tokio::test]
    async fn a_hash_of_another_implementation_is_understood() {
        let passwords = cheap(1);
        let right = passwords.check(&secret("correct horse battery"), KNOWN).await;
        assert_eq!(right.expect("checked"), Checked::RightButOld);
        let wrong = passwords.check(&secret("correct horse batterx"), KNOWN).await;
        assert_eq!(wrong.expect("checked"), Checked::Wrong);
    }

    /// Made by OpenSSL.
    const KNOWN: &str = "$argon2id$v=19$m=64,t=3,p=1$c2l4dGVlbiBieXRlcyAhIQ$PY84rk1UicHmrHq1xu6EixTv1AhwR9km8x8Jeug+tr4";

    #[tokio::test]
    async fn what_is_no_hash_is_told_apart_from_a_wrong_password() {
        for bad in ["", "x", "$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHQ"] {
            let checked = cheap(1).check(&secret("correct horse battery"), bad).await;
            assert!(checked.is_err() || checked.is_ok_and(|it| it == Checked::Wrong), "{bad}");
        }
    }

    #[test]
    fn rules_are_length_and_not_the_address() {
        for (text, good) in [
            ("elevencharz", false),
            ("twelve chars", true),
            ("ééééééééééé", false),
            ("A@Example.Org", false),
            ("111111111111", true),
        ] {
            let given = Passwords::check_rules(&secret(text), "a@example.org");
            assert_eq!(given.is_ok(), good, "{text}");
        }
        assert!(Passwords::check_rules(&secret(&"x".repeat(1025)), "a").is_err());
        assert_eq!(Cost::default(), Cost { memory: 19_456, passes: 2 });
    }
}
