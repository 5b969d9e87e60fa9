//! `/api/v1/usage`: what was used and what it cost.
use std::io;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use convergio_control::{Span, UsageBy, UsageCursor, UsageEvent, UsageReport, UsageTotal};
use convergio_wire::Failure;
use futures_util::{Stream, StreamExt as _, stream};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::api::query::{Format, Query};
use crate::api::refusals::Reading;
use crate::api::{Api, csv};
use crate::auth::Who;
use crate::error::ApiResult;

/// What to add up by.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum By {
    #[default]
    Key,
    Day,
    Model,
}

/// Which attempts to add up.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct UsageQuery {
    #[serde(default)]
    #[param(inline, required = false)]
    by: By,
    /// From this time on, in milliseconds since 1970; 30 days before `to`.
    from: Option<i64>,
    /// Until just before this time; now.
    to: Option<i64>,
    /// Only what this person asked.
    user: Option<String>,
    #[serde(default)]
    #[param(inline, required = false)]
    format: Format,
}

/// Which attempts to list.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct EventsQuery {
    /// From this time on, in milliseconds since 1970; 30 days before `to`.
    from: Option<i64>,
    /// Until just before this time; now.
    to: Option<i64>,
    /// Only what this person asked.
    user: Option<String>,
    /// 1 to 1000; 100. A table for spreadsheets is not cut into pages.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<i64>,
    /// `next` of the page before.
    before: Option<String>,
    #[serde(default)]
    #[param(inline, required = false)]
    format: Format,
}

/// A sum over attempts.
#[derive(Serialize, ToSchema)]
pub(crate) struct TotalObject {
    /// What they have in common: a key's id, days since 1970, `provider/model`.
    group: String,
    /// The same for people.
    label: String,
    /// However many attempts one took, it counts once.
    requests: i64,
    attempts: i64,
    /// Neither read from nor written to a cache.
    input_tokens: i64,
    cached_tokens: i64,
    cache_write_tokens: i64,
    output_tokens: i64,
    reasoning_tokens: i64,
    cost_nano_usd: i64,
    /// How many of the attempts are estimates.
    estimated: i64,
}

/// Sums over attempts.
#[derive(Serialize, ToSchema)]
pub(crate) struct UsageObject {
    by: By,
    from: i64,
    to: i64,
    /// The costliest first.
    data: Vec<TotalObject>,
    total: TotalObject,
}

/// One attempt at a provider.
#[derive(Serialize, ToSchema)]
pub(crate) struct EventObject {
    request_id: String,
    /// From 1.
    attempt: i64,
    user: String,
    #[schema(required)]
    key: Option<String>,
    #[schema(required)]
    key_version: Option<i64>,
    provider: String,
    model: String,
    #[schema(required)]
    region: Option<String>,
    input_tokens: i64,
    cached_tokens: i64,
    cache_write_tokens: i64,
    cache_write_long_tokens: i64,
    output_tokens: i64,
    reasoning_tokens: i64,
    cost_nano_usd: i64,
    /// Of the price table it was computed with.
    price_digest: String,
    /// The provider did not tell; it is an estimate.
    estimated: bool,
    latency_ms: i64,
    #[schema(required)]
    first_token_ms: Option<i64>,
    /// `ok`, `cancelled`, or a stable code.
    outcome: String,
    /// `user`, `house` or `none`.
    credential_source: String,
    /// When it ended.
    at: i64,
}

/// Attempts.
#[derive(Serialize, ToSchema)]
pub(crate) struct EventList {
    /// The newest first.
    data: Vec<EventObject>,
    /// `before` of the next page.
    #[schema(required)]
    next: Option<String>,
}

fn span(from: Option<i64>, to: Option<i64>, user: Option<String>) -> Result<Span, Failure> {
    let unknown = || Failure::invalid("user", "`user` must be the id of a person");
    let user = user.map(|text| text.parse().map_err(|_| unknown())).transpose()?;
    Ok(Span { from, to, user })
}

fn total(total: UsageTotal) -> TotalObject {
    TotalObject {
        group: total.group,
        label: total.label,
        requests: total.requests,
        attempts: total.attempts,
        input_tokens: total.input_tokens,
        cached_tokens: total.cached_tokens,
        cache_write_tokens: total.cache_write_tokens,
        output_tokens: total.output_tokens,
        reasoning_tokens: total.reasoning_tokens,
        cost_nano_usd: total.cost_nanos,
        estimated: total.estimated,
    }
}

fn event(event: UsageEvent) -> EventObject {
    EventObject {
        request_id: event.request_id,
        attempt: event.attempt,
        user: event.user.to_string(),
        key: event.key.map(|key| key.to_string()),
        key_version: event.key_version,
        provider: event.provider,
        model: event.model,
        region: event.region,
        input_tokens: event.input_tokens,
        cached_tokens: event.cached_tokens,
        cache_write_tokens: event.cache_write_tokens,
        cache_write_long_tokens: event.cache_write_long_tokens,
        output_tokens: event.output_tokens,
        reasoning_tokens: event.reasoning_tokens,
        cost_nano_usd: event.cost_nanos,
        price_digest: event.price_digest,
        estimated: event.estimated,
        latency_ms: event.latency_ms,
        first_token_ms: event.first_token_ms,
        outcome: event.outcome,
        credential_source: event.credential_source,
        at: event.occurred_at,
    }
}

/// Adds up what was used: one's own, everybody's for whoever may see it.
#[utoipa::path(get, path = "/api/v1/usage", tag = "control", params(UsageQuery),
    security(("session" = []), ("token" = [])),
    responses((status = 200, description = "Sums", content(
        (UsageObject = "application/json"), (String = "text/csv"))), Reading))]
