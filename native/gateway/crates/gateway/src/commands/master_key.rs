//! `master-key init`, `add-version` and `status`.
use std::fmt::Write as _;

use clap::Subcommand;
use convergio_control::operator::MasterKeyStatus;
use serde_json::{Value, json};

use super::{EXIT_CODES, Ended, Said, Which, counted, perform};

/// The master key, which seals everybody's provider keys. It is never printed.
#[derive(Debug, Subcommand)]
pub(crate) enum MasterKey {
    /// Make the first one, in a file for its owner alone. `serve` does the same at its first start.
    #[command(after_help = EXIT_CODES)]
    Init {
        #[command(flatten)]
        which: Which,
    },
    /// Add a version, which seals from then on; those before still open.
    #[command(after_help = EXIT_CODES)]
    AddVersion {
        #[command(flatten)]
        which: Which,
    },
    /// Show which versions there are and how many secrets each seals.
    #[command(after_help = EXIT_CODES)]
    Status {
        #[command(flatten)]
        which: Which,
    },
}

const SAFE: &str = "Keep a copy of the file in a safe place, apart from backups of the database: \
                    without it, nobody opens what it seals.\n";

impl MasterKey {
    /// Does it.
    ///
    /// # Errors
    /// What went wrong and what to do.
    pub(crate) fn run(self) -> Result<Ended, String> {
        match self {
            Self::Init { which } => perform(&which, async |installation, _| {
                installation.make_master_key().await.map(|status| said(&status, SAFE))
            }),
            Self::AddVersion { which } => perform(&which, async |installation, _| {
                installation.add_master_key().await.map(|status| said(&status, SAFE))
            }),
            Self::Status { which } => perform(&which, async |installation, _| {
                installation.master_key_status().await.map(|status| said(&status, ""))
            }),
        }
    }
}

fn said(status: &MasterKeyStatus, advice: &str) -> Said {
    let ended = if status.problem.is_none() { Ended::Well } else { Ended::Wrong };
    Said { text: text(status, advice), json: json_of(status), ended }
}

fn text(status: &MasterKeyStatus, advice: &str) -> String {
    let mode = status.mode.map(|mode| format!(", mode {mode:04o}")).unwrap_or_default();
    let mut text = format!("{}{mode}\n", status.place);
    let newest = status.versions.last();
    for version in &status.versions {
        let sealed = status.in_use.as_ref().map(|used| {
            let secrets = used.get(&i64::from(*version)).copied().unwrap_or_default();
            let secrets = u64::try_from(secrets).unwrap_or_default();
            format!("seals {}", counted(secrets, "secret", "secrets"))
        });
        let sealed = sealed.unwrap_or_else(|| "there is no database yet".to_owned());
        let newest =
            if Some(version) == newest { "; the newest, which seals new ones" } else { "" };
        // Writing to a string does not fail.
        let _ = writeln!(text, "  version {version}: {sealed}{newest}");
    }
    if let Some(problem) = &status.problem {
        let _ = writeln!(text, "WRONG: {problem}");
        return text;
    }
    if !status.outdated().is_empty() {
        text.push_str(
            "A rewrap is due: POST /api/v1/vault/rewrap by an administrator of a running gateway, or \
             `convergio-gateway rewrap`.\n",
        );
    }
    if !status.retired().is_empty() {
        text.push_str(
            "What seals nothing any more may be deleted here; backups made before still need it.\n",
        );
    }
    text + advice
}

fn json_of(status: &MasterKeyStatus) -> Value {
    let in_use = status.in_use.as_ref().map(|used| {
        let entries = used.iter().map(|(version, secrets)| (version.to_string(), json!(secrets)));
        Value::Object(entries.collect())
    });
    json!({
        "place": status.place,
        "mode": status.mode.map(|mode| format!("{mode:04o}")),
        "versions": status.versions,
        "primary": status.versions.last(),
        "in_use": in_use,
        "rewrap_due": !status.outdated().is_empty(),
        "problem": status.problem,
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn status(in_use: &[(i64, i64)]) -> MasterKeyStatus {
        MasterKeyStatus {
            place: "/c/master.key".into(),
            mode: Some(0o600),
            versions: vec![1, 2],
            in_use: Some(BTreeMap::from_iter(in_use.iter().copied())),
            problem: None,
        }
    }

    #[test]
    fn it_says_what_is_due_next() {
        let due = said(&status(&[(1, 3), (2, 1)]), SAFE);
        for part in [
            "/c/master.key, mode 0600",
            "version 1: seals 3 secrets\n",
            "rewrap is due",
            "safe place",
        ] {
            assert!(due.text.contains(part), "{part}: {}", due.text);
        }
        assert_eq!((due.ended, &due.json["rewrap_due"]), (Ended::Well, &json!(true)));
        let done = said(&status(&[(2, 4)]), "");
        assert!(
            done.text.contains("may be deleted") && !done.text.contains("due"),
            "{}",
            done.text
        );
    }

    #[test]
    fn what_is_wrong_comes_alone_and_ends_badly() {
        let mut wrong = status(&[(1, 3)]);
        wrong.problem = Some("chmod 600 it".into());
        let wrong = said(&wrong, SAFE);
        assert_eq!(wrong.ended, Ended::Wrong);
        assert!(wrong.text.contains("WRONG: chmod 600 it") && !wrong.text.contains("due"));
    }
}
