//! What is behind a handle: an engine, the caller's key, and a runtime for blocking calls.
use std::sync::OnceLock;

use convergio_core::Allocator;
use convergio_engine::{AgentPlan, Engine, Receipt, SetupError};
use convergio_wire::redact::without_value;
use convergio_wire::{ChatRequest, EngineConfig, chat};
use secrecy::SecretString;
use serde::Serialize;
use serde::de::{DeserializeOwned, Error as _};
use serde_json::Value;
use tokio::runtime::{Builder, Runtime};

use crate::guard::Refusal;
use crate::status::convergio_status::{
    CONVERGIO_INTERNAL, CONVERGIO_INVALID_ARGUMENT, CONVERGIO_INVALID_CONFIG,
    CONVERGIO_OUT_OF_MEMORY,
};

/// One independent engine. `Debug` shows no key.
#[derive(Debug)]
pub(crate) struct Context {
    engine: Engine,
    api_key: Option<SecretString>,
    // Built by the first query: a context that only decides starts no thread.
    runtime: OnceLock<std::io::Result<Runtime>>,
    #[cfg_attr(not(feature = "fault-injection"), allow(dead_code, reason = "read by tests only"))]
    allocator: Allocator,
}

impl Context {
    /// Builds a context from its JSON configuration.
    pub(crate) fn new(config: &str, allocator: &Allocator) -> Result<Self, Refusal> {
        let (api_key, config) = parse_config(config).map_err(|error| {
            Refusal::new(CONVERGIO_INVALID_CONFIG, without_value(&error.to_string()))
        })?;
        let engine = Engine::new(config, allocator).map_err(|error| match error {
            SetupError::Config(_) => Refusal::new(CONVERGIO_INVALID_CONFIG, error.to_string()),
            SetupError::Core(core) if core.status == convergio_core::Status::NoMemory => {
                Refusal::new(CONVERGIO_OUT_OF_MEMORY, core.text)
            }
            SetupError::Core(core) => Refusal::new(CONVERGIO_INVALID_CONFIG, core.text),
        })?;
        Ok(Self { engine, api_key, runtime: OnceLock::new(), allocator: allocator.clone() })
    }

    pub(crate) fn engine(&self) -> &Engine {
        &self.engine
    }

    #[cfg(feature = "fault-injection")]
    pub(crate) fn allocator(&self) -> &Allocator {
        &self.allocator
    }

    /// Answers a prompt, as JSON.
    pub(crate) fn query(&self, prompt: &str) -> Result<String, Refusal> {
        #[derive(Serialize)]
        struct Reply<'a> {
            answer: &'a str,
            #[serde(flatten)]
            receipt: Receipt,
            response: &'a Value,
        }
        let credential = self.engine.credential(self.api_key.clone())?;
        let request = ChatRequest::from_prompt(prompt);
        let answered = self.runtime()?.block_on(self.engine.complete(&request, &credential))?;
        json(&Reply {
            answer: chat::answer_text(&answered.body),
            receipt: answered.receipt,
            response: &answered.body,
        })
    }

    /// Decides for a prompt, as JSON.
    pub(crate) fn route(&self, prompt: &str) -> Result<String, Refusal> {
        json(&self.engine.route(&ChatRequest::from_prompt(prompt))?.report)
    }

    /// Schedules a plan given as JSON, as JSON.
    pub(crate) fn schedule(&self, plan: &str) -> Result<String, Refusal> {
        let plan: AgentPlan = strict(plan).map_err(|error| {
            Refusal::new(CONVERGIO_INVALID_ARGUMENT, format!("plan_json: {error}"))
        })?;
        json(&self.engine.schedule(&plan)?)
    }

    fn runtime(&self) -> Result<&Runtime, Refusal> {
        // One worker drives the connections; the calling threads drive their own queries.
        let build = || {
            Builder::new_multi_thread()
                .worker_threads(1)
                .thread_name("convergio")
                .enable_all()
                .build()
        };
        self.runtime.get_or_init(build).as_ref().map_err(|error| {
            Refusal::new(CONVERGIO_INTERNAL, format!("no runtime for queries: {error}"))
        })
    }
}

impl Drop for Context {
    /// A context may be freed on any thread, so ending its runtime must not block.
    fn drop(&mut self) {
        if let Some(Ok(runtime)) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// The caller's own key, and the rest of the configuration.
fn parse_config(config: &str) -> serde_json::Result<(Option<SecretString>, EngineConfig)> {
    let mut config: Value = strict(config)?;
    let Value::Object(fields) = &mut config else {
        return Err(serde_json::Error::custom("the configuration must be a JSON object"));
    };
    let api_key = match fields.remove("api_key") {
        None | Some(Value::Null) => None,
        Some(Value::String(key)) if !key.is_empty() => Some(SecretString::from(key)),
        Some(_) => return Err(serde_json::Error::custom("api_key: must be a non-empty string")),
    };
    Ok((api_key, serde_json::from_value(config)?))
}

fn strict<T: DeserializeOwned>(text: &str) -> serde_json::Result<T> {
    serde_json::from_str(text)
}

fn json(value: &impl Serialize) -> Result<String, Refusal> {
    serde_json::to_string(value).map_err(|error| {
        Refusal::new(CONVERGIO_INTERNAL, format!("the result cannot be written: {error}"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(config: &str) -> Refusal {
        Context::new(config, &Allocator::new()).expect_err("refused")
    }

    #[test]
    fn every_problem_of_a_configuration_is_named() {
        let refusal = refusal(
            r#"{"routing": {"min_capability": 2000}, "timeouts": {"connect_ms": 0},
                "providers": {"openai": {"base_url": "http://example.org"}}}"#,
        );
        assert_eq!(refusal.status, CONVERGIO_INVALID_CONFIG);
        for part in ["min_capability", "timeouts", "base_url"] {
            assert!(refusal.message.contains(part), "{}", refusal.message);
        }
    }

    #[test]
    fn shapes_that_are_not_a_configuration_are_refused() {
        for config in
            ["", "[]", "null", "{", "{\"unknown\": 1}", "{\"api_key\": 5}", "{\"api_key\": \"\"}"]
        {
            assert_eq!(refusal(config).status, CONVERGIO_INVALID_CONFIG, "{config}");
        }
    }

    #[test]
    fn a_key_in_the_wrong_place_is_not_repeated() {
        for config in [
            r#"{"providers": "sk-canary-0123456789"}"#,
            r#"{"providers": {"openai": "sk-canary-0123456789"}}"#,
            r#"{"routing": {"privacy": "sk-canary-0123456789"}}"#,
            r#"{"providers": {"openai": {"api_key": "sk-canary-0123456789\n"}}}"#,
        ] {
            let refusal = refusal(config);
            assert_eq!(refusal.status, CONVERGIO_INVALID_CONFIG, "{config}");
            assert!(!format!("{refusal:?}").contains("canary"), "{}", refusal.message);
        }
    }

    #[test]
    fn without_a_key_nothing_is_sent() {
        let context = Context::new("{}", &Allocator::new()).unwrap();
        assert_eq!(context.query("hello").unwrap_err().code, "byok.missing_key");
    }
}
