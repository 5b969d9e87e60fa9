//! Use cases on a clock that the test turns.
use std::os::unix::fs::PermissionsExt as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use convergio_control::{
    AccountError, Arrival, By, Caller, Control, ControlError, Founder, KeyChange, KeyId,
    MasterKeyPlace, NewKey, NewToken, Options, Person, Presented, Providers, Role, Scope, Scopes,
    SettingsChange, Span, Tested, Through, UsageBy,
};
use convergio_wire::config::Place;
use convergio_wire::{ErrorCode, Failure};
use secrecy::{ExposeSecret as _, SecretString};
use tempfile::TempDir;

const START: i64 = 1_790_000_000_000;
const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;
const EMAIL: &str = "ada@example.org";

/// An installation in a folder of its own, with its first administrator.
struct World {
    control: Control,
    clock: Arc<AtomicI64>,
    ada: Caller,
    session: SecretString,
    folder: TempDir,
}

fn password() -> SecretString {
    "correct horse battery".to_owned().into()
}

fn options(folder: &TempDir, clock: &Arc<AtomicI64>) -> Options {
    let key = MasterKeyPlace::File(folder.path().join("keys/master.key"));
    let clock = Arc::clone(clock);
    let mut options = Options::new(folder.path().join("data"), key);
    options.clock = Arc::new(move || clock.load(Ordering::SeqCst));
    options.passwords.memory = 64;
    options.passwords.passes = 1;
    options
}

fn arrival() -> Arrival<'static> {
    Arrival { ip: "127.0.0.1", device: "test", request_id: "r" }
}

impl World {
    async fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let clock = Arc::new(AtomicI64::new(START));
        let (control, link) = Control::open(options(&folder, &clock)).await.expect("opened");
        let link = link.expect("nobody administers").token;
        let password = password();
        let founder = Founder { tenant: "Home", email: EMAIL, password: &password };
        let begun = control.set_up(&link, founder, arrival()).await.expect("set up");
        let session = begun.session;
        let presented = Presented::Session { session: &session, csrf: None, changes: false };
        let ada = Caller::clone(&*control.identify(presented).await.expect("in"));
        Self { control, clock, ada, session, folder }
    }

    fn at(&self, time: i64) {
        self.clock.store(START + time, Ordering::SeqCst);
    }

    fn by(&self) -> By<'_> {
        By { caller: &self.ada, request_id: "r" }
    }

    async fn bring(&self, secret: &str) -> KeyId {
        let secret = secret.to_owned().into();
        let new = NewKey {
            provider: "openai",
            name: "Work",
            secret: &secret,
            place: None,
            monthly_limit: None,
        };
        let report = self.control.add_key(self.by(), &Vendor, &new).await.expect("kept");
        report.view.key.id
    }

    async fn actions(&self) -> Vec<String> {
        let query = convergio_control::AuditQuery { limit: 1000, ..Default::default() };
        let page = self.control.audit_log(self.by(), &query).await.expect("read");
        page.rows.into_iter().rev().filter_map(|row| row.columns.action).collect()
    }
}

/// Takes every key.
struct Vendor;

impl Providers for Vendor {
    async fn models(
        &self,
        _: &str,
        secret: &SecretString,
        _: Option<&Place>,
    ) -> Result<Vec<String>, Failure> {
        match secret.expose_secret().contains("down") {
            true => Err(Failure::new(ErrorCode::ProviderUnavailable, "it is down")),
            false => Ok(vec!["gpt".to_owned()]),
        }
    }

    fn needs_place(&self, provider: &str) -> bool {
        provider == "azure"
    }

    fn permits(&self, _: &Place) -> Result<(), Failure> {
        Ok(())
    }
}

fn code(error: &ControlError) -> ErrorCode {
    error.failure().code
}

#[tokio::test]
async fn a_session_ends_with_its_time_and_is_swept() {
    let world = World::new().await;
    let presented = || Presented::Session { session: &world.session, csrf: None, changes: false };
    world.at(12 * HOUR - 1);
    world.control.identify(presented()).await.expect("still in");
    world.at(12 * HOUR);
    let over = world.control.identify(presented()).await.expect_err("over");
    assert_eq!(code(&over), ErrorCode::AuthInvalid);
    assert_eq!(world.control.upkeep().await.expect("kept up").sessions, 1);
}

#[tokio::test]
async fn a_change_needs_the_sessions_own_csrf_token() {
    let world = World::new().await;
    let own = world.control.session(&world.session).await.expect("in").csrf;
    for (csrf, good) in [(None, false), (Some("0"), false), (Some(own.as_str()), true)] {
        let presented = Presented::Session { session: &world.session, csrf, changes: true };
        assert_eq!(world.control.identify(presented).await.is_ok(), good, "{csrf:?}");
    }
}

