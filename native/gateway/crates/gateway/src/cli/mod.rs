//! The command line.
mod keep;

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::about::About;
use crate::settings::{Environment, Mode, Overrides, Settings};
use crate::{openapi, serve};

/// A gateway for your own keys, compatible with OpenAI's and Anthropic's APIs.
#[derive(Debug, Parser)]
#[command(name = "convergio-gateway", version, propagate_version = true)]
#[command(after_help = "\
Examples:
  convergio-gateway serve
  CONVERGIO_OPENAI_BASE_URL=http://127.0.0.1:9000/v1 convergio-gateway serve --listen 127.0.0.1:0
  convergio-gateway serve --config gateway.toml
  convergio-gateway version --json")]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve the API until SIGTERM or SIGINT.
    Serve(Serve),
    /// Print the versions of the gateway and of the C core inside it.
    Version {
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// Print the OpenAPI document.
    Openapi,
    /// Prove that nobody edited the audit log.
    #[command(subcommand)]
    Audit(keep::Audit),
    /// Copy the database, whether the gateway runs or not. The master key is not in it.
    Backup {
        /// The copy; a file of that name must not exist yet.
        file: PathBuf,
        #[command(flatten)]
        at: keep::Where,
    },
    /// Make, add or list master keys.
    #[command(subcommand)]
    MasterKey(keep::MasterKey),
    /// Wrap everything anew under the newest master key, while the gateway does not run.
    Rewrap {
        #[command(flatten)]
        at: keep::Where,
    },
    /// Make another tenant and its first administrator, whose password is read from stdin.
    AddTenant {
        /// What it is to be called.
        name: String,
        /// The administrator's address.
        #[arg(long)]
        email: String,
        #[command(flatten)]
        at: keep::Where,
    },
    /// Give out a new link that lets the first administrator in; those before are void.
    SetupLink {
        #[command(flatten)]
        at: keep::Where,
    },
}

/// How to serve.
#[derive(Debug, Args)]
struct Serve {
    /// Address to listen on; port 0 takes a free one. [default: 127.0.0.1:8080, or the file's]
    #[arg(long, value_name = "ADDRESS", env = "CONVERGIO_LISTEN")]
    listen: Option<SocketAddr>,
    /// TOML file; every key is optional, an unknown one is an error.
    #[arg(long, value_name = "FILE", env = "CONVERGIO_CONFIG")]
    config: Option<PathBuf>,
    /// Write the real address to this file as soon as the gateway listens.
    #[arg(long, value_name = "PATH")]
    address_file: Option<PathBuf>,
    /// `required`: only people of this installation get through, and their keys are kept. `off`:
    /// whoever reaches the gateway brings their own provider key along, and nothing is kept.
    /// [default: required, or the file's]
    #[arg(long, value_enum, value_name = "MODE", env = "CONVERGIO_ACCOUNTS")]
    accounts: Option<Mode>,
    /// Folder that everything is kept in. [default: $XDG_DATA_HOME/convergio, or the file's]
    #[arg(long, value_name = "DIR", env = "CONVERGIO_DATA")]
    data: Option<PathBuf>,
    /// Write the link that lets the first administrator in to this file, not to stdout.
    #[arg(long, value_name = "PATH")]
    setup_file: Option<PathBuf>,
    /// How logs look on stderr.
    #[arg(long, value_enum, default_value_t = LogFormat::Json, env = "CONVERGIO_LOG_FORMAT")]
    log_format: LogFormat,
    /// What is logged: error, warn, info, debug, or a filter such as `info,convergio_engine=debug`.
    #[arg(long, default_value = "info", env = "CONVERGIO_LOG")]
    log: String,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum LogFormat {
    Json,
    Text,
}

impl Cli {
    /// Does what was asked.
    ///
    /// # Errors
    /// What went wrong and what to do, for the person at the terminal.
    pub(crate) fn run(self) -> Result<(), String> {
        match self.command {
            Command::Serve(options) => {
                start_logging(options.log_format, &options.log)?;
                let environment = Environment::read()?;
                let Serve { listen, config, address_file, accounts, data, setup_file, .. } =
                    options;
                let overrides = Overrides { accounts, data };
                let mut settings = Settings::load(config.as_deref(), environment, overrides)?;
                settings.server.listen = listen.unwrap_or(settings.server.listen);
                serve::run(settings, &serve::Files { address: address_file, setup: setup_file })
            }
            Command::Version { json } => {
                let about = About::this_build();
                if json {
                    println!("{}", serde_json::to_string(&about).map_err(|e| e.to_string())?);
                } else {
                    println!("{} {}", about.name, about.version);
                    println!("edition {}", about.edition);
                    println!("core {} (ABI {})", about.core_version, about.core_abi);
                }
                Ok(())
            }
            Command::Audit(command) => keep::audit(command),
            Command::Backup { file, at } => keep::backup(at, file),
            Command::MasterKey(command) => keep::master_key(command),
            Command::Rewrap { at } => {
                start_logging(LogFormat::Text, "info")?;
                keep::rewrap(at)
            }
            Command::AddTenant { name, email, at } => keep::add_tenant(at, &name, &email),
            Command::SetupLink { at } => keep::setup_link(at),
            Command::Openapi => {
                println!("{}", openapi::document().to_pretty_json().map_err(|e| e.to_string())?);
                Ok(())
            }
        }
    }
}

/// Logs go to stderr; stdout carries only what was asked for.
fn start_logging(format: LogFormat, filter: &str) -> Result<(), String> {
    use tracing_subscriber::EnvFilter;

    // The HTTP stack's own details are never wanted, and might show what passes through it.
    let filter =
        EnvFilter::try_new(format!("{filter},h2=warn,hyper=warn,reqwest=warn,rustls=warn"))
            .map_err(|error| format!("--log `{filter}`: {error}; use for example `info`"))?;
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    match format {
        LogFormat::Json => builder.json().flatten_event(true).with_span_list(false).init(),
        LogFormat::Text => builder.init(),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