pub(crate) async fn usage(
    State(api): State<Api>,
    who: Who,
    Query(query): Query<UsageQuery>,
) -> ApiResult {
    let UsageQuery { by, from, to, user, format } = query;
    let group = match by {
        By::Key => UsageBy::Key,
        By::Day => UsageBy::Day,
        By::Model => UsageBy::Model,
    };
    let report = api.control.usage(who.by(), group, &span(from, to, user)?).await?;
    let UsageReport { from, to, groups, total: all } = report;
    if format == Format::Csv {
        return Ok(sums(groups));
    }
    let data = groups.into_iter().map(total).collect();
    Ok(Json(UsageObject { by, from, to, data, total: total(all) }).into_response())
}

fn sums(groups: Vec<UsageTotal>) -> Response {
    let header = [
        "group",
        "label",
        "requests",
        "attempts",
        "input_tokens",
        "cached_tokens",
        "cache_write_tokens",
        "output_tokens",
        "reasoning_tokens",
        "cost_nano_usd",
        "estimated",
    ];
    let header = std::iter::once(header.map(str::to_owned).to_vec());
    let rows = groups.into_iter().map(|it| {
        let numbers = [
            it.requests,
            it.attempts,
            it.input_tokens,
            it.cached_tokens,
            it.cache_write_tokens,
            it.output_tokens,
            it.reasoning_tokens,
            it.cost_nanos,
            it.estimated,
        ];
        let numbers = numbers.into_iter().map(|number| number.to_string());
        [it.group, it.label].into_iter().chain(numbers).collect()
    });
    let table = csv::rows(header.chain(rows));
    csv::response("usage", stream::once(std::future::ready(table)))
}

/// The attempts themselves, the newest first.
#[utoipa::path(get, path = "/api/v1/usage/events", tag = "control", params(EventsQuery),
    security(("session" = []), ("token" = [])),
    responses((status = 200, description = "Attempts", content(
        (EventList = "application/json"), (String = "text/csv"))), Reading))]
pub(crate) async fn events(
    State(api): State<Api>,
    who: Who,
    Query(query): Query<EventsQuery>,
) -> ApiResult {
    let EventsQuery { from, to, user, limit, before, format } = query;
    let unknown = || Failure::invalid("before", "`before` must be `next` of the page before");
    let cursor: Option<UsageCursor> =
        before.map(|text| text.parse().map_err(|_| unknown())).transpose()?;
    let span = span(from, to, user)?;
    let limit = limit.unwrap_or(if format == Format::Csv { 1000 } else { 100 });
    let page = api.control.usage_events(who.by(), &span, cursor.as_ref(), limit).await?;
    if format == Format::Csv {
        let first = (page.events, page.next);
        return Ok(csv::response("usage-events", table(api, who, span, first)));
    }
    let next = page.next.map(|next| next.to_string());
    let data = page.events.into_iter().map(event).collect();
    Ok(Json(EventList { data, next }).into_response())
}

const COLUMNS: [&str; 22] = [
    "request_id",
    "attempt",
    "user",
    "key",
    "key_version",
    "provider",
    "model",
    "region",
    "input_tokens",
    "cached_tokens",
    "cache_write_tokens",
    "cache_write_long_tokens",
    "output_tokens",
    "reasoning_tokens",
    "cost_nano_usd",
    "price_digest",
    "estimated",
    "latency_ms",
    "first_token_ms",
    "outcome",
    "credential_source",
    "at",
];

fn row(event: UsageEvent) -> Vec<String> {
    let number = |number: Option<i64>| number.map(|it| it.to_string()).unwrap_or_default();
    vec![
        event.request_id,
        event.attempt.to_string(),
        event.user.to_string(),
        event.key.map(|key| key.to_string()).unwrap_or_default(),
        number(event.key_version),
        event.provider,
        event.model,
        event.region.unwrap_or_default(),
        event.input_tokens.to_string(),
        event.cached_tokens.to_string(),
        event.cache_write_tokens.to_string(),
        event.cache_write_long_tokens.to_string(),
        event.output_tokens.to_string(),
        event.reasoning_tokens.to_string(),
        event.cost_nanos.to_string(),
        event.price_digest,
        event.estimated.to_string(),
        event.latency_ms.to_string(),
        number(event.first_token_ms),
        event.outcome,
        event.credential_source,
        event.occurred_at.to_string(),
    ]
}

/// Page after page until the last.
fn table(
    api: Api,
    who: Who,
    span: Span,
    first: (Vec<UsageEvent>, Option<UsageCursor>),
) -> impl Stream<Item = io::Result<Bytes>> + Send {
    let header = csv::rows([COLUMNS.map(str::to_owned).to_vec()]);
    let pages = stream::try_unfold(Some(first), move |page| {
        let (api, who, span) = (api.clone(), who.clone(), span.clone());
        async move {
            let Some((events, next)) = page else { return Ok(None) };
            let rows = csv::rows(events.into_iter().map(row))?;
            let Some(next) = next else { return Ok(Some((rows, None))) };
            let page = api.control.usage_events(who.by(), &span, Some(&next), 1000).await;
            let page = page.map_err(|error| {
                tracing::error!(%error, "a table broke off");
                io::Error::other("a table broke off")
            })?;
            Ok(Some((rows, Some((page.events, page.next)))))
        }
    });
    stream::once(std::future::ready(header)).chain(pages)
}
