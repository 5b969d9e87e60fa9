//! `/api/v1/audit`: what happened. There is no way to write here.
use std::io;

use axum::Json;
use axum::extract::State;
use axum::response::IntoResponse;
use bytes::Bytes;
use convergio_control::{AuditPage, AuditQuery, AuditRow};
use futures_util::{Stream, StreamExt as _, stream};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::api::query::{Format, Query};
use crate::api::refusals::Reading;
use crate::api::{Api, csv};
use crate::auth::Who;
use crate::error::ApiResult;

/// What is audited.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    Query,
    Login,
    AdminAction,
    KeyChange,
}

impl Kind {
    fn as_str(self) -> &'static str {
        match self {
            Self::Query => "query",
            Self::Login => "login",
            Self::AdminAction => "admin_action",
            Self::KeyChange => "key_change",
        }
    }
}

/// Which rows to list.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct RowsQuery {
    #[param(inline)]
    kind: Option<Kind>,
    /// Only what this person did, by their id.
    user: Option<String>,
    /// From this time on, in milliseconds since 1970.
    from: Option<i64>,
    /// Until just before this time.
    to: Option<i64>,
    /// `next` of the page before.
    after: Option<i64>,
    /// 1 to 1000; 100. A table for spreadsheets is not cut into pages.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<i64>,
    #[serde(default)]
    #[param(inline, required = false)]
    format: Format,
}

/// A row; which fields it has beyond the first follows from `kind`.
#[derive(Serialize, ToSchema)]
pub(crate) struct RowObject {
    /// Its number, from 1, without gaps.
    seq: i64,
    /// `query`, `login`, `admin_action` or `key_change`.
    kind: String,
    at: i64,
    request_id: String,
    /// Who did it.
    user: String,
    /// Queries: what answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    model: Option<String>,
    /// Queries: tokens of all kinds.
    #[serde(skip_serializing_if = "Option::is_none")]
    tokens: Option<i64>,
    /// Queries.
    #[serde(skip_serializing_if = "Option::is_none")]
    cost_nano_usd: Option<i64>,
    /// Logins: from where.
    #[serde(skip_serializing_if = "Option::is_none")]
    ip: Option<String>,
    /// Logins: with what.
    #[serde(skip_serializing_if = "Option::is_none")]
    device: Option<String>,
    /// Logins.
    #[serde(skip_serializing_if = "Option::is_none")]
    success: Option<bool>,
    /// Admin actions and key changes: what was done.
    #[serde(skip_serializing_if = "Option::is_none")]
    action: Option<String>,
    /// Admin actions: to what.
    #[serde(skip_serializing_if = "Option::is_none")]
    target: Option<String>,
}

/// Rows.
#[derive(Serialize, ToSchema)]
pub(crate) struct RowList {
    /// The newest first.
    data: Vec<RowObject>,
    /// `after` of the next page.
    #[schema(required)]
    next: Option<i64>,
}

/// The first row that is not what was written.
#[derive(Serialize, ToSchema)]
pub(crate) struct BrokenObject {
    row: i64,
    fault: String,
}

/// What following the log from its first row to its sealed end found.
#[derive(Serialize, ToSchema)]
pub(crate) struct VerifiedObject {
    ok: bool,
    /// How many rows are what was written.
    rows: i64,
    /// The digest of the last: keep it elsewhere, and a later history must have it there.
    #[schema(required)]
    head: Option<String>,
    #[schema(required)]
    broken: Option<BrokenObject>,
}

fn object(row: AuditRow) -> RowObject {
    let AuditRow { seq, columns, .. } = row;
    RowObject {
        seq,
        kind: columns.kind,
        at: columns.occurred_at,
        request_id: columns.request_id,
        user: columns.user,
        model: columns.model,
        tokens: columns.tokens,
        cost_nano_usd: columns.cost_nanos,
        ip: columns.ip,
        device: columns.device,
        success: columns.success,
        action: columns.action,
        target: columns.target,
    }
}

