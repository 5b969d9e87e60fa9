//! Opening, upgrading, refusing, copying and surviving.
mod support;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Command, Stdio};

use std::io::{BufRead as _, BufReader};

use convergio_store::{Options, SCHEMA, Store, StoreError};
use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::{AssertSqlSafe, Connection as _, SqlSafeStr as _, SqliteConnection};
use support::{NOW, fresh, furnish, options};

/// What a newer program would bring: our migrations and one more.
async fn newer(sql: &'static str) -> Migrator {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations");
    let ours = Migrator::new(folder).await.expect("our migrations");
    let mut all: Vec<Migration> = ours.iter().cloned().collect();
    let next = AssertSqlSafe(sql).into_sql_str();
    all.push(Migration::new(SCHEMA + 1, "next".into(), MigrationType::Simple, next, false));
    Migrator::with_migrations(all)
}

async fn raw(path: &std::path::Path) -> SqliteConnection {
    SqliteConnection::connect(&format!("sqlite://{}", path.display())).await.expect("a connection")
}

#[tokio::test]
async fn the_newest_migration_is_the_schema_this_program_names() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations");
    let ours = Migrator::new(folder).await.expect("our migrations");
    assert_eq!(ours.iter().map(|one| one.version).max(), Some(SCHEMA));
}

#[tokio::test]
async fn what_was_written_is_there_after_opening_again() {
    let fresh = fresh().await;
    let one = furnish(&fresh.store, 1).await;
    fresh.store.close().await;
    let again = Store::open(&options(&fresh.folder)).await.expect("opens again");
    assert_eq!(again.tenants().await.expect("tenants").len(), 1);
    assert_eq!(again.tenant(&one.tenant).keys().await.expect("keys").len(), 1);
}

#[tokio::test]
async fn file_and_log_and_copy_are_readable_by_the_owner_alone() {
    let fresh = fresh().await;
    furnish(&fresh.store, 1).await;
    let copy = fresh.folder.path().join("copy.db");
    fresh.store.backup(&copy).await.expect("a copy");
    let mut seen = 0;
    for entry in fs::read_dir(fresh.folder.path()).expect("the folder") {
        let entry = entry.expect("an entry");
        let mode = entry.metadata().expect("metadata").permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{:?}", entry.file_name());
        seen += 1;
    }
    assert_eq!(seen, 4, "the file, its log, the log's index and the copy");
}

#[tokio::test]
async fn the_settings_that_keep_the_file_whole_are_on() {
    let fresh = fresh().await;
    let mut other = raw(fresh.store.path()).await;
    let mode: String =
        sqlx::query_scalar("PRAGMA journal_mode").fetch_one(&mut other).await.expect("a mode");
    assert_eq!(mode, "wal");
    let loose: Vec<String> = sqlx::query_scalar(
        "SELECT name FROM pragma_table_list
         WHERE schema = 'main' AND type = 'table' AND strict = 0
           AND name NOT IN ('sqlite_schema', '_sqlx_migrations')",
    )
    .fetch_all(&mut other)
    .await
    .expect("tables");
    assert!(loose.is_empty(), "not strict: {loose:?}");
}

#[tokio::test]
async fn a_newer_schema_is_refused_and_left_alone() {
    let fresh = fresh().await;
    fresh.store.close().await;
    let next = newer("CREATE TABLE later (id INTEGER PRIMARY KEY) STRICT").await;
    Store::open_with(&options(&fresh.folder), &next).await.expect("upgraded").close().await;
    let before = fs::read(fresh.store.path()).expect("the file");

    let refused = Store::open(&options(&fresh.folder)).await.expect_err("refused");

    let said = refused.to_string();
    let (next, ours) = (SCHEMA + 1, SCHEMA);
    assert!(
        matches!(refused, StoreError::Newer { found, known, .. } if (found, known) == (next, ours)),
        "{said}"
    );
    assert!(said.contains("start the newer program"), "{said}");
    assert_eq!(fs::read(fresh.store.path()).expect("the file"), before);
}

