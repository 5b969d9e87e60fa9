//! Where providers are, whose keys pay, and where callers' own addresses may point.
use std::collections::BTreeMap;

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use super::EngineConfig;

/// One section per provider.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Providers {
    /// Anything that speaks OpenAI's wire.
    pub openai: Server,
    /// Anything that speaks Anthropic's.
    pub anthropic: Server,
    /// Anything that speaks Google's.
    pub google: Server,
    /// A resource of Azure OpenAI.
    pub azure: Azure,
}

impl Providers {
    /// Where a provider is called; nothing for Azure without an endpoint, or for an unknown name.
    pub fn place(&self, provider: &str) -> Option<Place> {
        let at = |server: &Server, vendor: &str| {
            let configured = Some(server.base_url.as_str()).filter(|url| !url.is_empty());
            Some(Place::at(configured.unwrap_or(vendor)))
        };
        match provider {
            "openai" => at(&self.openai, "https://api.openai.com/v1"),
            "anthropic" => at(&self.anthropic, "https://api.anthropic.com/v1"),
            "google" => at(&self.google, "https://generativelanguage.googleapis.com/v1beta"),
            "azure" => self.azure.place(),
            _ => None,
        }
    }
}

/// A provider with one address for everybody.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Server {
    /// Up to and including the version, without a trailing slash; the vendor's own when empty.
    pub base_url: String,
    /// The house key, used only when the caller brings none.
    pub api_key: Option<SecretString>,
    /// Allows `http://` to a host that is not this machine: keys then travel in the clear.
    pub allow_plaintext_http: bool,
}

/// A resource of Azure OpenAI, which every customer has of their own.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Azure {
    /// Such as `https://name.openai.azure.com`; without it nothing goes to Azure.
    pub endpoint: Option<String>,
    /// Such as `2024-10-21`. With it a deployment is called by its own address, without it by the
    /// versionless `/openai/v1`.
    pub api_version: Option<String>,
    /// Where the resource is; prices may depend on it.
    pub region: Option<String>,
    /// The deployment of each model, where it is not named like the model.
    pub deployments: BTreeMap<String, String>,
    /// The house key, used only when the caller brings none.
    pub api_key: Option<SecretString>,
    /// Allows `http://` to a host that is not this machine: keys then travel in the clear.
    pub allow_plaintext_http: bool,
}

impl Azure {
    fn place(&self) -> Option<Place> {
        Some(Place {
            api_version: self.api_version.clone(),
            region: self.region.clone(),
            deployments: self.deployments.clone(),
            ..Place::at(self.endpoint.as_deref()?)
        })
    }
}

/// Where a provider is called: the operator's choice, or what a caller keeps beside a key.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Place {
    /// Without a trailing slash.
    pub base_url: String,
    /// Azure's `api-version`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub api_version: Option<String>,
    /// Azure's region.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// Azure's deployment of each model, where it is not named like the model.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub deployments: BTreeMap<String, String>,
}

impl Place {
    /// A plain address.
    pub fn at(base_url: &str) -> Self {
        Self { base_url: base_url.trim_end_matches('/').to_owned(), ..Self::default() }
    }

    /// The deployment of a model.
    pub fn deployment<'a>(&'a self, model: &'a str) -> &'a str {
        self.deployments.get(model).map_or(model, String::as_str)
    }
}

/// Where addresses that callers supply, such as Azure endpoints, may point. What the operator
/// configures is trusted and not checked against this.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Egress {
    /// Host names; `*.` at the head stands for every name below.
    pub allow: Vec<String>,
    /// Lets them be loopback, link-local or private addresses, for a provider in one's own network.
    pub allow_private: bool,
}

impl Default for Egress {
    fn default() -> Self {
        let azure = ["openai.azure.com", "cognitiveservices.azure.com", "services.ai.azure.com"];
        Self {
            allow: azure.iter().map(|parent| format!("*.{parent}")).collect(),
            allow_private: false,
        }
    }
}

impl EngineConfig {
    /// The house key of each provider that has one.
    pub fn house_keys(&self) -> impl Iterator<Item = (&'static str, &SecretString)> {
        let Providers { openai, anthropic, google, azure } = &self.providers;
        [
            ("openai", &openai.api_key),
            ("anthropic", &anthropic.api_key),
            ("google", &google.api_key),
            ("azure", &azure.api_key),
        ]
        .into_iter()
        .filter_map(|(name, key)| Some((name, key.as_ref()?)))
    }

    pub(super) fn provider_problems(&self, problems: &mut Vec<String>) {
        let Providers { openai, anthropic, google, azure } = &self.providers;
        for (name, server) in [("openai", openai), ("anthropic", anthropic), ("google", google)] {
            if !server.base_url.is_empty()
                && let Some(problem) =
                    base_url_problem(&server.base_url, server.allow_plaintext_http)
            {
                problems.push(format!("providers.{name}.base_url: {problem}"));
            }
        }
        if let Some(endpoint) = &azure.endpoint
            && let Some(problem) = base_url_problem(endpoint, azure.allow_plaintext_http)
        {
            problems.push(format!("providers.azure.endpoint: {problem}"));
        }
        for (name, key) in self.house_keys() {
            if !fits_a_header(key) {
                problems.push(format!(
                    "providers.{name}.api_key: is empty, or holds white space or characters \
                     outside ASCII; copy the key again"
                ));
            }
        }
        for host in &self.egress.allow {
            let name = host.strip_prefix("*.").unwrap_or(host);
            if name.is_empty() || name.contains(['*', '/', ':', '@']) {
                problems.push(format!(
                    "egress.allow: `{host}` is neither a host name nor `*.` and a host name"
                ));
            }
        }
    }
}

