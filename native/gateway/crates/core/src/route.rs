//! Which model answers a query.
use std::ffi::c_char;

use convergio_core_sys::complexity as complexity_sys;
use convergio_core_sys::cost::core_price;
use convergio_core_sys::route as sys;
use convergio_core_sys::types::core_str;

use crate::edition::Privacy;
use crate::money::Price;
use crate::status::{Result, Status, check, check_with, static_text};
use crate::text::borrow;

/// Most candidates of one decision.
pub const MAX_CANDIDATES: usize = sys::CORE_ROUTE_MAX_CANDIDATES;

/// Where a model runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Locality {
    /// At a provider's.
    Cloud,
    /// On this machine.
    Local,
}

/// A model that could answer.
#[derive(Clone, Copy, Debug)]
pub struct Candidate<'a> {
    /// Model name.
    pub id: &'a str,
    /// Provider name.
    pub provider: &'a str,
    /// Where it runs.
    pub locality: Locality,
    /// What it costs.
    pub price: Price,
    /// Tokens it can hold, more than 0.
    pub context_window: u64,
    /// Bytes it still has to load on this host; 0 is nothing, or not known.
    pub memory_bytes: u64,
    /// Caller-defined feature bits.
    pub features: u32,
    /// 0..=1000, on the scale of [`Complexity::score`].
    pub capability: u16,
    /// Whether it can be reached.
    pub healthy: bool,
}

/// What is asked, and within which limits.
#[derive(Clone, Copy, Debug)]
pub struct RouteRequest<'a> {
    /// What is scored, normally the newest user message.
    pub text: &'a str,
    /// Tokens of the whole prompt; 0 estimates them from `text`.
    pub input_tokens: u64,
    /// Tokens reserved for the answer.
    pub max_output_tokens: u64,
    /// Nano-dollars left in the budget; `None` is unlimited.
    pub budget_left: Option<i64>,
    /// Nano-dollars this one query may cost; `None` is no cap.
    pub max_query_cost: Option<i64>,
    /// Bytes that models may load on this host; `None` when nobody looked.
    pub memory_available: Option<u64>,
    /// How strictly it must stay local.
    pub privacy: Privacy,
    /// Feature bits that are all needed.
    pub required_features: u32,
    /// Hard floor of capability, 0..=1000.
    pub min_capability: u16,
    /// Points that a local model's capability must have above the score, -1000..=1000: more sends
    /// more to the cloud, below 0 keeps more here.
    pub local_margin: i16,
    /// No network.
    pub offline: bool,
    /// Cheapest first: the budget is nearly used up.
    pub prefer_cheaper: bool,
}

/// How demanding a text looks: the sum and the points of each feature.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs, reason = "each field is a feature documented in complexity.h")]
pub struct Complexity {
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

/// Why the chosen model was chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reason(sys::core_route_reason);

impl Reason {
    /// Stable name, such as `cheapest_capable`.
    pub fn name(self) -> &'static str {
        // SAFETY: any number is allowed.
        let name = unsafe { sys::core_route_reason_name(self.0) };
        // SAFETY: documented as static storage, never NULL.
        unsafe { static_text(name) }
    }

    /// The same for people.
    pub fn text(self) -> &'static str {
        // SAFETY: any number is allowed.
        let text = unsafe { sys::core_route_reason_text(self.0) };
        // SAFETY: documented as static storage, never NULL.
        unsafe { static_text(text) }
    }
}

/// The stages that remove candidates, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "documented in route.h")]
pub enum Stage {
    Privacy,
    Offline,
    Health,
    Budget,
    Capability,
    Fit,
    Host,
}

impl Stage {
    /// All stages, in the order they run.
    pub const ALL: [Self; sys::CORE_ROUTE_STAGES] = [
        Self::Privacy,
        Self::Offline,
        Self::Health,
        Self::Budget,
        Self::Capability,
        Self::Fit,
        Self::Host,
    ];
}

/// A decision among candidates.
#[derive(Clone)]
pub struct Decision {
    raw: sys::core_route_decision,
}

// SAFETY: the only pointer in it leads to static text of the core.
unsafe impl Send for Decision {}
// SAFETY: as above.
unsafe impl Sync for Decision {}

impl Decision {
    /// Candidate indexes to try in order, never empty; the first is the chosen one.
    pub fn chain(&self) -> &[u16] {
        let len = usize::from(self.raw.chain_len).min(self.raw.chain.len());
        &self.raw.chain[..len]
    }

