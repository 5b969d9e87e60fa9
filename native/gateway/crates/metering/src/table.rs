//! What models cost, by moment and kind of token.
use std::collections::BTreeMap;
use std::sync::LazyLock;

use convergio_core::{Error, Price, Usage};
use ring::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};

use crate::clause::Clause;
use crate::event::Tokens;

const BUILTIN: &str = include_str!("../prices.json");
const FORMAT: u32 = 1;

/// Where a table's prices come from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// The package that publishes them.
    pub package: String,
    /// Its version.
    pub version: String,
    /// Its licence, as an SPDX identifier.
    pub licence: String,
}

/// A price that an operator knows better than the table, a regional or negotiated one for example.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Override {
    /// The provider.
    pub provider: String,
    /// The model's whole name.
    pub model: String,
    /// Only there; none means everywhere.
    #[serde(default)]
    pub region: Option<String>,
    /// Nano-dollars per million tokens.
    pub rates: FlatRates,
}

/// Nano-dollars per million tokens by kind, the same for prompts of any length.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FlatRates {
    /// Prompt tokens.
    pub input: i64,
    /// Prompt tokens from the cache; like `input` unless given.
    #[serde(default)]
    pub cached_input: Option<i64>,
    /// Answer tokens.
    pub output: i64,
    /// Prompt tokens written to the cache; like `input` unless given.
    #[serde(default)]
    pub cache_write: Option<i64>,
    /// The same to be kept longer; like `cache_write` unless given.
    #[serde(default)]
    pub cache_write_long: Option<i64>,
    /// Answer tokens that were reasoning; like `output` unless given.
    #[serde(default)]
    pub reasoning: Option<i64>,
}

/// Prices of many models, never changed while the process runs.
#[derive(Debug)]
pub struct PriceTable {
    providers: BTreeMap<String, Models>,
    overrides: Vec<(Override, ModelPrices)>,
    source: Source,
    digest: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    format: u32,
    source: Source,
    providers: BTreeMap<String, Models>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Models {
    /// Providers whose models this one also serves.
    fallback: Vec<String>,
    models: Vec<ModelPrices>,
}

/// What one model costs.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelPrices {
    id: String,
    #[serde(rename = "match")]
    clause: Clause,
    #[serde(default)]
    context_window: Option<u64>,
    periods: Vec<Period>,
    #[serde(default)]
    variants: Vec<Variant>,
    #[serde(default)]
    unmetered: Vec<String>,
}

/// Prices from a moment on, until a later period begins.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Period {
    /// Seconds since 1970 UTC.
    #[serde(default = "always")]
    from: i64,
    rates: Rates,
}

/// Prices that another tier of service overrides.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Variant {
    service_tier: String,
    #[serde(default = "always")]
    from: i64,
    rates: Rates,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Rates {
    input: Option<Rate>,
    cached_input: Option<Rate>,
    output: Option<Rate>,
    cache_write: Option<Rate>,
    cache_write_long: Option<Rate>,
    reasoning: Option<Rate>,
}

/// Nano-dollars per million tokens; with tiers the one for the length of the whole prompt holds for
/// every token (a cliff, as providers bill).
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
enum Rate {
    Flat(i64),
    Tiers(Vec<(i64, i64)>),
}

/// What else decides a price.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// When the call was made, seconds since 1970 UTC.
    pub at: i64,
    /// The tier of service that the provider says it gave.
    pub service_tier: Option<&'a str>,
}

impl Context<'_> {
    /// A call at that moment, by the usual tier.
    pub fn at(at: i64) -> Self {
        Self { at, service_tier: None }
    }
}

fn always() -> i64 {
    i64::MIN
}