#[tokio::test]
async fn an_upgrade_copies_the_file_first_and_a_failed_one_changes_nothing() {
    let fresh = fresh().await;
    let one = furnish(&fresh.store, 1).await;
    fresh.store.close().await;
    let broken = newer("CREATE TABLE later (id INTEGER) STRICT; SELECT nonsense").await;

    let failed = Store::open_with(&options(&fresh.folder), &broken).await.expect_err("fails");

    let next = SCHEMA + 1;
    assert!(matches!(failed, StoreError::Migration { version, .. } if version == next), "{failed}");
    let as_it_was = Store::open(&options(&fresh.folder)).await.expect("still the schema before");
    as_it_was.create_tenant("Later", NOW).await.expect("it goes on");
    as_it_was.close().await;
    assert!(Store::open_with(&options(&fresh.folder), &broken).await.is_err());
    let newer = Options::new(fresh.folder.path().join(format!("c.db.schema-{SCHEMA}-2")));
    let newer = Store::open_read_only(&newer).await.expect("each try makes a copy of its own");
    assert_eq!(newer.tenants().await.expect("tenants").len(), 2);
    let copy = Options::new(fresh.folder.path().join(format!("c.db.schema-{SCHEMA}")));
    let copy = Store::open_read_only(&copy).await.expect("the copy opens");
    assert_eq!(copy.tenant(&one.tenant).users().await.expect("users").len(), 1);
}

#[tokio::test]
async fn a_migration_that_was_edited_is_refused() {
    let fresh = fresh().await;
    fresh.store.close().await;
    let mut other = raw(fresh.store.path()).await;
    sqlx::query("UPDATE _sqlx_migrations SET checksum = x'00'")
        .execute(&mut other)
        .await
        .expect("edited");
    other.close().await.expect("closed");
    let refused = Store::open(&options(&fresh.folder)).await.expect_err("refused");
    assert!(matches!(refused, StoreError::Altered { version: 1, .. }), "{refused}");
}

#[tokio::test]
async fn what_is_no_database_of_ours_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = options(&folder).path;
    fs::write(&path, "just text, and long enough not to be taken for an empty file".repeat(20))
        .expect("written");
    let before = fs::read(&path).expect("the file");
    let refused = Store::open(&options(&folder)).await.expect_err("text");
    assert!(matches!(refused, StoreError::Foreign { .. }), "{refused}");
    assert_eq!(fs::read(&path).expect("the file"), before);

    fs::remove_file(&path).expect("removed");
    let mut other = SqliteConnection::connect(&format!("sqlite://{}?mode=rwc", path.display()))
        .await
        .expect("made");
    sqlx::query("CREATE TABLE theirs (x)").execute(&mut other).await.expect("a table");
    other.close().await.expect("closed");
    let refused = Store::open(&options(&folder)).await.expect_err("another program's");
    assert!(matches!(refused, StoreError::Foreign { .. }), "{refused}");

    fs::remove_file(&path).expect("removed");
    fs::create_dir(&path).expect("a folder of that name");
    let refused = Store::open(&options(&folder)).await.expect_err("a folder");
    assert!(matches!(refused, StoreError::Foreign { .. }), "{refused}");
    let nowhere =
        Store::open(&Options::new(folder.path().join("no/c.db"))).await.expect_err("nowhere");
    assert!(matches!(nowhere, StoreError::Open { .. }), "{nowhere}");
}

#[tokio::test]
async fn a_copy_is_whole_never_replaces_a_file_and_leaves_nothing_half_done() {
    let fresh = fresh().await;
    let one = furnish(&fresh.store, 1).await;
    let to = fresh.folder.path().join("copy.db");
    let made = fresh.store.backup(&to).await.expect("a copy");
    furnish(&fresh.store, 2).await;
    assert_eq!(made.bytes, fs::metadata(&to).expect("the copy").len());

    let again = fresh.store.backup(&to).await.expect_err("exists");
    assert!(matches!(again, StoreError::Backup { .. }), "{again}");
    let nowhere = fresh.store.backup(&fresh.folder.path().join("no/copy.db")).await;
    assert!(matches!(nowhere, Err(StoreError::Backup { .. })), "{nowhere:?}");
    assert!(!fresh.folder.path().join("copy.db.partial").exists());

    let restored = Store::open(&Options::new(&to)).await.expect("opens");
    let mode: String = sqlx::query_scalar("PRAGMA journal_mode")
        .fetch_one(&mut raw(&to).await)
        .await
        .expect("a mode");
    assert_eq!(mode, "wal", "a restored copy works as the original did");
    let tenants = restored.tenants().await.expect("tenants");
    assert_eq!(tenants.iter().map(|row| &row.id).collect::<Vec<_>>(), [&one.tenant]);
}

