//! What time brings about: keys fall due, windows end, sessions run out.
use convergio_audit::{Event, key_action};
use convergio_store::{KeyId, Millis, TenantId, UserId};
use convergio_vault::lifecycle::Stage;
use convergio_vault::{KeyView, Outlived};

use crate::Permission;
use crate::control::{By, Control};
use crate::error::Result;

/// Who acts when nobody does: the word in the audit log.
const CLOCKWORK: &str = "gateway";

/// A key whose owner should rotate it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reminder {
    /// Which key.
    pub key: KeyId,
    /// What its owner calls it.
    pub name: String,
    /// For which provider.
    pub provider: String,
    /// Whose it is.
    pub user: UserId,
    /// Which version.
    pub version: i64,
    /// How urgent it is.
    pub stage: Stage,
    /// When it falls due, or did.
    pub due_at: Millis,
}

/// What a round of upkeep did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Upkeep {
    /// How many sessions had run out.
    pub sessions: u64,
    /// The versions whose window had ended.
    pub outlived: Vec<Outlived>,
    /// Who was reminded of what, each stage once.
    pub reminded: Vec<(TenantId, Reminder)>,
}

fn reminders(view: KeyView) -> impl Iterator<Item = Reminder> {
    let KeyView { key, versions } = view;
    versions.into_iter().filter_map(move |version| {
        Some(Reminder {
            key: key.id.clone(),
            name: key.name.clone(),
            provider: key.provider.clone(),
            user: key.user.clone(),
            version: version.version.version,
            stage: version.stage?,
            due_at: version.due_at?,
        })
    })
}

impl Control {
    /// The keys that should be rotated now: the caller's, or everybody's for whoever may see them.
    ///
    /// # Errors
    /// `NotAllowed`.
    pub async fn reminders(&self, by: By<'_>) -> Result<Vec<Reminder>> {
        let all = by.caller.may(Permission::AllKeys);
        if !all {
            by.caller.require(Permission::OwnKeys)?;
        }
        let views = self.vault.show(&by.caller.tenant, self.now()).await?;
        let due = views.into_iter().flat_map(reminders);
        Ok(due.filter(|due| all || due.user == by.caller.user).collect())
    }

    /// Does what time has brought about: call it once a minute. However often and from however many
    /// processes it is called, each thing happens once.
    ///
    /// # Errors
    /// What the store says; the next round goes on where this one ended.
    pub async fn upkeep(&self) -> Result<Upkeep> {
        let now = self.now();
        let mut done =
            Upkeep { sessions: self.store.sweep_sessions(now).await?, ..Upkeep::default() };
        for gone in self.vault.sweep(now).await? {
            let Outlived { tenant, key, version } = &gone;
            let action = key_action("revoke", key, Some(*version));
            let event = Event::KeyChange { user: CLOCKWORK.to_owned(), action };
            self.note(tenant, &format!("upkeep-{now}"), event).await?;
            tracing::info!(event = "key_overlap_ended", %tenant, %key, version);
            done.outlived.push(gone);
        }
        for tenant in self.store.tenants().await? {
            let due = self.vault.take_reminders(&tenant.id, now).await?;
            for reminder in due.into_iter().flat_map(reminders) {
                let Reminder { key, version, stage, due_at, .. } = &reminder;
                let (tenant, stage) = (&tenant.id, stage.as_str());
                tracing::warn!(event = "key_rotation_due", %tenant, %key, version, stage, due_at);
                done.reminded.push((tenant.clone(), reminder));
            }
        }
        Ok(done)
    }
}
