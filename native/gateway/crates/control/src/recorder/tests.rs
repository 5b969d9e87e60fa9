//! What the recorder promises, with a real database and real files.
use convergio_engine::{Attempt, Outcome, PaidBy, Tokens};
use convergio_store::{
    Durability, Millis, NewUser, Options, Role, StoreError, TenantId, UsageBy, UsageFilter,
    UsageTotal, UserId,
};
use secrecy::SecretBox;
use sqlx::{Connection as _, SqliteConnection};
use tempfile::TempDir;

use super::*;

const NOW: Millis = 1_790_000_000_000;
const EVERYTHING: UsageFilter = UsageFilter { user: None, from: 0, to: i64::MAX };

async fn store(folder: &TempDir) -> (Store, TenantId, UserId) {
    patient(folder, Duration::from_secs(30)).await
}

async fn patient(folder: &TempDir, patience: Duration) -> (Store, TenantId, UserId) {
    let path = folder.path().join("c.db");
    let durability = Durability::Checkpoint;
    let options = Options { durability, patience, ..Options::new(path) };
    let store = Store::open(&options).await.expect("a database");
    let tenant = store.create_tenant("Home", NOW).await.expect("a tenant");
    let ada = NewUser { email: "ada@example.org", role: Role::Admin, password_hash: "x" };
    let user = store.tenant(&tenant).add_user(ada, NOW).await.expect("a user");
    (store, tenant, user)
}

fn chain() -> Chain {
    Chain::new(&SecretBox::new(Box::new([7; 32])))
}

async fn start(store: &Store, folder: &TempDir, capacity: usize) -> Recorder {
    let key = SecretBox::new(Box::new([9; 32]));
    let started = Recorder::start(store.clone(), chain(), &key, folder.path(), capacity).await;
    started.expect("started")
}

/// All that was used, after everything recorded is in the database.
async fn total(recorder: &Recorder, store: &Store, tenant: &TenantId) -> UsageTotal {
    recorder.flush().await;
    store.tenant(tenant).usage(UsageBy::Model, &EVERYTHING).await.expect("sums").remove(0)
}

/// How many rows the tenant's log has; it must be whole.
async fn audited(store: &Store) -> i64 {
    let verified = convergio_audit::verify_all(store, Some(&chain())).await.expect("read");
    match &verified[..] {
        [Ok(found)] => found.rows,
        other => panic!("{other:?}"),
    }
}

fn record(tenant: &TenantId, user: &UserId, request: &str) -> Record {
    let attempt = |number| Attempt {
        number,
        at_ms: NOW,
        provider: "openai".to_owned(),
        model: "gpt-4o-mini".to_owned(),
        region: None,
        key: None,
        credential_source: PaidBy::User,
        tokens: Tokens { input: 10, output: 5, ..Tokens::default() },
        estimated: false,
        cost_nano_usd: 40,
        price_table: "0".repeat(64),
        latency_ms: 3,
        first_token_ms: None,
        outcome: Outcome::Answered,
    };
    Record {
        tenant: tenant.clone(),
        user: user.clone(),
        request_id: request.to_owned(),
        at: NOW,
        model: "auto".to_owned(),
        attempts: vec![attempt(1), attempt(2)],
        unaudited: true,
    }
}

#[tokio::test]
async fn what_nobody_waits_for_is_written_all_the_same() {
    let folder = tempfile::tempdir().expect("a folder");
    let (store, tenant, user) = store(&folder).await;
    let recorder = start(&store, &folder, 4).await;
    for at in 0..300 {
        recorder.record_aside(&record(&tenant, &user, &format!("r{at}")));
    }
    let total = total(&recorder, &store, &tenant).await;
    assert_eq!((total.requests, total.attempts, total.cost_nanos), (300, 600, 24_000));
    assert_eq!(audited(&store).await, 300);
    let row = store.tenant(&tenant).audit_after(0, 1).await.expect("rows").remove(0).columns;
    assert_eq!((row.tokens, row.cost_nanos), (Some(30), Some(80)), "of all attempts");
    assert_eq!(row.model.as_deref(), Some("gpt-4o-mini"), "the one that answered");
    assert_eq!(format!("{recorder:?}"), "Recorder(4 free)", "room is given back, and no more");
}

