//! `audit verify`.
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use convergio_control::operator::{Anchor, Found, Judgement, LogCheck, SealCheck, Verification};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{EXIT_CODES, Ended, Said, Which, counted, perform, plain};

/// The audit log.
#[derive(Debug, Subcommand)]
pub(crate) enum Audit {
    /// Find the first row of each tenant's log that is not what was written.
    ///
    /// Works with the gateway stopped or running, and changes nothing. Without the master key it
    /// verifies everything but the sealed ends, and says so.
    #[command(after_help = format!("{EXIT_CODES}\n
Keep what `--json` prints somewhere else: with `--since FILE` a later run finds out a log, or a whole
database, that was replaced by another one."))]
    Verify(Verify),
}

/// What to verify.
#[derive(Debug, Args)]
pub(crate) struct Verify {
    #[command(flatten)]
    which: Which,
    /// Verify this file, a backup, and not the database in the folder.
    #[arg(long, value_name = "FILE")]
    database: Option<PathBuf>,
    /// What an earlier `audit verify --json` printed: each log must go on from where it was.
    #[arg(long, value_name = "FILE")]
    since: Option<PathBuf>,
}

impl Audit {
    /// Does it.
    ///
    /// # Errors
    /// What keeps it from being judged, and what to do.
    pub(crate) fn run(self) -> Result<Ended, String> {
        let Self::Verify(Verify { which, database, since }) = self;
        let earlier = since.as_deref().map_or(Ok(Vec::new()), anchors)?;
        perform(&which, async |installation, _| {
            let file = database.clone().unwrap_or_else(|| installation.database());
            let found = installation.verify_audit(database.as_deref(), &earlier).await;
            found.map(|found| said(&file, &found))
        })
    }
}

/// An earlier verification, as `--json` printed it.
#[derive(Deserialize)]
struct Earlier {
    tenants: Vec<EarlierLog>,
}

#[derive(Deserialize)]
struct EarlierLog {
    tenant: String,
    rows: Option<i64>,
    head: Option<String>,
}

fn anchors(file: &Path) -> Result<Vec<Anchor>, String> {
    let wrong = |what: String| {
        format!("--since {}: {what}; name what `audit verify --json` printed", file.display())
    };
    let text = std::fs::read_to_string(file).map_err(|error| wrong(error.to_string()))?;
    let earlier: Earlier = serde_json::from_str(&text).map_err(|error| wrong(error.to_string()))?;
    let anchor = |EarlierLog { tenant, rows, head }| {
        let digest = head.as_deref().map_or(Some(Vec::new()), unhex);
        match (rows, digest) {
            (Some(row), Some(digest)) if (row == 0) == digest.is_empty() && row >= 0 => {
                Ok(Anchor { tenant, row, digest })
            }
            _ => Err(wrong(format!("the log of tenant {} was not whole then", plain(&tenant)))),
        }
    };
    earlier.tenants.into_iter().map(anchor).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        text.push_str(&format!("{byte:02x}"));
        text
    })
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u32>> = text.chars().map(|digit| digit.to_digit(16)).collect();
    let digits = digits.filter(|digits| digits.len() % 2 == 0)?;
    digits.chunks_exact(2).map(|pair| u8::try_from(pair[0] << 4 | pair[1]).ok()).collect()
}

/// What is wrong with a log, and at which row.
fn fault(found: &Found) -> Option<(i64, String)> {
    match found {
        Found::Whole(_) => None,
        Found::Broken(broken) => Some((broken.row, broken.fault.to_string())),
        Found::Empty => Some((0, "all rows are gone, and the kept end with them".to_owned())),
        Found::Replaced { row } => {
            Some((*row, "it is not the row that was verified earlier: the log was replaced".into()))
        }
    }
}

fn said(file: &Path, found: &Verification) -> Said {
    let ended = match found.judgement() {
        Judgement::Whole => Ended::Well,
        Judgement::Broken => Ended::Wrong,
        Judgement::Open => Ended::Open,
    };
    Said { text: text(file, found, ended), json: json_of(file, found, ended), ended }
}

