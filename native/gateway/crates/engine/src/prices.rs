//! What a call costs: the price table, but for what the operator's catalogue knows better.
use convergio_core::{Error, Usage as Kinds};
use convergio_metering::{Context, FlatRates, Override, PriceTable, Tokens};
use convergio_wire::{Model, Usage, catalog};

/// The prices of one engine. Receipts, the budget and usage all go by them, so that they agree.
#[derive(Debug)]
pub(crate) struct Prices {
    /// With the operator's own prices; nothing when there are none.
    own: Option<PriceTable>,
}

impl Prices {
    /// The prices for a catalogue. Models without a price of their own get the table's, so that what
    /// is reserved for a call is what it may cost.
    ///
    /// # Errors
    /// Which price cannot be, in one sentence.
    pub(crate) fn of(models: &mut [Model]) -> Result<Self, String> {
        let table = PriceTable::builtin();
        let shipped = catalog::builtin();
        let mut overrides = Vec::new();
        for model in models {
            let known = table.find(&model.provider, &model.id);
            let ours = shipped.iter().any(|one| {
                (&one.provider, &one.id, &one.price) == (&model.provider, &model.id, &model.price)
            });
            match known {
                Some(_) if ours => {}
                Some(known) if model.price == catalog::Price::default() => {
                    let price = known.price(0, &Context::at(i64::MAX));
                    model.price = catalog::Price {
                        input: price.input,
                        cached_input: price.cached_input,
                        output: price.output,
                        reasoning: price.reasoning,
                        cache_write: price.cache_write,
                    };
                }
                _ => overrides.push(own(model)),
            }
        }
        if overrides.is_empty() {
            return Ok(Self { own: None });
        }
        Ok(Self { own: Some(PriceTable::builtin_with(&overrides)?) })
    }

    fn table(&self) -> &PriceTable {
        self.own.as_ref().unwrap_or_else(|| PriceTable::builtin())
    }

    /// SHA-256 over all prices, in hex.
    pub(crate) fn digest(&self) -> &str {
        self.table().digest()
    }

    /// What `tokens` cost, nano-dollars; nothing where nobody knows a price.
    ///
    /// # Errors
    /// Counts that cannot be, or a cost that does not fit.
    pub(crate) fn cost(&self, asked: Asked<'_>, tokens: &Tokens) -> Result<i64, Error> {
        let Asked { provider, model, region, service_tier, at_ms } = asked;
        let context = Context { at: at_ms.div_euclid(1_000), service_tier };
        match self.table().find_in(provider, region, model) {
            Some(prices) => prices.cost_of(tokens, &context),
            None => Ok(0),
        }
    }
}

/// What decides a price.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asked<'a> {
    pub(crate) provider: &'a str,
    pub(crate) model: &'a str,
    pub(crate) region: Option<&'a str>,
    /// The tier of service that the provider says it gave.
    pub(crate) service_tier: Option<&'a str>,
    /// When, milliseconds since 1970.
    pub(crate) at_ms: i64,
}

fn own(model: &Model) -> Override {
    let catalog::Price { input, cached_input, output, reasoning, cache_write } = model.price;
    let rates = FlatRates {
        input,
        cached_input: Some(cached_input),
        output,
        // 0 says that writing to a cache costs no more than reading a prompt.
        cache_write: (cache_write > 0).then_some(cache_write),
        cache_write_long: None,
        reasoning: Some(reasoning),
    };
    Override { provider: model.provider.clone(), model: model.id.clone(), region: None, rates }
}

