//! Words of the API that are one of a few, for the document alone: what they mean is decided where
//! they are parsed.
use utoipa::ToSchema;

/// What a person is to their tenant.
#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
#[allow(dead_code, reason = "only its schema is used")]
pub(crate) enum RoleName {
    /// Chats, and manages their own keys and tokens.
    User,
    /// Manages people, keys and settings.
    Admin,
    /// Reads usage and the audit log, changes nothing.
    Auditor,
}

/// What a token is good for.
#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
#[allow(dead_code, reason = "only its schema is used")]
pub(crate) enum ScopeName {
    /// Asking models.
    Chat,
    /// Provider keys.
    Keys,
    /// Usage and cost.
    Usage,
    /// People and settings.
    Admin,
    /// The audit log.
    Audit,
}

/// Whose keys can be brought.
#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
#[allow(dead_code, reason = "only its schema is used")]
pub(crate) enum ProviderName {
    Openai,
    Anthropic,
    Google,
    Azure,
}

/// Where a version of a key is in its life.
#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
#[allow(dead_code, reason = "only its schema is used")]
pub(crate) enum StateName {
    /// The one in force.
    Active,
    /// Replaced, and still good until its window ends.
    Overlapping,
    /// Over; its secret is gone.
    Revoked,
}

/// How urgent a rotation is.
#[derive(ToSchema)]
#[allow(dead_code, reason = "only its schema is used")]
pub(crate) enum StageName {
    #[schema(rename = "due_in_14_days")]
    Fourteen,
    #[schema(rename = "due_in_7_days")]
    Seven,
    #[schema(rename = "due_in_1_day")]
    One,
    #[schema(rename = "overdue")]
    Overdue,
}

/// How near a key is to its monthly limit.
#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
#[allow(dead_code, reason = "only its schema is used")]
pub(crate) enum LevelName {
    /// Below 80 %.
    Normal,
    /// 80 % or more: its owner should know.
    Alert,
    /// 90 % or more: where the choice is the gateway's, it takes a cheaper model.
    Cheaper,
    /// Nothing is left.
    Blocked,
}

/// For what is only said when it is so.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
pub(crate) fn is_not(it: &bool) -> bool {
    !it
}

#[cfg(test)]
mod tests {
    use convergio_control::{Role, Scope};
    use convergio_wire::catalog::PROVIDERS;
    use serde_json::{Value, json};
    use utoipa::PartialSchema;

    use super::*;

    fn words<T: PartialSchema>() -> Vec<String> {
        let schema = json!(T::schema());
        let listed = schema["enum"].as_array().map(Vec::as_slice).unwrap_or_default();
        let described = schema["oneOf"].as_array().map(Vec::as_slice).unwrap_or_default();
        let one = |value: &Value| value.as_str().map(str::to_owned);
        let found = listed.iter().filter_map(one);
        let found = found.chain(described.iter().filter_map(|it| one(&it["enum"][0])));
        let mut found: Vec<_> = found.collect();
        found.sort();
        found
    }

    fn sorted<'a>(words: impl IntoIterator<Item = &'a str>) -> Vec<String> {
        let mut words: Vec<_> = words.into_iter().map(str::to_owned).collect();
        words.sort();
        words
    }

    #[test]
    fn the_document_knows_the_words_that_are_parsed() {
        assert_eq!(words::<ProviderName>(), sorted(PROVIDERS));
        assert_eq!(words::<ScopeName>(), sorted(Scope::ALL.map(Scope::as_str)));
        for role in words::<RoleName>() {
            assert!(role.parse::<Role>().is_ok(), "{role}");
        }
        assert_eq!(
            words::<StageName>(),
            sorted(["due_in_14_days", "due_in_7_days", "due_in_1_day", "overdue"])
        );
    }
}
