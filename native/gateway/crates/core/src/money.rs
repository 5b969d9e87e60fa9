//! Money: integer nano-dollars, exact.
use convergio_core_sys::cost as sys;

use crate::status::{Result, check};

/// List price in nano-dollars per million tokens, by kind of token.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Price {
    /// Prompt tokens that were not cached.
    pub input: i64,
    /// Prompt tokens served from the provider's cache.
    pub cached_input: i64,
    /// Answer tokens.
    pub output: i64,
    /// Hidden reasoning tokens.
    pub reasoning: i64,
    /// Prompt tokens written to the provider's cache, short-lived.
    pub cache_write: i64,
    /// Prompt tokens written to the provider's cache, kept longer at a higher price.
    pub cache_write_long: i64,
}

/// Tokens by kind; the kinds are disjoint.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Prompt tokens that were not cached.
    pub input: i64,
    /// Prompt tokens served from the provider's cache.
    pub cached_input: i64,
    /// Answer tokens.
    pub output: i64,
    /// Hidden reasoning tokens.
    pub reasoning: i64,
    /// Prompt tokens written to the provider's cache, short-lived.
    pub cache_write: i64,
    /// Prompt tokens written to the provider's cache, kept longer at a higher price.
    pub cache_write_long: i64,
}

impl Usage {
    /// Splits totals that include their parts, as OpenAI reports them: `total_input` includes
    /// `cached`, `total_output` includes `reasoning`.
    ///
    /// # Errors
    /// `Invalid` when a count is negative or a part exceeds its total.
    pub fn split(total_input: i64, cached: i64, total_output: i64, reasoning: i64) -> Result<Self> {
        let mut out = sys::core_usage::default();
        // SAFETY: `out` is a valid place.
        check(unsafe {
            sys::core_usage_split(total_input, cached, total_output, reasoning, &mut out)
        })?;
        Ok(Self {
            input: out.input,
            cached_input: out.cached_input,
            output: out.output,
            reasoning: out.reasoning,
            cache_write: out.cache_write,
            cache_write_long: out.cache_write_long,
        })
    }
}

impl Price {
    /// The cost of `usage` in nano-dollars, rounded half up once.
    ///
    /// # Errors
    /// `Invalid` on a negative number, `Overflow` when the result does not fit.
    pub fn cost_of(&self, usage: &Usage) -> Result<i64> {
        let usage = sys::core_usage {
            input: usage.input,
            cached_input: usage.cached_input,
            output: usage.output,
            reasoning: usage.reasoning,
            cache_write: usage.cache_write,
            cache_write_long: usage.cache_write_long,
        };
        let mut cost = 0;
        // SAFETY: the inputs are borrowed for the call; `cost` is a valid place.
        check(unsafe { sys::core_cost_total(&self.as_core(), &usage, &mut cost) })?;
        Ok(cost)
    }

    pub(crate) fn as_core(&self) -> sys::core_price {
        sys::core_price {
            input: self.input,
            cached_input: self.cached_input,
            output: self.output,
            reasoning: self.reasoning,
            cache_write: self.cache_write,
            cache_write_long: self.cache_write_long,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Status;
    use proptest::prelude::*;

    #[test]
    fn overflow_is_an_error_and_never_wraps() {
        let price = Price { input: i64::MAX, ..Price::default() };
        let usage = Usage { input: i64::MAX, ..Usage::default() };
        assert_eq!(price.cost_of(&usage).unwrap_err().status, Status::Overflow);
    }

    #[test]
    fn a_part_larger_than_its_total_is_refused() {
        assert_eq!(Usage::split(10, 11, 0, 0).unwrap_err().status, Status::Invalid);
        assert_eq!(Usage::split(-1, 0, 0, 0).unwrap_err().status, Status::Invalid);
    }

    proptest! {
        /// Against an independent oracle in 128-bit arithmetic.
        #[test]
        fn cost_is_exact(
            prices in proptest::array::uniform6(0_i64..200_000_000_000),
            counts in proptest::array::uniform6(0_i64..50_000_000),
        ) {
            let [input, cached_input, output, reasoning, cache_write, cache_write_long] = prices;
            let price =
                Price { input, cached_input, output, reasoning, cache_write, cache_write_long };
            let [input, cached_input, output, reasoning, cache_write, cache_write_long] = counts;
            let usage =
                Usage { input, cached_input, output, reasoning, cache_write, cache_write_long };
            let sum: i128 =
                prices.iter().zip(counts).map(|(&p, n)| i128::from(p) * i128::from(n)).sum();
            let expected = (sum + 500_000) / 1_000_000;
            prop_assert_eq!(i128::from(price.cost_of(&usage).unwrap()), expected);
        }

        #[test]
        fn split_conserves_tokens(cached in 0_i64..1_000, input in 0_i64..1_000, reasoning in 0_i64..1_000, output in 0_i64..1_000) {
            let usage = Usage::split(input + cached, cached, output + reasoning, reasoning).unwrap();
            let expected =
                Usage { input, cached_input: cached, output, reasoning, ..Usage::default() };
            prop_assert_eq!(usage, expected);
        }
    }
}
