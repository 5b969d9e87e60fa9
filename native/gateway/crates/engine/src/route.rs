//! From a request to a decision of the core, and from a decision to a report.
use convergio_core::{
    Candidate, Decision, Error, Level, Locality, Price, Privacy, RouteRequest, Stage, Status,
};
use convergio_providers::Provider;
use convergio_wire::catalog::Serves;
use convergio_wire::{ChatRequest, ErrorCode, Failure, Model, catalog, config};
use serde::Serialize;
use utoipa::ToSchema;

use crate::keys::nothing_to_choose;
use crate::{Engine, Keys};

/// A decision with the models it is about.
#[derive(Clone, Debug)]
pub struct Route<'e> {
    /// Models to try in order, never empty.
    pub chain: Vec<&'e Model>,
    /// The same for people and machines.
    pub report: RouteReport,
    /// The most it may cost, whichever model of the chain answers, nano-dollars.
    pub reserve_nano_usd: i64,
    /// Longest answer a provider must be told to give, so that it costs no more than that.
    pub ceiling: Option<u64>,
}

/// What was decided, and why.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct RouteReport {
    /// The chosen model.
    pub model: String,
    /// Its provider.
    pub provider: String,
    /// Stable name of the reason, such as `cheapest_capable`.
    pub reason: &'static str,
    /// The same for people.
    pub reason_text: &'static str,
    /// One line with the whole decision.
    pub explanation: String,
    /// How demanding the newest user message looks.
    pub complexity: ComplexityReport,
    /// Whether the chosen model reaches the complexity score.
    pub capable: bool,
    /// Estimated tokens of the prompt.
    pub input_tokens: u64,
    /// Upper estimate of the cost with the chosen model, nano-dollars.
    pub estimated_cost_nano_usd: i64,
    /// What would have answered in the other place, and for how much: of the cloud where a local
    /// model was chosen, a local one where one of the cloud was.
    pub elsewhere: Option<Elsewhere>,
    /// Models to try when the chosen one cannot be reached, in order.
    pub fallbacks: Vec<String>,
    /// Candidates removed, by stage.
    pub removed: Removed,
}

/// Points of the complexity score, by feature.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[allow(missing_docs, reason = "the features are documented by the C core")]
pub struct ComplexityReport {
    pub version: u32,
    pub score: u16,
    pub base: i16,
    pub subject: i16,
    pub reasoning: i16,
    pub everyday: i16,
    pub given: i16,
    pub vocabulary: i16,
    pub math: i16,
    pub code: i16,
    pub structure: i16,
    pub length: i16,
}

/// A model of the other place: what staying saved, or what going away cost.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Elsewhere {
    /// The model.
    pub model: String,
    /// Its provider.
    pub provider: String,
    /// Upper estimate of its cost, nano-dollars.
    pub estimated_cost_nano_usd: i64,
}

/// Candidates that each stage removed.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[allow(missing_docs, reason = "the stages are documented by the C core")]
pub struct Removed {
    pub privacy: u16,
    pub offline: u16,
    pub health: u16,
    pub budget: u16,
    pub capability: u16,
    pub fit: u16,
    pub host: u16,
}

/// Most tokens the core counts.
const MOST_TOKENS: u64 = i64::MAX as u64;