impl PriceTable {
    /// The table that ships with the gateway.
    pub fn builtin() -> &'static Self {
        static TABLE: LazyLock<PriceTable> = LazyLock::new(|| {
            PriceTable::parse(BUILTIN).expect("the built-in table is checked by a test")
        });
        &TABLE
    }

    /// Reads a table.
    ///
    /// # Errors
    /// What is wrong with the text, in one sentence.
    pub fn parse(text: &str) -> Result<Self, String> {
        let file: File = serde_json::from_str(text).map_err(|error| error.to_string())?;
        if file.format != FORMAT {
            return Err(format!("format {} is not {FORMAT}", file.format));
        }
        for (provider, models) in &file.providers {
            for model in &models.models {
                model.check().map_err(|problem| format!("{provider}/{}: {problem}", model.id))?;
            }
            if let Some(name) =
                models.fallback.iter().find(|&one| !file.providers.contains_key(one))
            {
                return Err(format!("{provider}: its fallback {name} is not in the table"));
            }
        }
        Ok(Self {
            providers: file.providers,
            overrides: Vec::new(),
            source: file.source,
            digest: hex(text.as_bytes()),
        })
    }

    /// The same prices but for those that an operator knows better. The digest covers both.
    ///
    /// # Errors
    /// Which override cannot be, in one sentence.
    pub fn with_overrides(text: &str, overrides: &[Override]) -> Result<Self, String> {
        let mut table = Self::parse(text)?;
        if overrides.is_empty() {
            return Ok(table);
        }
        for (index, given) in overrides.iter().enumerate() {
            let prices = given.prices();
            prices.check().map_err(|problem| {
                format!("prices[{index}] ({}/{}): {problem}", given.provider, given.model)
            })?;
            table.overrides.push((given.clone(), prices));
        }
        // More precise first, so that a region's price wins over the one for everywhere.
        table.overrides.sort_by_key(|(given, _)| given.region.is_none());
        let given = serde_json::to_string(overrides).map_err(|error| error.to_string())?;
        table.digest = hex(format!("{}\n{given}", table.digest).as_bytes());
        Ok(table)
    }

    /// The table that ships with the gateway, but for those that an operator knows better.
    ///
    /// # Errors
    /// Which override cannot be, in one sentence.
    pub fn builtin_with(overrides: &[Override]) -> Result<Self, String> {
        Self::with_overrides(BUILTIN, overrides)
    }

    /// Where the prices come from.
    pub fn source(&self) -> &Source {
        &self.source
    }

    /// SHA-256 of the table, in hex: recorded with every cost that it decides.
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// What `model`, as the provider or its clients name it, costs there; `None` when nobody knows.
    pub fn find(&self, provider: &str, model: &str) -> Option<&ModelPrices> {
        self.find_in(provider, None, model)
    }

    /// The same for a deployment in a region, which only an override can price apart.
    pub fn find_in(
        &self,
        provider: &str,
        region: Option<&str>,
        model: &str,
    ) -> Option<&ModelPrices> {
        let given = self.overrides.iter().find(|(given, _)| {
            given.provider == provider
                && given.model == model
                && (given.region.is_none() || given.region.as_deref() == region)
        });
        if let Some((_, prices)) = given {
            return Some(prices);
        }
        let name = model.to_lowercase();
        let own = self.providers.get(provider)?;
        own.fallback
            .iter()
            .filter_map(|other| self.providers.get(other))
            .fold(own.find(&name), |found, other| found.or_else(|| other.find(&name)))
    }
}

impl Models {
    fn find(&self, name: &str) -> Option<&ModelPrices> {
        self.models.iter().find(|model| model.clause.matches(name))
    }
}

impl Override {
    fn prices(&self) -> ModelPrices {
        let FlatRates { input, cached_input, output, cache_write, cache_write_long, reasoning } =
            self.rates;
        let rates = Rates {
            input: Some(Rate::Flat(input)),
            cached_input: cached_input.map(Rate::Flat),
            output: Some(Rate::Flat(output)),
            cache_write: cache_write.map(Rate::Flat),
            cache_write_long: cache_write_long.map(Rate::Flat),
            reasoning: reasoning.map(Rate::Flat),
        };
        ModelPrices {
            id: self.model.clone(),
            clause: Clause::Equals(self.model.clone()),
            context_window: None,
            periods: vec![Period { from: always(), rates }],
            variants: Vec::new(),
            unmetered: Vec::new(),
        }
    }
}

impl ModelPrices {
    /// The model's name in the table.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Tokens it can hold, where the table knows.
    pub fn context_window(&self) -> Option<u64> {
        self.context_window
    }

    /// What its provider bills apart from the tokens counted here, by the source's names: searches,
    /// images, audio. [`Self::cost_of`] leaves these out.
    pub fn unmetered(&self) -> &[String] {
        &self.unmetered
    }

