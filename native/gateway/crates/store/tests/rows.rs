//! What each kind of row promises.
mod support;

use std::collections::HashMap;

use convergio_store::{
    AuditHead, Conflict, KeyId, KeyState, NewKey, NewUser, Role, SetupFor, Store, StoreError,
    UsageBy, UsageCursor, UsageEvent, UsageFilter, UserId,
};
use proptest::prelude::*;
use sqlx::{Connection as _, SqliteConnection};
use support::{NOW, Plain, all_usage, fresh, furnish, login, query, usage, user, version};

fn conflict<T: std::fmt::Debug>(result: Result<T, StoreError>) -> Conflict {
    match result {
        Err(StoreError::Conflict(conflict)) => conflict,
        other => panic!("no conflict: {other:?}"),
    }
}

async fn raw(store: &Store) -> SqliteConnection {
    let url = format!("sqlite://{}", store.path().display());
    SqliteConnection::connect(&url).await.expect("a connection")
}

#[tokio::test]
async fn the_last_administrator_stays_and_who_is_let_out_loses_their_sessions() {
    let fresh = fresh().await;
    let one = furnish(&fresh.store, 1).await;
    let of = fresh.store.tenant(&one.tenant);
    assert_eq!(
        conflict(of.set_standing(&one.user, Role::User, None).await),
        Conflict::LastAdministrator
    );
    assert_eq!(
        conflict(of.set_standing(&one.user, Role::Admin, Some(NOW)).await),
        Conflict::LastAdministrator
    );
    assert!(fresh.store.session(&one.session, NOW).await.expect("answers").is_some());

    of.add_user(user("other@example.org", Role::Admin), NOW).await.expect("another");
    of.set_standing(&one.user, Role::Admin, Some(NOW)).await.expect("now it may go");
    assert!(fresh.store.session(&one.session, NOW).await.expect("answers").is_none());
    assert!(
        fresh.store.token(&one.token).await.expect("answers").is_none(),
        "their token is good for nothing"
    );
}

#[tokio::test]
async fn a_session_ends_at_its_time_and_is_swept() {
    let fresh = fresh().await;
    let one = furnish(&fresh.store, 1).await;
    assert!(fresh.store.session(&one.session, NOW + 999).await.expect("answers").is_some());
    assert!(fresh.store.session(&one.session, NOW + 1000).await.expect("answers").is_none());
    assert_eq!(fresh.store.sweep_sessions(NOW + 1000).await.expect("swept"), 1);
}

#[tokio::test]
async fn a_rehash_does_not_undo_a_new_password() {
    let fresh = fresh().await;
    let one = furnish(&fresh.store, 1).await;
    let of = fresh.store.tenant(&one.tenant);
    of.set_password(&one.user, "$argon2id$none", "new").await.expect("changed");
    assert_eq!(
        conflict(of.set_password(&one.user, "$argon2id$none", "rehash").await),
        Conflict::Changed
    );
}

#[tokio::test]
async fn a_setup_link_works_once_in_time_and_only_while_nobody_administers() {
    let fresh = fresh().await;
    let (old, link, late) = ([1; 32], [2; 32], [3; 32]);
    let claim = |hash| {
        let store = fresh.store.clone();
        async move {
            store.claim_setup_link(&hash, "Home", "a@example.org", "$argon2id$x", NOW + 5).await
        }
    };
    fresh.store.issue_setup_link(&old, SetupFor::First, NOW, NOW + 10).await.expect("issued");
    fresh.store.issue_setup_link(&link, SetupFor::First, NOW, NOW + 10).await.expect("issued");
    assert_eq!(
        conflict(claim(old).await),
        Conflict::SetupLink,
        "void since the next was given out"
    );

    let (one, two) = futures_util::future::join(claim(link), claim(link)).await;
    assert_ne!(one.is_ok(), two.is_ok(), "of two at once, one");
    assert!(fresh.store.has_administrator().await.expect("answers"));
    assert_eq!(fresh.store.tenants().await.expect("tenants").len(), 1);
    fresh.store.issue_setup_link(&late, SetupFor::First, NOW, NOW + 10).await.expect("issued");
    assert_eq!(conflict(claim(late).await), Conflict::SetupLink, "somebody administers already");
}