impl Engine {
    /// Decides which model would answer `request`. Pure: calls nobody, spends nothing.
    ///
    /// # Errors
    /// `privacy.blocked`, `budget.exceeded`, `request.invalid`, by the stage that left no model.
    pub fn route(&self, request: &ChatRequest) -> Result<Route<'_>, Failure> {
        self.route_for(request, None)
    }

    /// The same for a caller with certain keys: the router chooses only what they can pay for.
    pub(crate) fn route_for(
        &self,
        request: &ChatRequest,
        keys: Option<&Keys>,
    ) -> Result<Route<'_>, Failure> {
        let limit = self.profile.max_query_bytes;
        if request.text().len() as u64 > limit {
            let message = format!(
                "the prompt has {} bytes; this edition allows {limit}: shorten it",
                request.text().len()
            );
            return Err(Failure::invalid("messages", message));
        }
        let models = self.candidates(request, keys)?;
        let mut core_request = self.core_request(request)?;
        let level = keys.and_then(Keys::level);
        // Near the limit of a key a cheaper model is taken, where the caller leaves it to us.
        core_request.prefer_cheaper |= level.is_some_and(|level| level >= Level::Cheaper);
        let mut route = self.decide(&models, &core_request)?;
        if level.is_some() {
            // What is held of a limit is for an answer of at most so many tokens.
            route.ceiling.get_or_insert_with(|| self.default_ceiling());
        }
        Ok(route)
    }

    /// The core's decision among `models`.
    pub(crate) fn decide<'e>(
        &'e self,
        models: &[&'e Model],
        core_request: &RouteRequest<'_>,
    ) -> Result<Route<'e>, Failure> {
        let candidates: Vec<Candidate<'_>> = models.iter().map(|model| candidate(model)).collect();
        let decision = convergio_core::decide(core_request, &candidates)
            .map_err(|error| failure(error, Some("model")))?;
        let verbose = self.profile.features.verbose_reasons();
        let explanation = convergio_core::explain(&decision, &candidates, verbose)
            .map_err(|error| failure(error, None))?;
        let chain: Vec<&Model> =
            decision.chain().iter().map(|&index| models[usize::from(index)]).collect();
        let dearest = |model: &&Model| {
            let usage = convergio_core::Usage {
                input: i64::try_from(decision.input_tokens()).unwrap_or(i64::MAX),
                output: i64::try_from(core_request.max_output_tokens).unwrap_or(i64::MAX),
                ..Default::default()
            };
            let mut price = price(&model.price);
            // How much of the answer will be reasoning is not known.
            price.output = price.output.max(price.reasoning);
            price.cost_of(&usage).unwrap_or(i64::MAX)
        };
        let limited = self.routing.max_output_tokens.is_some()
            || core_request.budget_left.is_some()
            || core_request.max_query_cost.is_some_and(|cost| cost < i64::MAX);
        Ok(Route {
            ceiling: limited.then(|| self.default_ceiling()),
            reserve_nano_usd: chain.iter().map(dearest).max().unwrap_or(0),
            report: report(&decision, models, &chain, explanation),
            chain,
        })
    }

    /// The model that was named, or every one that can be asked this with these keys.
    fn candidates(
        &self,
        request: &ChatRequest,
        keys: Option<&Keys>,
    ) -> Result<Vec<&Model>, Failure> {
        let home = self.home(request.dialect());
        let fits = |model: &Model| request.check_for(self.provider(&model.provider)?.dialect());
        if let Some(name) = request.model() {
            let model = self.model_at(name, home)?;
            serves(model, Serves::Chat)?;
            fits(model)?;
            if let Some(keys) = keys {
                self.check_key(keys, &model.provider)?;
            }
            return Ok(vec![model]);
        }
        let (mut models, mut refusal) = (Vec::new(), None);
        for model in self.choosable(keys, home) {
            match fits(model) {
                Ok(()) => models.push(model),
                Err(failure) => refusal = Some(failure),
            }
        }
        match refusal {
            Some(failure) if models.is_empty() => Err(failure),
            _ if models.is_empty() => Err(nothing_to_choose(keys)),
            _ => Ok(models),
        }
    }

    /// Longest answer where the caller does not say.
    fn default_ceiling(&self) -> u64 {
        self.routing.max_output_tokens.unwrap_or(self.profile.max_output_tokens)
    }

    fn core_request<'r>(&self, request: &'r ChatRequest) -> Result<RouteRequest<'r>, Failure> {
        let per_answer = request.max_output_tokens().unwrap_or_else(|| self.default_ceiling());
        if let Some(allowed) = self.routing.max_output_tokens.filter(|&most| most < per_answer) {
            let message = format!("{per_answer} answer tokens; at most {allowed} are allowed here");
            return Err(Failure::invalid("max_completion_tokens", message));
        }
        let answers = request.answers();
        let Some(all_answers) = per_answer.checked_mul(answers).filter(|&n| n <= MOST_TOKENS)
        else {
            let message = format!("`n` = {answers} times {per_answer} answer tokens is too much");
            return Err(Failure::invalid("n", message));
        };
        let input_tokens = self.estimate_tokens(request.text())?;
        Ok(RouteRequest {
            text: request.newest_user_text(),
            required_features: request.features(),
            min_capability: self.routing.min_capability,
            local_margin: self.routing.local_margin,
            ..self.rules(input_tokens, all_answers)
        })
    }

    /// What every request of this engine is held to.
    pub(crate) fn rules(&self, input_tokens: u64, output_tokens: u64) -> RouteRequest<'static> {
        let budget = self.ledger.state();
        let edition_cap = self.profile.max_query_cost;
        let own_cap = self.routing.max_query_cost_nano_usd.unwrap_or(i64::MAX);
        RouteRequest {
            text: "",
            input_tokens,
            max_output_tokens: output_tokens,
            budget_left: budget.map(|budget| budget.left),
            max_query_cost: Some(own_cap.min(edition_cap)),
            memory_available: None,
            privacy: self.routing.privacy.map_or(self.profile.default_privacy, privacy),
            required_features: 0,
            min_capability: 0,
            local_margin: 0,
            offline: self.routing.offline,
            prefer_cheaper: budget.is_some_and(|budget| budget.level >= Level::Cheaper),
        }
    }
}