    /// Index of the chosen candidate.
    pub fn chosen(&self) -> usize {
        usize::from(self.raw.chain[0])
    }

    /// Why.
    pub fn reason(&self) -> Reason {
        Reason(self.raw.reason)
    }

    /// Tokens of the prompt, given or estimated.
    pub fn input_tokens(&self) -> u64 {
        self.raw.input_tokens
    }

    /// Nano-dollars the chosen candidate costs at most: whole prompt uncached, whole answer.
    pub fn estimated_cost(&self) -> i64 {
        self.raw.estimated_cost
    }

    /// The candidate that would have answered in the other place (of the cloud for a local choice,
    /// local for one of the cloud), were it not for privacy, offline and budget, and the
    /// nano-dollars it costs at most: what the choice saved, or cost.
    pub fn elsewhere(&self) -> Option<(usize, i64)> {
        (self.raw.elsewhere != sys::CORE_ROUTE_NOWHERE)
            .then(|| (usize::from(self.raw.elsewhere), self.raw.elsewhere_cost))
    }

    /// Whether the chosen candidate reaches the complexity score.
    pub fn capable(&self) -> bool {
        self.raw.capable
    }

    /// Candidates that `stage` removed.
    pub fn removed(&self, stage: Stage) -> u16 {
        self.raw.removed[stage as usize]
    }

    /// How demanding the text looked.
    pub fn complexity(&self) -> Complexity {
        Complexity::from_core(&self.raw.complexity)
    }
}

impl std::fmt::Debug for Decision {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Decision")
            .field("chain", &self.chain())
            .field("reason", &self.reason().name())
            .field("input_tokens", &self.input_tokens())
            .field("estimated_cost", &self.estimated_cost())
            .field("complexity", &self.raw.complexity.score)
            .finish_non_exhaustive()
    }
}

impl Complexity {
    fn from_core(raw: &complexity_sys::core_complexity) -> Self {
        Self {
            version: raw.version,
            score: raw.score,
            base: raw.base,
            subject: raw.subject,
            reasoning: raw.reasoning,
            everyday: raw.everyday,
            given: raw.given,
            vocabulary: raw.vocabulary,
            math: raw.math,
            code: raw.code,
            structure: raw.structure,
            length: raw.length,
        }
    }
}

/// Scores how demanding `text` looks.
///
/// # Errors
/// None that this wrapper can cause; a failure of the core is passed on.
pub fn score(text: &str) -> Result<Complexity> {
    let mut raw = complexity_sys::core_complexity::default();
    // SAFETY: the text is borrowed for the call; `raw` is a valid place.
    check(unsafe { complexity_sys::core_complexity_score(borrow(text.as_bytes()), &mut raw) })?;
    Ok(Complexity::from_core(&raw))
}

/// Decides which candidate answers. Pure: the same input gives the same decision.
///
/// # Errors
/// The status of the stage that removed the last candidate (`PrivacyBlocked`, `OfflineBlocked`,
/// `Unavailable`, `BudgetExceeded`, `Capability`, `ContextWindow`, `HostMemory`), `NoCandidates`,
/// `TooLong` above [`MAX_CANDIDATES`], `Invalid` (offset = candidate index).
pub fn decide(request: &RouteRequest<'_>, candidates: &[Candidate<'_>]) -> Result<Decision> {
    let mut raw_candidates = [EMPTY; MAX_CANDIDATES];
    let raw_candidates = as_core(candidates, &mut raw_candidates)?;
    let raw_request = sys::core_route_request {
        text: borrow(request.text.as_bytes()),
        input_tokens: request.input_tokens,
        max_output_tokens: request.max_output_tokens,
        budget_left: request.budget_left.unwrap_or(sys::CORE_ROUTE_NO_BUDGET),
        max_query_cost: request.max_query_cost.unwrap_or(i64::MAX),
        memory_available: request.memory_available.unwrap_or(sys::CORE_ROUTE_MEMORY_UNKNOWN),
        privacy: request.privacy.as_core(),
        required_features: request.required_features,
        min_capability: request.min_capability,
        local_margin: request.local_margin,
        offline: request.offline,
        prefer_cheaper: request.prefer_cheaper,
    };
    let mut raw = sys::core_route_decision {
        complexity: complexity_sys::core_complexity::default(),
        input_tokens: 0,
        estimated_cost: 0,
        elsewhere_cost: 0,
        reason: 0,
        reason_text: std::ptr::null(),
        elsewhere: sys::CORE_ROUTE_NOWHERE,
        capable: false,
        removed: [0; sys::CORE_ROUTE_STAGES],
        chain_len: 0,
        chain: [0; MAX_CANDIDATES],
    };
    check_with(|detail| {
        // SAFETY: request and candidates are borrowed for the call and outlive it; `raw` and
        // `detail` are valid places.
        unsafe {
            sys::core_route_decide(
                &raw_request,
                raw_candidates.as_ptr(),
                raw_candidates.len(),
                &mut raw,
                detail,
            )
        }
    })?;
    Ok(Decision { raw })
}

