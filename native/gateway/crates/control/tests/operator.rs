//! What the operator does beside an open installation that has people and keys.
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use convergio_control::operator::{Found, Installation, Judgement};
use convergio_control::{Arrival, Control, ControlError, Founder, KeyId, MasterKeyPlace, Options};
use convergio_control::{SetupFor, TenantId};
use convergio_vault::source::FileSource;
use convergio_vault::{NewSecret, VaultError};
use secrecy::{ExposeSecret as _, SecretString};
use sqlx::{AssertSqlSafe, Connection as _, SqliteConnection};
use tempfile::TempDir;

const NOW: i64 = 1_790_000_000_000;
const HOUR: i64 = 3_600_000;
const CANARY: &str = "sk-operator-canary-0123456789";

/// An installation that runs, and its operator beside it.
struct World {
    control: Control,
    operator: Installation,
    tenant: TenantId,
    folder: TempDir,
    clock: Arc<AtomicI64>,
}

fn master_key(folder: &TempDir) -> PathBuf {
    folder.path().join("keys/master.key")
}

fn options(folder: &TempDir, clock: &Arc<AtomicI64>) -> Options {
    let clock = Arc::clone(clock);
    let place = MasterKeyPlace::File(master_key(folder));
    let mut options = Options::new(folder.path().join("data"), place);
    options.clock = Arc::new(move || clock.load(Ordering::SeqCst));
    (options.passwords.memory, options.passwords.passes) = (64, 1);
    options
}

impl World {
    async fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let clock = Arc::new(AtomicI64::new(NOW));
        let (control, link) = Control::open(options(&folder, &clock)).await.expect("opened");
        let link = link.expect("nobody administers");
        assert_eq!(link.purpose, SetupFor::First);
        let operator = Installation::new(options(&folder, &clock));
        let tenant = set_up(&control, &link.token, "ada@example.org").await;
        Self { control, operator, tenant, folder, clock }
    }

    async fn add_key(&self, name: &str) -> KeyId {
        let user = self.control.store().user_by_email("ada@example.org").await.expect("answers");
        let user = user.expect("Ada").id;
        let secret: SecretString = format!("{CANARY}-{name}").into();
        let new =
            NewSecret { user: &user, provider: "openai", name, endpoint: None, secret: &secret };
        self.control.vault().add(&self.tenant, &new, NOW).await.expect("added")
    }

    async fn opens(&self, key: &KeyId) -> Result<String, VaultError> {
        let leases = self.control.vault().lease(&self.tenant, key, NOW).await?;
        Ok(leases[0].secret.expose_secret().to_owned())
    }

    async fn edit(&self, statements: &str) {
        edit(&self.operator.database(), statements).await;
    }

    async fn judgement(&self) -> (Judgement, Vec<Found>) {
        let found = self.operator.verify_audit(None, &[]).await.expect("readable");
        (found.judgement(), found.logs.into_iter().map(|log| log.found).collect())
    }
}

async fn set_up(control: &Control, link: &SecretString, email: &str) -> TenantId {
    let password: SecretString = "correct horse battery".to_owned().into();
    let founder = Founder { tenant: "Home", email, password: &password };
    let arrival = Arrival { ip: "127.0.0.1", device: "test", request_id: "r" };
    control.set_up(link, founder, arrival).await.expect("set up").view.standing.tenant
}

async fn edit(database: &Path, statements: &str) {
    let url = format!("sqlite://{}", database.display());
    let mut raw = SqliteConnection::connect(&url).await.expect("a connection");
    sqlx::raw_sql(AssertSqlSafe(statements.to_owned())).execute(&mut raw).await.expect("edited");
    raw.close().await.expect("closed");
}

#[tokio::test]
async fn the_master_key_turns_over_beside_a_running_gateway() {
    let world = World::new().await;
    let key = world.add_key("mine").await;
    let rows = |found: Vec<Found>| match found.as_slice() {
        [Found::Whole(whole)] => whole.rows,
        other => panic!("{other:?}"),
    };
    let before = rows(world.judgement().await.1);
    let status = world.operator.add_master_key().await.expect("added");
    assert_eq!((&*status.versions, status.outdated()), ([1, 2].as_slice(), vec![1]));

    let moved = world.operator.rewrap().await.expect("wrapped anew");

    assert_eq!((moved.to, moved.moved, moved.failed.len()), (2, 2, 0), "the key, and the pepper");
    assert_eq!(world.opens(&key).await.expect("opens"), format!("{CANARY}-mine"));
    let next = world.add_key("next").await;
    assert_eq!(world.opens(&next).await.expect("opens"), format!("{CANARY}-next"));
    let status = world.operator.master_key_status().await.expect("a status");
    assert_eq!(status.retired(), [1], "the running one seals with the new version, too");
    assert_eq!((status.problem.as_deref(), status.mode), (None, Some(0o600)));
    let (judgement, found) = world.judgement().await;
    assert_eq!((judgement, rows(found)), (Judgement::Whole, before + 1), "and it is audited");

    let again = world.operator.rewrap().await.expect("nothing to do");
    assert_eq!((again.moved, rows(world.judgement().await.1)), (0, before + 1));
}

