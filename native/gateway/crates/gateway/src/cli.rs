//! The command line.
use std::io::IsTerminal as _;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::builder::FalseyValueParser;
use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::about::About;
use crate::commands::Ended;
use crate::commands::audit::Audit;
use crate::commands::backup::Backup;
use crate::commands::master_key::MasterKey;
use crate::commands::rewrap::Rewrap;
use crate::commands::setup_link::SetupLink;
use crate::settings::{Environment, Mode, Overrides, Settings};
use crate::webui::Choice;
use crate::{openapi, serve};

/// A gateway for your own keys, compatible with OpenAI's and Anthropic's APIs.
#[derive(Debug, Parser)]
#[command(name = "convergio-gateway", version, propagate_version = true)]
#[command(after_help = "\
Examples:
  convergio-gateway serve
  CONVERGIO_OPENAI_BASE_URL=http://127.0.0.1:9000/v1 convergio-gateway serve --listen 127.0.0.1:0
  convergio-gateway serve --config gateway.toml
  convergio-gateway audit verify
  convergio-gateway backup /media/backup/convergio-monday.db
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
    /// Verify the audit log.
    #[command(subcommand)]
    Audit(Audit),
    /// Copy the database while everything runs.
    Backup(Backup),
    /// Make, turn over and show the master key.
    #[command(subcommand)]
    MasterKey(MasterKey),
    /// Wrap every secret anew under the newest version of the master key, while everything runs.
    Rewrap(Rewrap),
    /// Print a one-time link: for the first administrator, or for another tenant's.
    SetupLink(SetupLink),
}

/// Why a command could not do what was asked.
#[derive(Debug)]
pub(crate) struct Failed {
    /// The exit code.
    pub(crate) code: ExitCode,
    /// What went wrong and what to do, for the person at the terminal.
    pub(crate) problem: String,
}

impl From<String> for Failed {
    fn from(problem: String) -> Self {
        Self { code: ExitCode::FAILURE, problem }
    }
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
    /// Folder of the built web UI, or `off` for none. [default: where it is installed or built, or
    /// the file's]
    #[arg(long, value_name = "DIR", env = "CONVERGIO_WEBUI")]
    webui: Option<Choice>,
    /// This is a demo: refuse to start unless every provider is simulated on this machine, and say
    /// so in the web UI.
    #[arg(long, env = "CONVERGIO_DEMO", value_parser = FalseyValueParser::new())]
    demo: bool,
    /// Write the link that lets the first administrator in to this file, not to stdout.
    #[arg(long, value_name = "PATH")]
    setup_file: Option<PathBuf>,
    /// How logs look on stderr. [default: text on a terminal, else json]
    #[arg(long, value_enum, env = "CONVERGIO_LOG_FORMAT")]
    log_format: Option<LogFormat>,
    /// What is logged: error, warn, info, debug, or a filter such as `info,convergio_engine=debug`.
    #[arg(long, default_value = "info", env = "CONVERGIO_LOG")]
    log: String,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum LogFormat {
    Json,
    Text,
}

impl LogFormat {
    /// For whoever reads along: a person, or a program that collects.
    fn usual() -> Self {
        if std::io::stderr().is_terminal() { Self::Text } else { Self::Json }
    }
}

impl Cli {
    /// Does what was asked.
    ///
    /// # Errors
    /// What went wrong and what to do, for the person at the terminal.
    pub(crate) fn run(self) -> Result<ExitCode, Failed> {
        let done = |()| ExitCode::SUCCESS;
        match self.command {
            Command::Serve(options) => Ok(options.run().map(done)?),
            Command::Version { json } => Ok(version(json).map(done)?),
            Command::Openapi => Ok(openapi().map(done)?),
            Command::Audit(command) => operate(|| command.run()),
            Command::Backup(command) => operate(|| command.run()),
            Command::MasterKey(command) => operate(|| command.run()),
            Command::Rewrap(command) => operate(|| command.run()),
            Command::SetupLink(command) => operate(|| command.run()),
        }
    }
}

/// What the operator does by hand is logged for people, and what cannot be done is not what is wrong.
fn operate(command: impl FnOnce() -> Result<Ended, String>) -> Result<ExitCode, Failed> {
    start_logging(LogFormat::Text, "info")?;
    match command() {
        Ok(ended) => Ok(ended.code().into()),
        Err(problem) => Err(Failed { code: Ended::Open.code().into(), problem }),
    }
}

impl Serve {
    fn run(self) -> Result<(), String> {
        start_logging(self.log_format.unwrap_or_else(LogFormat::usual), &self.log)?;
        let Self { listen, config, address_file, accounts, data, webui, demo, setup_file, .. } =
            self;
        let overrides = Overrides { accounts, data, webui, demo };
        let mut settings = Settings::load(config.as_deref(), Environment::read()?, overrides)?;
        settings.server.listen = listen.unwrap_or(settings.server.listen);
        serve::run(settings, &serve::Files { address: address_file, setup: setup_file })
    }
}

fn version(json: bool) -> Result<(), String> {
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

fn openapi() -> Result<(), String> {
    println!("{}", openapi::document().to_pretty_json().map_err(|e| e.to_string())?);
    Ok(())
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
        LogFormat::Text => {
            let colours = std::io::stderr().is_terminal()
                && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
            builder.with_ansi(colours).init();
        }
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
