//! Keys from bringing to removing, on a real database.
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use convergio_store::{
    Conflict, Durability, KeyId, NewUser, Options, Role, Store, StoreError, TenantId, UserId,
};
use convergio_vault::lifecycle::{DAY, MaxAge, Stage};
use convergio_vault::source::{EnvironmentSource, FileSource, MasterKeySource as _};
use convergio_vault::{
    Lease, MasterKeyring, MasterKeys, NewSecret, Pending, Probe, Reload, Vault, VaultError,
};
use secrecy::{ExposeSecret as _, SecretString};
use sqlx::{Connection as _, SqliteConnection};
use tempfile::TempDir;

const NOW: i64 = 1_790_000_000_000;
const FIRST: &str = "sk-first-canary-0123456789";
const SECOND: &str = "sk-second-canary-987654321";

fn masters(text: &str) -> MasterKeyring {
    EnvironmentSource::new(Some(text.to_owned().into())).load().expect("master keys")
}

fn old() -> MasterKeyring {
    masters(&format!("1:{}", "0123456789abcdef".repeat(4)))
}

fn both() -> MasterKeyring {
    masters(&format!("1:{},2:{}", "0123456789abcdef".repeat(4), "fedcba9876543210".repeat(4)))
}

fn new() -> MasterKeyring {
    masters(&format!("2:{}", "fedcba9876543210".repeat(4)))
}

struct Home {
    vault: Arc<Vault>,
    store: Store,
    folder: TempDir,
    tenant: TenantId,
    user: UserId,
}

impl Home {
    async fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let options = Options {
            durability: Durability::Checkpoint,
            ..Options::new(folder.path().join("c.db"))
        };
        let store = Store::open(&options).await.expect("a store");
        let vault = Arc::new(Vault::open(store.clone(), Arc::new(old())).await.expect("a vault"));
        let tenant = store.create_tenant("Home", NOW).await.expect("a tenant");
        let user = person(&store, &tenant, "a@example.org").await;
        Self { vault, store, folder, tenant, user }
    }

    async fn add(&self, name: &str, secret: &str) -> KeyId {
        let secret: SecretString = secret.to_owned().into();
        let new = NewSecret {
            user: &self.user,
            provider: "openai",
            name,
            endpoint: None,
            secret: &secret,
        };
        self.vault.add(&self.tenant, &new, NOW).await.expect("added")
    }

    async fn secrets(&self, key: &KeyId, now: i64) -> Vec<String> {
        let leases = self.vault.lease(&self.tenant, key, now).await.expect("leases");
        leases.iter().map(|lease| lease.secret.expose_secret().to_owned()).collect()
    }

    async fn raw(&self) -> SqliteConnection {
        let url = format!("sqlite://{}", self.store.path().display());
        SqliteConnection::connect(&url).await.expect("a connection")
    }
}

async fn person(store: &Store, tenant: &TenantId, email: &str) -> UserId {
    let new = NewUser { email, role: Role::Admin, password_hash: "$argon2id$none" };
    store.tenant(tenant).add_user(new, NOW).await.expect("a user")
}

fn refused<T: std::fmt::Debug>(result: Result<T, VaultError>) -> VaultError {
    let error = result.expect_err("refused");
    assert!(!format!("{error} {error:?}").contains("canary"), "{error:?}");
    error
}

