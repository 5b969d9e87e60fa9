//! Commands for whoever keeps an installation: they work with the gateway running or not, and say on
//! stdout what they found, on stderr what they could not do.
use std::path::PathBuf;

use clap::{Args, Subcommand};
use convergio_control::{Control, Founder, MasterKeyPlace, Options, offline};
use convergio_vault::source::FileSource;
use secrecy::SecretString;
use zeroize::Zeroizing;

use crate::announce;
use crate::settings::{Environment, Mode, Overrides, Settings};

/// Where the installation is.
#[derive(Debug, Args)]
pub(super) struct Where {
    /// TOML file; every key is optional, an unknown one is an error.
    #[arg(long, value_name = "FILE", env = "CONVERGIO_CONFIG")]
    config: Option<PathBuf>,
    /// Folder that everything is kept in. [default: $XDG_DATA_HOME/convergio, or the file's]
    #[arg(long, value_name = "DIR", env = "CONVERGIO_DATA")]
    data: Option<PathBuf>,
}

impl Where {
    fn settings(self) -> Result<Settings, String> {
        let overrides = Overrides { accounts: Some(Mode::Required), data: self.data };
        Settings::load(self.config.as_deref(), Environment::read()?, overrides)
    }

    fn options(self) -> Result<Options, String> {
        let kept = self.settings()?.kept.ok_or("accounts are off: nothing is kept")?;
        Ok(Options::new(kept.data, kept.master_key))
    }
}

/// About the audit log.
#[derive(Debug, Subcommand)]
pub(super) enum Audit {
    /// Follow every log from its first row to its sealed end; exit 1 at the first that is not what
    /// was written.
    Verify {
        #[command(flatten)]
        at: Where,
    },
}

/// About the key that seals all others.
#[derive(Debug, Subcommand)]
pub(super) enum MasterKey {
    /// Make the file with a first key; never replaces one.
    Init {
        #[command(flatten)]
        at: Where,
    },
    /// Add a key, which seals from the next start or rewrap on. Those before stay.
    AddVersion {
        #[command(flatten)]
        at: Where,
    },
    /// Say which versions there are and how many secrets each seals.
    Status {
        #[command(flatten)]
        at: Where,
    },
}

/// Runs a command that needs the database to its end.
fn run<T>(task: impl Future<Output = Result<T, String>>) -> Result<T, String> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| format!("no runtime: {error}"))?
        .block_on(task)
}

fn said(error: impl std::fmt::Display) -> String {
    error.to_string()
}

/// `audit verify`.
pub(super) fn audit(Audit::Verify { at }: Audit) -> Result<(), String> {
    let options = at.options()?;
    let found = run(async { offline::verify_audit(&options).await.map_err(said) })?;
    let mut broken = Vec::new();
    for log in found.logs {
        match log {
            Ok(whole) => {
                let head: String = whole.digest.iter().map(|byte| format!("{byte:02x}")).collect();
                println!("tenant {}: {} rows, head {head}", whole.tenant, whole.rows);
            }
            Err(fault) => broken.push(fault.to_string()),
        }
    }
    if let Some(why) = found.unsealed {
        println!("the seals of the ends were not checked: {why}");
    }
    if broken.is_empty() { Ok(()) } else { Err(broken.join("\n")) }
}

/// `backup FILE`.
pub(super) fn backup(at: Where, to: PathBuf) -> Result<(), String> {
    let options = at.options()?;
    let made = run(async { offline::backup(&options, &to).await.map_err(said) })?;
    println!("{}: {} bytes", made.path.display(), made.bytes);
    println!("the master key is not in it: keep a copy of that elsewhere");
    Ok(())
}

/// `master-key init|add-version|status`.
pub(super) fn master_key(command: MasterKey) -> Result<(), String> {
    let only_files = "the master key is not kept in a file here; change it where it is kept";
    match command {
        MasterKey::Init { at } => match at.options()?.master_key {
            MasterKeyPlace::File(path) => {
                MasterKeyPlace::create_file(&path).map_err(said)?;
                println!("{}: version 1; keep a copy in a safe place", path.display());
                Ok(())
            }
            _ => Err(only_files.to_owned()),
        },
        MasterKey::AddVersion { at } => match at.options()?.master_key {
            MasterKeyPlace::File(path) => {
                let keys = FileSource::new(&path).add_version().map_err(said)?;
                let versions: Vec<_> = keys.versions().map(|it| it.to_string()).collect();
                println!("{}: versions {}", path.display(), versions.join(", "));
                println!("now wrap anew: POST /api/v1/vault/rewrap while the gateway runs, or");
                println!("`convergio-gateway rewrap` while it does not");
                Ok(())
            }
            _ => Err(only_files.to_owned()),
        },
        MasterKey::Status { at } => {
            let options = at.options()?;
            for (version, secrets) in
                run(async { offline::master_keys(&options).await.map_err(said) })?
            {
                println!("version {version}: {secrets} secrets");
            }
            Ok(())
        }
    }
}

/// `rewrap`.
pub(super) fn rewrap(at: Where) -> Result<(), String> {
    let options = at.options()?;
    let done = run(async {
        let control = Control::attach(options).await.map_err(said)?;
        let done = control.turn_over().await.map_err(said);
        control.close().await;
        done
    })?;
    println!("{} secrets were wrapped anew under master key {}", done.moved, done.to);
    match done.failed {
        0 => Ok(()),
        failed => Err(format!("{failed} secrets could not be wrapped anew; the log says why")),
    }
}

/// `add-tenant NAME --email ADDRESS`, with the password on stdin: a command line is no place for it.
pub(super) fn add_tenant(at: Where, name: &str, email: &str) -> Result<(), String> {
    let options = at.options()?;
    let mut line = Zeroizing::new(String::new());
    std::io::stdin().read_line(&mut line).map_err(said)?;
    let password = SecretString::from(line.trim_end_matches(['\r', '\n']));
    let founder = Founder { tenant: name, email, password: &password };
    let (tenant, user) = run(async {
        let control = Control::attach(options).await.map_err(said)?;
        let made = control.add_tenant(founder).await.map_err(said);
        control.close().await;
        made
    })?;
    println!("{}", serde_json::json!({"tenant": tenant.to_string(), "user": user.to_string()}));
    Ok(())
}

/// `setup-link`.
pub(super) fn setup_link(at: Where) -> Result<(), String> {
    let settings = at.settings()?;
    let kept = settings.kept.ok_or("accounts are off: nothing is kept")?;
    let options = Options::new(kept.data, kept.master_key);
    let link = run(async {
        let control = Control::attach(options).await.map_err(said)?;
        let link = control.setup_link().await.map_err(said);
        control.close().await;
        link
    })?;
    let link = link.ok_or("somebody administers this gateway already; ask them to let you in")?;
    announce::setup(settings.server.listen, &link, None)
}