/// Usage as it is reported, its parts in its totals, by kinds that are disjoint.
///
/// # Errors
/// A count is negative, or a part exceeds its total.
pub(crate) fn tokens(usage: &Usage) -> Result<Tokens, Error> {
    let kinds = Kinds::split(
        usage.prompt_tokens,
        usage.cached_tokens,
        usage.completion_tokens,
        usage.reasoning_tokens,
    )?;
    let written = usage.cache_write_tokens.clamp(0, kinds.input);
    let cache_write_long = usage.cache_write_long_tokens.clamp(0, written);
    Ok(Tokens {
        input: kinds.input - written,
        cached_input: kinds.cached_input,
        cache_write: written - cache_write_long,
        cache_write_long,
        output: kinds.output,
        reasoning: kinds.reasoning,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked<'a>(provider: &'a str, model: &'a str) -> Asked<'a> {
        Asked { provider, model, region: None, service_tier: None, at_ms: 1_795_392_000_000 }
    }

    #[test]
    fn the_catalogue_that_ships_agrees_with_the_table() {
        let mut models = catalog::builtin();
        let prices = Prices::of(&mut models).unwrap();
        assert_eq!(models, catalog::builtin());
        assert_eq!(prices.digest(), PriceTable::builtin().digest(), "no price of our own");
        for model in &models {
            let kinds = [
                (Tokens { input: 1_000_000, ..Tokens::default() }, model.price.input),
                (Tokens { cached_input: 1_000_000, ..Tokens::default() }, model.price.cached_input),
                (Tokens { output: 1_000_000, ..Tokens::default() }, model.price.output),
                (Tokens { reasoning: 1_000_000, ..Tokens::default() }, model.price.reasoning),
            ];
            for (tokens, price) in kinds {
                let few = tokens.total() / 1_000;
                let scaled = Tokens {
                    input: tokens.input.min(few),
                    cached_input: tokens.cached_input.min(few),
                    output: tokens.output,
                    reasoning: tokens.reasoning,
                    ..Tokens::default()
                };
                let cost = prices.cost(asked(&model.provider, &model.id), &scaled).unwrap();
                let share = scaled.total();
                assert_eq!(cost, price / (1_000_000 / share), "{}/{}", model.provider, model.id);
            }
        }
    }

    #[test]
    fn the_operators_price_wins_and_a_missing_one_is_the_tables() {
        let mut models = catalog::builtin();
        models.truncate(1);
        let mut negotiated = models[0].clone();
        negotiated.price = catalog::Price { input: 7_000_000, ..catalog::Price::default() };
        let mut unpriced = models[0].clone();
        unpriced.price = catalog::Price::default();
        let mut unknown = unpriced.clone();
        unknown.id = "nobody-knows-it".to_owned();
        let tokens = Tokens { input: 1_000, ..Tokens::default() };
        let cost = |model: &Model, prices: &Prices| {
            prices.cost(asked(&model.provider, &model.id), &tokens).unwrap()
        };

        let listed = models[0].price;
        let prices = Prices::of(std::slice::from_mut(&mut unpriced)).unwrap();
        assert_eq!(unpriced.price.input, listed.input);
        assert_eq!(cost(&unpriced, &prices), listed.input / 1_000);
        let prices = Prices::of(std::slice::from_mut(&mut negotiated)).unwrap();
        assert_eq!(cost(&negotiated, &prices), 7_000);
        assert_ne!(prices.digest(), PriceTable::builtin().digest());
        let prices = Prices::of(std::slice::from_mut(&mut unknown)).unwrap();
        assert_eq!(cost(&unknown, &prices), 0);
    }

    #[test]
    fn kinds_are_disjoint_and_impossible_counts_are_refused() {
        let usage = Usage {
            prompt_tokens: 100,
            cached_tokens: 10,
            cache_write_tokens: 40,
            cache_write_long_tokens: 15,
            completion_tokens: 9,
            reasoning_tokens: 4,
            ..Usage::default()
        };
        let expected = Tokens {
            input: 50,
            cached_input: 10,
            cache_write: 25,
            cache_write_long: 15,
            output: 5,
            reasoning: 4,
        };
        assert_eq!(tokens(&usage).unwrap(), expected);
        assert_eq!(expected.total(), 109);
        assert!(tokens(&Usage { cached_tokens: 1, ..Usage::default() }).is_err());
    }
}
