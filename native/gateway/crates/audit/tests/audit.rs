//! The log on a real database: written, verified, tampered with.
use convergio_audit::{
    AuditError, Broken, Chain, Entry, Event, Fault, Verified, Writer, key_action, verify,
    verify_all,
};
use convergio_store::{
    AuditFilter, AuditHead, AuditRow, Durability, KeyId, Options, Store, TenantId,
};
use proptest::prelude::*;
use secrecy::SecretBox;
use sqlx::{AssertSqlSafe, Connection as _, SqliteConnection};
use tempfile::TempDir;

const NOW: i64 = 1_790_000_000_000;

fn chain() -> Chain {
    Chain::new(&SecretBox::new(Box::new([7; 32])))
}

struct Home {
    store: Store,
    folder: TempDir,
    tenant: TenantId,
}

impl Home {
    async fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("c.db");
        let options = Options { durability: Durability::Checkpoint, ..Options::new(path) };
        let store = Store::open(&options).await.expect("a store");
        let tenant = store.create_tenant("Home", NOW).await.expect("a tenant");
        Self { store, folder, tenant }
    }

    fn entry(&self, event: Event) -> Entry {
        Entry { tenant: self.tenant.clone(), at: NOW, request_id: "r1".into(), event }
    }

    /// One row of each kind and some more, as a log would have.
    async fn furnish(&self) {
        let (writer, task) = Writer::start(self.store.clone(), chain(), 8);
        for event in events() {
            writer.append(self.entry(event)).await.expect("written");
        }
        drop(writer);
        task.await.expect("no panic");
    }

    /// What somebody could do who has the file and knows SQL.
    async fn tamper(&self, statements: &str) {
        let url = format!("sqlite://{}", self.store.path().display());
        let mut raw = SqliteConnection::connect(&url).await.expect("a connection");
        let triggers: Vec<String> =
            sqlx::query_scalar("SELECT name FROM sqlite_master WHERE type = 'trigger'")
                .fetch_all(&mut raw)
                .await
                .expect("triggers");
        for trigger in triggers {
            let drop = AssertSqlSafe(format!("DROP TRIGGER {trigger}"));
            sqlx::query(drop).execute(&mut raw).await.expect("dropped");
        }
        let statements = AssertSqlSafe(statements.to_owned());
        sqlx::raw_sql(statements).execute(&mut raw).await.expect("tampered");
    }

    async fn verdict(&self) -> Result<Verified, Broken> {
        verify_all(&self.store, Some(&chain())).await.expect("reads").remove(0)
    }
}

fn events() -> Vec<Event> {
    vec![
        Event::Login {
            user: "a".into(),
            ip: "192.0.2.1".into(),
            device: "d".into(),
            success: true,
        },
        Event::Query { user: "a".into(), model: "gpt".into(), tokens: 12, cost_nanos: 340 },
        Event::AdminAction { actor: "a".into(), action: "add user".into(), target: "b".into() },
        Event::KeyChange {
            user: "a".into(),
            action: key_action("rotate", &KeyId::new(NOW), Some(2)),
        },
        Event::Query { user: "b".into(), model: "gpt".into(), tokens: 0, cost_nanos: 0 },
    ]
}

#[tokio::test]
async fn what_is_written_is_read_back_and_verified() {
    let home = Home::new().await;
    home.furnish().await;
    let rows = home.store.tenant(&home.tenant).audit_after(0, 100).await.expect("rows");
    let read: Vec<_> =
        rows.iter().map(|row| Event::from_columns(&row.columns).expect("an event")).collect();
    assert_eq!(
        read.iter().map(Event::word).collect::<Vec<_>>(),
        events().iter().map(Event::word).collect::<Vec<_>>()
    );
    assert_eq!(home.verdict().await.expect("whole").rows, 5);
    let filter = AuditFilter {
        kind: Some("query".into()),
        user: Some("a".into()),
        from: NOW,
        to: NOW + 1,
        before: i64::MAX,
        limit: 10,
    };
    let asked = home.store.tenant(&home.tenant).audit(&filter).await.expect("rows");
    assert_eq!(asked.iter().map(|row| row.seq).collect::<Vec<_>>(), [2]);
}

