//! What this build is: the same facts for `version`, `/healthz`, `/metrics`.
use serde::Serialize;
use utoipa::ToSchema;

/// The version of the gateway, SemVer.
pub(crate) const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Versions of the gateway and of the C core inside it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct About {
    /// `convergio-gateway`.
    pub(crate) name: &'static str,
    /// SemVer of the gateway.
    #[schema(example = "7.0.0-rc1")]
    pub(crate) version: &'static str,
    /// `master`, `education`, `business` or `developer`.
    pub(crate) edition: &'static str,
    /// SemVer of the C core, as the linked library reports it.
    pub(crate) core_version: &'static str,
    /// ABI of the C core, as the linked library reports it.
    pub(crate) core_abi: u32,
}

impl About {
    pub(crate) fn this_build() -> Self {
        Self {
            name: "convergio-gateway",
            version: VERSION,
            edition: convergio_core::Edition::current().profile().name,
            core_version: convergio_core::version(),
            core_abi: convergio_core::abi_version(),
        }
    }
}
