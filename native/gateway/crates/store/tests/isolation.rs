//! Two tenants never see, change or remove each other's rows.
mod support;

use convergio_store::{
    AuditFilter, Conflict, NewKey, NewSession, NewToken, Role, Store, StoreError, Tenant, TokenId,
    UsageBy, UsageCursor,
};
use proptest::prelude::*;
use support::{Furnished, NOW, all_usage, fresh, furnish, login, user, version};

/// Everything of one tenant, as text.
async fn view(of: Tenant<'_>, at: &Furnished) -> String {
    let everything = AuditFilter {
        kind: None,
        user: None,
        from: i64::MIN,
        to: i64::MAX,
        before: i64::MAX,
        limit: 100,
    };
    format!(
        "{:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?}",
        of.users().await.expect("users"),
        of.tokens(&at.user).await.expect("tokens"),
        of.keys().await.expect("keys"),
        of.versions().await.expect("versions"),
        of.usable(&at.key, NOW).await.expect("usable"),
        of.sealed_otherwise(9, 100).await.expect("sealed"),
        of.settings().await.expect("settings"),
        of.usage(UsageBy::Key, &all_usage()).await.expect("usage"),
        of.usage_events(&all_usage(), &UsageCursor::start(), 100).await.expect("events"),
        of.usable_providers(&at.user, NOW).await.expect("providers"),
        of.audit(&everything).await.expect("audit"),
        of.audit_after(0, 100).await.expect("audit"),
        of.audit_head().await.expect("a head"),
    )
}

/// One thing somebody does as tenant `mine` with the ids of tenant `theirs`.
async fn trespass(store: &Store, mine: &Furnished, theirs: &Furnished, what: u8) {
    let of = store.tenant(&mine.tenant);
    let hash = [99; 32];
    // Whether it is refused or finds nothing does not matter here: what counts is that the other
    // tenant's rows are as they were, which the caller compares.
    let _ = match what {
        0 => of.set_standing(&theirs.user, Role::User, Some(NOW)).await,
        1 => of.set_password(&theirs.user, "$argon2id$none", "x").await,
        2 => of.end_session(&theirs.session).await.map(drop),
        3 => of.end_sessions(&theirs.user).await.map(drop),
        4 => of.revoke_token(&theirs.user, &theirs.token, NOW).await,
        5 => of.touch_token(&theirs.token, NOW).await,
        6 => of.rename_key(&theirs.key, "mine now").await,
        7 => of.set_tested(&theirs.key, 1, "ok", NOW).await,
        8 => {
            let next = version(b"mine", "ffffffffffffffff");
            of.rotate_key(&theirs.key, 1, next, None, NOW).await.map(drop)
        }
        9 => of.remove_key(&theirs.key).await.map(drop),
        10 => of.revoke(&theirs.key, None, NOW).await.map(drop),
        11 => of.revoke_outlived(i64::MAX).await.map(drop),
        12 => {
            let read = store.tenant(&theirs.tenant).usable(&theirs.key, NOW).await.expect("theirs");
            of.reseal(&read[0], b"mine", 2).await.map(drop)
        }
        13 => {
            let read = store.tenant(&theirs.tenant).versions().await.expect("theirs");
            of.set_reminded(&read[0], "overdue").await
        }
        14 => {
            let id = TokenId::new(NOW);
            let (user, scopes) = (&theirs.user, "admin");
            let token =
                NewToken { id: &id, user, name: "n", secret_hash: &hash, scopes, expires_at: None };
            of.add_token(token, NOW).await
        }
        15 => {
            let session = NewSession {
                token_hash: &hash,
                user: &theirs.user,
                expires_at: NOW + 1,
                ip: "",
                device: "",
            };
            of.open_session(session, NOW).await
        }
        16 => {
            let new = NewKey {
                id: &theirs.key,
                user: &mine.user,
                provider: "openai",
                name: "n",
                endpoint: None,
            };
            of.add_key(new, version(b"mine", "eeeeeeeeeeeeeeee"), NOW).await
        }
        17 => {
            let rows = [(mine.tenant.clone(), login(&theirs.user))];
            store.append_audit(&rows, &support::Plain).await.map(drop)
        }
        18 => of.forget_reminders().await,
        _ => of.set_setting("mark", "mine", NOW).await,
    };
}

#[tokio::test]
async fn what_a_tenant_sees_is_its_own() {
    let fresh = fresh().await;
    let (one, two) = (furnish(&fresh.store, 1).await, furnish(&fresh.store, 2).await);
    let seen = view(fresh.store.tenant(&one.tenant), &one).await;
    assert!(seen.contains(one.user.as_str()) && seen.contains(one.key.as_str()), "{seen}");
    for foreign in [two.tenant.as_str(), two.user.as_str(), two.key.as_str(), "2@example.org"] {
        assert!(!seen.contains(foreign), "{foreign} in {seen}");
    }
    let of = fresh.store.tenant(&one.tenant);
    assert!(of.user(&two.user).await.expect("answers").is_none());
    assert!(of.key(&two.key).await.expect("answers").is_none());
    assert!(of.usable(&two.key, NOW).await.expect("answers").is_empty());
    assert!(of.usable_for(&two.user, "openai", NOW).await.expect("answers").is_empty());
    assert!(of.tokens(&two.user).await.expect("answers").is_empty());
}

#[tokio::test]
async fn a_row_cannot_point_across_tenants() {
    let fresh = fresh().await;
    let (one, two) = (furnish(&fresh.store, 1).await, furnish(&fresh.store, 2).await);
    let of = fresh.store.tenant(&one.tenant);
    let id = convergio_store::KeyId::new(NOW);
    let new = NewKey { id: &id, user: &two.user, provider: "openai", name: "n", endpoint: None };
    let refused = of.add_key(new, version(b"s", "eeeeeeeeeeeeeeee"), NOW).await;
    assert!(matches!(refused, Err(StoreError::Conflict(Conflict::Value))), "{refused:?}");
    let taken = of.add_user(user("2@EXAMPLE.org", Role::User), NOW).await;
    assert!(matches!(taken, Err(StoreError::Conflict(Conflict::Email))), "{taken:?}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..Default::default() })]

    #[test]
    fn no_sequence_of_calls_as_one_tenant_touches_another(
        calls in prop::collection::vec((any::<bool>(), 0_u8..20), 1..24),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async {
            let fresh = fresh().await;
            let rooms = [furnish(&fresh.store, 1).await, furnish(&fresh.store, 2).await];
            for (first, what) in calls {
                let (mine, theirs) = if first { (&rooms[0], &rooms[1]) } else { (&rooms[1], &rooms[0]) };
                let before = view(fresh.store.tenant(&theirs.tenant), theirs).await;
                let session = fresh.store.session(&theirs.session, NOW).await.expect("answers");
                trespass(&fresh.store, mine, theirs, what).await;
                let after = view(fresh.store.tenant(&theirs.tenant), theirs).await;
                prop_assert_eq!(before, after, "call {}", what);
                let still = fresh.store.session(&theirs.session, NOW).await.expect("answers");
                prop_assert_eq!(session, still, "call {}", what);
            }
            Ok(())
        })?;
    }
}