#[tokio::test]
async fn with_little_room_requests_wait_and_none_is_dropped() {
    let folder = tempfile::tempdir().expect("a folder");
    let (store, tenant, user) = store(&folder).await;
    let recorder = start(&store, &folder, 2).await;
    let one = |at: usize| {
        let (recorder, record) = (recorder.clone(), record(&tenant, &user, &format!("r{at}")));
        async move { recorder.record(|| Some(record)).await }
    };
    let done = futures_util::future::join_all((0..50).map(one)).await;
    assert!(done.iter().all(Result::is_ok), "{done:?}");
    assert_eq!(total(&recorder, &store, &tenant).await.requests, 50);
    assert!(recorder.record(|| None).await.is_ok(), "nothing to write is no fault");
    assert_eq!(format!("{recorder:?}"), "Recorder(2 free)");
}

#[tokio::test]
async fn one_that_cannot_be_written_is_put_aside_and_takes_no_other_with_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let (store, tenant, user) = store(&folder).await;
    let recorder = start(&store, &folder, 16).await;
    let nowhere = TenantId::new(NOW);
    for (whose, request) in [(&tenant, "one"), (&nowhere, "bad"), (&tenant, "two")] {
        recorder.record(|| Some(record(whose, &user, request))).await.expect("spooled");
    }
    assert_eq!(total(&recorder, &store, &tenant).await.requests, 2);
    let kept = std::fs::read_to_string(folder.path().join(REFUSED)).expect("put aside");
    assert_eq!(kept.matches("\"bad\"").count(), 3, "its row and its two attempts: {kept}");
    assert_eq!(kept.lines().count(), 1);
}

#[tokio::test]
async fn one_after_the_other_and_between_others_the_chain_stays_whole() {
    let folder = tempfile::tempdir().expect("a folder");
    let (store, tenant, user) = store(&folder).await;
    let recorder = start(&store, &folder, 16).await;
    let single = |request: &str| {
        let mut single = record(&tenant, &user, request);
        single.attempts.truncate(1);
        single
    };
    for at in 0..6 {
        recorder.record(|| Some(single(&format!("r{at}")))).await.expect("recorded");
        if at % 3 != 1 {
            recorder.flush().await;
        }
        if at % 2 == 0 {
            // Somebody else adds to the chain meanwhile.
            let row = single(&format!("other{at}")).rows().audit.expect("a row");
            store.append_audit(&[(tenant.clone(), row)], &chain()).await.expect("added");
        }
    }
    let total = total(&recorder, &store, &tenant).await;
    assert_eq!((total.requests, total.attempts), (6, 6));
    assert_eq!(audited(&store).await, 9);
}

