//! Personal API tokens: issued, recognised, revoked.
use convergio_store::{Millis, NewToken, Token, TokenId};

use super::{Accounts, require_session};
use crate::caller::{Caller, Through};
use crate::error::{AccountError, Result};
use crate::role::Scopes;
use crate::token::ApiToken;

/// A token's use is noted at most this often: people want to know "today", not the millisecond.
const NOTE_EVERY: Millis = 60_000;

impl Accounts {
    /// Who has that token.
    ///
    /// # Errors
    /// `NotLoggedIn` for anything but a token in force.
    pub async fn by_token(&self, text: &str, now: Millis) -> Result<Caller> {
        let given = ApiToken::parse(text).ok_or(AccountError::NotLoggedIn)?;
        self.recognise_token(&given, now).await
    }

    /// [`by_token`](Self::by_token) for one that was taken apart already.
    ///
    /// # Errors
    /// `NotLoggedIn` for anything but a token in force.
    pub async fn recognise_token(&self, given: &ApiToken, now: Millis) -> Result<Caller> {
        let found = self.store.token(&given.id).await?.ok_or(AccountError::NotLoggedIn)?;
        let over = found.expires_at.is_some_and(|at| at <= now) || found.revoked_at.is_some();
        if !given.matches(&found.secret_hash) || over {
            return Err(AccountError::NotLoggedIn);
        }
        let Token { tenant, id, user, role, scopes, last_used_at, expires_at, .. } = found;
        // A scope that a newer program granted is none that this one could check.
        let scopes: Scopes =
            scopes.split_whitespace().filter_map(|word| word.parse().ok()).collect();
        let unnoted = last_used_at.is_none_or(|at| now.saturating_sub(at) >= NOTE_EVERY);
        Ok(Caller {
            tenant,
            user,
            role,
            through: Through::Token { id, scopes, unnoted, expires_at },
        })
    }

    /// Notes that a token was used, where that is due. For after the answer: nobody should wait for it.
    ///
    /// # Errors
    /// What the store says.
    pub async fn note_use(&self, caller: &Caller, now: Millis) -> Result<()> {
        if let Through::Token { id, unnoted: true, .. } = &caller.through {
            self.store.tenant(&caller.tenant).touch_token(id, now).await?;
        }
        Ok(())
    }

    /// Issues a personal token and gives it, for the only time.
    ///
    /// # Errors
    /// `NeedsSession`: a token cannot beget another. `ScopeBeyondRole`.
    pub async fn issue_token(
        &self,
        caller: &Caller,
        name: &str,
        scopes: &Scopes,
        expires_at: Option<Millis>,
        now: Millis,
    ) -> Result<ApiToken> {
        require_session(caller)?;
        if let Some(beyond) = scopes.iter().find(|scope| !scope.fits(caller.role)) {
            return Err(AccountError::ScopeBeyondRole(beyond));
        }
        let token = ApiToken::issue(TokenId::new(now))?;
        let new = NewToken {
            id: &token.id,
            user: &caller.user,
            name,
            secret_hash: &token.hash(),
            scopes: &scopes.to_string(),
            expires_at,
        };
        self.store.tenant(&caller.tenant).add_token(new, now).await?;
        Ok(token)
    }

    /// The caller's tokens, oldest first.
    ///
    /// # Errors
    /// What the store says.
    pub async fn tokens(&self, caller: &Caller) -> Result<Vec<Token>> {
        Ok(self.store.tenant(&caller.tenant).tokens(&caller.user).await?)
    }

    /// Revokes one of the caller's tokens.
    ///
    /// # Errors
    /// `NeedsSession`; `Conflict::Changed` when there is none of that id in force.
    pub async fn revoke_token(&self, caller: &Caller, id: &TokenId, now: Millis) -> Result<()> {
        require_session(caller)?;
        Ok(self.store.tenant(&caller.tenant).revoke_token(&caller.user, id, now).await?)
    }
}
