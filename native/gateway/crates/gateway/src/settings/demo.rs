//! What a demo may do: ask simulated providers, and nobody else. The pages then say so everywhere, and
//! it has to be true.
use axum::http::Uri;
use convergio_wire::EngineConfig;
use convergio_wire::config::Providers;

/// Holds a configuration to it.
///
/// # Errors
/// The provider that is a real one, and what to do.
pub(super) fn confine(engine: &mut EngineConfig) -> Result<(), String> {
    let Providers { openai, anthropic, google, azure } = &engine.providers;
    let asked = [
        ("openai", Some(&openai.base_url)),
        ("anthropic", Some(&anthropic.base_url)),
        ("google", Some(&google.base_url)),
        ("azure", azure.endpoint.as_ref()),
    ];
    for (provider, address) in asked {
        if let Some(address) = address.filter(|address| !is_here(address)) {
            return Err(format!(
                "--demo: {provider} is at {address}; a demo asks simulated providers on this \
                 machine and nobody else: name one as its address, or leave --demo out"
            ));
        }
    }
    // Nor may an address that comes with somebody's key lead elsewhere.
    engine.egress.allow.clear();
    Ok(())
}

fn is_here(address: &str) -> bool {
    let Ok(uri) = address.parse::<Uri>() else { return false };
    let host = uri.host().unwrap_or_default();
    let literal = host.trim_start_matches('[').trim_end_matches(']').parse::<std::net::IpAddr>();
    host == "localhost" || literal.is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn simulated() -> EngineConfig {
        let mut config = EngineConfig::default();
        config.providers.openai.base_url = "http://127.0.0.1:9/openai/v1".to_owned();
        config.providers.anthropic.base_url = "http://localhost:9/anthropic".to_owned();
        config.providers.google.base_url = "http://[::1]:9/google/v1beta".to_owned();
        config
    }

    #[test]
    fn a_demo_asks_nobody_but_this_machine() {
        let mut config = simulated();
        assert!(!config.egress.allow.is_empty(), "or nothing is shown");
        confine(&mut config).unwrap();
        assert!(config.egress.allow.is_empty());

        assert!(confine(&mut EngineConfig::default()).unwrap_err().contains("openai is at"));
        let mut config = simulated();
        config.providers.azure.endpoint = Some("https://a.openai.azure.com".to_owned());
        let problem = confine(&mut config).unwrap_err();
        assert!(problem.contains("azure is at https://a.openai.azure.com"), "{problem}");
    }

    #[test]
    fn what_only_looks_like_this_machine_is_not_it() {
        for address in [
            "http://localhost.example.org",
            "http://127.0.0.1.example.org/v1",
            "",
            "http://a@10.0.0.1/v1",
            "http://127.0.0.1@example.org/v1",
            "not an address",
        ] {
            assert!(!is_here(address), "{address}");
        }
    }
}