/// One line for a person: chosen model, reason, cost, fallbacks; `verbose` adds the score.
///
/// # Errors
/// `Invalid` when the decision does not belong to these candidates.
pub fn explain(decision: &Decision, candidates: &[Candidate<'_>], verbose: bool) -> Result<String> {
    let mut raw_candidates = [EMPTY; MAX_CANDIDATES];
    let raw_candidates = as_core(candidates, &mut raw_candidates)?;
    let mut buffer = vec![0_u8; sys::CORE_ROUTE_EXPLAIN_MAX];
    let mut len = 0;
    // SAFETY: decision and candidates are borrowed for the call; the buffer has the length given.
    check(unsafe {
        sys::core_route_explain(
            &decision.raw,
            raw_candidates.as_ptr(),
            raw_candidates.len(),
            verbose,
            buffer.as_mut_ptr().cast::<c_char>(),
            buffer.len(),
            &mut len,
        )
    })?;
    buffer.truncate(len);
    Ok(String::from_utf8_lossy(&buffer).into_owned())
}

const NOTHING: core_str = core_str { data: std::ptr::null(), len: 0 };
const EMPTY: sys::core_route_candidate = sys::core_route_candidate {
    id: NOTHING,
    provider: NOTHING,
    locality: sys::CORE_LOCALITY_CLOUD,
    price: core_price {
        input: 0,
        cached_input: 0,
        output: 0,
        reasoning: 0,
        cache_write: 0,
        cache_write_long: 0,
    },
    context_window: 1,
    memory_bytes: 0,
    features: 0,
    capability: 0,
    healthy: false,
};

/// Writes the candidates into a fixed array, so that a decision allocates nothing.
fn as_core<'a>(
    candidates: &[Candidate<'_>],
    into: &'a mut [sys::core_route_candidate; MAX_CANDIDATES],
) -> Result<&'a [sys::core_route_candidate]> {
    let into = into.get_mut(..candidates.len()).ok_or(crate::Error {
        status: Status::TooLong,
        text: "more than 64 candidates; narrow the catalogue",
        offset: MAX_CANDIDATES,
    })?;
    for (raw, candidate) in into.iter_mut().zip(candidates) {
        *raw = sys::core_route_candidate {
            id: borrow(candidate.id.as_bytes()),
            provider: borrow(candidate.provider.as_bytes()),
            locality: match candidate.locality {
                Locality::Cloud => sys::CORE_LOCALITY_CLOUD,
                Locality::Local => sys::CORE_LOCALITY_LOCAL,
            },
            price: candidate.price.as_core(),
            context_window: candidate.context_window,
            memory_bytes: candidate.memory_bytes,
            features: candidate.features,
            capability: candidate.capability,
            healthy: candidate.healthy,
        };
    }
    Ok(into)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const REQUEST: RouteRequest<'static> = RouteRequest {
        text: "hello",
        input_tokens: 0,
        max_output_tokens: 100,
        budget_left: None,
        max_query_cost: None,
        memory_available: None,
        privacy: Privacy::Any,
        required_features: 0,
        min_capability: 0,
        local_margin: 0,
        offline: false,
        prefer_cheaper: false,
    };

    fn cloud(id: &str, price: i64, capability: u16) -> Candidate<'_> {
        Candidate {
            id,
            provider: "p",
            locality: Locality::Cloud,
            price: Price { input: price, output: price, ..Price::default() },
            context_window: 10_000,
            memory_bytes: 0,
            features: 0,
            capability,
            healthy: true,
        }
    }

    #[test]
    fn the_cheapest_capable_model_answers_and_the_rest_is_the_fallback_chain() {
        let candidates = [cloud("dear", 9_000_000_000, 900), cloud("cheap", 1_000_000_000, 500)];
        let decision = decide(&REQUEST, &candidates).unwrap();
        assert_eq!(decision.chain(), [1, 0]);
        assert_eq!(decision.reason().name(), "cheapest_capable");
        let text = explain(&decision, &candidates, false).unwrap();
        assert!(text.contains("cheap"), "{text}");
    }

    #[test]
    fn each_stage_refuses_with_its_own_status() {
        let candidates = [Candidate { memory_bytes: 1, ..cloud("only", 1_000_000_000, 500) }];
        let refusals = [
            (RouteRequest { privacy: Privacy::LocalOnly, ..REQUEST }, Status::PrivacyBlocked),
            (RouteRequest { offline: true, ..REQUEST }, Status::OfflineBlocked),
            (RouteRequest { budget_left: Some(0), ..REQUEST }, Status::BudgetExceeded),
            (RouteRequest { min_capability: 501, ..REQUEST }, Status::Capability),
            (RouteRequest { input_tokens: 10_000, ..REQUEST }, Status::ContextWindow),
            (RouteRequest { memory_available: Some(0), ..REQUEST }, Status::HostMemory),
            (RouteRequest { local_margin: 1_001, ..REQUEST }, Status::Invalid),
        ];
        for (request, expected) in refusals {
            assert_eq!(decide(&request, &candidates).unwrap_err().status, expected);
        }
        let unhealthy = [Candidate { healthy: false, ..candidates[0] }];
        assert_eq!(decide(&REQUEST, &unhealthy).unwrap_err().status, Status::Unavailable);
        assert_eq!(decide(&REQUEST, &[]).unwrap_err().status, Status::NoCandidates);
    }

    #[test]
    fn a_decision_says_what_the_other_place_would_have_cost() {
        let home = Candidate { locality: Locality::Local, ..cloud("home", 0, 400) };
        let candidates = [cloud("away", 1_000_000_000, 900), home];
        let request = RouteRequest { input_tokens: 900, ..REQUEST };
        let kept = decide(&request, &candidates).unwrap();
        assert_eq!((kept.chosen(), kept.elsewhere()), (1, Some((0, 1_000_000))));
        // A margin is a threshold: the same question goes to the cloud.
        let sent = decide(&RouteRequest { local_margin: 1_000, ..request }, &candidates).unwrap();
        assert_eq!((sent.chosen(), sent.elsewhere()), (0, Some((1, 0))));
        assert_eq!(decide(&request, &candidates[..1]).unwrap().elsewhere(), None);
        let text = explain(&kept, &candidates, true).unwrap();
        assert!(text.contains("elsewhere p/away at most 1000000 nano-dollars"), "{text}");
    }

    #[test]
    fn the_score_is_the_sum_of_its_points_and_says_its_version() {
        let found = score("Why is double-checked locking broken?").unwrap();
        let points = [
            found.base,
            found.subject,
            found.reasoning,
            found.everyday,
            found.given,
            found.vocabulary,
            found.math,
            found.code,
            found.structure,
            found.length,
        ];
        assert_eq!(i32::from(found.score), points.iter().map(|&one| i32::from(one)).sum::<i32>());
        assert!(found.version > 0 && found.score > 0);
    }

    #[test]
    fn too_many_candidates_are_refused_before_the_core_sees_them() {
        let many = vec![cloud("same", 1, 1); MAX_CANDIDATES + 1];
        assert_eq!(decide(&REQUEST, &many).unwrap_err().status, Status::TooLong);
    }

    proptest! {
        #[test]
        fn a_chain_names_each_candidate_at_most_once(
            specs in proptest::collection::vec((0_i64..10_000_000_000, 0_u16..=1000, any::<bool>()), 1..20),
            text in ".{0,200}",
        ) {
            let candidates: Vec<_> = specs
                .iter()
                .map(|&(price, capability, healthy)| Candidate { healthy, ..cloud("m", price, capability) })
                .collect();
            let request = RouteRequest { text: &text, ..REQUEST };
            match decide(&request, &candidates) {
                Ok(decision) => {
                    let mut chain = decision.chain().to_vec();
                    prop_assert!(chain.iter().all(|&index| candidates[usize::from(index)].healthy));
                    chain.sort_unstable();
                    chain.dedup();
                    prop_assert_eq!(chain.len(), decision.chain().len());
                }
                Err(error) => {
                    prop_assert_eq!(error.status, Status::Unavailable);
                    prop_assert!(candidates.iter().all(|candidate| !candidate.healthy));
                }
            }
        }
    }
}
