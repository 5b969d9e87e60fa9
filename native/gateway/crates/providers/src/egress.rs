//! Where a key may be sent when a caller, not the operator, says where.
//!
//! An address must be `https`, on the allowlist, and every address its name stands for must be a
//! public one. The connection goes to the very addresses that were checked, so that a name which
//! changes between check and connection gains nothing.
//! Source of the ranges: the IANA special-purpose address registries (RFC 6890 and its updates).
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use convergio_wire::config::Egress;
use convergio_wire::{ErrorCode, Failure};
use reqwest::Url;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

/// The rule for addresses that callers supply.
#[derive(Clone, Debug)]
pub struct Guard {
    allow: Vec<String>,
    allow_private: bool,
}

impl Guard {
    /// The rule of a configuration.
    pub fn new(egress: &Egress) -> Self {
        Self {
            allow: egress.allow.iter().map(|host| host.to_ascii_lowercase()).collect(),
            allow_private: egress.allow_private,
        }
    }

    /// Checks a base URL before it is kept, and again before it is used.
    ///
    /// # Errors
    /// `request.invalid`, saying what is wrong with it.
    pub fn check(&self, base_url: &str) -> Result<(), Failure> {
        let refused = |why: &str| {
            Failure::invalid("endpoint", format!("the provider's address {why}; correct it"))
        };
        // The client's own parser: `https://0x7f.1` is the loopback address in either.
        let url = Url::parse(base_url).map_err(|_| refused("is not a URL"))?;
        if url.scheme() != "https" {
            return Err(refused("must start with https://"));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(refused("must not hold credentials"));
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(refused("must not hold a query or a fragment"));
        }
        let host = url.host_str().unwrap_or_default().trim_end_matches('.').to_ascii_lowercase();
        let literal = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
        if literal.is_ok_and(|address| !self.permits(address)) {
            return Err(refused("is not a public one"));
        }
        if !self.allow.iter().any(|pattern| matches(pattern, &host)) {
            return Err(refused(
                "is not on this gateway's allowlist (`egress.allow`); ask its operator",
            ));
        }
        Ok(())
    }

    fn permits(&self, address: IpAddr) -> bool {
        self.allow_private || is_public(address)
    }

    /// Looks names up for the client, and refuses those that stand for what is not public.
    pub(crate) fn resolver(&self) -> Arc<Resolver> {
        Arc::new(Resolver(self.clone()))
    }
}

/// `*.example.org` stands for every name below it, but not for itself.
fn matches(pattern: &str, host: &str) -> bool {
    match pattern.strip_prefix("*.") {
        Some(parent) => host
            .strip_suffix(parent)
            .and_then(|below| below.strip_suffix('.'))
            .is_some_and(|below| !below.is_empty()),
        None => pattern == host,
    }
}