    /// What these tokens cost in nano-dollars, rounded half up once.
    ///
    /// # Errors
    /// `Invalid` when a count is negative, `Overflow` when the result does not fit.
    pub fn cost_of(&self, tokens: &Tokens, context: &Context<'_>) -> Result<i64, Error> {
        let price = self.price(tokens.prompt(), context);
        let usage = Usage {
            input: tokens.input,
            cached_input: tokens.cached_input,
            output: tokens.output,
            reasoning: tokens.reasoning,
            cache_write: tokens.cache_write,
            cache_write_long: tokens.cache_write_long,
        };
        price.cost_of(&usage)
    }

    /// Nano-dollars per million tokens, by kind, for a prompt of that many tokens. A kind without a
    /// price of its own costs what it would cost otherwise: cached and written tokens as input,
    /// reasoning as output.
    pub fn price(&self, prompt: i64, context: &Context<'_>) -> Price {
        let period = self
            .periods
            .iter()
            .rev()
            .find(|period| period.from <= context.at)
            .unwrap_or(&self.periods[0]);
        // Variants are weighed first to last, each price by itself.
        let mut rates = Rates::default();
        for variant in &self.variants {
            if Some(variant.service_tier.as_str()) == context.service_tier
                && variant.from <= context.at
            {
                rates.fill(&variant.rates);
            }
        }
        rates.fill(&period.rates);
        let at = |rate: &Option<Rate>| rate.as_ref().map(|rate| rate.at(prompt));
        let input = at(&rates.input).unwrap_or(0);
        let output = at(&rates.output).unwrap_or(0);
        let cache_write = at(&rates.cache_write).unwrap_or(input);
        Price {
            input,
            cached_input: at(&rates.cached_input).unwrap_or(input),
            output,
            reasoning: at(&rates.reasoning).unwrap_or(output),
            cache_write,
            cache_write_long: at(&rates.cache_write_long).unwrap_or(cache_write),
        }
    }

    fn check(&self) -> Result<(), String> {
        if self.periods.is_empty() {
            return Err("it has no price".to_owned());
        }
        if !self.periods.is_sorted_by(|a, b| a.from < b.from) {
            return Err("its periods are not in order".to_owned());
        }
        let all = self.periods.iter().map(|one| &one.rates);
        for rates in all.chain(self.variants.iter().map(|one| &one.rates)) {
            for rate in rates.each().into_iter().flatten() {
                rate.check()?;
            }
        }
        Ok(())
    }
}

impl Rates {
    fn each(&self) -> [Option<&Rate>; 6] {
        [
            self.input.as_ref(),
            self.cached_input.as_ref(),
            self.output.as_ref(),
            self.cache_write.as_ref(),
            self.cache_write_long.as_ref(),
            self.reasoning.as_ref(),
        ]
    }

    /// Takes from `other` what is not decided yet.
    fn fill(&mut self, other: &Self) {
        for (mine, theirs) in [
            (&mut self.input, &other.input),
            (&mut self.cached_input, &other.cached_input),
            (&mut self.output, &other.output),
            (&mut self.cache_write, &other.cache_write),
            (&mut self.cache_write_long, &other.cache_write_long),
            (&mut self.reasoning, &other.reasoning),
        ] {
            if mine.is_none() {
                mine.clone_from(theirs);
            }
        }
    }
}

impl Rate {
    fn at(&self, prompt: i64) -> i64 {
        match self {
            Self::Flat(price) => *price,
            Self::Tiers(tiers) => {
                let over = tiers.iter().rev().find(|(over, _)| prompt > *over);
                over.unwrap_or(&tiers[0]).1
            }
        }
    }

    fn check(&self) -> Result<(), String> {
        let prices: Vec<i64> = match self {
            Self::Flat(price) => vec![*price],
            Self::Tiers(tiers) => {
                if tiers.first().is_none_or(|first| first.0 != 0)
                    || !tiers.is_sorted_by(|a, b| a.0 < b.0)
                {
                    return Err("its tiers do not begin at 0 or are not in order".to_owned());
                }
                tiers.iter().map(|tier| tier.1).collect()
            }
        };
        if prices.iter().any(|&price| price < 0) {
            return Err("a price is negative".to_owned());
        }
        Ok(())
    }
}

fn hex(bytes: &[u8]) -> String {
    digest(&SHA256, bytes).as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}