#[tokio::test]
async fn every_edit_is_found_and_its_row_named() {
    for (statement, row, fault) in [
        ("UPDATE audit_rows SET user = 'x' WHERE seq = 2", 2, Fault::Changed),
        ("UPDATE audit_rows SET model = 'x' WHERE seq = 2", 2, Fault::Changed),
        ("UPDATE audit_rows SET tokens = 13 WHERE seq = 2", 2, Fault::Changed),
        ("UPDATE audit_rows SET cost_nanos = 0 WHERE seq = 2", 2, Fault::Changed),
        ("UPDATE audit_rows SET occurred_at = occurred_at + 1 WHERE seq = 5", 5, Fault::Changed),
        ("UPDATE audit_rows SET request_id = 'x' WHERE seq = 1", 1, Fault::Changed),
        ("UPDATE audit_rows SET ip = 'x' WHERE seq = 1", 1, Fault::Changed),
        ("UPDATE audit_rows SET device = 'x' WHERE seq = 1", 1, Fault::Changed),
        ("UPDATE audit_rows SET success = 0 WHERE seq = 1", 1, Fault::Changed),
        ("UPDATE audit_rows SET action = 'x' WHERE seq = 4", 4, Fault::Changed),
        ("UPDATE audit_rows SET target = 'x' WHERE seq = 3", 3, Fault::Changed),
        ("UPDATE audit_rows SET digest = zeroblob(32) WHERE seq = 3", 3, Fault::Changed),
        ("UPDATE audit_rows SET kind = 'admin_action', target = '' WHERE seq = 4", 4, Fault::Changed),
        ("DELETE FROM audit_rows WHERE seq = 1", 2, Fault::Gap { expected: 1 }),
        ("DELETE FROM audit_rows WHERE seq = 3", 4, Fault::Gap { expected: 3 }),
        ("DELETE FROM audit_rows WHERE seq = 5", 4, Fault::CutOff { last: 5 }),
        ("DELETE FROM audit_rows", 0, Fault::CutOff { last: 5 }),
        ("UPDATE audit_rows SET seq = 9 WHERE seq = 2; UPDATE audit_rows SET seq = 2 WHERE seq = 3;
          UPDATE audit_rows SET seq = 3 WHERE seq = 9", 2, Fault::Changed),
        ("DELETE FROM audit_heads", 5, Fault::NoHead),
        ("UPDATE audit_heads SET digest = zeroblob(32)", 5, Fault::OtherHead),
        ("UPDATE audit_heads SET seal = zeroblob(32)", 5, Fault::Forged),
        // Cut off the end and put the kept end back to fit: only the seal tells.
        ("DELETE FROM audit_rows WHERE seq = 5; UPDATE audit_heads SET seq = 4,
          digest = (SELECT digest FROM audit_rows WHERE seq = 4)", 4, Fault::Forged),
    ] {
        let home = Home::new().await;
        home.furnish().await;
        home.tamper(statement).await;
        let broken = home.verdict().await.expect_err(statement);
        assert_eq!((broken.row, broken.fault), (row, fault), "{statement}");
        assert!(broken.to_string().contains(&format!("row {row}")), "{broken}");
    }
}

#[tokio::test]
async fn another_key_seals_nothing_here_and_without_one_the_rows_are_verified() {
    let home = Home::new().await;
    home.furnish().await;
    let other = Chain::new(&SecretBox::new(Box::new([8; 32])));
    let forged = verify_all(&home.store, Some(&other)).await.expect("reads").remove(0);
    assert_eq!(forged.expect_err("not ours").fault, Fault::Forged);
    assert!(verify_all(&home.store, None).await.expect("reads").remove(0).is_ok());
    let (writer, _task) = Writer::start(home.store.clone(), other, 8);
    let refused = writer.append(home.entry(events().remove(0))).await;
    assert!(matches!(refused, Err(AuditError::Store(_))), "{refused:?}");
}

#[tokio::test]
async fn a_backup_verifies_without_a_gateway() {
    let home = Home::new().await;
    home.furnish().await;
    let path = home.folder.path().join("copy.db");
    home.store.backup(&path).await.expect("a copy");
    let copy = Store::open_read_only(&Options::new(path)).await.expect("opens");
    assert_eq!(
        verify_all(&copy, Some(&chain())).await.expect("reads").remove(0).expect("whole").rows,
        5
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_at_once_are_all_written_in_one_chain_per_tenant() {
    let home = Home::new().await;
    let other = home.store.create_tenant("Other", NOW).await.expect("a tenant");
    let (writer, task) = Writer::start(home.store.clone(), chain(), 4);
    let callers: Vec<_> = (0..300)
        .map(|number| {
            let (writer, mut entry) = (writer.clone(), home.entry(events().remove(number % 5)));
            if number % 3 == 0 {
                entry.tenant = other.clone();
            }
            tokio::spawn(async move { writer.append(entry).await.expect("written") })
        })
        .collect();
    let mut numbers = Vec::new();
    for caller in callers {
        numbers.push(caller.await.expect("no panic"));
    }
    drop(writer);
    task.await.expect("no panic");
    numbers.sort_unstable();
    let expected: Vec<i64> = (1..=100).flat_map(|n| [n, n]).chain(101..=200).collect();
    assert_eq!(numbers, expected);
    for verdict in verify_all(&home.store, Some(&chain())).await.expect("reads") {
        verdict.expect("whole");
    }
}

#[tokio::test]
async fn one_that_cannot_be_written_takes_no_other_with_it_and_after_the_end_nothing_is() {
    let home = Home::new().await;
    let (writer, task) = Writer::start(home.store.clone(), chain(), 8);
    let nobody = Entry { tenant: TenantId::new(NOW), ..home.entry(events().remove(0)) };
    let (bad, good) =
        tokio::join!(writer.append(nobody), writer.append(home.entry(events().remove(0))));
    assert!(matches!(bad, Err(AuditError::Store(_))), "{bad:?}");
    assert_eq!(good.expect("written"), 1);
    task.abort();
    assert!(task.await.is_err_and(|ended| ended.is_cancelled()));
    let late = writer.append(home.entry(events().remove(0))).await;
    assert!(matches!(late, Err(AuditError::Closed)), "{late:?}");
}

/// A log in memory, as an export would be.
fn log(events: Vec<Event>) -> (TenantId, Vec<AuditRow>, AuditHead) {
    use convergio_store::AuditChain as _;
    let (tenant, chain) = (TenantId::new(NOW), chain());
    let mut rows: Vec<AuditRow> = Vec::new();
    for (event, seq) in events.into_iter().zip(1..) {
        let entry = Entry { tenant: tenant.clone(), at: NOW + seq, request_id: "r".into(), event };
        let previous = rows.last().map(|row| row.digest.clone()).unwrap_or_default();
        let columns = entry.to_columns();
        let digest = chain.digest(&tenant, seq, &previous, &columns).to_vec();
        rows.push(AuditRow { seq, columns, digest });
    }
    let (seq, digest) = rows.last().map(|row| (row.seq, row.digest.clone())).unwrap_or_default();
    let seal = chain.seal(&tenant, seq, &digest).to_vec();
    (tenant, rows, AuditHead { seq, digest, seal })
}

fn any_event() -> impl Strategy<Value = Event> {
    let word = || "[a-z]{0,6}";
    prop_oneof![
        (word(), word(), 0..9_i64, 0..9_i64).prop_map(|(user, model, tokens, cost_nanos)| {
            Event::Query { user, model, tokens, cost_nanos }
        }),
        (word(), word(), word(), any::<bool>())
            .prop_map(|(user, ip, device, success)| Event::Login { user, ip, device, success }),
        (word(), word(), word()).prop_map(|(actor, action, target)| Event::AdminAction {
            actor,
            action,
            target
        }),
        (word(), word()).prop_map(|(user, action)| Event::KeyChange { user, action }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..Default::default() })]

    #[test]
    fn any_history_but_the_written_one_is_refused(
        events in prop::collection::vec(any_event(), 2..12),
        at in any::<prop::sample::Index>(),
        to in any::<prop::sample::Index>(),
        what in 0_u8..5,
    ) {
        let (tenant, written, head) = log(events);
        let (mut rows, at, to) = (written.clone(), at.index(written.len()), to.index(written.len()));
        match what {
            0 => { rows.remove(at); }
            1 => { let row = rows.remove(at); rows.insert(to, row); }
            2 => { let row = rows[at].clone(); rows.insert(to, row); }
            3 => rows.truncate(at),
            _ => rows[at].columns.user.push('x'),
        }
        let verdict = verify(&tenant, &rows, Some(&head), Some(&chain()));
        prop_assert_eq!(verdict.is_ok(), rows == written);
        let elsewhere = verify(&TenantId::new(NOW + 9), &written, Some(&head), Some(&chain()));
        prop_assert!(elsewhere.is_err(), "a history is that of one tenant");
    }

    /// The same letters in other fields are another row.
    #[test]
    fn letters_do_not_wander_between_fields(text in "[a-z]{2,12}", cut in any::<prop::sample::Index>()) {
        use convergio_store::AuditChain as _;
        let (tenant, cut) = (TenantId::new(NOW), cut.index(text.len() - 1));
        let digest = |cut: usize| {
            let (actor, action) = (text[..cut].to_owned(), text[cut..].to_owned());
            let event = Event::AdminAction { actor, action, target: String::new() };
            let entry = Entry { tenant: tenant.clone(), at: 0, request_id: String::new(), event };
            chain().digest(&tenant, 1, &[], &entry.to_columns())
        };
        prop_assert_ne!(digest(cut), digest(cut + 1));
    }
}
