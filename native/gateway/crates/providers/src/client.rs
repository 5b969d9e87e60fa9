//! The HTTP client: one per adapter, connections reused, redirects refused, Nagle off.
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use reqwest::redirect;
use rustls_platform_verifier::BuilderVerifierExt;

use crate::egress::Guard;

type Built = OnceLock<Result<reqwest::Client, String>>;

/// The clients of one engine, shared by its adapters: each keeps a pool of connections per host, and
/// the certificates it trusts, which take a while to read.
#[derive(Debug)]
pub(crate) struct Clients {
    connect_timeout: Duration,
    guard: Guard,
    // Built by the first call: pure uses of an engine must not need root certificates.
    plain: Built,
    encrypted: Built,
    guarded: Built,
}

impl Clients {
    pub(crate) fn new(connect_timeout: Duration, guard: Guard) -> Self {
        let (plain, encrypted, guarded) = Default::default();
        Self { connect_timeout, guard, plain, encrypted, guarded }
    }

    /// The client for an address that the operator configured.
    ///
    /// # Errors
    /// What is missing, as a sentence for the operator.
    pub(crate) fn configured(&self, base_url: &str) -> Result<&reqwest::Client, &String> {
        let encrypted = base_url.starts_with("https://");
        let built = if encrypted { &self.encrypted } else { &self.plain };
        built.get_or_init(|| build(encrypted, self.connect_timeout)).as_ref()
    }

    /// The client for addresses that callers supply, and the rule they are held to.
    ///
    /// # Errors
    /// What is missing, as a sentence for the operator.
    pub(crate) fn supplied(&self) -> (&Guard, Result<&reqwest::Client, &String>) {
        let build = || guarded(&self.guard, self.connect_timeout);
        (&self.guard, self.guarded.get_or_init(build).as_ref())
    }
}

/// Builds a client for an address that the operator configured.
fn build(encrypted: bool, connect_timeout: Duration) -> Result<reqwest::Client, String> {
    finish(builder(encrypted, connect_timeout)?)
}

/// Builds a client for addresses that callers supply: it connects only where `guard` permits, to
/// the very addresses that were checked.
fn guarded(guard: &Guard, connect_timeout: Duration) -> Result<reqwest::Client, String> {
    // A proxy would look names up itself, after the check.
    finish(builder(true, connect_timeout)?.no_proxy().dns_resolver(guard.resolver()))
}

fn finish(builder: reqwest::ClientBuilder) -> Result<reqwest::Client, String> {
    builder.build().map_err(|error| format!("the HTTP client cannot be built: {error}"))
}

fn builder(encrypted: bool, connect_timeout: Duration) -> Result<reqwest::ClientBuilder, String> {
    let mut builder = reqwest::Client::builder()
        .user_agent(concat!("convergio/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(connect_timeout)
        // A redirect would send key and prompt to an address nobody configured.
        .redirect(redirect::Policy::none())
        // The adapter decides what is retried; the client must not do it underneath.
        .retry(reqwest::retry::never())
        // Small writes must not wait for an acknowledgement: no 40 ms steps in a stream.
        .tcp_nodelay(true)
        .tcp_keepalive(Duration::from_secs(60))
        .pool_idle_timeout(Duration::from_secs(90))
        .tls_backend_preconfigured(tls(encrypted)?);
    if !encrypted {
        // A proxy from the environment would see keys in the clear.
        builder = builder.no_proxy();
    }
    Ok(builder)
}

/// TLS with ring and the system's roots; without roots when nothing will be encrypted.
fn tls(encrypted: bool) -> Result<rustls::ClientConfig, String> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| format!("TLS cannot be set up: {error}"))?;
    if !encrypted {
        let none = rustls::RootCertStore::empty();
        return Ok(builder.with_root_certificates(none).with_no_client_auth());
    }
    let verified = builder.with_platform_verifier().map_err(|error| {
        format!("no root certificates: {error}; install ca-certificates or set SSL_CERT_FILE")
    })?;
    Ok(verified.with_no_client_auth())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_client_needs_no_certificates() {
        assert!(build(false, Duration::from_secs(1)).is_ok());
    }
}