#[tokio::test]
async fn a_link_for_a_further_tenant_works_once_beside_others_and_although_somebody_administers() {
    let fresh = fresh().await;
    let (early, one, other) = ([1; 32], [2; 32], [3; 32]);
    let issue = |hash, purpose| {
        let store = fresh.store.clone();
        async move { store.issue_setup_link(&hash, purpose, NOW, NOW + 10).await.expect("issued") }
    };
    let claim = |hash, email: &'static str| {
        let store = fresh.store.clone();
        async move { store.claim_setup_link(&hash, "Work", email, "$argon2id$x", NOW + 5).await }
    };
    issue(early, SetupFor::First).await;
    furnish(&fresh.store, 1).await;
    issue(one, SetupFor::Further).await;
    issue(other, SetupFor::Further).await;

    assert_eq!(conflict(claim(early, "e@example.org").await), Conflict::SetupLink);
    let taken = conflict(claim(one, "1@example.org").await);
    assert_eq!(taken, Conflict::Email, "and the link stays good");
    let (first, _) = claim(one, "a@example.org").await.expect("the first of the two");
    let (second, _) = claim(other, "b@example.org").await.expect("and the second");
    assert_ne!(first, second);
    assert_eq!(conflict(claim(one, "c@example.org").await), Conflict::SetupLink, "used up");
    assert_eq!(fresh.store.tenants().await.expect("tenants").len(), 3);
}

#[tokio::test]
async fn an_expired_setup_link_makes_nothing() {
    let fresh = fresh().await;
    fresh.store.issue_setup_link(&[1; 32], SetupFor::First, NOW, NOW + 10).await.expect("issued");
    let late = fresh.store.claim_setup_link(&[1; 32], "Home", "a@example.org", "x", NOW + 10).await;
    assert_eq!(conflict(late), Conflict::SetupLink);
    assert!(fresh.store.tenants().await.expect("tenants").is_empty());
}

#[tokio::test]
async fn a_key_turns_over_with_a_window_and_what_is_revoked_is_gone() {
    let fresh = fresh().await;
    let one = furnish(&fresh.store, 1).await;
    let of = fresh.store.tenant(&one.tenant);
    let states = || async {
        let all = of.versions().await.expect("versions");
        all.iter().map(|version| version.state).collect::<Vec<_>>()
    };
    let next = version(b"second", "bbbbbbbbbbbbbbbb");
    assert_eq!(of.rotate_key(&one.key, 1, next, Some(NOW + 60), NOW).await.expect("rotated"), 2);
    assert_eq!(states().await, [KeyState::Overlapping, KeyState::Active]);
    let usable = of.usable(&one.key, NOW + 59).await.expect("usable");
    assert_eq!(usable.iter().map(|version| version.version).collect::<Vec<_>>(), [2, 1]);
    assert_eq!(of.usable_for(&one.user, "openai", NOW + 60).await.expect("usable").len(), 1);
    assert_eq!(of.revoke_outlived(NOW + 59).await.expect("none"), []);
    assert_eq!(of.revoke_outlived(NOW + 60).await.expect("one"), [(one.key.clone(), 1)]);
    assert_eq!(states().await, [KeyState::Revoked, KeyState::Active]);

    let stale = of.rotate_key(&one.key, 1, version(b"x", "cccccccccccccccc"), None, NOW).await;
    assert_eq!(conflict(stale), Conflict::Changed);
    let same =
        of.rotate_key(&one.key, 2, version(b"x", "bbbbbbbbbbbbbbbb"), Some(NOW + 60), NOW).await;
    assert_eq!(conflict(same), Conflict::SameSecret);
    let third = version(b"third", "cccccccccccccccc");
    of.rotate_key(&one.key, 2, third, None, NOW).await.expect("rotated without a window");
    assert_eq!(states().await, [KeyState::Revoked, KeyState::Revoked, KeyState::Active]);
    assert_eq!(of.revoke(&one.key, None, NOW).await.expect("revoked"), 1);
    let bytes: i64 =
        sqlx::query_scalar("SELECT count(*) FROM key_versions WHERE sealed IS NOT NULL")
            .fetch_one(&mut raw(&fresh.store).await)
            .await
            .expect("a count");
    assert_eq!(bytes, 0, "no sealed secret is left");
    assert!(of.remove_key(&one.key).await.expect("removed"));
    assert!(of.versions().await.expect("versions").is_empty());
}

