//! The HTTP client: one per adapter, connections reused, redirects refused, Nagle off.
use std::sync::Arc;
use std::time::Duration;

use reqwest::redirect;
use rustls_platform_verifier::BuilderVerifierExt;

/// Builds a client for `base_url`.
///
/// # Errors
/// What is missing, as a sentence for the operator.
pub(super) fn build(base_url: &str, connect_timeout: Duration) -> Result<reqwest::Client, String> {
    let encrypted = base_url.starts_with("https://");
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
    builder.build().map_err(|error| format!("the HTTP client cannot be built: {error}"))
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
        assert!(build("http://127.0.0.1:1/v1", Duration::from_secs(1)).is_ok());
    }
}