impl Engine {
    /// May a model there be asked, now that nothing else is decided? Not the cloud's, where nothing may
    /// leave the machine.
    pub(crate) fn may_ask(&self, locality: catalog::Locality) -> bool {
        let rules = self.rules(0, 0);
        let stays = rules.offline || rules.privacy == Privacy::LocalOnly;
        locality == catalog::Locality::Local || !stays
    }
}

/// Refuses a model that is for something else.
pub(crate) fn serves(model: &Model, wanted: Serves) -> Result<(), Failure> {
    match (model.serves, wanted) {
        (found, wanted) if found == wanted => Ok(()),
        (Serves::Embeddings, _) => {
            Err(Failure::invalid("model", "this model makes embeddings; ask it at /v1/embeddings"))
        }
        (Serves::Chat, _) => Err(Failure::invalid(
            "model",
            "this model makes no embeddings; /v1/models says which do (`serves`)",
        )),
    }
}

/// The failure for a model that the catalogue does not have.
pub(crate) fn unknown_model(id: &str) -> Failure {
    let id: String = id.chars().take(128).collect();
    let message =
        format!("no model `{id}`; /v1/models lists them, \"auto\" lets the router choose");
    Failure { param: Some("model".to_owned()), ..Failure::new(ErrorCode::RequestNotFound, message) }
}

/// A refusal of the core in our codes.
pub(crate) fn failure(error: Error, param: Option<&str>) -> Failure {
    let code = match error.status {
        Status::PrivacyBlocked | Status::OfflineBlocked => ErrorCode::PrivacyBlocked,
        Status::BudgetExceeded => ErrorCode::BudgetExceeded,
        Status::Unavailable | Status::HostMemory => ErrorCode::ProviderUnavailable,
        Status::Capability
        | Status::ContextWindow
        | Status::Invalid
        | Status::TooLong
        | Status::Overflow
        | Status::Utf8
        | Status::PlanDuplicateId
        | Status::PlanUnknownDep
        | Status::PlanSelfEdge
        | Status::PlanCycle => ErrorCode::RequestInvalid,
        Status::NoMemory => ErrorCode::OutOfMemory,
        _ => ErrorCode::Internal,
    };
    let mut failure = Failure::new(code, error.text);
    if code == ErrorCode::RequestInvalid {
        failure.param = param.map(str::to_owned);
    }
    failure
}

fn privacy(privacy: config::Privacy) -> Privacy {
    match privacy {
        config::Privacy::Any => Privacy::Any,
        config::Privacy::PreferLocal => Privacy::PreferLocal,
        config::Privacy::LocalOnly => Privacy::LocalOnly,
    }
}

pub(crate) fn price(price: &catalog::Price) -> Price {
    Price {
        input: price.input,
        cached_input: price.cached_input,
        output: price.output,
        reasoning: price.reasoning,
        cache_write: price.cache_write,
        ..Price::default()
    }
}

fn candidate(model: &Model) -> Candidate<'_> {
    Candidate {
        id: &model.id,
        provider: &model.provider,
        locality: match model.locality {
            catalog::Locality::Cloud => Locality::Cloud,
            catalog::Locality::Local => Locality::Local,
        },
        price: price(&model.price),
        context_window: model.context_window,
        memory_bytes: 0,
        features: model.feature_bits(),
        capability: model.capability,
        healthy: true,
    }
}

fn report(
    decision: &Decision,
    models: &[&Model],
    chain: &[&Model],
    explanation: String,
) -> RouteReport {
    let complexity = decision.complexity();
    RouteReport {
        model: chain[0].id.clone(),
        provider: chain[0].provider.clone(),
        reason: decision.reason().name(),
        reason_text: decision.reason().text(),
        explanation,
        complexity: ComplexityReport {
            version: complexity.version,
            score: complexity.score,
            base: complexity.base,
            subject: complexity.subject,
            reasoning: complexity.reasoning,
            everyday: complexity.everyday,
            given: complexity.given,
            vocabulary: complexity.vocabulary,
            math: complexity.math,
            code: complexity.code,
            structure: complexity.structure,
            length: complexity.length,
        },
        capable: decision.capable(),
        input_tokens: decision.input_tokens(),
        estimated_cost_nano_usd: decision.estimated_cost(),
        elsewhere: decision.elsewhere().map(|(index, cost)| Elsewhere {
            model: models[index].id.clone(),
            provider: models[index].provider.clone(),
            estimated_cost_nano_usd: cost,
        }),
        fallbacks: chain[1..].iter().map(|model| model.id.clone()).collect(),
        removed: Removed {
            privacy: decision.removed(Stage::Privacy),
            offline: decision.removed(Stage::Offline),
            health: decision.removed(Stage::Health),
            budget: decision.removed(Stage::Budget),
            capability: decision.removed(Stage::Capability),
            fit: decision.removed(Stage::Fit),
            host: decision.removed(Stage::Host),
        },
    }
}