/// Rows of the tenant's audit log, the newest first.
#[utoipa::path(get, path = "/api/v1/audit", tag = "control", params(RowsQuery),
    security(("session" = []), ("token" = [])),
    responses((status = 200, description = "Rows", content(
        (RowList = "application/json"), (String = "text/csv"))), Reading))]
pub(crate) async fn list(
    State(api): State<Api>,
    who: Who,
    Query(query): Query<RowsQuery>,
) -> ApiResult {
    let RowsQuery { kind, user, from, to, after, limit, format } = query;
    let kind = kind.map(|kind| kind.as_str().to_owned());
    let limit = limit.unwrap_or(if format == Format::Csv { 1000 } else { 100 });
    let query = AuditQuery { kind, user, from, to, after, limit };
    let page = api.control.audit_log(who.by(), &query).await?;
    if format == Format::Csv {
        return Ok(csv::response("audit", table(api, who, query, page)));
    }
    let AuditPage { rows, next } = page;
    Ok(Json(RowList { data: rows.into_iter().map(object).collect(), next }).into_response())
}

/// Follows the tenant's audit log from its first row to its sealed end.
#[utoipa::path(get, path = "/api/v1/audit/verify", tag = "control",
    security(("session" = []), ("token" = [])),
    responses((status = 200, description = "What was found", body = VerifiedObject), Reading))]
pub(crate) async fn verify(State(api): State<Api>, who: Who) -> ApiResult<Json<VerifiedObject>> {
    Ok(Json(match api.control.verify_audit(who.by()).await? {
        Ok(whole) => {
            let hex = || whole.digest.iter().map(|byte| format!("{byte:02x}")).collect();
            let head = (!whole.digest.is_empty()).then(hex);
            VerifiedObject { ok: true, rows: whole.rows, head, broken: None }
        }
        Err(broken) => VerifiedObject {
            ok: false,
            rows: broken.row.saturating_sub(1).max(0),
            head: None,
            broken: Some(BrokenObject { row: broken.row, fault: broken.fault.to_string() }),
        },
    }))
}

const COLUMNS: [&str; 13] = [
    "seq",
    "kind",
    "at",
    "request_id",
    "user",
    "model",
    "tokens",
    "cost_nano_usd",
    "ip",
    "device",
    "success",
    "action",
    "target",
];

fn row(row: AuditRow) -> Vec<String> {
    let AuditRow { seq, columns, .. } = row;
    let number = |number: Option<i64>| number.map(|it| it.to_string()).unwrap_or_default();
    vec![
        seq.to_string(),
        columns.kind,
        columns.occurred_at.to_string(),
        columns.request_id,
        columns.user,
        columns.model.unwrap_or_default(),
        number(columns.tokens),
        number(columns.cost_nanos),
        columns.ip.unwrap_or_default(),
        columns.device.unwrap_or_default(),
        columns.success.map(|it| it.to_string()).unwrap_or_default(),
        columns.action.unwrap_or_default(),
        columns.target.unwrap_or_default(),
    ]
}

/// Page after page until the last.
fn table(
    api: Api,
    who: Who,
    query: AuditQuery,
    first: AuditPage,
) -> impl Stream<Item = io::Result<Bytes>> + Send {
    let header = csv::rows([COLUMNS.map(str::to_owned).to_vec()]);
    let pages = stream::try_unfold(Some(first), move |page| {
        let (api, who, query) = (api.clone(), who.clone(), query.clone());
        async move {
            let Some(AuditPage { rows, next }) = page else { return Ok(None) };
            let rows = csv::rows(rows.into_iter().map(row))?;
            if next.is_none() {
                return Ok(Some((rows, None)));
            }
            let query = AuditQuery { after: next, ..query };
            let page = api.control.audit_log(who.by(), &query).await.map_err(|error| {
                tracing::error!(%error, "a table broke off");
                io::Error::other("a table broke off")
            })?;
            Ok(Some((rows, Some(page))))
        }
    });
    stream::once(std::future::ready(header)).chain(pages)
}
