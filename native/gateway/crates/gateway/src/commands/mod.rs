//! What the operator does from the command line, with the gateway stopped or beside it.
//!
//! Each command asks [`Installation`](convergio_control::operator::Installation) and makes a [`Said`]
//! of the answer: text for people, JSON for programs, and how it ended. Only here is it printed.
pub(crate) mod audit;
pub(crate) mod backup;
pub(crate) mod master_key;
pub(crate) mod rewrap;
pub(crate) mod setup_link;

use std::io::Write as _;
use std::path::PathBuf;

use clap::Args;
use convergio_control::operator::Installation;
use serde_json::Value;

use crate::settings::{Environment, Mode, Overrides, Server, Settings};

/// How a command ended, for `--help`.
pub(crate) const EXIT_CODES: &str = "\
Exit codes:
  0  done, and all is well
  1  done, and something is wrong: it is named
  2  not done, or nobody can tell: stderr says why and what to do";

/// Which installation, and for whom the answer is.
#[derive(Debug, Args)]
pub(crate) struct Which {
    /// Folder that everything is kept in. [default: $XDG_DATA_HOME/convergio, or the file's]
    #[arg(long, value_name = "DIR", env = "CONVERGIO_DATA")]
    data: Option<PathBuf>,
    /// The gateway's TOML file: where data and master key are.
    #[arg(long, value_name = "FILE", env = "CONVERGIO_CONFIG")]
    config: Option<PathBuf>,
    /// As JSON, for programs.
    #[arg(long)]
    json: bool,
}

impl Which {
    fn open(&self) -> Result<(Installation, Server), String> {
        let data = self.data.clone();
        let accounts = Some(Mode::Required);
        let overrides = Overrides { accounts, data, ..Overrides::default() };
        let settings = Settings::load(self.config.as_deref(), Environment::read()?, overrides)?;
        let places = settings.kept.ok_or("nothing is kept when accounts are off")?;
        let options = convergio_control::Options::new(places.data, places.master_key);
        Ok((Installation::new(options), settings.server))
    }
}

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    /// All is well.
    Well,
    /// Something is wrong, and it was named.
    Wrong,
    /// Nobody can tell.
    Open,
}

impl Ended {
    /// The exit code.
    pub(crate) fn code(self) -> u8 {
        match self {
            Self::Well => 0,
            Self::Wrong => 1,
            Self::Open => 2,
        }
    }
}

/// What a command has to say.
#[derive(Debug)]
struct Said {
    /// For people; with its line end.
    text: String,
    /// For programs.
    json: Value,
    ended: Ended,
}

/// Does something with an installation and prints what came of it.
fn perform<E: ToString>(
    which: &Which,
    deed: impl AsyncFnOnce(Installation, Server) -> Result<Said, E>,
) -> Result<Ended, String> {
    let (installation, server) = which.open()?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| format!("no runtime: {error}"))?;
    let said = runtime.block_on(deed(installation, server)).map_err(|error| error.to_string())?;
    let text = if which.json { format!("{}\n", said.json) } else { said.text };
    let mut out = std::io::stdout().lock();
    let printed = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    printed.map_err(|error| format!("done, and stdout cannot be written: {error}"))?;
    Ok(said.ended)
}

/// Text that people gave, for a terminal: nothing in it moves the cursor.
fn plain(text: &str) -> String {
    text.chars().map(|letter| if letter.is_control() { '\u{fffd}' } else { letter }).collect()
}

/// One of something, or many.
fn counted(number: u64, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_from_the_database_do_not_move_the_cursor() {
        assert_eq!(plain("a\u{1b}[2Jb\nü"), "a\u{fffd}[2Jb\u{fffd}ü");
    }

    #[test]
    fn one_is_not_many() {
        let rows = |number| counted(number, "row", "rows");
        assert_eq!([rows(0), rows(1), rows(2)], ["0 rows", "1 row", "2 rows"]);
    }

    #[test]
    fn each_end_has_a_code_of_its_own() {
        assert_eq!([Ended::Well, Ended::Wrong, Ended::Open].map(Ended::code), [0, 1, 2]);
    }
}
