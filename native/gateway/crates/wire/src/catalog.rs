//! Models the gateway can route to, and what they cost.
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Where a model runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Locality {
    /// At a provider's.
    #[default]
    Cloud,
    /// On this machine.
    Local,
}

/// What a model can do beyond text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Feature {
    /// Calls tools.
    Tools,
    /// Reads images.
    Vision,
}

impl Feature {
    /// The bit of this feature in a routing decision.
    pub const fn bit(self) -> u32 {
        match self {
            Self::Tools => 0x1,
            Self::Vision => 0x2,
        }
    }
}

/// What a model is asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Serves {
    /// Answers.
    #[default]
    Chat,
    /// Vectors.
    Embeddings,
}

impl Serves {
    fn is_chat(&self) -> bool {
        *self == Self::Chat
    }
}

/// Nano-dollars per million tokens, by kind of token.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Price {
    /// Prompt tokens that were not cached.
    pub input: i64,
    /// Prompt tokens from the provider's cache.
    pub cached_input: i64,
    /// Answer tokens.
    pub output: i64,
    /// Hidden reasoning tokens.
    pub reasoning: i64,
    /// Prompt tokens written to the provider's cache; 0 where that costs no more than reading them.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub cache_write: i64,
}

fn is_zero(price: &i64) -> bool {
    *price == 0
}

/// One model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Model {
    /// The name the provider knows it by.
    pub id: String,
    /// The provider that serves it: one of [`PROVIDERS`].
    pub provider: String,
    /// What it is asked for.
    #[serde(default, skip_serializing_if = "Serves::is_chat")]
    pub serves: Serves,
    /// Where it runs.
    #[serde(default)]
    pub locality: Locality,
    /// Tokens it can hold, prompt and answer together.
    pub context_window: u64,
    /// Longest answer in tokens; 1 for vectors.
    pub max_output_tokens: u64,
    /// 0..=1000, on the scale of the core's complexity score.
    pub capability: u16,
    /// What it can do beyond text.
    #[serde(default)]
    pub features: Vec<Feature>,
    /// What it costs.
    #[serde(default)]
    pub price: Price,
}

/// The provider names the gateway has an adapter for.
pub const PROVIDERS: [&str; 4] = ["openai", "anthropic", "google", "azure"];

/// Most models of one catalogue: what the core decides among at once.
pub const MAX_MODELS: usize = 64;

impl Model {
    /// All feature bits of this model.
    pub fn feature_bits(&self) -> u32 {
        self.features.iter().fold(0, |bits, feature| bits | feature.bit())
    }
}

/// The model that `name` means: its id, or its id behind its provider and a slash. Where several
/// providers serve a model of that id, `home` goes first, and then the order of the catalogue.
///
/// ```
/// use convergio_wire::catalog::{builtin, find};
///
/// let models = builtin();
/// assert_eq!(find(&models, "openai/gpt-4o-mini", "google").unwrap().id, "gpt-4o-mini");
/// assert!(find(&models, "google/gpt-4o-mini", "google").is_none());
/// ```
pub fn find<'m>(models: &'m [Model], name: &str, home: &str) -> Option<&'m Model> {
    let named = |model: &&Model| model.id == name;
    models.iter().filter(named).find(|model| model.provider == home).or_else(|| {
        models.iter().find(named).or_else(|| {
            let (provider, id) = name.split_once('/')?;
            models.iter().find(|model| model.provider == provider && model.id == id)
        })
    })
}

/// What to write as `model` so that [`find`] finds exactly this one.
pub fn address(models: &[Model], model: &Model) -> String {
    let shared =
        models.iter().any(|other| other.id == model.id && other.provider != model.provider);
    if shared { format!("{}/{}", model.provider, model.id) } else { model.id.clone() }
}

/// The catalogue that ships with the gateway.
///
/// ```
/// let models = convergio_wire::catalog::builtin();
/// assert!(models.iter().any(|model| model.id == "gpt-4o-mini"));
/// ```
pub fn builtin() -> Vec<Model> {
    #[derive(Deserialize)]
    struct File {
        models: Vec<Model>,
    }
    let file: File = toml::from_str(include_str!("../models.toml"))
        .expect("the built-in catalogue is checked by a test");
    file.models
}

/// All that is wrong with a catalogue, one sentence each.
pub fn problems(models: &[Model]) -> Vec<String> {
    let mut problems = Vec::new();
    if models.is_empty() {
        problems.push("models: the list is empty; leave it out to use the built-in one".to_owned());
    }
    if models.len() > MAX_MODELS {
        problems.push(format!("models: {} entries; at most {MAX_MODELS}", models.len()));
    }
    for (index, model) in models.iter().enumerate() {
        let at = format!("models[{index}] ({})", model.id);
        if model.id.is_empty() || model.id.len() > 128 {
            problems.push(format!("{at}: id must have 1 to 128 bytes"));
        }
        let same = |other: &Model| (&other.provider, &other.id) == (&model.provider, &model.id);
        if models[..index].iter().any(same) {
            problems.push(format!("{at}: the id is there twice"));
        }
        if !PROVIDERS.contains(&model.provider.as_str()) {
            let known = PROVIDERS.join(", ");
            problems
                .push(format!("{at}: provider `{}` is unknown; one of {known}", model.provider));
        }
        if model.context_window == 0 || model.max_output_tokens == 0 {
            problems.push(format!("{at}: context_window and max_output_tokens must be above 0"));
        }
        if model.max_output_tokens > model.context_window {
            problems.push(format!("{at}: max_output_tokens exceeds context_window"));
        }
        if model.capability > 1_000 {
            problems.push(format!("{at}: capability must be 0 to 1000"));
        }
        let Price { input, cached_input, output, reasoning, cache_write } = model.price;
        if [input, cached_input, output, reasoning, cache_write].iter().any(|&price| price < 0) {
            problems.push(format!("{at}: prices cannot be negative"));
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_builtin_catalogue_has_no_problem() {
        assert_eq!(problems(&builtin()), Vec::<String>::new());
    }

    #[test]
    fn a_model_of_two_providers_is_found_by_its_address() {
        let mut models = builtin();
        let mut azure = models[0].clone();
        azure.provider = "azure".to_owned();
        models.push(azure.clone());
        assert_eq!(problems(&models), Vec::<String>::new());
        let id = azure.id.as_str();
        assert_eq!(find(&models, id, "openai").unwrap().provider, "openai");
        assert_eq!(find(&models, id, "azure").unwrap().provider, "azure");
        assert_eq!(find(&models, id, "google").unwrap().provider, "openai");
        assert_eq!(address(&models, &azure), format!("azure/{id}"));
        for model in &models {
            assert_eq!(find(&models, &address(&models, model), "openai"), Some(model));
        }
        assert_eq!(find(&models, "nobody/nothing", "openai"), None);
    }

    #[test]
    fn every_problem_is_reported_at_once() {
        let mut model = builtin().remove(0);
        model.provider = "openia".to_owned();
        model.capability = 1_001;
        model.price.input = -1;
        let found = problems(&[model.clone(), model]);
        assert_eq!(found.len(), 7, "{found:#?}");
        assert!(problems(&[])[0].contains("empty"));
    }
}
