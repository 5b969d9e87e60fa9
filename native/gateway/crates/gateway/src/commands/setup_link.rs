//! `setup-link`.
use std::io::IsTerminal as _;
use std::net::SocketAddr;

use clap::Args;

use super::{EXIT_CODES, Ended, Said, Which, perform};
use crate::announce;
use crate::webui::{Choice, Webui};

/// For whom, and where they find the gateway.
#[derive(Debug, Args)]
#[command(after_help = EXIT_CODES)]
pub(crate) struct SetupLink {
    #[command(flatten)]
    which: Which,
    /// How people reach the gateway. [default: http:// and the address it listens on]
    #[arg(long, value_name = "URL")]
    url: Option<String>,
    /// Address that the gateway listens on, where that is how it is reached.
    #[arg(long, value_name = "ADDRESS", env = "CONVERGIO_LISTEN")]
    listen: Option<SocketAddr>,
    /// Folder of the web UI that the gateway serves, or `off`: where the link leads.
    #[arg(long, value_name = "DIR", env = "CONVERGIO_WEBUI")]
    webui: Option<Choice>,
}

impl SetupLink {
    /// Does it.
    ///
    /// # Errors
    /// What went wrong and what to do.
    pub(crate) fn run(self) -> Result<Ended, String> {
        let Self { which, url, listen, webui } = self;
        // As `serve` shows it: people get the way to use it, whatever reads along gets the event.
        let which = Which { json: which.json || !std::io::stdout().is_terminal(), ..which };
        perform(&which, async |installation, server| {
            let pages = Webui::find(&webui.unwrap_or(server.webui))?.is_there();
            let listens = listen.unwrap_or(server.listen);
            let url = match url {
                Some(url) => url.trim_end_matches('/').to_owned(),
                None if listens.port() == 0 => {
                    return Err("the gateway listens on any free port; say --url".to_owned());
                }
                None => announce::base_url(listens),
            };
            let link = installation.setup_link().await.map_err(|error| error.to_string())?;
            let json = announce::setup_event(&url, &link);
            let text = announce::invitation(&url, &link, pages);
            Ok(Said { text, json, ended: Ended::Well })
        })
    }
}