#[test]
fn what_a_crash_leaves_is_recorded_by_the_next_start_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let in_a_process = |told: &dyn Fn(&tokio::runtime::Runtime)| {
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = runtime.enable_all().build().expect("a runtime");
        told(&runtime);
        // Nothing gets the time to end.
        runtime.shutdown_background();
    };
    let ids = std::cell::RefCell::new(None);
    in_a_process(&|runtime| {
        runtime.block_on(async {
            let (store, tenant, user) = store(&folder).await;
            let recorder = start(&store, &folder, 16).await;
            for at in 0..3 {
                let record = record(&tenant, &user, &format!("r{at}"));
                recorder.record(|| Some(record)).await.expect("spooled");
            }
            let none = store.tenant(&tenant).usage(UsageBy::Model, &EVERYTHING).await;
            assert_eq!(none.expect("sums"), [], "only the spool has them");
            // One of them is in the database already: the crash came before the spool was emptied.
            let rows = record(&tenant, &user, "r1").rows();
            let audit = [(tenant.clone(), rows.audit.expect("a row"))];
            store.record(&rows.usage, &audit, &chain()).await.expect("recorded");
            ids.replace(Some((tenant, user)));
        });
    });
    in_a_process(&|runtime| {
        runtime.block_on(async {
            let (tenant, user) = ids.borrow().clone().expect("the first process");
            let store = Store::open(&Options::new(folder.path().join("c.db"))).await.expect("open");
            let recorder = start(&store, &folder, 16).await;
            let found = total(&recorder, &store, &tenant).await;
            assert_eq!((found.requests, found.attempts), (3, 6));
            assert_eq!(audited(&store).await, 3);
            let last = record(&tenant, &user, "r3");
            recorder.record(|| Some(last)).await.expect("spooled");
            assert_eq!(total(&recorder, &store, &tenant).await.requests, 4);
        });
    });
}

#[tokio::test]
async fn while_the_database_takes_nothing_no_answer_is_whole_and_nothing_is_lost() {
    let folder = tempfile::tempdir().expect("a folder");
    let (store, tenant, user) = patient(&folder, Duration::from_millis(100)).await;
    let recorder = start(&store, &folder, 16).await;
    let url = format!("sqlite://{}", store.path().display());
    let mut other = SqliteConnection::connect(&url).await.expect("a connection");
    sqlx::query("BEGIN IMMEDIATE").execute(&mut other).await.expect("locked");
    recorder.record(|| Some(record(&tenant, &user, "first"))).await.expect("spooled");
    recorder.flush().await;
    let refused = recorder.record(|| Some(record(&tenant, &user, "second"))).await;
    assert!(matches!(refused, Err(AuditError::Store(_))), "{refused:?}");
    sqlx::query("ROLLBACK").execute(&mut other).await.expect("let go");
    let mut progress = recorder.0.0.progress.subscribe();
    progress.wait_for(|progress| progress.written == 2).await.expect("written");
    recorder.record(|| Some(record(&tenant, &user, "third"))).await.expect("spooled");
    assert_eq!(total(&recorder, &store, &tenant).await.requests, 3);
    assert_eq!(audited(&store).await, 3);
}

#[tokio::test]
async fn a_log_that_was_tampered_with_stops_answers() {
    let folder = tempfile::tempdir().expect("a folder");
    let (store, tenant, user) = store(&folder).await;
    let recorder = start(&store, &folder, 16).await;
    recorder.record(|| Some(record(&tenant, &user, "r0"))).await.expect("spooled");
    recorder.flush().await;
    let url = format!("sqlite://{}", store.path().display());
    let mut other = SqliteConnection::connect(&url).await.expect("a connection");
    sqlx::raw_sql(
        "DROP TRIGGER audit_heads_only_forward; UPDATE audit_heads SET seal = zeroblob(32)",
    )
    .execute(&mut other)
    .await
    .expect("tampered");
    recorder.record(|| Some(record(&tenant, &user, "r1"))).await.expect("spooled");
    recorder.flush().await;
    let refused = recorder.record(|| Some(record(&tenant, &user, "r2"))).await;
    let Err(AuditError::Store(why)) = refused else { panic!("{refused:?}") };
    assert!(matches!(*why, StoreError::Damaged { .. }), "{why}");
}

#[test]
fn a_request_without_attempts_names_the_model_that_was_asked_for() {
    let (tenant, user) = (TenantId::new(NOW), UserId::new(NOW));
    let asked = Record { attempts: Vec::new(), ..record(&tenant, &user, "r") };
    let row = asked.rows().audit.expect("a row");
    assert_eq!((row.model.as_deref(), row.tokens), (Some("auto"), Some(0)));
    assert!(Record { unaudited: false, ..asked }.rows().audit.is_none());
}