#[tokio::test]
async fn of_two_rotations_at_once_one_wins() {
    let fresh = fresh().await;
    let one = furnish(&fresh.store, 1).await;
    let of = fresh.store.tenant(&one.tenant);
    let (left, right) = futures_util::future::join(
        of.rotate_key(&one.key, 1, version(b"l", "bbbbbbbbbbbbbbbb"), None, NOW),
        of.rotate_key(&one.key, 1, version(b"r", "cccccccccccccccc"), None, NOW),
    )
    .await;
    assert_ne!(left.is_ok(), right.is_ok());
}

#[tokio::test]
async fn names_and_secrets_are_unique_in_a_tenant_and_free_in_another() {
    let fresh = fresh().await;
    let (one, two) = (furnish(&fresh.store, 1).await, furnish(&fresh.store, 2).await);
    let secret_of_one = format!("{:016x}", 1);
    for (room, name, expected) in [
        (&one, "key 1", Some(Conflict::KeyName)),
        (&one, "another", Some(Conflict::SameSecret)),
        (&two, "key 1", None),
    ] {
        let id = KeyId::new(NOW);
        let new = NewKey { id: &id, user: &room.user, provider: "openai", name, endpoint: None };
        let of = fresh.store.tenant(&room.tenant);
        let done = of.add_key(new, version(b"s", &secret_of_one), NOW).await;
        assert_eq!(expected, expected.map(|_| conflict(done)), "{name}");
    }
}

#[tokio::test]
async fn sealing_anew_loses_against_a_revocation() {
    let fresh = fresh().await;
    let one = furnish(&fresh.store, 1).await;
    let of = fresh.store.tenant(&one.tenant);
    let read = of.sealed_otherwise(2, 10).await.expect("one").remove(0);
    of.revoke(&one.key, Some(1), NOW).await.expect("revoked");
    assert!(!of.reseal(&read, b"anew", 2).await.expect("answers"));
    assert!(fresh.store.master_key_usage().await.expect("usage").is_empty());
}

#[tokio::test]
async fn an_attempt_counts_once_and_a_request_once_for_all_its_attempts() {
    let fresh = fresh().await;
    let one = furnish(&fresh.store, 1).await;
    let again = [usage(&one.tenant, &one.user, "r1", 1), usage(&one.tenant, &one.user, "r1", 2)];
    assert_eq!(fresh.store.add_usage(&again).await.expect("added"), 1);
    let of = fresh.store.tenant(&one.tenant);
    for by in [UsageBy::Key, UsageBy::Day, UsageBy::Model] {
        let within = |from, to| UsageFilter { user: Some(one.user.clone()), from, to };
        let total = of.usage(by, &within(NOW, NOW + 1)).await.expect("sums").remove(0);
        assert_eq!((total.requests, total.attempts, total.cost_nanos), (1, 2, 140), "{by:?}");
        assert!(of.usage(by, &within(NOW + 1, NOW + 2)).await.expect("sums").is_empty());
        let somebody = UsageFilter { user: Some(UserId::new(NOW)), ..all_usage() };
        assert!(of.usage(by, &somebody).await.expect("sums").is_empty());
    }
    let day = of.usage(UsageBy::Day, &all_usage()).await.expect("sums").remove(0);
    assert_eq!((day.group, day.label.as_str()), ((NOW / 86_400_000).to_string(), "2026-09-21"));
    let bad =
        convergio_store::UsageEvent { cost_nanos: -1, ..usage(&one.tenant, &one.user, "r2", 1) };
    let batch = [usage(&one.tenant, &one.user, "r3", 1), bad];
    assert_eq!(conflict(fresh.store.add_usage(&batch).await), Conflict::Value);
    let total = of.usage(UsageBy::Model, &all_usage()).await.expect("sums").remove(0);
    assert_eq!(total.attempts, 2, "all of a batch or nothing");
}

#[tokio::test]
async fn a_key_is_labelled_by_its_name_and_by_its_id_once_it_is_gone() {
    let fresh = fresh().await;
    let one = furnish(&fresh.store, 1).await;
    let of = fresh.store.tenant(&one.tenant);
    let mine = usage(&one.tenant, &one.user, "r2", 1);
    let mine = UsageEvent { key: Some(one.key.clone()), key_version: Some(1), ..mine };
    fresh.store.add_usage(&[mine]).await.expect("added");
    let labels = async || {
        let totals = of.usage(UsageBy::Key, &all_usage()).await.expect("sums");
        totals.into_iter().map(|total| (total.group, total.label)).collect::<Vec<_>>()
    };
    let id = one.key.to_string();
    let unkept = (String::new(), String::new());
    assert_eq!(labels().await, [unkept.clone(), (id.clone(), "openai/key 1".to_owned())]);
    of.remove_key(&one.key).await.expect("removed");
    assert_eq!(labels().await, [unkept, (id.clone(), id)]);
}

