//! Personal API tokens.
use convergio_accounts::Scopes;
use convergio_store::{Conflict, Millis, StoreError, Token, TokenId};
use secrecy::SecretString;

use crate::control::{By, Control};
use crate::error::{ControlError, Result};
use crate::setup::check_name;

/// A token that somebody wants.
#[derive(Clone, Debug)]
pub struct NewToken<'a> {
    /// What they call it.
    pub name: &'a str,
    /// What it is to be good for.
    pub scopes: &'a Scopes,
    /// When it ends by itself.
    pub expires_at: Option<Millis>,
}

/// A token as its owner may see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenView {
    /// Its public part.
    pub id: TokenId,
    /// What its owner calls it.
    pub name: String,
    /// What it is good for.
    pub scopes: Scopes,
    /// When it was made.
    pub created_at: Millis,
    /// When it ends by itself.
    pub expires_at: Option<Millis>,
    /// When it was last used, to the minute.
    pub last_used_at: Option<Millis>,
    /// When it was revoked.
    pub revoked_at: Option<Millis>,
}

impl From<Token> for TokenView {
    fn from(token: Token) -> Self {
        let Token { id, name, created_at, expires_at, last_used_at, revoked_at, .. } = token;
        // A word that a newer program granted is not shown: this one would not honour it.
        let scopes = token.scopes.split_whitespace().filter_map(|word| word.parse().ok());
        let scopes = scopes.collect();
        Self { id, name, scopes, created_at, expires_at, last_used_at, revoked_at }
    }
}

/// A token that has just been issued.
#[derive(Debug)]
pub struct Issued {
    /// What may be shown again.
    pub view: TokenView,
    /// The token, for the only time.
    pub token: SecretString,
}

impl Control {
    /// The caller's own tokens, oldest first, revoked ones included.
    ///
    /// # Errors
    /// What the store says.
    pub async fn tokens(&self, by: By<'_>) -> Result<Vec<TokenView>> {
        let tokens = self.accounts.tokens(by.caller).await?;
        Ok(tokens.into_iter().map(TokenView::from).collect())
    }

    /// Issues a token and gives it, for the only time.
    ///
    /// # Errors
    /// `NeedsSession`, `ScopeBeyondRole`; a name that cannot be used, no scope, an end in the past.
    pub async fn issue_token(&self, by: By<'_>, new: NewToken<'_>) -> Result<Issued> {
        let now = self.now();
        check_name("name", new.name, 100)?;
        if new.scopes.iter().next().is_none() {
            let message = "a token needs a scope: chat, keys, usage, admin or audit";
            return Err(ControlError::invalid("scopes", message));
        }
        if new.expires_at.is_some_and(|at| at <= now) {
            let message = "`expires_at` has passed; milliseconds since 1970 are expected";
            return Err(ControlError::invalid("expires_at", message));
        }
        let NewToken { name, scopes, expires_at } = new;
        let token = self.accounts.issue_token(by.caller, name, scopes, expires_at, now).await?;
        self.note_deed(by, "token.issue", format!("token {}", token.id)).await?;
        let view = TokenView {
            id: token.id.clone(),
            name: name.to_owned(),
            scopes: scopes.clone(),
            created_at: now,
            expires_at,
            last_used_at: None,
            revoked_at: None,
        };
        Ok(Issued { view, token: token.reveal() })
    }

    /// Revokes one of the caller's tokens; from now on it lets nobody in.
    ///
    /// # Errors
    /// `NeedsSession`; `NoSuch` when they have none of that id in force.
    pub async fn revoke_token(&self, by: By<'_>, id: &TokenId) -> Result<()> {
        let revoked = self.accounts.revoke_token(by.caller, id, self.now()).await;
        self.tokens.forget();
        match revoked.map_err(ControlError::from) {
            Ok(()) => self.note_deed(by, "token.revoke", format!("token {id}")).await,
            Err(ControlError::Account(convergio_accounts::AccountError::Store(
                StoreError::Conflict(Conflict::Changed),
            ))) => Err(ControlError::NoSuch("token in force")),
            Err(error) => Err(error),
        }
    }
}
