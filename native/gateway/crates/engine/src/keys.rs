//! Which key pays for which provider.
use std::fmt;
use std::sync::Arc;

use convergio_core::Level;
use convergio_providers::{Credential, CredentialSource, Provider};
use convergio_wire::catalog::{Locality, Serves};
use convergio_wire::chat::AUTO;
use convergio_wire::{Dialect, ErrorCode, Failure, Model};
use futures_util::future::BoxFuture;
use secrecy::SecretString;

use crate::{Engine, Hold, Meter, route};

/// The keys a caller may use. `Debug` shows none.
#[derive(Clone, Debug, Default)]
pub struct Keys {
    /// Brought along, for whichever provider serves the model that was named.
    own: Option<SecretString>,
    /// Kept for the caller, by provider.
    kept: Vec<(String, Credential)>,
    /// Kept for the caller, and opened only for the provider that is about to be called.
    ring: Option<Ringed>,
    /// Who is told what was done with them.
    pub(crate) meter: Option<Arc<dyn Meter>>,
}

/// Keys that are kept closed.
#[derive(Clone, Debug)]
struct Ringed {
    ring: Arc<dyn KeyRing>,
    /// The providers that the ring has something for.
    providers: Vec<String>,
    /// Whether the house pays where the ring has nothing.
    reserved: bool,
}

/// Keys that are kept closed, and opened for one call.
pub trait KeyRing: Send + Sync {
    /// The caller's keys for `provider`, opened: the one in force first, then those that may stand in
    /// when the provider refuses it. Empty when there are none.
    fn open<'a>(&'a self, provider: &'a str) -> BoxFuture<'a, Result<Vec<Credential>, Failure>>;

    /// Holds `amount` nano-dollars of what may still be spent with the key of that id, until its call
    /// is settled. `None` where nobody limited it.
    ///
    /// # Errors
    /// `budget.exceeded`: the call must not be made.
    fn hold(&self, _key: &str, _amount: i64) -> Result<Option<Hold>, Failure> {
        Ok(None)
    }

    /// How near the caller's limited keys are to their limits: the nearest of them. `None` where none
    /// is limited.
    fn level(&self) -> Option<Level> {
        None
    }
}

impl fmt::Debug for dyn KeyRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyRing")
    }
}

/// At most so many keys are tried for one call: the one in force, and its predecessor.
const TRIED: usize = 2;

impl Keys {
    /// The keys of somebody with an account. `providers` are those that `ring` has something for:
    /// among their models the router chooses. With `reserved` the house pays for the others.
    pub fn of_account(ring: Arc<dyn KeyRing>, providers: Vec<String>, reserved: bool) -> Self {
        Self { ring: Some(Ringed { ring, providers, reserved }), ..Self::default() }
    }

    /// The same keys, their use told to `meter`.
    #[must_use]
    pub fn metered(mut self, meter: Arc<dyn Meter>) -> Self {
        self.meter = Some(meter);
        self
    }

    /// Adds a key that is kept for `provider`; it goes before one that was brought along.
    #[must_use]
    pub fn with(mut self, provider: &str, credential: Credential) -> Self {
        self.kept.push((provider.to_owned(), credential));
        self
    }

    /// Holds what a call with `credential` may cost at most.
    ///
    /// # Errors
    /// `budget.exceeded`.
    pub(crate) fn hold(
        &self,
        credential: &Credential,
        amount: i64,
    ) -> Result<Option<Hold>, Failure> {
        match (&self.ring, &credential.kept) {
            (Some(ringed), Some(kept)) => ringed.ring.hold(&kept.id, amount),
            _ => Ok(None),
        }
    }

    /// How near the caller's keys are to their limits.
    pub(crate) fn level(&self) -> Option<Level> {
        self.ring.as_ref().and_then(|ringed| ringed.ring.level())
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
        Ok(Keys { own, ..Keys::default() })
    }

    /// The keys for a call to `provider`, in the order in which they are tried.
    ///
    /// # Errors
    /// `byok.missing_key` when the caller has none for it and the house pays for nobody there; what
    /// opening them says.
    pub(crate) async fn keys_for(
        &self,
        keys: &Keys,
        provider: &str,
    ) -> Result<Vec<Credential>, Failure> {
        let Some(Ringed { ring, reserved, .. }) = &keys.ring else {
            return Ok(vec![self.key_for(keys, provider)?]);
        };
        let mut opened = ring.open(provider).await?;
        opened.truncate(TRIED);
        if !opened.is_empty() {
            return Ok(opened);
        }
        match self.house_key(provider).filter(|_| *reserved) {
            Some(house) => Ok(vec![house]),
            None => Err(no_kept_key(provider)),
        }
    }

