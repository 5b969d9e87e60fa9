//! Who asks. The one way from what a request presents to a [`Caller`].
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use convergio_accounts::{AccountError, ApiToken, Caller, Through, csrf_matches};
use convergio_store::{Millis, TokenId};
use secrecy::SecretString;

use crate::control::Control;
use crate::error::{ControlError, Result};

/// What a request brings to be recognised by.
#[derive(Clone, Copy, Debug)]
pub enum Presented<'a> {
    /// A personal API token, `cvg_…`.
    Token(&'a SecretString),
    /// A session of a browser.
    Session {
        /// The cookie's value.
        session: &'a SecretString,
        /// The session's CSRF token, where one came along.
        csrf: Option<&'a str>,
        /// The request may change something: then the CSRF token must be right.
        changes: bool,
    },
}

/// For so long a token that was read is believed without asking the database again, in milliseconds.
/// What this process itself revokes or changes is forgotten at once.
const FRESH: Millis = 5_000;

/// More tokens are not remembered.
const MOST: usize = 10_000;

/// Tokens that were read from the database a moment ago.
#[derive(Debug, Default)]
pub(crate) struct TokenCache(Mutex<Remembered>);

#[derive(Debug, Default)]
struct Remembered {
    /// Counts how often everything was forgotten.
    era: u64,
    tokens: HashMap<TokenId, Entry>,
}

#[derive(Debug)]
struct Entry {
    hash: [u8; 32],
    caller: Arc<Caller>,
    read_at: Millis,
}

impl Entry {
    fn is_fresh(&self, now: Millis) -> bool {
        // A clock that was put back makes everything old.
        (0..FRESH).contains(&now.saturating_sub(self.read_at)) && !is_over(&self.caller, now)
    }
}

fn is_over(caller: &Caller, now: Millis) -> bool {
    matches!(&caller.through, Through::Token { expires_at: Some(at), .. } if *at <= now)
}

impl TokenCache {
    fn lock(&self) -> MutexGuard<'_, Remembered> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The caller behind a token that was read a moment ago; else the era in which it is missed.
    fn get(&self, given: &ApiToken, now: Millis) -> Result<Arc<Caller>, u64> {
        let remembered = self.lock();
        let known = remembered.tokens.get(&given.id);
        match known.filter(|entry| entry.is_fresh(now) && given.matches(&entry.hash)) {
            Some(entry) => Ok(Arc::clone(&entry.caller)),
            None => Err(remembered.era),
        }
    }

    /// Remembers what was read in `era`; not when everything was forgotten since, for then it may
    /// be what is no longer so.
    fn put(&self, given: &ApiToken, caller: &Arc<Caller>, era: u64, now: Millis) {
        let mut remembered = self.lock();
        if remembered.era != era {
            return;
        }
        if remembered.tokens.len() >= MOST {
            remembered.tokens.retain(|_, entry| entry.is_fresh(now));
        }
        if remembered.tokens.len() >= MOST {
            remembered.tokens.clear();
        }
        let entry = Entry { hash: given.hash(), caller: Arc::clone(caller), read_at: now };
        remembered.tokens.insert(given.id.clone(), entry);
    }

    /// Forgets everything: somebody's standing changed, or a token was revoked.
    pub(crate) fn forget(&self) {
        let mut remembered = self.lock();
        remembered.era = remembered.era.wrapping_add(1);
        remembered.tokens.clear();
    }
}

impl Control {
    /// Who that is. A token's use is noted aside, once a minute.
    ///
    /// # Errors
    /// `NotLoggedIn` for anything but a session or token in force; `Csrf` when a change by a session
    /// came without the session's token.
    pub async fn identify(&self, presented: Presented<'_>) -> Result<Arc<Caller>> {
        let now = self.now();
        match presented {
            Presented::Session { session, csrf, changes } => {
                let caller = self.accounts.by_session(session, now).await?;
                if changes && !csrf.is_some_and(|given| csrf_matches(session, given)) {
                    return Err(ControlError::Csrf);
                }
                Ok(Arc::new(caller))
            }
            Presented::Token(text) => self.by_token(text, now).await,
        }
    }

    async fn by_token(&self, text: &SecretString, now: Millis) -> Result<Arc<Caller>> {
        use secrecy::ExposeSecret as _;
        let given = ApiToken::parse(text.expose_secret()).ok_or(AccountError::NotLoggedIn)?;
        let era = match self.tokens.get(&given, now) {
            Ok(caller) => return Ok(caller),
            Err(era) => era,
        };
        let caller = Arc::new(self.accounts.recognise_token(&given, now).await?);
        self.tokens.put(&given, &caller, era, now);
        if matches!(caller.through, Through::Token { unnoted: true, .. }) {
            let (accounts, caller) = (Arc::clone(&self.accounts), Arc::clone(&caller));
            self.aside(async move {
                if let Err(error) = accounts.note_use(&caller, now).await {
                    tracing::warn!(%error, "the use of a token could not be noted");
                }
            });
        }
        Ok(caller)
    }
}

#[cfg(test)]
mod tests {
    use convergio_accounts::Scopes;
    use convergio_store::{Role, TenantId, UserId};

    use super::*;

    fn caller(id: &TokenId, expires_at: Option<Millis>) -> Arc<Caller> {
        let through = Through::Token {
            id: id.clone(),
            scopes: Scopes::default(),
            unnoted: false,
            expires_at,
        };
        Arc::new(Caller {
            tenant: TenantId::new(1),
            user: UserId::new(1),
            role: Role::User,
            through,
        })
    }

    fn token() -> ApiToken {
        ApiToken::issue(TokenId::new(1)).expect("issued")
    }

    #[test]
    fn it_believes_for_five_seconds_and_never_past_the_end() {
        let (cache, long, short) = (TokenCache::default(), token(), token());
        cache.put(&long, &caller(&long.id, None), 0, 1_000);
        cache.put(&short, &caller(&short.id, Some(3_000)), 0, 1_000);
        for (now, known) in [(999, false), (1_000, true), (5_999, true), (6_000, false)] {
            assert_eq!(cache.get(&long, now).is_ok(), known, "{now}");
        }
        assert!(cache.get(&short, 2_999).is_ok());
        assert!(cache.get(&short, 3_000).is_err());
    }

    #[test]
    fn another_secret_under_the_same_id_is_not_believed() {
        let (cache, real) = (TokenCache::default(), token());
        cache.put(&real, &caller(&real.id, None), 0, 0);
        let forged = ApiToken::issue(real.id.clone()).expect("issued");
        assert!(cache.get(&forged, 0).is_err());
        assert!(cache.get(&real, 0).is_ok());
    }

    #[test]
    fn what_was_read_before_everything_was_forgotten_is_not_remembered() {
        let (cache, token) = (TokenCache::default(), token());
        let era = cache.get(&token, 0).expect_err("unknown");
        cache.forget();
        cache.put(&token, &caller(&token.id, None), era, 0);
        assert!(cache.get(&token, 0).is_err());
    }

    #[test]
    fn it_does_not_grow_without_bound() {
        let cache = TokenCache::default();
        for _ in 0..MOST + 5 {
            let token = token();
            cache.put(&token, &caller(&token.id, None), 0, 0);
        }
        assert!(cache.lock().tokens.len() <= MOST);
    }
}