/// Found here and not by the first caller, who could do nothing about it.
fn fits_a_header(key: &SecretString) -> bool {
    let key = key.expose_secret();
    !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_graphic())
}

/// Keys go to this address, so it is held to a strict shape.
fn base_url_problem(url: &str, allow_plaintext: bool) -> Option<&'static str> {
    let (scheme, rest) = match url.split_once("://") {
        Some((scheme @ ("http" | "https"), rest)) => (scheme, rest),
        _ => return Some("must start with https:// (or http:// for this machine)"),
    };
    let authority = rest.split('/').next().unwrap_or_default();
    if authority.is_empty() || rest.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Some("has no host, or holds white space");
    }
    if authority.contains('@') {
        return Some("must not hold credentials; use api_key");
    }
    if rest.contains(['?', '#']) {
        return Some("must not hold a query or a fragment");
    }
    let (host, port) = match authority.strip_prefix('[') {
        Some(v6) => v6.split_once(']').unwrap_or_default(),
        None => authority.split_at(authority.find(':').unwrap_or(authority.len())),
    };
    let port_is_sound = match port.strip_prefix(':') {
        Some(port) => port.parse::<u16>().is_ok_and(|port| port > 0),
        None => port.is_empty(),
    };
    if host.is_empty() || !port_is_sound {
        return Some("has no host, or a port that is not 1 to 65535");
    }
    let loopback = host == "localhost"
        || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback());
    if scheme == "http" && !loopback && !allow_plaintext {
        return Some("would send keys in the clear; use https, or set allow_plaintext_http = true");
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_section_that_only_has_a_key_keeps_the_vendors_address() {
        let config: EngineConfig = toml::from_str(
            "[providers.anthropic]\napi_key = 'sk-x'\n[providers.google]\nbase_url = 'https://g.example.org/v1/'\n\
             [providers.azure]\nendpoint = 'https://mine.openai.azure.com/'\n\
             deployments = { gpt-4o = 'big' }\n",
        )
        .unwrap();
        assert_eq!(config.problems(), Vec::<String>::new());
        let place = |name| config.providers.place(name);
        assert_eq!(place("anthropic").unwrap().base_url, "https://api.anthropic.com/v1");
        assert_eq!(place("google").unwrap().base_url, "https://g.example.org/v1");
        let azure = place("azure").unwrap();
        assert_eq!(azure.base_url, "https://mine.openai.azure.com");
        assert_eq!((azure.deployment("gpt-4o"), azure.deployment("o9")), ("big", "o9"));
        assert_eq!(Providers::default().place("azure"), None);
        assert_eq!(config.house_keys().map(|(name, _)| name).collect::<Vec<_>>(), ["anthropic"]);
    }

    #[test]
    fn every_provider_is_checked() {
        let config: EngineConfig = toml::from_str(
            "[providers.anthropic]\nbase_url = 'http://example.org'\napi_key = 'a b'\n\
             [providers.google]\nbase_url = 'nowhere'\n[providers.azure]\nendpoint = 'x'\n\
             [egress]\nallow = ['https://x', '*.*']\n",
        )
        .unwrap();
        let problems = config.problems().join("\n");
        for part in [
            "providers.anthropic.base_url",
            "providers.anthropic.api_key",
            "providers.google.base_url",
            "providers.azure.endpoint",
            "`https://x`",
            "`*.*`",
        ] {
            assert!(problems.contains(part), "{part} in {problems}");
        }
    }

    #[test]
    fn base_urls_that_would_leak_or_mislead_are_refused() {
        for url in [
            "ftp://api.example.org/v1",
            "api.example.org/v1",
            "https://",
            "https://user:secret@api.example.org/v1",
            "https://api.example.org/v1?key=1",
            "https://api.example.org/v1#x",
            "http://api.example.org/v1",
            "http://127.0.0.1.example.org/v1",
            "https://api.example .org/v1",
            "https://:443/v1",
            "https://api.example.org:443x/v1",
            "https://api.example.org:65536/v1",
            "https://api.example.org:0/v1",
            "https://[::1/v1",
            "https://[::1]x/v1",
        ] {
            assert!(base_url_problem(url, false).is_some(), "{url}");
        }
        for url in [
            "https://api.example.org/v1",
            "http://127.0.0.1:8000/v1",
            "http://[::1]:8000/v1",
            "http://localhost:8000",
        ] {
            assert_eq!(base_url_problem(url, false), None, "{url}");
        }
        assert_eq!(base_url_problem("http://simulator:8000/v1", true), None);
    }
}
