//! Saying that the gateway is there, and how the first person gets in: to people on a terminal, to
//! programs as one line of JSON on stdout or as a file.
use std::io::{IsTerminal as _, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;

use convergio_control::{SetupFor, SetupLink};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

use crate::about::VERSION;

/// Says where the gateway listens: on stdout, a line of JSON unless a person reads it, and in the file
/// if one is asked for. The file appears whole or not at all, so whoever waits for it can read it at once.
pub(crate) fn listening(
    address: SocketAddr,
    demo: bool,
    file: Option<&Path>,
) -> Result<(), String> {
    if let Some(path) = file {
        write_whole(path, &format!("{address}\n"))
            .map_err(|error| format!("--address-file {}: {error}", path.display()))?;
    }
    if std::io::stdout().is_terminal() {
        print(&format!("Convergio {VERSION} serves on {}; Ctrl-C ends it.", base_url(address)));
    } else {
        let line = json!({
            "event": "listening",
            "address": address.to_string(),
            "url": format!("http://{address}"),
            "version": VERSION,
            "demo": demo,
        });
        print(&line.to_string());
    }
    tracing::info!(%address, version = VERSION, "listening");
    Ok(())
}

/// Shows the link that lets the first administrator in, once: to the file if one is asked for, else
/// on stdout. It never goes into the log. `pages` says whether a browser can open it.
pub(crate) fn setup(
    address: SocketAddr,
    link: &SetupLink,
    pages: bool,
    file: Option<&Path>,
) -> Result<(), String> {
    let url = base_url(address);
    let line = setup_event(&url, link).to_string();
    match file {
        // A file made this way is its owner's alone.
        Some(path) => write_whole(path, &format!("{line}\n"))
            .map_err(|error| format!("--setup-file {}: {error}", path.display()))?,
        None if std::io::stdout().is_terminal() => print(&invitation(&url, link, pages)),
        None => print(&line),
    }
    tracing::info!("nobody administers this gateway yet; a link that lets one in was given out");
    Ok(())
}

/// A link for programs.
pub(crate) fn setup_event(url: &str, link: &SetupLink) -> Value {
    let token = link.token.expose_secret();
    json!({"event": "setup", "for": link.purpose.as_str(), "url": format!("{url}/setup#{token}"),
           "expires_at": link.expires_at})
}

/// A link for people, with the way to use it: open it where there are `pages`, else ask with curl.
pub(crate) fn invitation(url: &str, link: &SetupLink, pages: bool) -> String {
    let token = link.token.expose_secret();
    let (lead, tenant) = match link.purpose {
        SetupFor::First => {
            ("Nobody administers this gateway yet. Within an hour, make the first account", "Home")
        }
        SetupFor::Further => ("Within an hour, make the first account of another tenant", "Work"),
    };
    if pages {
        return format!("\n{lead}: open this link in a browser.\n\n  {url}/setup#{token}\n\n");
    }
    format!(
        "\n{lead}:\n\n  curl {url}/api/v1/setup --json '{{\"token\": \"{token}\",\n    \
         \"tenant\": \"{tenant}\", \"email\": \"you@example.org\", \"password\": \"…\"}}'\n\n"
    )
}

/// How a browser on this machine reaches what listens there.
pub(crate) fn base_url(listens: SocketAddr) -> String {
    format!("http://{}", reachable(listens))
}

/// The address for a browser on this machine: nobody can open 0.0.0.0.
fn reachable(address: SocketAddr) -> SocketAddr {
    match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => (Ipv4Addr::LOCALHOST, address.port()).into(),
        IpAddr::V6(ip) if ip.is_unspecified() => (Ipv6Addr::LOCALHOST, address.port()).into(),
        _ => address,
    }
}

fn print(text: &str) {
    // Whoever started us may have closed stdout; that is no reason not to serve.
    if let Err(error) = writeln!(std::io::stdout(), "{text}") {
        tracing::debug!(%error, "stdout is closed");
    }
}

fn write_whole(path: &Path, text: &str) -> std::io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let mut file = tempfile::NamedTempFile::new_in(folder.unwrap_or(Path::new(".")))?;
    file.write_all(text.as_bytes())?;
    file.persist(path)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_are_shown_how_to_use_a_link() {
        for (purpose, part) in
            [(SetupFor::First, "Nobody administers"), (SetupFor::Further, "another tenant")]
        {
            let link = SetupLink { token: "t0k3n".to_owned().into(), purpose, expires_at: 1 };
            let page = invitation("https://ai.example", &link, true);
            assert!(page.contains(part) && !page.contains("curl"), "{page}");
            assert!(page.contains("  https://ai.example/setup#t0k3n\n"), "{page}");
            let text = invitation("https://ai.example", &link, false);
            for part in
                [part, "curl https://ai.example/api/v1/setup --json", "\"token\": \"t0k3n\""]
            {
                assert!(text.contains(part), "{part}: {text}");
            }
        }
    }

    #[test]
    fn a_link_leads_somewhere() {
        for (listens, shown) in [
            ("0.0.0.0:80", "127.0.0.1:80"),
            ("[::]:80", "[::1]:80"),
            ("10.0.0.7:8080", "10.0.0.7:8080"),
        ] {
            assert_eq!(reachable(listens.parse().unwrap()).to_string(), shown);
        }
    }
}