#[tokio::test]
async fn attempts_are_listed_newest_first_page_by_page() {
    let fresh = fresh().await;
    let one = furnish(&fresh.store, 1).await;
    let events: Vec<_> = (0..7)
        .map(|at| {
            let event = usage(&one.tenant, &one.user, &format!("p{}", at / 2), 1 + at % 2);
            UsageEvent { occurred_at: NOW + at / 3, ..event }
        })
        .collect();
    fresh.store.add_usage(&events).await.expect("added");
    let of = fresh.store.tenant(&one.tenant);
    let (mut cursor, mut seen) = (UsageCursor::start(), Vec::new());
    loop {
        let page = of.usage_events(&all_usage(), &cursor, 3).await.expect("a page");
        let Some(last) = page.last() else { break };
        cursor = UsageCursor::behind(last).to_string().parse().expect("its own text");
        seen.extend(page);
    }
    let mut wanted = events;
    wanted.push(usage(&one.tenant, &one.user, "r1", 1));
    wanted.sort_by_key(|event| (event.occurred_at, event.request_id.clone(), event.attempt));
    wanted.reverse();
    assert_eq!(seen, wanted);
    assert!("7.x".parse::<UsageCursor>().is_err() && "".parse::<UsageCursor>().is_err());
}

#[tokio::test]
async fn what_a_request_did_is_recorded_whole_or_not_at_all() {
    let fresh = fresh().await;
    let one = furnish(&fresh.store, 1).await;
    let row = |request: &str| (one.tenant.clone(), query(&one.user, request));
    let attempt = |request: &str| usage(&one.tenant, &one.user, request, 1);
    let store = &fresh.store;
    let numbers = store.record(&[attempt("q1")], &[row("q1")], &Plain).await.expect("recorded");
    assert_eq!(numbers, [2], "behind the login");
    let bad = UsageEvent { cost_nanos: -1, ..attempt("q2") };
    assert!(store.record(&[bad], &[row("q2")], &Plain).await.is_err());
    let of = store.tenant(&one.tenant);
    assert_eq!(of.audit_head().await.expect("a head").map(|head| head.seq), Some(2));
    assert_eq!(of.usage(UsageBy::Model, &all_usage()).await.expect("sums")[0].attempts, 2);
    // Through whichever connection: the chain goes on where it ends.
    let next = store.append_audit(&[(one.tenant.clone(), login(&one.user))], &Plain).await;
    assert_eq!(next.expect("added"), [3]);
    assert_eq!(of.usable_providers(&one.user, NOW).await.expect("providers"), ["openai"]);
}

#[tokio::test]
async fn one_attempt_in_one_statement_says_what_a_transaction_says() {
    let (long, short) = (fresh().await, fresh().await);
    let (here, there) = (furnish(&long.store, 1).await, furnish(&short.store, 1).await);
    let here_end = short.store.tenant(&there.tenant);
    for at in 0..3 {
        let request = format!("q{at}");
        let attempt = |one: &support::Furnished| UsageEvent {
            key: Some(one.key.clone()),
            key_version: Some(2),
            region: Some("swedencentral".into()),
            cache_write_long_tokens: 4,
            first_token_ms: Some(9),
            estimated: true,
            ..usage(&one.tenant, &one.user, &request, 1)
        };
        let row = (here.tenant.clone(), query(&here.user, &request));
        long.store.record(&[attempt(&here)], &[row], &Plain).await.expect("recorded");
        let end = here_end.audit_head().await.expect("answers").expect("an end");
        let row = query(&there.user, &request);
        let ends = HashMap::from([(there.tenant.clone(), end)]);
        let next = short.store.record_together(&[(attempt(&there), row)], &ends, &Plain).await;
        let end = here_end.audit_head().await.expect("answers").expect("an end");
        assert_eq!(next.expect("recorded"), HashMap::from([(there.tenant.clone(), end)]));
    }
    let told = async |store: &Store, one: &support::Furnished| {
        let of = store.tenant(&one.tenant);
        let events = of.usage_events(&all_usage(), &UsageCursor::start(), 9).await.expect("events");
        let rows = of.audit_after(0, 9).await.expect("rows");
        let head = of.audit_head().await.expect("a head");
        format!("{events:?} {rows:?} {head:?}")
            .replace(one.tenant.as_str(), "T")
            .replace(one.user.as_str(), "U")
            .replace(one.key.as_str(), "K")
    };
    assert_eq!(told(&long.store, &here).await, told(&short.store, &there).await);
}