fn text(file: &Path, found: &Verification, ended: Ended) -> String {
    let mut text = format!("{}\n", file.display());
    for LogCheck { tenant, name, found } in &found.logs {
        let name = name.as_deref().map_or("a tenant that is gone".to_owned(), plain);
        let line = match (found, fault(found)) {
            (Found::Whole(whole), _) => {
                let rows = u64::try_from(whole.rows).unwrap_or_default();
                format!("{}, all as written", counted(rows, "row", "rows"))
            }
            (_, Some((row, fault))) => format!("BROKEN at row {row}: {fault}"),
            (_, None) => String::new(),
        };
        // Writing to a string does not fail.
        let _ = writeln!(text, "  {name} ({}): {line}", plain(tenant));
    }
    let seal = match &found.seal {
        SealCheck::Done if found.logs.is_empty() => "There are no tenants yet.".to_owned(),
        SealCheck::Done => "The sealed ends were checked, too.".to_owned(),
        SealCheck::WithoutKey(why) => format!(
            "The sealed ends were NOT checked, so whoever can write to the file could have written \
             a log of their own: {why}"
        ),
        SealCheck::Impossible(why) => format!("The sealed ends CANNOT be checked: {why}"),
    };
    text = format!("{text}{seal}\n");
    if ended == Ended::Wrong {
        text.push_str(
            "Keep this file as it is (convergio-gateway backup FILE makes a copy), find out who could \
             write to it,\nand look into earlier backups: convergio-gateway audit verify --database FILE\n",
        );
    }
    text
}

fn json_of(file: &Path, found: &Verification, ended: Ended) -> Value {
    let tenants = found.logs.iter().map(|LogCheck { tenant, name, found }| {
        let (rows, head) = match found {
            Found::Whole(whole) => {
                let head = Some(hex(&whole.digest)).filter(|head| !head.is_empty());
                (Some(whole.rows), head)
            }
            _ => (None, None),
        };
        let broken = fault(found).map(|(row, fault)| json!({"row": row, "fault": fault}));
        json!({"tenant": tenant, "name": name, "ok": broken.is_none(), "rows": rows, "head": head,
               "broken": broken})
    });
    let tenants: Vec<Value> = tenants.collect();
    let (seal, problem) = match &found.seal {
        SealCheck::Done => ("checked", None),
        SealCheck::WithoutKey(why) => ("not_checked", Some(why)),
        SealCheck::Impossible(why) => ("impossible", Some(why)),
    };
    let ok = match ended {
        Ended::Well => Some(true),
        Ended::Wrong => Some(false),
        Ended::Open => None,
    };
    json!({"ok": ok, "database": file.display().to_string(), "seal": seal,
           "seal_problem": problem, "tenants": tenants})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_are_read_back() {
        assert_eq!(unhex(&hex(&[0, 9, 255])), Some(vec![0, 9, 255]));
        assert_eq!([unhex("0"), unhex("0g"), unhex("ü")], [None, None, None]);
    }

    #[test]
    fn what_was_not_whole_is_no_ground_to_stand_on() {
        let file = tempfile::NamedTempFile::new().unwrap();
        for (text, good) in [
            (r#"{"tenants": [{"tenant": "t", "rows": 1, "head": "ff"}]}"#, true),
            (r#"{"tenants": [{"tenant": "t", "rows": 0, "head": null}]}"#, true),
            (r#"{"tenants": [{"tenant": "t", "rows": 1, "head": null}]}"#, false),
            (r#"{"tenants": [{"tenant": "t", "rows": null, "head": null}]}"#, false),
            (r#"{"tenants": [{"tenant": "t", "rows": -1, "head": "ff"}]}"#, false),
            ("{}", false),
            ("", false),
        ] {
            std::fs::write(file.path(), text).unwrap();
            assert_eq!(anchors(file.path()).is_ok(), good, "{text}");
        }
    }

    #[test]
    fn each_finding_is_named_for_people_and_programs() {
        let log = |found| LogCheck { tenant: "t1".into(), name: Some("Home\n".into()), found };
        let whole = Verification { logs: vec![], seal: SealCheck::WithoutKey("no key".into()) };
        let whole = said(Path::new("/d/c.db"), &whole);
        assert!(whole.text.contains("NOT checked") && whole.text.contains("no key"));
        assert_eq!((whole.ended, &whole.json["seal"]), (Ended::Well, &json!("not_checked")));

        let logs = vec![log(Found::Empty), log(Found::Replaced { row: 7 })];
        let broken = said(Path::new("/d/c.db"), &Verification { logs, seal: SealCheck::Done });
        for part in ["Home\u{fffd} (t1)", "row 0: all rows are gone", "row 7: ", "backup FILE"] {
            assert!(broken.text.contains(part), "{part}: {}", broken.text);
        }
        assert_eq!(broken.ended, Ended::Wrong);
        assert_eq!(broken.json["tenants"][1]["broken"]["row"], 7);
    }
}