#[tokio::test]
async fn a_reader_makes_and_changes_nothing() {
    let fresh = fresh().await;
    let reader = Store::open_read_only(&options(&fresh.folder)).await.expect("opens");
    assert!(reader.create_tenant("x", NOW).await.is_err());
    assert!(reader.tenants().await.expect("tenants").is_empty());
    let missing = Options::new(fresh.folder.path().join("missing.db"));
    assert!(matches!(Store::open_read_only(&missing).await, Err(StoreError::Missing { .. })));
    assert!(!missing.path.exists());
}

#[tokio::test]
async fn a_reader_tells_older_from_newer_and_a_copy_is_made_of_either() {
    let fresh = fresh().await;
    fresh.store.close().await;
    let edit = |statement: String| {
        let path = fresh.store.path().to_owned();
        async move {
            let mut other = raw(&path).await;
            sqlx::query(AssertSqlSafe(statement)).execute(&mut other).await.expect("edited");
            other.close().await.expect("closed");
        }
    };
    let options = options(&fresh.folder);
    let table = "_sqlx_migrations";
    let later = format!("UPDATE {table} SET version = {} WHERE version = {SCHEMA}", SCHEMA + 7);
    let earlier = format!("DELETE FROM {table} WHERE version >= {SCHEMA}");
    for (statement, number, newer) in [(later, SCHEMA + 7, true), (earlier, SCHEMA - 1, false)] {
        edit(statement).await;
        let refused = Store::open_read_only(&options).await.expect_err("refused");
        let told = match refused {
            StoreError::Newer { found, known, .. } => (true, found, known),
            StoreError::Older { found, known, .. } => (false, found, known),
            other => panic!("{other}"),
        };
        assert_eq!(told, (newer, number, SCHEMA));
        let copy = fresh.folder.path().join(format!("copy-{number}.db"));
        let made = Store::backup_of(&options, &copy).await.expect("a copy");
        assert_eq!(made.bytes, fs::metadata(&copy).expect("the copy").len());
    }
    let missing = Options::new(fresh.folder.path().join("missing.db"));
    let copy = Store::backup_of(&missing, &fresh.folder.path().join("copy.db")).await;
    assert!(matches!(copy, Err(StoreError::Missing { .. })), "{copy:?}");
    assert!(!missing.path.exists() && !fresh.folder.path().join("copy.db").exists());
}

/// Adds tenants for as long as the process lives and says each one only when it is committed.
async fn write_until_killed(path: &std::path::Path) {
    let store = Store::open(&Options::new(path)).await.expect("opens");
    for number in 0.. {
        let tenant = store.create_tenant(&format!("n{number}"), NOW).await.expect("a tenant");
        println!("committed {tenant}");
    }
}

#[tokio::test]
async fn whatever_was_committed_survives_a_kill() {
    // The test runs itself a second time as the process that it kills.
    if let Some(path) = std::env::var_os("CONVERGIO_STORE_KILL") {
        return write_until_killed(path.as_ref()).await;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("c.db");
    let mut writer = Command::new(std::env::current_exe().expect("this program"))
        .args(["--exact", "whatever_was_committed_survives_a_kill", "--nocapture"])
        .env("CONVERGIO_STORE_KILL", &path)
        .stdout(Stdio::piped())
        .spawn()
        .expect("a writer");
    let mut lines = BufReader::new(writer.stdout.take().expect("its output")).lines();
    let mut said: Vec<String> = Vec::new();
    while said.len() < 20 {
        let line = lines.next().expect("more output").expect("text");
        said.extend(line.rsplit_once("committed ").map(|(_, id)| id.to_owned()));
    }
    writer.kill().expect("killed");
    writer.wait().expect("gone");
    for line in lines {
        let line = line.expect("text");
        said.extend(
            line.rsplit_once("committed ").map(|(_, id)| id.to_owned()).filter(|id| id.len() == 36),
        );
    }

    let store = Store::open(&Options::new(&path)).await.expect("opens after the kill");

    let there: Vec<_> =
        store.tenants().await.expect("tenants").iter().map(|row| row.id.to_string()).collect();
    let lost: Vec<_> = said.iter().filter(|id| !there.contains(id)).collect();
    assert!(lost.is_empty(), "committed and gone: {lost:?}");
    let mut other = raw(&path).await;
    let check: String =
        sqlx::query_scalar("PRAGMA integrity_check").fetch_one(&mut other).await.expect("a check");
    assert_eq!(check, "ok");
}