#[tokio::test]
async fn one_statement_adds_nothing_behind_an_end_that_is_not_there() {
    let fresh = fresh().await;
    let one = furnish(&fresh.store, 1).await;
    let of = fresh.store.tenant(&one.tenant);
    let end = of.audit_head().await.expect("answers").expect("an end");
    let (attempt, row) = (usage(&one.tenant, &one.user, "q", 1), query(&one.user, "q"));
    let (store, ends) = (&fresh.store, |end| HashMap::from([(one.tenant.clone(), end)]));
    for wrong in [
        AuditHead { seq: end.seq + 1, ..end.clone() },
        AuditHead { seq: end.seq - 1, ..end.clone() },
        AuditHead { digest: vec![9; 32], ..end.clone() },
        AuditHead { seal: vec![9; 32], ..end.clone() },
    ] {
        let record = [(attempt.clone(), row.clone())];
        let refused = store.record_together(&record, &ends(wrong), &Plain).await;
        assert_eq!(conflict(refused), Conflict::AuditIsAppendOnly);
    }
    let record = [(attempt.clone(), row.clone())];
    let unknown = store.record_together(&record, &HashMap::new(), &Plain).await;
    assert_eq!(conflict(unknown), Conflict::AuditIsAppendOnly);
    let bad = UsageEvent { cost_nanos: -1, ..attempt.clone() };
    // All or none: the good one before the bad one is not there either.
    let records = [(attempt.clone(), row.clone()), (bad, row.clone())];
    let refused = store.record_together(&records, &ends(end.clone()), &Plain).await;
    assert_eq!(conflict(refused), Conflict::Value);
    assert_eq!(of.usage(UsageBy::Model, &all_usage()).await.expect("sums")[0].attempts, 1);
    assert_eq!(of.audit_head().await.expect("answers"), Some(end.clone()));
    assert!(!of.is_audited("q", row.occurred_at).await.expect("answers"));
    let twice = [(attempt.clone(), row.clone()), (attempt, row.clone())];
    store.record_together(&twice, &ends(end), &Plain).await.expect("recorded");
    assert!(of.is_audited("q", row.occurred_at).await.expect("answers"));
    let total = of.usage(UsageBy::Model, &all_usage()).await.expect("sums").remove(0);
    assert_eq!(total.attempts, 2, "the same attempt is not counted again");
}

