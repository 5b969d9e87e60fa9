//! Ids: UUIDs of version 7, so that rows made one after the other lie one after the other.
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::{NoContext, Timestamp, Uuid};

use crate::Millis;

/// Text that is no id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an id: 36 characters of a UUID in lower case are expected")]
pub struct BadId;

fn new_text(now: Millis) -> String {
    let seconds = u64::try_from(now.div_euclid(1000)).unwrap_or(0);
    let nanos = u32::try_from(now.rem_euclid(1000) * 1_000_000).unwrap_or(0);
    Uuid::new_v7(Timestamp::from_unix(NoContext, seconds, nanos)).hyphenated().to_string()
}

fn parse(text: &str) -> Result<String, BadId> {
    let id = Uuid::try_parse(text).map_err(|_| BadId)?;
    // One spelling only: two spellings of one id would be two keys in the database.
    let canonical = id.hyphenated().to_string();
    if canonical == text { Ok(canonical) } else { Err(BadId) }
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(try_from = "String")]
        pub struct $name(String);

        impl $name {
            /// A fresh id, made at `now` by the caller's clock.
            pub fn new(now: Millis) -> Self {
                Self(new_text(now))
            }

            /// The id as it stands in the database.
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// An id read from the database.
            #[allow(dead_code)]
            pub(crate) fn stored(text: String) -> Self {
                Self(text)
            }
        }

        impl FromStr for $name {
            type Err = BadId;

            fn from_str(text: &str) -> Result<Self, BadId> {
                parse(text).map(Self)
            }
        }

        impl TryFrom<String> for $name {
            type Error = BadId;

            fn try_from(text: String) -> Result<Self, BadId> {
                text.parse()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

id! {
    /// A tenant: the people and keys that may see each other.
    TenantId
}
id! {
    /// A person.
    UserId
}
id! {
    /// A personal API token; public, the secret is apart.
    TokenId
}
id! {
    /// A provider key, over all its versions.
    KeyId
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_made_later_sort_later_and_survive_text() {
        let (early, late) = (TenantId::new(1_700_000_000_000), TenantId::new(1_700_000_000_001));
        assert!(early < late);
        assert_eq!(early.to_string().parse::<TenantId>(), Ok(early));
    }

    #[test]
    fn one_id_has_one_spelling() {
        let id = KeyId::new(1_700_000_000_000).to_string();
        for other in [id.to_uppercase(), id.replace('-', ""), format!("{{{id}}}"), String::new()] {
            assert_eq!(other.parse::<KeyId>(), Err(BadId), "{other}");
        }
    }
}
