//! Reading what was used and what it cost.
use convergio_accounts::Permission;
use convergio_store::{Millis, UsageBy, UsageCursor, UsageEvent, UsageFilter, UsageTotal, UserId};

use crate::control::{By, Control};
use crate::error::{ControlError, Result};

/// What is shown when nobody says from when, in milliseconds.
const THIRTY_DAYS: Millis = 30 * 24 * 3600 * 1000;

/// The most attempts on one page.
pub(crate) const PAGE: i64 = 1000;

/// Whose attempts, and when. What is not said is the last 30 days, and everybody the caller may see.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Span {
    /// From this time on.
    pub from: Option<Millis>,
    /// Until just before this time.
    pub to: Option<Millis>,
    /// Only what this person asked.
    pub user: Option<UserId>,
}

/// Sums over attempts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsageReport {
    /// From this time on.
    pub from: Millis,
    /// Until just before this time.
    pub to: Millis,
    /// By what they have in common, the costliest first.
    pub groups: Vec<UsageTotal>,
    /// All together.
    pub total: UsageTotal,
}

/// Attempts one by one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsagePage {
    /// The newest first.
    pub events: Vec<UsageEvent>,
    /// Where the next page begins, when there is one.
    pub next: Option<UsageCursor>,
}

impl Control {
    /// Adds up what was used.
    ///
    /// # Errors
    /// `NotAllowed`; `from` after `to`.
    pub async fn usage(&self, by: By<'_>, group: UsageBy, span: &Span) -> Result<UsageReport> {
        let filter = self.filter(by, span)?;
        self.recorder.flush().await;
        let of = self.store.tenant(&by.caller.tenant);
        let groups = of.usage(group, &filter).await?;
        let mut total = total(&groups);
        if group != UsageBy::Day {
            // One request may have asked several models with several keys: it is one all the same.
            let days = of.usage(UsageBy::Day, &filter).await?;
            total.requests = days.iter().map(|day| day.requests).sum();
        }
        let UsageFilter { from, to, .. } = filter;
        Ok(UsageReport { from, to, groups, total })
    }

    /// The attempts themselves, the newest first, behind `cursor`.
    ///
    /// # Errors
    /// `NotAllowed`; `from` after `to`; a page of nothing or of too much.
    pub async fn usage_events(
        &self,
        by: By<'_>,
        span: &Span,
        cursor: Option<&UsageCursor>,
        limit: i64,
    ) -> Result<UsagePage> {
        let filter = self.filter(by, span)?;
        self.recorder.flush().await;
        check_limit(limit)?;
        let start = UsageCursor::start();
        let cursor = cursor.unwrap_or(&start);
        let of = self.store.tenant(&by.caller.tenant);
        let events = of.usage_events(&filter, cursor, limit).await?;
        let full = i64::try_from(events.len()).is_ok_and(|count| count == limit);
        let next = events.last().filter(|_| full).map(UsageCursor::behind);
        Ok(UsagePage { events, next })
    }

    fn filter(&self, by: By<'_>, span: &Span) -> Result<UsageFilter> {
        let user = if by.caller.may(Permission::AllUsage) {
            span.user.clone()
        } else {
            by.caller.require(Permission::OwnUsage)?;
            // Somebody else's is not theirs to see, and whether there is such a person neither.
            if span.user.as_ref().is_some_and(|user| *user != by.caller.user) {
                return Err(ControlError::NoSuch("person"));
            }
            Some(by.caller.user.clone())
        };
        // Up to and with this very moment.
        let to = span.to.unwrap_or_else(|| self.now().saturating_add(1));
        let from = span.from.unwrap_or_else(|| to.saturating_sub(THIRTY_DAYS));
        check_span(from, to)?;
        Ok(UsageFilter { user, from, to })
    }
}

pub(crate) fn check_limit(limit: i64) -> Result<()> {
    if (1..=PAGE).contains(&limit) {
        return Ok(());
    }
    Err(ControlError::invalid("limit", format!("`limit` must be 1 to {PAGE}")))
}

pub(crate) fn check_span(from: Millis, to: Millis) -> Result<()> {
    if from <= to {
        return Ok(());
    }
    Err(ControlError::invalid("from", "`from` must not be after `to`; both in milliseconds"))
}

/// All groups together.
fn total(groups: &[UsageTotal]) -> UsageTotal {
    let sum = |of: fn(&UsageTotal) -> i64| {
        groups.iter().map(of).fold(0_i64, |sum, next| sum.saturating_add(next))
    };
    UsageTotal {
        group: String::new(),
        label: "total".to_owned(),
        requests: sum(|it| it.requests),
        attempts: sum(|it| it.attempts),
        input_tokens: sum(|it| it.input_tokens),
        cached_tokens: sum(|it| it.cached_tokens),
        cache_write_tokens: sum(|it| it.cache_write_tokens),
        output_tokens: sum(|it| it.output_tokens),
        reasoning_tokens: sum(|it| it.reasoning_tokens),
        cost_nanos: sum(|it| it.cost_nanos),
        estimated: sum(|it| it.estimated),
    }
}