#[tokio::test]
async fn many_tenants_go_together_each_on_its_own_chain() {
    let fresh = fresh().await;
    let (one, other) = (furnish(&fresh.store, 1).await, furnish(&fresh.store, 2).await);
    let mut ends = HashMap::new();
    for tenant in [&one.tenant, &other.tenant] {
        let end = fresh.store.tenant(tenant).audit_head().await.expect("answers").expect("an end");
        ends.insert(tenant.clone(), end);
    }
    let records: Vec<_> = (0..40)
        .map(|at| {
            let whose = if at % 3 == 0 { &one } else { &other };
            let request = format!("q{at}");
            (usage(&whose.tenant, &whose.user, &request, 1), query(&whose.user, &request))
        })
        .collect();
    let next = fresh.store.record_together(&records, &ends, &Plain).await.expect("recorded");
    for (tenant, rows) in [(&one.tenant, 14), (&other.tenant, 26)] {
        let of = fresh.store.tenant(tenant);
        assert_eq!(of.audit_head().await.expect("answers").as_ref(), next.get(tenant));
        assert_eq!(next[tenant].seq, ends[tenant].seq + rows);
        let told = of.audit_after(ends[tenant].seq, 50).await.expect("rows");
        let ids: Vec<_> = told.iter().map(|row| row.columns.request_id.clone()).collect();
        let whose = records.iter().filter(|(attempt, _)| attempt.tenant == *tenant);
        let given: Vec<_> = whose.map(|(attempt, _)| attempt.request_id.clone()).collect();
        assert_eq!(ids, given, "in the order in which they were given");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    /// However often and in whatever pieces events are delivered, each counts once.
    #[test]
    fn a_replay_never_counts_twice(
        deliveries in prop::collection::vec(prop::collection::vec((0_u8..4, 1_i64..4), 1..6), 1..8),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.expect("a runtime").block_on(async {
            let fresh = fresh().await;
            let one = furnish(&fresh.store, 1).await;
            let mut known = std::collections::BTreeSet::from([("r1".to_owned(), 1)]);
            for delivery in deliveries {
                let named = delivery.into_iter().map(|(request, attempt)| (format!("d{request}"), attempt));
                let named: Vec<_> = named.collect();
                let events: Vec<_> = named
                    .iter()
                    .map(|(request, attempt)| usage(&one.tenant, &one.user, request, *attempt))
                    .collect();
                fresh.store.record(&events, &[], &Plain).await.expect("recorded");
                known.extend(named);
            }
            let of = fresh.store.tenant(&one.tenant);
            let total = of.usage(UsageBy::Model, &all_usage()).await.expect("sums").remove(0);
            let requests: std::collections::BTreeSet<_> = known.iter().map(|(id, _)| id).collect();
            let attempts = i64::try_from(known.len()).expect("few");
            assert_eq!(total.attempts, attempts);
            assert_eq!(total.cost_nanos, 70 * attempts);
            assert_eq!(total.requests, i64::try_from(requests.len()).expect("few"));
        });
    }
}

#[tokio::test]
async fn nobody_can_change_delete_or_slip_in_audit_rows() {
    let fresh = fresh().await;
    let one = furnish(&fresh.store, 1).await;
    let mut other = raw(&fresh.store).await;
    let tenant = one.tenant.as_str();
    for attempt in [
        "UPDATE audit_rows SET user = 'x'",
        "DELETE FROM audit_rows",
        "INSERT OR REPLACE INTO audit_rows SELECT * FROM audit_rows",
        "INSERT OR REPLACE INTO audit_rows (tenant, seq, kind, occurred_at, request_id, user, action, digest)
         SELECT tenant, 3, 'key_change', 0, '', '', '', digest FROM audit_rows",
        "UPDATE audit_heads SET digest = zeroblob(32)",
        "UPDATE audit_heads SET seq = 0",
        "DELETE FROM audit_heads",
        "INSERT OR REPLACE INTO audit_heads SELECT * FROM audit_heads",
    ] {
        let refused = sqlx::query(attempt).execute(&mut other).await;
        assert!(refused.is_err_and(|error| error.to_string().contains("audit")), "{attempt}");
    }
    let rows = fresh.store.append_audit(&[(one.tenant.clone(), login(&one.user))], &Plain).await;
    assert_eq!(rows.expect("added"), [2], "{tenant}");
}

#[tokio::test]
async fn nothing_is_added_to_a_log_whose_end_was_tampered_with() {
    let fresh = fresh().await;
    let one = furnish(&fresh.store, 1).await;
    let mut other = raw(&fresh.store).await;
    sqlx::query("DROP TRIGGER audit_heads_only_forward")
        .execute(&mut other)
        .await
        .expect("dropped");
    sqlx::query("UPDATE audit_heads SET seal = zeroblob(32)")
        .execute(&mut other)
        .await
        .expect("forged");
    let refused = fresh.store.append_audit(&[(one.tenant.clone(), login(&one.user))], &Plain).await;
    assert!(
        matches!(refused, Err(StoreError::Damaged { table: "audit_heads", .. })),
        "{refused:?}"
    );
}

#[tokio::test]
async fn errors_name_the_rule_and_never_the_value() {
    let fresh = fresh().await;
    let one = furnish(&fresh.store, 1).await;
    let of = fresh.store.tenant(&one.tenant);
    let new = NewUser { email: "a", role: Role::User, password_hash: "canary-hash" };
    let refused = of.add_user(new, NOW).await.expect_err("too short an address");
    assert!(!format!("{refused} {refused:?}").contains("canary"), "{refused:?}");
    let shown =
        format!("{:?} {:?}", of.users().await.expect("users"), fresh.store.token(&one.token).await);
    assert!(!shown.contains("argon2id") && !shown.contains("1, 1, 1"), "{shown}");
}
