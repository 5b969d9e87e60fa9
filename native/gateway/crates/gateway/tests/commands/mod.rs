//! The operator's commands: the real binary on real files, with the gateway stopped and running.
mod audit;
mod keys;
mod setup;

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use sqlx::{AssertSqlSafe, Connection as _, SqliteConnection};

use crate::support::Gateway;

/// How a command ended, and what it said.
#[derive(Debug)]
pub(super) struct Done {
    code: i32,
    out: String,
    err: String,
}

impl Done {
    /// What it printed for programs, when it ended that way.
    pub(super) fn json(&self, code: i32) -> Value {
        assert_eq!(self.code, code, "{self:?}");
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// It was not done, nothing is on stdout, and stderr has all of these.
    fn refused(&self, parts: &[&str]) {
        assert_eq!((self.code, self.out.as_str()), (2, ""), "{self:?}");
        for part in parts {
            assert!(self.err.contains(part), "{part}: {self:?}");
        }
    }
}

/// A folder laid out as the gateway of the tests does.
#[derive(Clone, Debug)]
pub(super) struct Operator {
    folder: PathBuf,
    environment: Vec<(&'static str, String)>,
}

impl Operator {
    pub(super) fn of(gateway: &Gateway) -> Self {
        Self::at(&gateway.path(""))
    }

    fn at(folder: &Path) -> Self {
        Self { folder: folder.to_owned(), environment: Vec::new() }
    }

    fn with(mut self, name: &'static str, value: &str) -> Self {
        self.environment.push((name, value.to_owned()));
        self
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    fn database(&self) -> PathBuf {
        self.path("data/convergio.db")
    }

    pub(super) fn run(&self, arguments: &[&str]) -> Done {
        let output = Command::new(env!("CARGO_BIN_EXE_convergio-gateway"))
            .args(arguments)
            .current_dir(&self.folder)
            .env_clear()
            .envs(std::env::vars().filter(|(name, _)| !name.starts_with("CONVERGIO_")))
            .env("CONVERGIO_DATA", self.path("data"))
            .env("CONVERGIO_MASTER_KEY_FILE", self.path("master.key"))
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .output()
            .unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        let code = output.status.code().unwrap();
        Done { code, out: text(output.stdout), err: text(output.stderr) }
    }

    /// What somebody could do who can write to the file and knows SQL.
    async fn edit(&self, statements: &str) {
        let url = format!("sqlite://{}", self.database().display());
        let mut raw = SqliteConnection::connect(&url).await.unwrap();
        sqlx::raw_sql(AssertSqlSafe(statements.to_owned())).execute(&mut raw).await.unwrap();
        raw.close().await.unwrap();
    }

    /// No digits of any master key are in it.
    fn without_master_keys(&self, done: &Done) {
        let file = std::fs::read_to_string(self.path("master.key")).unwrap();
        for line in file.lines() {
            let digits = line.split_once(':').unwrap().1;
            for part in digits.as_bytes().windows(12) {
                let part = std::str::from_utf8(part).unwrap();
                assert!(!done.out.contains(part) && !done.err.contains(part), "{done:?}");
            }
        }
    }
}

/// Every command, with what it cannot do without.
const COMMANDS: [&[&str]; 7] = [
    &["audit", "verify"],
    &["backup", "copy.db"],
    &["rewrap"],
    &["setup-link"],
    &["master-key", "init"],
    &["master-key", "add-version"],
    &["master-key", "status"],
];

#[test]
fn what_is_not_there_is_named_and_not_made() {
    let folder = tempfile::tempdir().unwrap();
    let operator = Operator::at(folder.path());
    for command in &COMMANDS[..4] {
        let database = operator.database().display().to_string();
        operator.run(command).refused(&[&database, "there is no database"]);
    }
    operator.run(COMMANDS[5]).refused(&["master.key", "there are no master keys"]);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    std::fs::create_dir(operator.path("data")).unwrap();
    std::fs::write(operator.database(), "not a database, but long enough ".repeat(200)).unwrap();
    for command in &COMMANDS[..4] {
        operator.run(command).refused(&["is not a database of Convergio"]);
    }
    assert!(!operator.path("copy.db").exists() && !operator.path("master.key").exists());
}

#[test]
fn how_each_command_ends_is_documented() {
    let folder = tempfile::tempdir().unwrap();
    let operator = Operator::at(folder.path());
    for command in COMMANDS {
        let done = operator.run(&[command, &["--help"]].concat());
        assert_eq!(done.code, 0, "{done:?}");
        for part in ["Exit codes:", "--json", "--data <DIR>", "--config <FILE>"] {
            assert!(done.out.contains(part), "{part}: {done:?}");
        }
    }
    let unknown = operator.run(&["audit", "verify", "--datum", "x"]);
    assert_eq!(unknown.code, 2, "{unknown:?}");
}
