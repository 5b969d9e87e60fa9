//! `rewrap`.
use std::fmt::Write as _;

use clap::Args;
use convergio_control::operator::Moved;
use serde_json::{Value, json};

use super::{EXIT_CODES, Ended, Said, Which, counted, perform};

/// What to wrap anew.
#[derive(Debug, Args)]
#[command(after_help = EXIT_CODES)]
pub(crate) struct Rewrap {
    #[command(flatten)]
    which: Which,
}

impl Rewrap {
    /// Does it.
    ///
    /// # Errors
    /// What went wrong and what to do.
    pub(crate) fn run(self) -> Result<Ended, String> {
        perform(&self.which, async |installation, _| {
            installation.rewrap().await.map(|moved| said(&moved))
        })
    }
}

fn said(done: &Moved) -> Said {
    let mut text = format!(
        "{} wrapped anew under version {} of the master key\n",
        counted(done.moved, "secret", "secrets"),
        done.to
    );
    for stuck in &done.failed {
        // Writing to a string does not fail.
        let _ = writeln!(text, "NOT wrapped anew: {}: {}", stuck.secret, stuck.reason);
    }
    if done.in_use.keys().all(|version| *version == i64::from(done.to)) {
        text.push_str(
            "Earlier versions seal nothing any more. Keep their lines with the backups made before: \
             those need them.\n",
        );
    }
    let failed: Vec<Value> = done
        .failed
        .iter()
        .map(|stuck| json!({"secret": stuck.secret, "reason": stuck.reason}))
        .collect();
    let in_use: serde_json::Map<String, Value> = done
        .in_use
        .iter()
        .map(|(version, secrets)| (version.to_string(), json!(secrets)))
        .collect();
    let json = json!({"to": done.to, "moved": done.moved, "failed": failed, "in_use": in_use});
    let ended = if done.failed.is_empty() { Ended::Well } else { Ended::Wrong };
    Said { text, json, ended }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use convergio_control::operator::Stuck;

    use super::*;

    #[test]
    fn what_is_stuck_is_named_and_ends_badly() {
        let stuck = Stuck { secret: "key 7".into(), reason: "was tampered with".into() };
        let in_use = BTreeMap::from([(1, 1), (2, 4)]);
        let done = said(&Moved { to: 2, moved: 4, failed: vec![stuck], in_use });
        assert_eq!(done.ended, Ended::Wrong);
        assert!(done.text.contains("NOT wrapped anew: key 7: was tampered with"), "{}", done.text);
        assert!(!done.text.contains("nothing any more"), "version 1 is still needed");
        assert_eq!(done.json["failed"][0]["secret"], "key 7");
    }
}
