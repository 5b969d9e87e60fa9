//! One way from a chat request to an answer.
//!
//! ```text
//! request ─ estimate ─ route (C core) ─ reserve ─ provider ─ settle ─ answer
//! ```
//!
//! The HTTP gateway and the C library both use this crate, so a query takes the same path whichever
//! door it came through. An [`Engine`] shares nothing with another one, and may be used from many
//! threads at once.
#![forbid(unsafe_code)]

mod agents;
mod answer;
mod attempts;
mod embed;
mod keys;
mod ledger;
mod prices;
mod relay;
mod route;

use std::fmt;
use std::sync::Arc;

use convergio_core::{Allocator, Edition, Profile};
use convergio_providers::{Adapter, Provider};
use convergio_wire::catalog;
use convergio_wire::{EngineConfig, ErrorCode, Failure, Model, Usage};
use secrecy::SecretString;

use prices::{Asked, Prices};

pub use agents::{AgentPlan, AgentSchedule, AgentStep};
pub use answer::{Answered, Receipt};
pub use attempts::Meter;
pub use convergio_core::{BudgetState, Error as CoreError, Level};
pub use convergio_metering::{Attempt, CredentialSource as PaidBy, KeyUsed, Outcome, Tokens};
pub use convergio_providers::KeptAs;
pub use convergio_providers::{Credential, CredentialSource};
pub use keys::{KeyRing, Keys};
pub use ledger::{Hold, Ledger};
pub use relay::{Event, Events};
pub use route::{ComplexityReport, Elsewhere, Removed, Route, RouteReport};

/// Everything between a request and its answer.
pub struct Engine {
    models: Vec<Model>,
    routing: convergio_wire::config::Routing,
    profile: Profile,
    prices: Arc<Prices>,
    ledger: Ledger,
    providers: Vec<Adapter>,
    house: Vec<(&'static str, SecretString)>,
    allocator: Allocator,
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine").field("models", &self.models.len()).finish_non_exhaustive()
    }
}

/// Why an engine cannot be built.
#[derive(Debug)]
pub enum SetupError {
    /// All that is wrong with the configuration, one sentence each.
    Config(Vec<String>),
    /// The core refused, for lack of memory for example.
    Core(convergio_core::Error),
}

impl fmt::Display for SetupError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Config(problems) => f.write_str(&problems.join("\n")),
            Self::Core(error) => write!(f, "{error}"),
        }
    }
}

impl std::error::Error for SetupError {}

impl Engine {
    /// Checks the configuration and builds an engine; connects to nothing. What the core holds for
    /// this engine comes from `allocator`.
    ///
    /// # Errors
    /// All problems of the configuration at once, or the core's refusal.
    pub fn new(config: EngineConfig, allocator: &Allocator) -> Result<Self, SetupError> {
        let mut problems = config.problems();
        let profile = Edition::current().profile();
        if !profile.features.reserved_capacity() {
            problems.extend(config.house_keys().map(|(provider, _)| {
                format!(
                    "providers.{provider}.api_key: the {} edition serves nobody with a house key; \
                     remove it and let callers bring theirs",
                    profile.name
                )
            }));
        }
        if !problems.is_empty() {
            return Err(SetupError::Config(problems));
        }
        let mut models = config.catalog();
        let prices =
            Prices::of(&mut models).map_err(|problem| SetupError::Config(vec![problem]))?;
        Ok(Self {
            models,
            prices: Arc::new(prices),
            ledger: Ledger::new(config.budget.as_ref(), allocator).map_err(SetupError::Core)?,
            providers: convergio_providers::all(&config),
            house: config.house_keys().map(|(name, key)| (name, key.clone())).collect(),
            routing: config.routing,
            profile,
            allocator: allocator.clone(),
        })
    }

    /// Builds what the first call would otherwise build, so that a misconfigured host fails early.
    ///
    /// # Errors
    /// `provider.unavailable`, saying what is missing.
    pub fn warm_up(&self) -> Result<(), Failure> {
        self.providers.iter().try_for_each(Provider::warm_up)
    }

    /// Whether the operator pays for callers who bring no key of their own.
    pub fn has_house_key(&self) -> bool {
        !self.house.is_empty()
    }

    /// Whether the operator has a key for `provider`.
    pub fn pays_for(&self, provider: &str) -> bool {
        self.house.iter().any(|(name, _)| *name == provider)
    }

    /// The models that can be routed to.
    pub fn models(&self) -> &[Model] {
        &self.models
    }

    /// Defaults and limits of the built edition.
    pub fn profile(&self) -> &Profile {
        &self.profile
    }

    /// Spending so far; `None` without a limit.
    pub fn budget(&self) -> Option<convergio_core::BudgetState> {
        self.ledger.state()
    }

    /// Estimates the tokens of `text`.
    ///
    /// # Errors
    /// `internal` when the core fails.
    pub fn estimate_tokens(&self, text: &str) -> Result<u64, Failure> {
        convergio_core::estimate_tokens(text).map_err(|error| route::failure(error, None))
    }

    /// What `usage` costs at the list price of `model`, in nano-dollars.
    ///
    /// # Errors
    /// `request.invalid` for an unknown model or impossible counts.
    pub fn cost(&self, model: &str, usage: &Usage) -> Result<i64, Failure> {
        let model = self.model(model)?;
        let asked = Asked {
            provider: &model.provider,
            model: &model.id,
            region: None,
            service_tier: None,
            at_ms: i64::try_from(relay::now()).unwrap_or(i64::MAX).saturating_mul(1_000),
        };
        prices::tokens(usage)
            .and_then(|tokens| self.prices.cost(asked, &tokens))
            .map_err(|error| route::failure(error, Some("usage")))
    }

    /// Validates an agent plan and schedules it.
    ///
    /// # Errors
    /// What is wrong with the plan, naming the step or the cycle.
    pub fn schedule(&self, plan: &AgentPlan) -> Result<AgentSchedule, Failure> {
        agents::schedule(plan, &self.allocator)
    }

    /// The model that `name` means to a caller who is at `home` with one provider.
    pub(crate) fn model_at(&self, name: &str, home: &str) -> Result<&Model, Failure> {
        catalog::find(&self.models, name, home).ok_or_else(|| route::unknown_model(name))
    }

    fn model(&self, name: &str) -> Result<&Model, Failure> {
        self.model_at(name, catalog::PROVIDERS[0])
    }

    /// The adapter behind a model: the catalogue was checked against the list of adapters.
    fn provider(&self, name: &str) -> Result<&Adapter, Failure> {
        self.providers.iter().find(|provider| provider.name() == name).ok_or_else(|| {
            Failure::new(ErrorCode::Internal, format!("no adapter for the provider {name}"))
        })
    }
}
