//! How a model's name is recognised.
use regex_lite::Regex;
use serde::{Deserialize, Deserializer, de::Error};

/// A comparison with a model's name in lower case, or any or all of several.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Clause {
    Equals(String),
    StartsWith(String),
    EndsWith(String),
    Contains(String),
    Regex(#[serde(deserialize_with = "regex")] Regex),
    Not(Box<Clause>),
    Any(Vec<Clause>),
    All(Vec<Clause>),
}

impl Clause {
    /// Whether `name`, in lower case, is meant.
    pub(crate) fn matches(&self, name: &str) -> bool {
        match self {
            Self::Equals(text) => name == text,
            Self::StartsWith(text) => name.starts_with(text),
            Self::EndsWith(text) => name.ends_with(text),
            Self::Contains(text) => name.contains(text),
            Self::Regex(pattern) => pattern.is_match(name),
            Self::Not(clause) => !clause.matches(name),
            Self::Any(clauses) => clauses.iter().any(|clause| clause.matches(name)),
            Self::All(clauses) => clauses.iter().all(|clause| clause.matches(name)),
        }
    }
}

fn regex<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Regex, D::Error> {
    let pattern = String::deserialize(deserializer)?;
    Regex::new(&pattern).map_err(|error| D::Error::custom(format!("{pattern}: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_comparison_can_hold_and_fail() {
        for (json, yes, no) in [
            (r#"{"equals": "o1"}"#, "o1", "o1-mini"),
            (r#"{"starts_with": "gpt-"}"#, "gpt-4o", "chatgpt-4o"),
            (r#"{"ends_with": "-latest"}"#, "claude-latest", "latest-claude"),
            (r#"{"contains": "flash"}"#, "gemini-3-flash-8b", "gemini-3-pro"),
            (r#"{"regex": "^gpt-6-\\d{4}$"}"#, "gpt-6-2026", "gpt-6-202"),
            (r#"{"not": {"contains": "tts"}}"#, "gpt", "gpt-tts"),
            (r#"{"any": [{"equals": "a"}, {"equals": "b"}]}"#, "b", "c"),
            (r#"{"all": [{"starts_with": "a"}, {"ends_with": "b"}]}"#, "ab", "a"),
        ] {
            let clause: Clause = serde_json::from_str(json).unwrap();
            assert!(clause.matches(yes), "{json} {yes}");
            assert!(!clause.matches(no), "{json} {no}");
        }
    }

    #[test]
    fn an_unknown_comparison_and_a_broken_pattern_are_refused() {
        assert!(serde_json::from_str::<Clause>(r#"{"sounds_like": "x"}"#).is_err());
        let error = serde_json::from_str::<Clause>(r#"{"regex": "("}"#).unwrap_err();
        assert!(error.to_string().starts_with("(: "), "{error}");
    }
}
