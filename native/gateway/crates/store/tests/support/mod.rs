//! A database of its own for every test, and rows to fill it with.
#![allow(dead_code)]

use convergio_store::{
    AuditChain, AuditColumns, AuditHead, Durability, KeyId, NewKey, NewSession, NewToken, NewUser,
    NewVersion, Options, Role, Store, TenantId, TokenId, UsageEvent, UsageFilter, UserId,
};
use tempfile::TempDir;

pub(crate) const NOW: i64 = 1_790_000_000_000;

/// A fresh database and the folder that goes with it.
pub(crate) struct Fresh {
    pub(crate) store: Store,
    pub(crate) folder: TempDir,
}

pub(crate) fn options(folder: &TempDir) -> Options {
    // What survives a power cut cannot be seen here, and waiting for the disk would be slow.
    Options { durability: Durability::Checkpoint, ..Options::new(folder.path().join("c.db")) }
}

pub(crate) async fn fresh() -> Fresh {
    let folder = tempfile::tempdir().expect("a folder");
    let store = Store::open(&options(&folder)).await.expect("a database");
    Fresh { store, folder }
}

pub(crate) fn user<'a>(email: &'a str, role: Role) -> NewUser<'a> {
    NewUser { email, role, password_hash: "$argon2id$none" }
}

pub(crate) fn version<'a>(sealed: &'a [u8], fingerprint: &'a str) -> NewVersion<'a> {
    NewVersion { sealed, kek_version: 1, fingerprint, last_four: "wxyz" }
}

/// A tenant with one row in every table, all of them marked with `mark`.
pub(crate) struct Furnished {
    pub(crate) tenant: TenantId,
    pub user: UserId,
    pub(crate) key: KeyId,
    pub(crate) token: TokenId,
    pub(crate) session: [u8; 32],
}

pub(crate) async fn furnish(store: &Store, mark: u8) -> Furnished {
    let tenant = store.create_tenant(&format!("tenant {mark}"), NOW).await.expect("a tenant");
    let of = store.tenant(&tenant);
    let email = format!("{mark}@example.org");
    let person = of.add_user(user(&email, Role::Admin), NOW).await.expect("a user");
    let key = KeyId::new(NOW);
    let name = format!("key {mark}");
    let new = NewKey { id: &key, user: &person, provider: "openai", name: &name, endpoint: None };
    let fingerprint = format!("{mark:016x}");
    of.add_key(new, version(&[mark; 40], &fingerprint), NOW).await.expect("a key");
    let token = TokenId::new(NOW);
    let hash = [mark; 32];
    let issued = NewToken {
        id: &token,
        user: &person,
        name: &name,
        secret_hash: &hash,
        scopes: "chat",
        expires_at: None,
    };
    of.add_token(issued, NOW).await.expect("a token");
    let session = NewSession {
        token_hash: &hash,
        user: &person,
        expires_at: NOW + 1000,
        ip: "192.0.2.1",
        device: "test",
    };
    of.open_session(session, NOW).await.expect("a session");
    of.set_setting("mark", &mark.to_string(), NOW).await.expect("a setting");
    store.add_usage(&[usage(&tenant, &person, &format!("r{mark}"), 1)]).await.expect("usage");
    store.append_audit(&[(tenant.clone(), login(&person))], &Plain).await.expect("audit");
    Furnished { tenant, user: person, key, token, session: hash }
}

pub(crate) fn usage(tenant: &TenantId, user: &UserId, request: &str, attempt: i64) -> UsageEvent {
    UsageEvent {
        tenant: tenant.clone(),
        user: user.clone(),
        request_id: request.into(),
        attempt,
        key: None,
        key_version: None,
        provider: "openai".into(),
        model: "gpt".into(),
        region: None,
        input_tokens: 3,
        cached_tokens: 2,
        cache_write_tokens: 0,
        cache_write_long_tokens: 0,
        output_tokens: 5,
        reasoning_tokens: 1,
        cost_nanos: 70,
        price_digest: "sha256:0".into(),
        estimated: false,
        latency_ms: 12,
        first_token_ms: None,
        outcome: "ok".into(),
        credential_source: "user".into(),
        occurred_at: NOW,
    }
}

pub(crate) fn query(user: &UserId, request: &str) -> AuditColumns {
    AuditColumns {
        kind: "query".into(),
        request_id: request.into(),
        model: Some("gpt".into()),
        tokens: Some(11),
        cost_nanos: Some(70),
        ip: None,
        device: None,
        success: None,
        ..login(user)
    }
}

/// All attempts of everybody.
pub(crate) fn all_usage() -> UsageFilter {
    UsageFilter { user: None, from: 0, to: i64::MAX }
}

pub(crate) fn login(user: &UserId) -> AuditColumns {
    AuditColumns {
        kind: "login".into(),
        occurred_at: NOW,
        request_id: "r".into(),
        user: user.to_string(),
        model: None,
        tokens: None,
        cost_nanos: None,
        ip: Some("192.0.2.1".into()),
        device: Some("test".into()),
        success: Some(true),
        action: None,
        target: None,
    }
}

/// A chain without any cryptography: enough to see rows added.
pub(crate) struct Plain;

impl AuditChain for Plain {
    fn digest(&self, _: &TenantId, seq: i64, _: &[u8], _: &AuditColumns) -> [u8; 32] {
        [u8::try_from(seq % 256).expect("below 256"); 32]
    }

    fn seal(&self, _: &TenantId, _: i64, _: &[u8]) -> [u8; 32] {
        [7; 32]
    }

    fn accepts(&self, _: &TenantId, head: &AuditHead) -> bool {
        head.seal == [7; 32]
    }
}
