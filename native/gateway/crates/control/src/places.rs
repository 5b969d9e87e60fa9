//! Providers as the control plane sees them, and where one is for those who give each customer an
//! address of their own.
use convergio_wire::Failure;
use convergio_wire::catalog::PROVIDERS;
use convergio_wire::config::Place;
use secrecy::SecretString;

use crate::error::{ControlError, Result};

/// What the control plane asks of providers. Whoever runs it brings this along.
pub trait Providers: Send + Sync {
    /// The models that a key may ask: it costs nothing, and fails as any call would.
    fn models(
        &self,
        provider: &str,
        secret: &SecretString,
        place: Option<&Place>,
    ) -> impl Future<Output = Result<Vec<String>, Failure>> + Send;

    /// Must a key for this provider come with its place? Only where the operator named none.
    fn needs_place(&self, provider: &str) -> bool;

    /// May a key be sent there? The rule for addresses that callers supply.
    ///
    /// # Errors
    /// `request.invalid` for `endpoint`.
    fn permits(&self, place: &Place) -> Result<(), Failure>;
}

/// The provider that gives each customer an address.
const WITH_PLACES: &str = "azure";

/// The longest address, and the longest of the words beside it.
const LONGEST: (usize, usize) = (500, 100);

/// So many deployments may be named.
const DEPLOYMENTS: usize = 200;

/// Refuses a provider that is unknown, and a place that is missing, superfluous or not permitted.
pub(crate) fn check(
    providers: &impl Providers,
    provider: &str,
    place: Option<&Place>,
) -> Result<()> {
    if !PROVIDERS.contains(&provider) {
        let message = format!("`provider` must be one of {}", PROVIDERS.join(", "));
        return Err(ControlError::invalid("provider", message));
    }
    let refused = |message: String| Err(ControlError::invalid("endpoint", message));
    match place {
        None if providers.needs_place(provider) => refused(format!(
            "{provider} gives each customer an address: send it as `endpoint`, such as \
             {{\"endpoint\": \"https://name.openai.azure.com\"}}"
        )),
        None => Ok(()),
        Some(_) if provider != WITH_PLACES => {
            refused(format!("{provider} has one address for everybody; leave `endpoint` out"))
        }
        Some(place) => {
            sane(place).or_else(|what| refused(format!("`endpoint`: {what}")))?;
            Ok(providers.permits(place)?)
        }
    }
}

/// What goes into addresses and headers is short and plain.
fn sane(place: &Place) -> Result<(), &'static str> {
    let Place { base_url, api_version, region, deployments } = place;
    let plain = |text: &str| {
        let letter = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        (1..=LONGEST.1).contains(&text.len()) && text.bytes().all(letter)
    };
    if base_url.len() > LONGEST.0 {
        return Err("the address is too long");
    }
    if ![api_version, region].into_iter().flatten().all(|text| plain(text)) {
        return Err("`api_version` and `region` are letters, digits, `-`, `_` and `.`");
    }
    let named = deployments.iter().all(|(model, deployment)| plain(model) && plain(deployment));
    if !named || deployments.len() > DEPLOYMENTS {
        return Err("`deployments` names the deployment of each model, in plain words");
    }
    Ok(())
}

/// A place as it is kept beside a key.
pub(crate) fn write(place: &Place) -> Result<String> {
    serde_json::to_string(place).map_err(|_| ControlError::Internal("a place cannot be written"))
}

/// The place that is kept beside a key.
///
/// # Errors
/// `Internal` when somebody wrote past this program into the database.
pub fn read(endpoint: Option<&str>) -> Result<Option<Place>> {
    let damaged = "the place that is kept beside a key is damaged; remove the key and add it again";
    let read = |text| serde_json::from_str(text).map_err(|_| ControlError::Internal(damaged));
    endpoint.map(read).transpose()
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Lenient {
        needs: bool,
    }

    impl Providers for Lenient {
        async fn models(
            &self,
            _: &str,
            _: &SecretString,
            _: Option<&Place>,
        ) -> Result<Vec<String>, Failure> {
            Ok(Vec::new())
        }

        fn needs_place(&self, provider: &str) -> bool {
            self.needs && provider == "azure"
        }

        fn permits(&self, place: &Place) -> Result<(), Failure> {
            let good = place.base_url.starts_with("https://");
            if good { Ok(()) } else { Err(Failure::invalid("endpoint", "no")) }
        }
    }

    fn param(needs: bool, provider: &str, place: Option<Place>) -> Option<String> {
        let refused = check(&Lenient { needs }, provider, place.as_ref()).err()?;
        refused.failure().param
    }

    #[test]
    fn a_place_is_there_where_one_is_needed_and_nowhere_else() {
        let azure = || Some(Place::at("https://a.openai.azure.com"));
        assert_eq!(param(true, "openai", None), None);
        assert_eq!(param(true, "nobody", None).as_deref(), Some("provider"));
        assert_eq!(param(true, "openai", azure()).as_deref(), Some("endpoint"));
        assert_eq!(param(true, "azure", None).as_deref(), Some("endpoint"));
        assert_eq!(param(false, "azure", None), None);
        assert_eq!(param(true, "azure", azure()), None);
        assert_eq!(param(true, "azure", Some(Place::at("http://x"))).as_deref(), Some("endpoint"));
    }

    #[test]
    fn what_goes_into_an_address_is_plain() {
        let odd = |text: &str| {
            let place = Place::at("https://a.openai.azure.com");
            let text = || Some(text.to_owned());
            let version = Place { api_version: text(), ..place.clone() };
            param(true, "azure", Some(version)).is_some()
        };
        assert!(!odd("2024-10-21"));
        for text in ["", "a b", "a/b", "a\nb", "é", &"x".repeat(101)] {
            assert!(odd(text), "{text:?}");
        }
    }

    #[test]
    fn a_place_survives_being_kept() {
        let place = Place::at("https://a.openai.azure.com");
        let kept = write(&place).expect("written");
        assert_eq!(read(Some(&kept)).expect("read"), Some(place));
        assert!(read(Some("{")).is_err());
        assert_eq!(read(None).expect("none"), None);
    }
}