    fn house_key(&self, provider: &str) -> Option<Credential> {
        let (_, key) = self.house.iter().find(|(name, _)| *name == provider)?;
        Some(Credential::new(key.clone(), CredentialSource::House))
    }

    /// Refuses early where it is known already that there is no key.
    ///
    /// # Errors
    /// `byok.missing_key`.
    pub(crate) fn check_key(&self, keys: &Keys, provider: &str) -> Result<(), Failure> {
        // A ring says what it has when it is opened.
        if keys.ring.is_some() { Ok(()) } else { self.key_for(keys, provider).map(drop) }
    }

    /// The key for a call to `provider`, of keys that are not kept closed.
    ///
    /// # Errors
    /// `byok.missing_key` when the caller has none for it and the house pays for nobody there.
    fn key_for(&self, keys: &Keys, provider: &str) -> Result<Credential, Failure> {
        if let Some(kept) = keys.at(provider) {
            return Ok(kept.clone());
        }
        if let Some(own) = &keys.own {
            return Ok(Credential::new(own.clone(), CredentialSource::User));
        }
        // Who has keys of their own is never served with ours behind their back.
        let house = self.house_key(provider).filter(|_| keys.kept.is_empty());
        house.ok_or_else(|| missing_key(Some(provider)))
    }

    /// The models that the router may choose for a caller. A key that was brought along does not say
    /// whose it is: it counts for the provider whose API was called.
    pub(crate) fn choosable<'e>(&'e self, keys: Option<&Keys>, home: &str) -> Vec<&'e Model> {
        let housed = |provider: &str| self.house.iter().any(|(name, _)| *name == provider);
        let open = |provider: &str| match keys {
            Some(Keys { ring: Some(Ringed { providers, reserved, .. }), .. }) => {
                providers.iter().any(|name| name == provider) || *reserved && housed(provider)
            }
            Some(keys) if !keys.kept.is_empty() => keys.at(provider).is_some(),
            Some(keys) if keys.own.is_none() => housed(provider),
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
    /// egress rule refuses or a provider that is unknown; `privacy.blocked` where nothing may leave the
    /// machine; any `provider.*`.
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
        // Each of them is elsewhere.
        if !self.may_ask(Locality::Cloud) {
            let message = format!(
                "nothing may leave this machine, so {provider} was not asked; the operator decides \
                 (routing.privacy, routing.offline)"
            );
            return Err(Failure::new(ErrorCode::PrivacyBlocked, message));
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

/// What somebody with an account is told who keeps no key for `provider`.
fn no_kept_key(provider: &str) -> Failure {
    Failure::new(
        ErrorCode::ByokMissingKey,
        format!(
            "you keep no key for {provider}: add one (POST /api/v1/keys), or ask a model of a \
             provider whose key you have (GET /v1/models says which)"
        ),
    )
}

/// Why the router has nothing to choose from: with an account, there is no key for anything.
pub(crate) fn nothing_to_choose(keys: Option<&Keys>) -> Failure {
    if keys.is_some_and(|keys| keys.ring.is_some()) {
        return no_kept_key("any provider");
    }
    route::unknown_model(AUTO)
}

/// Calls with each key in turn until one is not refused: while a rotated key's window runs, its
/// predecessor stands in for one that the provider does not take yet.
pub(crate) async fn with_each<'f, T>(
    credentials: Vec<Credential>,
    call: impl Fn(Credential) -> BoxFuture<'f, Result<T, Failure>> + Send,
) -> Result<T, Failure> {
    let mut left = credentials.len();
    for credential in credentials {
        left -= 1;
        match call(credential).await {
            Err(failure) if left > 0 && is_refused_key(&failure) => {
                tracing::warn!(code = %failure.code, "the key in force was refused; its predecessor stands in");
            }
            outcome => return outcome,
        }
    }
    Err(Failure::new(ErrorCode::Internal, "a call without a key"))
}

/// Does the provider not take this key?
fn is_refused_key(failure: &Failure) -> bool {
    failure.code == ErrorCode::AuthInvalid && failure.provider.is_some()
}
