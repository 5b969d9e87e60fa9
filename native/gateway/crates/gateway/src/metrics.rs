//! Prometheus metrics, in the classic text format.
//!
//! Labels are bounded: routes are templates, models and providers come from the catalogue.
use std::time::Duration;

use axum::extract::State;
use axum::http::{Method, StatusCode, header};
use axum::response::IntoResponse;
use convergio_engine::{Attempt, Receipt};
use convergio_wire::{ErrorCode, Failure};
use prometheus::{
    CounterVec, Encoder, HistogramOpts, HistogramVec, IntCounterVec, IntGaugeVec, Opts, Registry,
    TextEncoder,
};

use crate::about::About;
use crate::app::App;
use crate::error::{ApiError, ApiResult};

/// What is counted.
pub(crate) struct Metrics {
    registry: Registry,
    requests: IntCounterVec,
    duration: HistogramVec,
    answers: IntCounterVec,
    attempts: IntCounterVec,
    tokens: IntCounterVec,
    cost: CounterVec,
}

impl Metrics {
    /// Registers every metric, and what this build is.
    ///
    /// # Errors
    /// A name or label that Prometheus refuses: a fault of this file, caught by its test.
    pub(crate) fn new() -> prometheus::Result<Self> {
        let registry = Registry::new();
        let requests = IntCounterVec::new(
            Opts::new("convergio_http_requests_total", "HTTP requests answered."),
            &["method", "route", "status"],
        )?;
        let duration = HistogramVec::new(
            HistogramOpts::new(
                "convergio_http_request_duration_seconds",
                "Time until the head of the answer was ready.",
            )
            .buckets(vec![
                0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 3.0,
                5.0, 10.0, 30.0,
            ]),
            &["method", "route"],
        )?;
        let answers = IntCounterVec::new(
            Opts::new(
                "convergio_answers_total",
                "Chat completions by who answered, on whose key, and how it ended.",
            ),
            &["provider", "model", "credential_source", "outcome"],
        )?;
        let attempts = IntCounterVec::new(
            Opts::new(
                "convergio_attempts_total",
                "Calls to providers, retries included, by whose key paid and how they ended.",
            ),
            &["provider", "credential_source", "outcome"],
        )?;
        let tokens = IntCounterVec::new(
            Opts::new("convergio_tokens_total", "Tokens of answered completions."),
            &["model", "kind"],
        )?;
        let cost = CounterVec::new(
            Opts::new("convergio_cost_dollars_total", "List-price cost of answered completions."),
            &["model", "credential_source"],
        )?;
        let build = IntGaugeVec::new(
            Opts::new("convergio_build_info", "What this build is; always 1."),
            &["version", "edition", "core_version", "core_abi"],
        )?;
        let about = About::this_build();
        build
            .with_label_values(&[
                about.version,
                about.edition,
                about.core_version,
                &about.core_abi.to_string(),
            ])
            .set(1);
        registry.register(Box::new(requests.clone()))?;
        registry.register(Box::new(duration.clone()))?;
        registry.register(Box::new(answers.clone()))?;
        registry.register(Box::new(attempts.clone()))?;
        registry.register(Box::new(tokens.clone()))?;
        registry.register(Box::new(cost.clone()))?;
        registry.register(Box::new(build))?;
        Ok(Self { registry, requests, duration, answers, attempts, tokens, cost })
    }

    /// Counts one HTTP request.
    pub(crate) fn http(&self, method: &Method, route: &str, status: StatusCode, took: Duration) {
        // Methods are an open set; what is not standard is one label.
        let method = match method.as_str() {
            known @ ("GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE" | "OPTIONS") => known,
            _ => "other",
        };
        self.requests.with_label_values(&[method, route, status.as_str()]).inc();
        self.duration.with_label_values(&[method, route]).observe(took.as_secs_f64());
    }

    /// Counts one completion, whole or broken; `failure` says how it ended.
    pub(crate) fn answer(&self, receipt: &Receipt, failure: Option<ErrorCode>) {
        let outcome = failure.map_or("ok", ErrorCode::as_str);
        let Receipt { provider, model, credential_source, .. } = receipt;
        self.answers.with_label_values(&[provider, model, *credential_source, outcome]).inc();
        if let Some(usage) = &receipt.usage {
            let count = |kind: &str, tokens: i64| {
                let tokens = u64::try_from(tokens).unwrap_or(0);
                self.tokens.with_label_values(&[model.as_str(), kind]).inc_by(tokens);
            };
            count("prompt", usage.prompt_tokens);
            count("completion", usage.completion_tokens);
        }
        if let Some(cost) = receipt.cost_nano_usd {
            let dollars = cost as f64 / 1e9;
            self.cost.with_label_values(&[model.as_str(), *credential_source]).inc_by(dollars);
        }
    }

    /// Counts one call to a provider.
    pub(crate) fn attempt(&self, attempt: &Attempt) {
        let Attempt { provider, credential_source, outcome, .. } = attempt;
        let labels = [provider.as_str(), credential_source.as_str(), outcome.as_str()];
        self.attempts.with_label_values(&labels).inc();
    }

    fn render(&self) -> prometheus::Result<Vec<u8>> {
        let mut text = Vec::new();
        TextEncoder::new().encode(&self.registry.gather(), &mut text)?;
        Ok(text)
    }
}

/// Prometheus metrics.
#[utoipa::path(get, path = "/metrics", tag = "operations",
    responses((status = 200, description = "Prometheus text format", body = String,
        content_type = "text/plain")))]
pub(crate) async fn metrics(State(app): State<App>) -> ApiResult {
    let text = app.metrics.render().map_err(|error| {
        tracing::error!(%error, "metrics cannot be rendered");
        ApiError::from(Failure::new(ErrorCode::Internal, "metrics cannot be rendered"))
    })?;
    Ok(([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_metric_registers_and_the_build_is_named() {
        let metrics = Metrics::new().unwrap();
        metrics.http(&Method::GET, "/healthz", StatusCode::OK, Duration::from_millis(3));
        let text = String::from_utf8(metrics.render().unwrap()).unwrap();
        assert!(text.contains(&format!("version=\"{}\"", env!("CARGO_PKG_VERSION"))), "{text}");
        assert!(text.contains(
            "convergio_http_requests_total{method=\"GET\",route=\"/healthz\",status=\"200\"} 1"
        ));
    }
}
