//! Which edition was built, and what it allows.
use convergio_core_sys::edition as sys;
use convergio_core_sys::status::CORE_OK;

use crate::status::static_text;

/// One of the four builds of the core.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edition {
    /// Everything on, widest limits.
    Master,
    /// Learners: local first, capped size and spending.
    Education,
    /// Teams: earlier alerts, audit demanded.
    Business,
    /// Tool builders: verbose reasons, large plans.
    Developer,
}

/// How strictly a query must stay on this machine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Privacy {
    /// Cloud and local alike.
    #[default]
    Any,
    /// A local model that is good enough goes first.
    PreferLocal,
    /// Nothing leaves the machine.
    LocalOnly,
}

/// What an edition has switched on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Features(u32);

impl Features {
    /// House keys may serve callers who bring none.
    pub fn reserved_capacity(self) -> bool {
        self.0 & sys::CORE_FEATURE_RESERVED_CAPACITY != 0
    }

    /// The host must refuse to run without its audit log.
    pub fn audit_required(self) -> bool {
        self.0 & sys::CORE_FEATURE_AUDIT_REQUIRED != 0
    }

    /// Route explanations are verbose by default.
    pub fn verbose_reasons(self) -> bool {
        self.0 & sys::CORE_FEATURE_VERBOSE_REASONS != 0
    }
}

/// Defaults and limits of an edition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Profile {
    /// `master`, `education`, `business` or `developer`.
    pub name: &'static str,
    /// The name for people.
    pub title: &'static str,
    /// What is switched on.
    pub features: Features,
    /// Privacy unless the caller says otherwise.
    pub default_privacy: Privacy,
    /// Longest text of one query, in bytes.
    pub max_query_bytes: u64,
    /// Ceiling of one answer, in tokens.
    pub max_output_tokens: u64,
    /// What one query may cost at most, nano-dollars; `i64::MAX` is no cap.
    pub max_query_cost: i64,
    /// Most nodes of one agent plan.
    pub max_plan_nodes: u32,
}

impl Edition {
    /// The edition of the linked core.
    pub fn current() -> Self {
        // SAFETY: takes nothing, returns a number.
        match unsafe { sys::core_edition_current() } {
            sys::CORE_EDITION_EDUCATION => Self::Education,
            sys::CORE_EDITION_BUSINESS => Self::Business,
            sys::CORE_EDITION_DEVELOPER => Self::Developer,
            // The core refuses to compile with any fifth number.
            _ => Self::Master,
        }
    }

    /// Its defaults and limits.
    pub fn profile(self) -> Profile {
        let number = match self {
            Self::Master => sys::CORE_EDITION_MASTER,
            Self::Education => sys::CORE_EDITION_EDUCATION,
            Self::Business => sys::CORE_EDITION_BUSINESS,
            Self::Developer => sys::CORE_EDITION_DEVELOPER,
        };
        let mut profile = std::ptr::null();
        // SAFETY: `profile` is a valid place.
        let status = unsafe { sys::core_edition_profile_of(number, &mut profile) };
        assert_eq!(status, CORE_OK, "the core knows every edition of its own header");
        // SAFETY: on success a pointer to static storage was written.
        let profile = unsafe { &*profile };
        Profile {
            // SAFETY: documented as static storage, never NULL.
            name: unsafe { static_text(profile.name) },
            // SAFETY: as above.
            title: unsafe { static_text(profile.title) },
            features: Features(profile.features),
            default_privacy: Privacy::from_core(profile.default_privacy),
            max_query_bytes: profile.max_query_bytes,
            max_output_tokens: profile.max_output_tokens,
            max_query_cost: profile.max_query_cost,
            max_plan_nodes: profile.max_plan_nodes,
        }
    }
}

impl Privacy {
    /// The stricter of two demands.
    #[must_use]
    pub fn stricter(self, other: Self) -> Self {
        if self.as_core() >= other.as_core() { self } else { other }
    }

    pub(crate) fn as_core(self) -> sys::core_privacy {
        match self {
            Self::Any => sys::CORE_PRIVACY_ANY,
            Self::PreferLocal => sys::CORE_PRIVACY_PREFER_LOCAL,
            Self::LocalOnly => sys::CORE_PRIVACY_LOCAL_ONLY,
        }
    }

    /// A number outside the enumeration becomes the strictest demand: privacy fails closed.
    fn from_core(number: sys::core_privacy) -> Self {
        match number {
            sys::CORE_PRIVACY_ANY => Self::Any,
            sys::CORE_PRIVACY_PREFER_LOCAL => Self::PreferLocal,
            _ => Self::LocalOnly,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_edition_has_its_own_name() {
        let names: Vec<_> =
            [Edition::Master, Edition::Education, Edition::Business, Edition::Developer]
                .map(|edition| edition.profile().name)
                .to_vec();
        assert_eq!(names, ["master", "education", "business", "developer"]);
    }

    #[test]
    fn this_build_is_the_edition_it_was_asked_to_be() {
        let asked = option_env!("CONVERGIO_EDITION").unwrap_or("master");
        assert_eq!(Edition::current().profile().name, asked);
    }
}