#[tokio::test]
async fn each_reminder_is_told_once_at_14_7_and_1_days_and_when_overdue() {
    let world = World::new().await;
    let id = world.bring("sk-0123456789abcdef").await;
    let mut told = Vec::new();
    for half_day in 0..200 {
        world.at(half_day * DAY / 2);
        let done = world.control.upkeep().await.expect("kept up");
        for (tenant, reminder) in done.reminded {
            assert_eq!((&tenant, &reminder.key), (&world.ada.tenant, &id));
            told.push((half_day as f64 / 2.0, reminder.stage.as_str()));
        }
    }
    let expected = [
        (76.0, "due_in_14_days"),
        (83.0, "due_in_7_days"),
        (89.0, "due_in_1_day"),
        (90.0, "overdue"),
    ];
    assert_eq!(told, expected);
    let due = world.control.reminders(world.by()).await.expect("listed");
    assert_eq!(
        (due.len(), due[0].stage.as_str()),
        (1, "overdue"),
        "listed for as long as it lasts"
    );
    // Another policy: reminders begin anew.
    let change = SettingsChange { keys_max_age_days: Some(100), ..Default::default() };
    world.control.change_settings(world.by(), change).await.expect("set");
    let told = world.control.upkeep().await.expect("kept up").reminded;
    assert_eq!(told.iter().map(|(_, it)| it.stage.as_str()).collect::<Vec<_>>(), ["due_in_1_day"]);
}

#[tokio::test]
async fn an_overlap_ends_with_its_window_and_that_is_written_down() {
    let world = World::new().await;
    let id = world.bring("sk-0123456789abcdef").await;
    let next = "sk-fedcba9876543210".to_owned().into();
    world.control.rotate_key(world.by(), &id, &next, 24).await.expect("rotated");
    world.at(DAY - 1);
    assert!(world.control.upkeep().await.expect("kept up").outlived.is_empty());
    world.at(DAY);
    let gone = world.control.upkeep().await.expect("kept up").outlived;
    assert_eq!(
        gone.iter().map(|it| (it.key.clone(), it.version)).collect::<Vec<_>>(),
        [(id.clone(), 1)]
    );
    assert!(world.control.upkeep().await.expect("kept up").outlived.is_empty(), "once");
    let last = world.actions().await.pop().expect("a row");
    assert_eq!(last, format!("revoke {id} version 1"));
    let too_long = world.control.rotate_key(world.by(), &id, &next, 721).await.expect_err("long");
    assert_eq!(too_long.failure().param.as_deref(), Some("overlap_hours"));
}

#[tokio::test]
async fn a_token_ends_with_its_time_and_its_use_is_noted_once_a_minute() {
    let world = World::new().await;
    let scopes: Scopes = [Scope::Chat].into_iter().collect();
    let new = NewToken { name: "t", scopes: &scopes, expires_at: Some(START + HOUR) };
    let issued = world.control.issue_token(world.by(), new).await.expect("issued");
    let used = || async {
        let tokens = world.control.tokens(world.by()).await.expect("listed");
        tokens[0].last_used_at.map(|at| at - START)
    };
    for (at, noted) in [(0, 0), (30_000, 0), (61_000, 61_000)] {
        world.at(at);
        world.control.identify(Presented::Token(&issued.token)).await.expect("in");
        while used().await != Some(noted) {
            tokio::task::yield_now().await;
        }
    }
    world.at(HOUR - 1);
    world.control.identify(Presented::Token(&issued.token)).await.expect("still in");
    world.at(HOUR);
    // Remembered a moment ago, and over all the same.
    let over = world.control.identify(Presented::Token(&issued.token)).await.expect_err("over");
    assert_eq!(code(&over), ErrorCode::AuthInvalid);
}

#[tokio::test]
async fn what_is_another_tenants_is_not_there() {
    let world = World::new().await;
    let id = world.bring("sk-0123456789abcdef").await;
    let store = world.control.store();
    let other = store.create_tenant("Away", START).await.expect("made");
    let new = convergio_store::NewUser {
        email: "eve@example.org",
        role: Role::Admin,
        password_hash: "x",
    };
    let user = store.tenant(&other).add_user(new, START).await.expect("added");
    let eve = Caller { tenant: other, user, role: Role::Admin, through: Through::Session };
    let by = By { caller: &eve, request_id: "r" };
    let control = &world.control;
    let next = "sk-fedcba9876543210".to_owned().into();
    let renamed = KeyChange { name: Some("Mine"), monthly_limit: None };
    let refusals = [
        control.key(by, &id).await.err(),
        control.change_key(by, &id, renamed).await.err(),
        control.rotate_key(by, &id, &next, 0).await.err(),
        control.revoke_key(by, &id, None).await.err(),
        control.remove_key(by, &id).await.err(),
        control.test_key(by, &Vendor, &id).await.err(),
        control.change_person(by, &world.ada.user, None, Some(true)).await.err(),
    ];
    for (number, refused) in refusals.into_iter().enumerate() {
        let refused = refused.unwrap_or_else(|| panic!("call {number} reached across"));
        assert_eq!(code(&refused), ErrorCode::RequestNotFound, "call {number}: {refused}");
    }
    assert!(control.keys(by).await.expect("none").is_empty());
    assert_eq!(control.people(by).await.expect("only them").len(), 1);
    let query = convergio_control::AuditQuery { limit: 10, ..Default::default() };
    assert!(control.audit_log(by, &query).await.expect("empty").rows.is_empty());
    let span = Span { user: Some(world.ada.user.clone()), ..Span::default() };
    let used = control.usage(by, UsageBy::Key, &span).await.expect("nothing");
    assert!(used.groups.is_empty());
    control.key(world.by(), &id).await.expect("still there for its own");
}

