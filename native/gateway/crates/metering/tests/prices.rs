//! The built-in table against the package it was made from, and what tables may not be.
use convergio_metering::{Context, Override, PriceTable, Tokens};
use proptest::prelude::*;
use serde::Deserialize;

const TABLE: &str = include_str!("../prices.json");

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    provider: String,
    model: String,
    at: i64,
    service_tier: Option<String>,
    tokens: Tokens,
    nano_usd: i64,
}

/// `charges.json` was computed by genai-prices itself, see `update_prices.py`.
#[test]
fn costs_agree_with_the_source() {
    let cases: Vec<Case> = serde_json::from_str(include_str!("charges.json")).unwrap();
    assert!(cases.len() > 200);
    for case in &cases {
        let context = Context { at: case.at, service_tier: case.service_tier.as_deref() };
        let model = PriceTable::builtin()
            .find(&case.provider, &case.model)
            .unwrap_or_else(|| panic!("{}/{}", case.provider, case.model));
        let cost = model.cost_of(&case.tokens, &context).unwrap();
        assert_eq!(cost, case.nano_usd, "{}/{}", case.provider, case.model);
    }
}

#[test]
fn names_are_recognised_as_vendors_write_them() {
    let table = PriceTable::builtin();
    let id = |provider, model| table.find(provider, model).map(|found| found.id().to_owned());
    assert_eq!(id("openai", "gpt-4o-mini-2024-07-18").as_deref(), Some("gpt-4o-mini"));
    assert_eq!(id("openai", "GPT-4o-Mini").as_deref(), Some("gpt-4o-mini"));
    assert_eq!(
        id("anthropic", "claude-3-5-haiku-20241022").as_deref(),
        Some("claude-3-5-haiku-latest")
    );
    assert!(id("google", "gemini-2.5-pro").is_some());
    assert_ne!(id("google", "gemini-2.5-pro"), id("google", "gemini-2.5-pro-preview-tts"));
    assert_eq!(id("openai", "my-own-model"), None);
    assert_eq!(id("nobody", "gpt-4o"), None);
}

/// Azure serves the models of others; what the table lists for Azure itself comes first.
#[test]
fn a_provider_that_serves_others_models_has_their_prices() {
    let table = PriceTable::builtin();
    let cost = |provider: &str| {
        let tokens = Tokens { input: 1_000_000, output: 1_000_000, ..Tokens::default() };
        table.find(provider, "gpt-4o-mini").unwrap().cost_of(&tokens, &Context::at(1_795_392_000))
    };
    assert_eq!(cost("azure").unwrap(), cost("openai").unwrap());
}

#[test]
fn a_price_changes_at_midnight_utc_and_tiers_by_the_whole_prompt() {
    let text = r#"{"format": 1, "source": {"package": "p", "version": "1", "licence": "MIT"},
      "providers": {"x": {"fallback": [], "models": [{"id": "m", "match": {"equals": "m"},
        "periods": [{"rates": {"input": 1000000000}},
                    {"from": 86400, "rates": {"input": [[0, 2000000000], [10, 3000000000]]}}]}]}}}"#;
    let table = PriceTable::parse(text).unwrap();
    let cost = |input, at| {
        let tokens = Tokens { input, ..Tokens::default() };
        table.find("x", "m").unwrap().cost_of(&tokens, &Context::at(at)).unwrap()
    };
    assert_eq!(cost(10, 86_399), 10_000);
    assert_eq!(cost(10, 86_400), 20_000);
    assert_eq!(cost(11, 86_400), 33_000);
}

fn regional(region: Option<&str>, input: i64) -> Override {
    let rates = serde_json::json!({ "input": input, "output": 0 });
    let given = serde_json::json!({
        "provider": "azure", "model": "gpt-4o", "region": region, "rates": rates,
    });
    serde_json::from_value(given).expect("an override as configuration has it")
}

#[test]
fn an_operator_knows_better_and_the_digest_says_so() {
    let given = [regional(None, 5), regional(Some("swedencentral"), 7)];
    let table = PriceTable::with_overrides(TABLE, &given).unwrap();
    let price = |region| {
        let model = table.find_in("azure", region, "gpt-4o").unwrap();
        model.price(0, &Context::at(0)).input
    };
    assert_eq!((price(None), price(Some("swedencentral")), price(Some("eastus"))), (5, 7, 5));
    assert_ne!(table.digest(), PriceTable::builtin().digest());
    assert_eq!(PriceTable::with_overrides(TABLE, &[]).unwrap().digest().len(), 64);
    assert_eq!(
        PriceTable::with_overrides(TABLE, &[]).unwrap().digest(),
        PriceTable::builtin().digest()
    );
    let wrong = PriceTable::with_overrides(TABLE, &[regional(None, -1)]).unwrap_err();
    assert_eq!(wrong, "prices[0] (azure/gpt-4o): a price is negative");
}

#[test]
fn a_table_that_cannot_be_is_refused_with_its_place() {
    let edit = |from: &str, to: &str| {
        assert!(TABLE.contains(from), "{from}");
        PriceTable::parse(&TABLE.replacen(from, to, 1)).unwrap_err()
    };
    assert!(edit("\"format\": 1", "\"format\": 2").contains("format 2 is not 1"));
    assert!(edit("\"input\": 8000000000", "\"input\": -8").contains("anthropic/claude-2"));
    assert!(edit("\"fallback\": []", "\"fallback\": [\"nobody\"]").contains("nobody"));
    assert!(edit("\"periods\": [{\"rates\"", "\"periods\": [], \"x\": [{\"rates\"").contains("x"));
    assert!(edit("[[0, ", "[[5, ").contains("tiers do not begin at 0"));
}

#[test]
fn impossible_counts_are_errors() {
    let model = PriceTable::builtin().find("openai", "gpt-4o").unwrap();
    let tokens = Tokens { input: -1, ..Tokens::default() };
    assert!(model.cost_of(&tokens, &Context::at(0)).is_err());
    let tokens = Tokens { output: i64::MAX, reasoning: i64::MAX, ..Tokens::default() };
    assert!(model.cost_of(&tokens, &Context::at(0)).is_err());
}

proptest! {
    /// More tokens of any kind never cost less, while the prompt stays in its tier.
    #[test]
    fn costs_are_monotonic(
        counts in proptest::array::uniform6(0_i64..10_000),
        kind in 0_usize..6,
        more in 0_i64..10_000,
    ) {
        let tokens = |counts: [i64; 6]| Tokens {
            input: counts[0],
            cached_input: counts[1],
            cache_write: counts[2],
            cache_write_long: counts[3],
            output: counts[4],
            reasoning: counts[5],
        };
        let mut greater = counts;
        greater[kind] += more;
        let context = Context::at(1_795_392_000);
        for name in ["claude-opus-4-6", "claude-3-5-haiku-latest"] {
            let model = PriceTable::builtin().find("anthropic", name).unwrap();
            let cost = |counts| model.cost_of(&tokens(counts), &context).unwrap();
            prop_assert!(cost(greater) >= cost(counts));
        }
    }

    /// No name makes the lookup panic.
    #[test]
    fn any_name_is_looked_up(name in "\\PC{0,60}") {
        for provider in ["anthropic", "azure", "google", "openai"] {
            let _found = PriceTable::builtin().find(provider, &name);
        }
    }
}
