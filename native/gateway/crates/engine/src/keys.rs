//! Which key pays for which provider.
use convergio_providers::{Credential, CredentialSource, Provider};
use convergio_wire::catalog::Serves;
use convergio_wire::{Dialect, ErrorCode, Failure, Model};
use secrecy::SecretString;

use crate::Engine;

/// The keys a caller may use. `Debug` shows none.
#[derive(Clone, Debug, Default)]
pub struct Keys {
    /// Brought along, for whichever provider serves the model that was named.
    own: Option<SecretString>,
    /// Kept for the caller, by provider.
    kept: Vec<(String, Credential)>,
}

impl Keys {
    /// Adds a key that is kept for `provider`; it goes before one that was brought along.
    #[must_use]
    pub fn with(mut self, provider: &str, credential: Credential) -> Self {
        self.kept.push((provider.to_owned(), credential));
        self
    }

    fn at(&self, provider: &str) -> Option<&Credential> {
        self.kept.iter().find(|(name, _)| name == provider).map(|(_, credential)| credential)
    }
}

impl Engine {
    /// The keys of a caller: the one brought along, else the house's.
    ///
    /// # Errors
    /// `byok.missing_key` when there is neither.
    pub fn credential(&self, own: Option<SecretString>) -> Result<Keys, Failure> {
        if own.is_none() && self.house.is_empty() {
            return Err(missing_key(None));
        }
        Ok(Keys { own, kept: Vec::new() })
    }

    /// The key for a call to `provider`.
    ///
    /// # Errors
    /// `byok.missing_key` when the caller has none for it and the house pays for nobody there.
    pub fn key_for(&self, keys: &Keys, provider: &str) -> Result<Credential, Failure> {
        if let Some(kept) = keys.at(provider) {
            return Ok(kept.clone());
        }
        if let Some(own) = &keys.own {
            return Ok(Credential::new(own.clone(), CredentialSource::User));
        }
        match self.house.iter().find(|(name, _)| *name == provider) {
            // Who has keys of their own is never served with ours behind their back.
            Some((_, key)) if keys.kept.is_empty() => {
                Ok(Credential::new(key.clone(), CredentialSource::House))
            }
            _ => Err(missing_key(Some(provider))),
        }
    }

    /// The models that the router may choose for a caller. A key that was brought along does not say
    /// whose it is: it counts for the provider whose API was called.
    pub(crate) fn choosable<'e>(&'e self, keys: Option<&Keys>, home: &str) -> Vec<&'e Model> {
        let open = |provider: &str| match keys {
            Some(keys) if !keys.kept.is_empty() => keys.at(provider).is_some(),
            Some(keys) if keys.own.is_none() => {
                self.house.iter().any(|(name, _)| *name == provider)
            }
            _ => provider == home,
        };
        self.models
            .iter()
            .filter(|model| model.serves == Serves::Chat && open(&model.provider))
            .collect()
    }

    /// The provider whose API a caller speaks, or the only one there is.
    pub(crate) fn home(&self, dialect: Dialect) -> &str {
        let own = match dialect {
            Dialect::OpenAi => "openai",
            Dialect::Anthropic => "anthropic",
            Dialect::Google => "google",
        };
        let served = |name: &str| self.models.iter().any(|model| model.provider == name);
        match self.models.first() {
            Some(first) if !served(own) => &first.provider,
            _ => own,
        }
    }

    /// The models that `credential` may ask at `provider`. It costs nothing, and it fails as any call
    /// would: that is how a key is tried before it is kept.
    ///
    /// # Errors
    /// `auth.invalid` for a key that the provider refuses; `request.invalid` for an address that the
    /// egress rule refuses or a provider that is unknown; any `provider.*`.
    pub async fn models_at(
        &self,
        provider: &str,
        credential: &Credential,
    ) -> Result<Vec<String>, Failure> {
        let known = convergio_wire::catalog::PROVIDERS;
        if !known.contains(&provider) {
            let message = format!("`provider` must be one of {}", known.join(", "));
            return Err(Failure::invalid("provider", message));
        }
        self.provider(provider)?.models(credential).await
    }
}

fn missing_key(provider: Option<&str>) -> Failure {
    let which = provider.map(|name| format!(" for {name}")).unwrap_or_default();
    Failure::new(
        ErrorCode::ByokMissingKey,
        format!(
            "no provider key{which}: send your own as `Authorization: Bearer <key>` (in the library: \
             `api_key` in the context's configuration)"
        ),
    )
}