/// A guard as the client's resolver.
#[derive(Debug)]
pub(crate) struct Resolver(Guard);

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let guard = self.0.clone();
        Box::pin(async move {
            let found: Vec<SocketAddr> =
                tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            // One that is not public spoils the name: nothing honest answers with both.
            if found.iter().any(|address| !guard.permits(address.ip())) {
                let failure = Failure::new(
                    ErrorCode::RequestInvalid,
                    "the name stands for an address that is not public",
                );
                return Err(failure.into());
            }
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}

/// Whether an address belongs to the public Internet.
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let special = match (a, b, c) {
        // This network, private, loopback, link-local, shared with the carrier.
        (0 | 10 | 127, ..) | (169, 254, _) | (192, 168, _) => true,
        (172, 16..=31, _) | (100, 64..=127, _) => true,
        // Protocol assignments, documentation, 6to4 relays, benchmarks.
        (192, 0, 0 | 2) | (192, 88, 99) | (198, 18..=19, _) | (198, 51, 100) | (203, 0, 113) => {
            true
        }
        // Multicast, reserved, broadcast.
        (224.., ..) => true,
        _ => false,
    };
    !special
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    if let Some(mapped) = address.to_ipv4_mapped() {
        return is_public_v4(mapped);
    }
    let [a, b, c, d, e, f, g, h] = address.segments();
    let embedded = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        is_public_v4(Ipv4Addr::new(a, b, c, d))
    };
    match (a, b) {
        // Translated from IPv4: as public as what is inside.
        (0x64, 0xff9b) if [c, d, e, f] == [0; 4] => embedded(g, h),
        (0x2002, high) => embedded(high, c),
        // Documentation, benchmarks, tunnels and other protocol assignments.
        (0x2001, 0x0db8) | (0x2001, 0..=0x01ff) => false,
        (0x3fff, 0..=0x0fff) => false,
        // All that is given out to anybody lies in 2000::/3.
        _ => (0x2000..=0x3fff).contains(&a),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guard(allow: &[&str], allow_private: bool) -> Guard {
        let allow = allow.iter().map(|&host| host.to_owned()).collect();
        Guard::new(&Egress { allow, allow_private })
    }

    #[test]
    fn what_is_not_public_is_told_from_what_is() {
        for address in [
            "0.0.0.0",
            "10.1.2.3",
            "127.0.0.1",
            "169.254.169.254",
            "172.31.255.255",
            "192.168.0.1",
            "100.64.0.1",
            "192.0.0.1",
            "198.18.0.1",
            "198.51.100.7",
            "203.0.113.9",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "fe80::1",
            "fc00::1",
            "fd12:3456::1",
            "ff02::1",
            "2001:db8::1",
            "64:ff9b::7f00:1",
            "2002:7f00:1::",
            "2001::1",
            "::7f00:1",
            "64:ff9b:1::1",
            "3fff::1",
        ] {
            assert!(!is_public(address.parse().unwrap()), "{address}");
        }
        for address in [
            "1.1.1.1",
            "8.8.8.8",
            "172.32.0.1",
            "100.128.0.1",
            "20.50.60.70",
            "2606:4700::1111",
            "::ffff:8.8.8.8",
            "64:ff9b::808:808",
            "2603:1030::1",
            "2002:808:808::",
        ] {
            assert!(is_public(address.parse().unwrap()), "{address}");
        }
    }

    #[test]
    fn only_allowed_names_over_https_pass() {
        let guard =
            guard(&["*.openai.azure.com", "one.example.org", "127.0.0.1", "8.8.8.8"], false);
        for url in [
            "https://mine.openai.azure.com",
            "https://MINE.openai.azure.com/",
            "https://a.b.openai.azure.com",
            "https://one.example.org:8443/path",
            "https://8.8.8.8",
        ] {
            assert_eq!(guard.check(url), Ok(()), "{url}");
        }
        for url in [
            "http://mine.openai.azure.com",
            "https://openai.azure.com",
            "https://mineopenai.azure.com",
            "https://.openai.azure.com",
            "https://mine.openai.azure.com.example.org",
            "https://mine.openai.azure.com@example.org",
            "https://user@mine.openai.azure.com",
            "https://mine.openai.azure.com?x=1",
            "https://mine.openai.azure.com#x",
            "https://two.example.org",
            "https://127.0.0.1",
            "https://0x7f.1",
            "https://2130706433",
            "https://[::1]",
            "https://localhost",
            "nonsense",
        ] {
            let failure = guard.check(url).expect_err(url);
            assert_eq!(failure.code, ErrorCode::RequestInvalid, "{url}");
        }
    }

    #[tokio::test]
    async fn a_name_that_stands_for_this_machine_is_refused_when_it_is_looked_up() {
        let lookup = |private| {
            let resolver = guard(&["localhost"], private).resolver();
            async move {
                resolver.resolve("localhost".parse().unwrap()).await.map(|found| found.count())
            }
        };
        assert!(lookup(false).await.is_err());
        assert!(lookup(true).await.unwrap() > 0);
    }
}