#[tokio::test]
async fn every_change_is_written_down_in_its_order() {
    let world = World::new().await;
    let (control, by) = (&world.control, world.by());
    let secret = "sk-0123456789abcdef-down".to_owned().into();
    let tested: Tested =
        control.check_key(by, &Vendor, "openai", &secret, None).await.expect("asked");
    assert_eq!(tested.outcome, "provider.unavailable");
    let id = world.bring("sk-0123456789abcdef").await;
    control.test_key(by, &Vendor, &id).await.expect("asked");
    let bob = Person { email: "bob@example.org", password: &password(), role: Role::User };
    let bob = control.add_person(by, bob).await.expect("added").id;
    control.change_person(by, &bob, Some(Role::Auditor), None).await.expect("changed");
    control.rewrap(by).await.expect("nothing to do");
    control
        .change_password(by, &password(), &"another password".to_owned().into())
        .await
        .expect("set");
    let verbs: Vec<_> = world
        .actions()
        .await
        .iter()
        .map(|it| it.split(' ').next().unwrap_or("").to_owned())
        .collect();
    let expected =
        ["setup", "add", "test", "person.add", "person.change", "vault.rewrap", "password.change"];
    assert_eq!(verbs, expected);
    assert!(control.verify_audit(by).await.expect("read").is_ok());
    let over = control.session(&world.session).await.expect_err("a new password ends all sessions");
    assert_eq!(code(&over), ErrorCode::AuthInvalid);
}

#[tokio::test]
async fn a_lost_master_key_is_never_replaced() {
    let world = World::new().await;
    world.bring("sk-0123456789abcdef").await;
    world.control.close().await;
    let file = world.folder.path().join("keys/master.key");
    let kept = std::fs::read(&file).expect("made at the first start");
    std::fs::remove_file(&file).expect("gone");
    let lost = Control::open(options(&world.folder, &world.clock)).await.expect_err("refused");
    assert!(matches!(lost, ControlError::MasterKeyLost { .. }), "{lost}");
    assert!(lost.to_string().contains("keys/master.key") && !file.exists(), "{lost}");
    std::fs::write(&file, kept).expect("put back");
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).expect("a mode");
    let (again, link) = Control::open(options(&world.folder, &world.clock)).await.expect("opened");
    assert!(link.is_none() && !again.needs_setup().await.expect("read"));
    // Another key of the same version is not the one.
    again.close().await;
    std::fs::write(&file, format!("1:{}\n", "0123456789abcdef".repeat(4))).expect("another");
    let wrong = Control::open(options(&world.folder, &world.clock)).await.expect_err("refused");
    assert!(matches!(wrong, ControlError::WrongMasterKey { .. }), "{wrong}");
}

#[tokio::test]
async fn a_folder_that_others_can_write_to_is_refused_with_the_command_that_helps() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    std::fs::create_dir(&data).expect("made");
    std::fs::set_permissions(&data, std::fs::Permissions::from_mode(0o777)).expect("a mode");
    let clock = Arc::new(AtomicI64::new(START));
    let refused = Control::open(options(&folder, &clock)).await.expect_err("refused").to_string();
    assert!(refused.contains("mode 0777") && refused.contains("chmod 700"), "{refused}");
}

#[tokio::test]
async fn what_runs_aside_is_done_when_everything_is_closed() {
    let world = World::new().await;
    let wrong = "not the password".to_owned().into();
    let refused = world.control.log_in(EMAIL, &wrong, arrival()).await.expect_err("wrong");
    assert!(matches!(refused, ControlError::Account(AccountError::WrongLogin)));
    tokio::time::timeout(Duration::from_secs(20), world.control.close()).await.expect("closed");
    let (again, _) = Control::open(options(&world.folder, &world.clock)).await.expect("opened");
    let query = convergio_control::AuditQuery { limit: 1000, ..Default::default() };
    let page = again.audit_log(world.by(), &query).await.expect("read");
    assert_eq!(page.rows[0].columns.success, Some(false));
}
