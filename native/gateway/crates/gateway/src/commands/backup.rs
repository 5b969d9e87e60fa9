//! `backup FILE`.
use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::{EXIT_CODES, Ended, Said, Which, perform};

/// What to copy, and where to.
#[derive(Debug, Args)]
#[command(after_help = EXIT_CODES)]
pub(crate) struct Backup {
    /// Where the copy goes: a file that does not exist yet.
    file: PathBuf,
    #[command(flatten)]
    which: Which,
}

impl Backup {
    /// Does it.
    ///
    /// # Errors
    /// What went wrong; nothing is left there then.
    pub(crate) fn run(self) -> Result<Ended, String> {
        let Self { file, which } = self;
        perform(&which, async |installation, _| {
            let made = installation.backup(&file).await?;
            let path = made.path.display().to_string();
            let text = format!(
                "{path}: {} bytes, whole and checked\n\
                 The master key is not in it: keep a copy of that too, in another place.\n\
                 To restore, put it into an empty folder as convergio.db and serve with --data.\n",
                made.bytes
            );
            let json = json!({"path": path, "bytes": made.bytes});
            Ok::<_, convergio_control::ControlError>(Said { text, json, ended: Ended::Well })
        })
    }
}