#[tokio::test]
async fn a_key_that_opens_nothing_here_changes_nothing() {
    let world = World::new().await;
    world.add_key("mine").await;
    let file = master_key(&world.folder);
    let kept = std::fs::read(&file).expect("the key");
    std::fs::remove_file(&file).expect("removed");

    let gone = world.operator.rewrap().await.expect_err("refused");
    assert!(matches!(gone, ControlError::MasterKeyLost { .. }), "{gone}");
    let none = world.operator.make_master_key().await.expect_err("refused");
    assert!(matches!(none, ControlError::MasterKeyLost { .. }) && !file.exists(), "{none}");
    let status = world.operator.master_key_status().await.expect("a status");
    assert!(status.problem.is_some_and(|problem| problem.contains("Put it back")));

    FileSource::new(&file).create().expect("another");
    let wrong = world.operator.rewrap().await.expect_err("refused");
    assert!(matches!(wrong, ControlError::WrongMasterKey { .. }), "{wrong}");
    let status = world.operator.master_key_status().await.expect("a status");
    assert!(status.problem.is_some_and(|problem| problem.contains("does not open")));
    let (judgement, _) = world.judgement().await;
    assert_eq!(judgement, Judgement::Open, "whether the ends are sealed, nobody can tell");
    let other = Control::open(options(&world.folder, &world.clock)).await.expect_err("refused");
    assert!(matches!(other, ControlError::WrongMasterKey { .. }), "{other}");

    std::fs::write(&file, &kept).expect("put back");
    world.operator.add_master_key().await.expect("added");
    world.operator.rewrap().await.expect("wrapped anew");
    std::fs::write(&file, &kept).expect("an old copy");
    let old = world.operator.rewrap().await.expect_err("refused");
    assert!(old.to_string().contains("master key 2, which is not loaded"), "{old}");
    let status = world.operator.master_key_status().await.expect("a status");
    assert!(status.problem.is_some_and(|problem| problem.contains("version 2 is not there")));
}

#[tokio::test]
async fn a_damaged_secret_is_named_and_the_others_move() {
    let world = World::new().await;
    let (bad, _good) = (world.add_key("bad").await, world.add_key("good").await);
    world
        .edit(&format!("UPDATE key_versions SET sealed = x'01000000' WHERE key_id = '{bad}'"))
        .await;
    world.operator.add_master_key().await.expect("added");
    let moved = world.operator.rewrap().await.expect("goes on");
    assert_eq!((moved.moved, moved.failed.len()), (2, 1));
    let stuck = &moved.failed[0];
    assert!(stuck.secret.contains(bad.as_str()) && stuck.reason.contains("truncated"), "{stuck:?}");
}

#[tokio::test]
async fn a_log_without_a_row_is_no_whole_log_but_for_a_tenant_just_being_made() {
    let world = World::new().await;
    world
        .edit(
            "DROP TRIGGER audit_rows_never_go; DROP TRIGGER audit_heads_never_go;
             DELETE FROM audit_rows; DELETE FROM audit_heads",
        )
        .await;
    assert_eq!(world.judgement().await.0, Judgement::Whole, "its first row may be on its way");
    world.clock.store(NOW + HOUR, Ordering::SeqCst);
    assert_eq!(world.judgement().await, (Judgement::Broken, vec![Found::Empty]));
}

#[tokio::test]
async fn the_secret_that_everything_hangs_on_is_missed() {
    let world = World::new().await;
    world.edit("DELETE FROM installation_secrets").await;
    assert_eq!(world.judgement().await.0, Judgement::Open);
    let refused = world.operator.rewrap().await.expect_err("refused");
    assert!(matches!(refused, ControlError::NothingSealed { .. }), "{refused}");
}

#[tokio::test]
async fn links_are_for_the_first_tenant_then_for_further_ones() {
    let folder = tempfile::tempdir().expect("a folder");
    let clock = Arc::new(AtomicI64::new(NOW));
    let operator = Installation::new(options(&folder, &clock));
    let refused = operator.setup_link().await.expect_err("no installation");
    assert!(refused.to_string().contains("there is no database"), "{refused}");
    assert!(!folder.path().join("data").exists(), "and none is made");

    let (control, printed) = Control::open(options(&folder, &clock)).await.expect("opened");
    let link = operator.setup_link().await.expect("a link");
    assert_eq!(link.purpose, SetupFor::First);
    let first = set_up(&control, &link.token, "ada@example.org").await;
    let further = operator.setup_link().await.expect("a link");
    assert_eq!(further.purpose, SetupFor::Further);
    let second = set_up(&control, &further.token, "grace@example.org").await;
    assert_ne!(first, second);

    let password: SecretString = "correct horse battery".to_owned().into();
    for void in [&printed.expect("a link").token, &link.token, &further.token] {
        let founder = Founder { tenant: "Third", email: "m@example.org", password: &password };
        let arrival = Arrival { ip: "127.0.0.1", device: "test", request_id: "r" };
        assert!(control.set_up(void, founder, arrival).await.is_err());
    }
    let late = operator.setup_link().await.expect("a link");
    clock.store(late.expires_at, Ordering::SeqCst);
    let founder = Founder { tenant: "Late", email: "l@example.org", password: &password };
    let arrival = Arrival { ip: "127.0.0.1", device: "test", request_id: "r" };
    assert!(control.set_up(&late.token, founder, arrival).await.is_err(), "an hour has passed");
}