/// A provider that says what it is told to say.
struct Says(&'static str);

impl Probe for Says {
    async fn ask(&self, lease: &Lease) -> String {
        assert_eq!(lease.secret.expose_secret(), FIRST);
        self.0.to_owned()
    }
}

#[tokio::test]
async fn a_key_is_brought_shown_tested_renamed_used_and_removed() {
    let home = Home::new().await;
    let key = home.add("mine", FIRST).await;
    assert_eq!(
        home.vault.test(&home.tenant, &key, &Says("ok"), NOW + 1).await.expect("asked"),
        "ok"
    );
    home.vault.rename(&home.tenant, &key, "yours").await.expect("renamed");

    let view = home.vault.show(&home.tenant, NOW).await.expect("views").remove(0);
    assert_eq!((view.key.name.as_str(), view.key.test_outcome.as_deref()), ("yours", Some("ok")));
    let version = &view.versions[0].version;
    assert_eq!((version.last_four.as_str(), version.fingerprint.len()), ("6789", 16));
    assert!(!format!("{view:?}").contains("canary"));

    assert_eq!(home.secrets(&key, NOW).await, [FIRST]);
    let leases = home.vault.lease_for(&home.tenant, &home.user, "openai", NOW).await.expect("one");
    assert!(!format!("{leases:?} {:?}", home.vault).contains("canary"));
    let other = home.vault.lease_for(&home.tenant, &home.user, "azure", NOW).await;
    assert!(matches!(refused(other), VaultError::NoSuchKey));

    home.vault.remove(&home.tenant, &key).await.expect("removed");
    assert!(matches!(
        refused(home.vault.lease(&home.tenant, &key, NOW).await),
        VaultError::NoSuchKey
    ));
    assert!(matches!(refused(home.vault.remove(&home.tenant, &key).await), VaultError::NoSuchKey));
}

#[tokio::test]
async fn what_cannot_be_a_key_is_refused_without_repeating_it() {
    let home = Home::new().await;
    for bad in ["canary", "canary with blanks in it", "canary-0123456789\n"] {
        let secret: SecretString = bad.to_owned().into();
        let new = NewSecret {
            user: &home.user,
            provider: "openai",
            name: "n",
            endpoint: None,
            secret: &secret,
        };
        let error = refused(home.vault.add(&home.tenant, &new, NOW).await);
        assert!(matches!(error, VaultError::NotAKey(_)), "{bad:?}: {error}");
    }
}

#[tokio::test]
async fn the_same_secret_is_stored_once_per_tenant() {
    let home = Home::new().await;
    home.add("mine", FIRST).await;
    let secret: SecretString = FIRST.to_owned().into();
    let new = NewSecret {
        user: &home.user,
        provider: "openai",
        name: "again",
        endpoint: None,
        secret: &secret,
    };
    let error = refused(home.vault.add(&home.tenant, &new, NOW).await);
    assert!(
        matches!(error, VaultError::Store(StoreError::Conflict(Conflict::SameSecret))),
        "{error}"
    );
    let other = home.store.create_tenant("Other", NOW).await.expect("a tenant");
    let user = person(&home.store, &other, "b@example.org").await;
    let there =
        home.vault.add(&other, &NewSecret { user: &user, ..new }, NOW).await.expect("added");
    let prints =
        |views: Vec<convergio_vault::KeyView>| views[0].versions[0].version.fingerprint.clone();
    let here = prints(home.vault.show(&home.tenant, NOW).await.expect("views"));
    let elsewhere = prints(home.vault.show(&other, NOW).await.expect("views"));
    assert_ne!(here, elsewhere, "one tenant's fingerprint tells nothing about another's key");
    assert!(home.vault.lease(&home.tenant, &there, NOW).await.is_err());
}

#[tokio::test]
async fn both_versions_work_in_the_window_and_the_old_one_is_gone_after_it() {
    let home = Home::new().await;
    let key = home.add("mine", FIRST).await;
    let next: SecretString = SECOND.to_owned().into();
    let hour = Duration::from_secs(3600);
    let version = home.vault.rotate(&home.tenant, &key, &next, hour, NOW).await.expect("rotated");
    assert_eq!(version, 2);
    assert_eq!(home.secrets(&key, NOW + 3_599_999).await, [SECOND, FIRST]);
    assert_eq!(home.secrets(&key, NOW + 3_600_000).await, [SECOND], "over, swept or not");
    assert_eq!(home.vault.sweep(NOW + 3_599_999).await.expect("swept"), []);
    let outlived = home.vault.sweep(NOW + 3_600_000).await.expect("swept");
    assert_eq!(outlived.iter().map(|one| one.version).collect::<Vec<_>>(), [1]);

    let month = Duration::from_secs(31 * 86_400);
    let error = refused(home.vault.rotate(&home.tenant, &key, &next, month, NOW).await);
    assert!(matches!(error, VaultError::OverlapTooLong(30)));
    assert_eq!(home.vault.revoke(&home.tenant, &key, None, NOW).await.expect("revoked"), 1);
    assert!(matches!(
        refused(home.vault.lease(&home.tenant, &key, NOW).await),
        VaultError::NoSuchKey
    ));
    let third: SecretString = "sk-third-canary-0123456789".to_owned().into();
    home.vault.rotate(&home.tenant, &key, &third, Duration::ZERO, NOW).await.expect("lives again");
    assert_eq!(home.secrets(&key, NOW).await.len(), 1);
}

#[tokio::test]
async fn rows_that_were_moved_or_rolled_back_in_the_database_do_not_open() {
    let home = Home::new().await;
    let key = home.add("mine", FIRST).await;
    let other = home.add("other", SECOND).await;
    let mut raw = home.raw().await;
    let sealed_of_first: Vec<u8> =
        sqlx::query_scalar("SELECT sealed FROM key_versions WHERE key_id = ?")
            .bind(key.as_str())
            .fetch_one(&mut raw)
            .await
            .expect("bytes");

    let put = "UPDATE key_versions SET sealed = ? WHERE key_id = ? AND sealed IS NOT NULL";
    let swapped = sqlx::query(put).bind(&sealed_of_first).bind(other.as_str());
    swapped.execute(&mut raw).await.expect("swapped");
    assert!(matches!(
        refused(home.vault.lease(&home.tenant, &other, NOW).await),
        VaultError::Tampered
    ));

    let third: SecretString = "sk-third-canary-0123456789".to_owned().into();
    home.vault.rotate(&home.tenant, &key, &third, Duration::ZERO, NOW).await.expect("rotated");
    sqlx::query(put)
        .bind(&sealed_of_first)
        .bind(key.as_str())
        .execute(&mut raw)
        .await
        .expect("rolled back");
    let error = refused(home.vault.lease(&home.tenant, &key, NOW).await);
    assert!(matches!(error, VaultError::RolledBack { found: 1, expected: 2 }), "{error}");

    sqlx::query("UPDATE provider_keys SET provider = 'azure' WHERE id = ?")
        .bind(other.as_str())
        .execute(&mut raw)
        .await
        .expect("moved");
    assert!(matches!(
        refused(home.vault.lease(&home.tenant, &other, NOW).await),
        VaultError::Tampered
    ));
    sqlx::query("UPDATE key_versions SET sealed = x'0100' WHERE key_id = ?")
        .bind(other.as_str())
        .execute(&mut raw)
        .await
        .expect("cut");
    assert!(matches!(
        refused(home.vault.lease(&home.tenant, &other, NOW).await),
        VaultError::Truncated
    ));
}

#[tokio::test]
async fn no_file_of_the_database_holds_a_secret_before_or_after_closing() {
    let home = Home::new().await;
    let key = home.add("mine", FIRST).await;
    let next: SecretString = SECOND.to_owned().into();
    home.vault
        .rotate(&home.tenant, &key, &next, Duration::from_secs(60), NOW)
        .await
        .expect("rotated");
    home.store.backup(&home.folder.path().join("copy.db")).await.expect("a copy");
    let search = || {
        let mut seen = 0;
        for entry in std::fs::read_dir(home.folder.path()).expect("the folder") {
            let path = entry.expect("an entry").path();
            let bytes = std::fs::read(&path).expect("readable");
            for needle in [&b"canary"[..], b"Home"] {
                let found = bytes.windows(needle.len()).any(|window| window == needle);
                assert!(!found || needle == b"Home", "{path:?}");
                seen += usize::from(found);
            }
        }
        seen
    };
    assert!(search() >= 2, "the search itself finds what is there");
    home.store.close().await;
    assert!(search() >= 2, "the search itself finds what is there");
}

#[tokio::test]
async fn the_wrong_master_keys_do_not_open_the_vault() {
    let home = Home::new().await;
    let missing = refused(Vault::open(home.store.clone(), Arc::new(new())).await);
    assert!(matches!(missing, VaultError::UnknownMasterKey { version: 1 }), "{missing}");
    let wrong = masters(&format!("1:{}", "fedcba9876543210".repeat(4)));
    let wrong = refused(Vault::open(home.store.clone(), Arc::new(wrong)).await);
    assert!(matches!(wrong, VaultError::Tampered), "{wrong}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_master_key_turns_over_under_load_without_one_failure() {
    let home = Home::new().await;
    let mut keys = Vec::new();
    for number in 0..40 {
        keys.push(home.add(&format!("k{number}"), &format!("sk-canary-{number:016}")).await);
    }
    let print_before = home.vault.derive("audit").expose_secret().to_owned();
    let (stop, served) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let load: Vec<_> = (0..4)
        .map(|worker| {
            let (vault, tenant, keys) =
                (Arc::clone(&home.vault), home.tenant.clone(), keys.clone());
            let (stop, served) = (Arc::clone(&stop), Arc::clone(&served));
            tokio::spawn(async move {
                let mut at = worker;
                while !stop.load(Ordering::Relaxed) {
                    let number = at % keys.len();
                    let lease = vault.lease(&tenant, &keys[number], NOW).await.expect("no failure");
                    assert_eq!(lease[0].secret.expose_secret(), format!("sk-canary-{number:016}"));
                    served.fetch_add(1, Ordering::Relaxed);
                    at += 7;
                }
            })
        })
        .collect();
    let some_more = |from: u64| {
        let served = Arc::clone(&served);
        async move {
            while served.load(Ordering::Relaxed) < from + 40 {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        }
    };
    some_more(0).await;

    home.vault.replace_masters(Arc::new(both()));
    let (one, two) = tokio::join!(home.vault.rewrap(), home.vault.rewrap());
    let (one, two) = (one.expect("rewrapped"), two.expect("rewrapped"));
    assert!(one.failed.is_empty() && two.failed.is_empty());
    assert_eq!((one.to, one.moved + two.moved), (2, 41), "each secret once, the pepper among them");
    assert_eq!(
        home.vault.masters_in_use().await.expect("usage").into_iter().collect::<Vec<_>>(),
        [(2, 41)]
    );
    home.vault.replace_masters(Arc::new(new()));

    some_more(served.load(Ordering::Relaxed)).await;
    stop.store(true, Ordering::Relaxed);
    for worker in load {
        worker.await.expect("no panic");
    }
    let again = Vault::open(home.store.clone(), Arc::new(new())).await.expect("the new key alone");
    assert_eq!(again.derive("audit").expose_secret(), &print_before, "derived keys stay the same");
}

/// A place that holds these keys now, and counts how often it is asked.
#[derive(Debug)]
struct Place(fn() -> MasterKeyring, AtomicU64);

impl Reload for Place {
    fn masters(&self) -> Pending<'_, Arc<dyn MasterKeys>> {
        self.1.fetch_add(1, Ordering::Relaxed);
        Box::pin(async { Ok(Arc::new(self.0()) as Arc<dyn MasterKeys>) })
    }
}

/// A second vault on the same database, with the old master key in memory.
async fn beside(home: &Home, place: fn() -> MasterKeyring) -> (Vault, Arc<Place>) {
    let place = Arc::new(Place(place, AtomicU64::new(0)));
    let vault = Vault::open(home.store.clone(), Arc::new(old())).await.expect("a vault");
    (vault.reloading(place.clone()), place)
}

#[tokio::test]
async fn what_another_process_turned_over_opens_here_and_nothing_is_sealed_behind_its_back() {
    let home = Home::new().await;
    let key = home.add("mine", FIRST).await;
    let (opens, _) = beside(&home, both).await;
    let (seals, _) = beside(&home, both).await;
    let (left_behind, place) = beside(&home, old).await;
    home.vault.replace_masters(Arc::new(both()));
    home.vault.rewrap().await.expect("rewrapped");

    let leases = opens.lease(&home.tenant, &key, NOW).await.expect("opens");
    assert_eq!(leases[0].secret.expose_secret(), FIRST);
    let secret: SecretString = SECOND.to_owned().into();
    let named = |name| NewSecret {
        user: &home.user,
        provider: "openai",
        name,
        endpoint: None,
        secret: &secret,
    };
    for _ in 0..3 {
        let refused = refused(left_behind.add(&home.tenant, &named("late"), NOW).await);
        assert!(matches!(refused, VaultError::UnknownMasterKey { version: 2 }), "{refused}");
        let refused = left_behind.lease(&home.tenant, &key, NOW).await;
        assert!(matches!(refused, Err(VaultError::UnknownMasterKey { version: 2 })));
    }
    assert!(place.1.load(Ordering::Relaxed) < 6, "not asked for every request");
    seals.add(&home.tenant, &named("theirs"), NOW).await.expect("sealed");
    let in_use = home.vault.masters_in_use().await.expect("usage");
    assert_eq!(in_use.into_iter().collect::<Vec<_>>(), [(2, 3)], "all under the new one");
}

#[tokio::test]
async fn a_damaged_secret_is_told_of_and_stops_no_other() {
    let home = Home::new().await;
    let bad = home.add("bad", FIRST).await;
    let good = home.add("good", SECOND).await;
    sqlx::query("UPDATE key_versions SET sealed = x'01000000' WHERE key_id = ?")
        .bind(bad.as_str())
        .execute(&mut home.raw().await)
        .await
        .expect("damaged");
    home.vault.replace_masters(Arc::new(both()));
    let done = home.vault.rewrap().await.expect("goes on");
    assert_eq!((done.moved, done.failed.len()), (2, 1));
    assert_eq!(done.failed[0].key.as_ref().map(|(_, key, _)| key), Some(&bad));
    assert_eq!(home.secrets(&good, NOW).await, [SECOND]);
}

#[tokio::test]
async fn owners_are_reminded_once_per_stage_and_the_next_version_starts_anew() {
    let home = Home::new().await;
    let key = home.add("mine", FIRST).await;
    home.vault.set_max_age(&home.tenant, MaxAge::Days(30), NOW).await.expect("set");
    let mut told = Vec::new();
    for day in 0..40 {
        for _ in 0..2 {
            let due = home.vault.take_reminders(&home.tenant, NOW + day * DAY).await.expect("due");
            told.extend(due.iter().flat_map(|view| &view.versions).map(|view| (day, view.stage)));
        }
    }
    let expected = [
        (16, Some(Stage::Fourteen)),
        (23, Some(Stage::Seven)),
        (29, Some(Stage::One)),
        (30, Some(Stage::Overdue)),
    ];
    assert_eq!(told, expected);
    let view = home.vault.show(&home.tenant, NOW + 31 * DAY).await.expect("views").remove(0);
    assert_eq!(view.versions[0].due_at, Some(NOW + 30 * DAY));

    home.vault.set_max_age(&home.tenant, MaxAge::Days(45), NOW).await.expect("set");
    let due = home.vault.take_reminders(&home.tenant, NOW + 39 * DAY).await.expect("due");
    assert_eq!(due[0].versions[0].stage, Some(Stage::Seven), "a new limit, new reminders");

    let next: SecretString = SECOND.to_owned().into();
    let later = NOW + 40 * DAY;
    home.vault
        .rotate(&home.tenant, &key, &next, Duration::from_secs(60), later)
        .await
        .expect("rotated");
    assert!(home.vault.take_reminders(&home.tenant, later).await.expect("none").is_empty());
    home.vault.set_max_age(&home.tenant, MaxAge::Unlimited, NOW).await.expect("set");
    assert!(home.vault.take_reminders(&home.tenant, i64::MAX).await.expect("none").is_empty());
}

#[tokio::test]
async fn a_key_file_turns_over_and_the_vault_with_it() {
    let home = Home::new().await;
    let source = FileSource::new(home.folder.path().join("master.keys"));
    let store =
        Store::open(&Options::new(home.folder.path().join("other.db"))).await.expect("a store");
    let vault =
        Vault::open(store, Arc::new(source.create().expect("made"))).await.expect("a vault");
    vault.replace_masters(Arc::new(source.add_version().expect("added")));
    let done = vault.rewrap().await.expect("rewrapped");
    assert_eq!((done.to, done.moved), (2, 1));
}
