//! From the first start to the last token, on a real database.
use std::time::Duration;

use convergio_accounts::{
    AccountError, Accounts, Attempt, Caller, Cost, Founder, LoggedIn, Options, Passwords,
    Permission, Person, Scope, Scopes, Through, csrf_matches,
};
use convergio_store::{
    Conflict, Durability, Options as StoreOptions, Role, SetupFor, Store, StoreError,
};
use proptest::prelude::*;
use secrecy::{ExposeSecret as _, SecretString};
use tempfile::TempDir;

const NOW: i64 = 1_790_000_000_000;
const HOUR: i64 = 3_600_000;
const PASSWORD: &str = "correct horse battery";

struct Home {
    accounts: Accounts,
    store: Store,
    folder: TempDir,
}

fn secret(text: &str) -> SecretString {
    text.to_owned().into()
}

fn cheap() -> Passwords {
    Passwords::new(Cost { memory: 8, passes: 1 }, 2).expect("allowed")
}

impl Home {
    async fn empty() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("c.db");
        let options =
            StoreOptions { durability: Durability::Checkpoint, ..StoreOptions::new(path) };
        let store = Store::open(&options).await.expect("a store");
        let accounts = Accounts::new(store.clone(), cheap(), Options::default());
        Self { accounts, store, folder }
    }

    /// With the administrator `a@example.org`.
    async fn new() -> Self {
        let home = Self::empty().await;
        let link = home.accounts.first_start(NOW).await.expect("starts").expect("a link");
        home.set_up(&link.token, NOW).await.expect("set up");
        home
    }

    async fn set_up(&self, link: &SecretString, now: i64) -> Result<(), AccountError> {
        let password = secret(PASSWORD);
        let founder = Founder { tenant: "Home", email: "a@example.org", password: &password };
        self.accounts.set_up(link, founder, now).await.map(drop)
    }

    async fn login(&self, email: &str, password: &str, now: i64) -> Result<LoggedIn, AccountError> {
        let password = secret(password);
        let attempt = Attempt { email, password: &password, ip: "192.0.2.1", device: "test" };
        self.accounts.login(attempt, now).await
    }

    async fn admin(&self) -> Caller {
        self.login("a@example.org", PASSWORD, NOW).await.expect("in").caller
    }

    async fn person(&self, email: &str, role: Role) -> Caller {
        let password = secret(PASSWORD);
        let new = Person { email, password: &password, role };
        self.accounts.add_person(&self.admin().await, new, NOW).await.expect("added");
        self.login(email, PASSWORD, NOW).await.expect("in").caller
    }
}

fn scopes(words: &str) -> Scopes {
    words.parse().expect("scopes")
}

#[tokio::test]
async fn the_first_start_prints_a_link_that_lets_one_administrator_in_once() {
    let home = Home::empty().await;
    let void = home.accounts.first_start(NOW).await.expect("starts").expect("a link");
    let link = home.accounts.first_start(NOW).await.expect("starts").expect("another");
    assert!(!format!("{link:?}").contains(link.token.expose_secret()));
    let conflict = |done: Result<(), AccountError>| {
        matches!(done, Err(AccountError::Store(StoreError::Conflict(Conflict::SetupLink))))
    };
    assert!(conflict(home.set_up(&void.token, NOW).await), "a newer one was given out");
    assert!(conflict(home.set_up(&link.token, link.expires_at).await), "expired");
    assert!(conflict(home.set_up(&secret("guess"), NOW).await));
    home.set_up(&link.token, NOW).await.expect("set up");
    assert!(conflict(home.set_up(&link.token, NOW).await), "used up");
    assert!(home.accounts.first_start(NOW).await.expect("starts").is_none());
    assert_eq!(home.admin().await.role, Role::Admin);
}

#[tokio::test]
async fn the_operators_link_is_for_the_first_tenant_then_for_further_ones() {
    let home = Home::empty().await;
    let void = home.accounts.first_start(NOW).await.expect("starts").expect("a link");
    let link = home.accounts.setup_link(NOW).await.expect("a link");
    assert_eq!(link.purpose, SetupFor::First);
    assert!(home.set_up(&void.token, NOW).await.is_err(), "void since the next was given out");
    home.set_up(&link.token, NOW).await.expect("set up");

    let link = home.accounts.setup_link(NOW).await.expect("a link");
    assert_eq!(link.purpose, SetupFor::Further);
    let password = secret("another fine password");
    let founder = Founder { tenant: "Work", email: "grace@example.org", password: &password };
    home.accounts.set_up(&link.token, founder, NOW).await.expect("another tenant");
    let of = |email| {
        let home = &home;
        async move { home.login(email, "another fine password", NOW).await }
    };
    let grace = of("grace@example.org").await.expect("in").caller;
    assert_eq!(grace.role, Role::Admin);
    assert_ne!(grace.tenant, home.admin().await.tenant);
}

#[tokio::test]
async fn a_bad_password_or_address_leaves_the_link_good() {
    let home = Home::empty().await;
    let link = home.accounts.first_start(NOW).await.expect("starts").expect("a link").token;
    for (email, password) in [("a@example.org", "short"), ("nobody", PASSWORD), ("a b@c", PASSWORD)]
    {
        let password = secret(password);
        let founder = Founder { tenant: "Home", email, password: &password };
        assert!(home.accounts.set_up(&link, founder, NOW).await.is_err(), "{email}");
    }
    home.set_up(&link, NOW).await.expect("still good");
}

#[tokio::test]
async fn whatever_is_wrong_with_a_login_it_says_the_same() {
    let home = Home::new().await;
    let gone = home.person("gone@example.org", Role::User).await;
    let admin = home.admin().await;
    home.accounts.set_standing(&admin, &gone.user, Role::User, Some(NOW)).await.expect("disabled");
    for (email, password) in [
        ("a@example.org", "wrong horse battery"),
        ("nobody@example.org", PASSWORD),
        ("gone@example.org", PASSWORD),
    ] {
        let refused = home.login(email, password, NOW).await.expect_err("refused");
        assert_eq!(refused.to_string(), "the e-mail address or the password is wrong", "{email}");
    }
    home.login("A@EXAMPLE.org", PASSWORD, NOW).await.expect("case does not matter in addresses");
}

#[tokio::test]
async fn guessing_is_slowed_down_and_waiting_helps() {
    let home = Home::new().await;
    for _ in 0..5 {
        assert!(home.login("a@example.org", "wrong horse battery", NOW).await.is_err());
    }
    let refused = home.login("a@example.org", PASSWORD, NOW).await.expect_err("wait");
    assert!(
        matches!(refused, AccountError::TooManyAttempts { wait } if wait == Duration::from_secs(1))
    );
    home.login("a@example.org", PASSWORD, NOW + 1000).await.expect("in");

    let many = (0..20).map(|_| home.login("b@example.org", "wrong horse battery", NOW));
    let said = futures_util::future::join_all(many).await;
    let looked_at = said.iter().filter(|it| matches!(it, Err(AccountError::WrongLogin))).count();
    assert_eq!(looked_at, 5, "many at once are no way around it");
}

#[tokio::test]
async fn a_session_runs_its_time_and_ends_when_told() {
    let home = Home::new().await;
    let one = home.login("a@example.org", PASSWORD, NOW).await.expect("in");
    let two = home.login("a@example.org", PASSWORD, NOW).await.expect("in");
    assert_ne!(one.session.expose_secret(), two.session.expose_secret());
    assert!(csrf_matches(&one.session, &one.csrf) && !csrf_matches(&one.session, &two.csrf));
    assert_eq!(
        home.accounts.by_session(&one.session, NOW + 12 * HOUR - 1).await.expect("runs"),
        one.caller
    );
    let over = home.accounts.by_session(&one.session, NOW + 12 * HOUR).await;
    assert!(matches!(over, Err(AccountError::NotLoggedIn)));
    assert!(home.accounts.logout(&one.session, NOW).await.expect("out"));
    assert!(!home.accounts.logout(&one.session, NOW).await.expect("was out"));
    assert!(home.accounts.by_session(&one.session, NOW).await.is_err());
    home.accounts.by_session(&two.session, NOW).await.expect("the other one runs");
    assert!(home.accounts.by_session(&secret("guess"), NOW).await.is_err());
}

#[tokio::test]
async fn a_new_password_ends_all_sessions_and_an_old_hash_is_made_anew() {
    let home = Home::new().await;
    let one = home.login("a@example.org", PASSWORD, NOW).await.expect("in");
    let (old, new) = (secret(PASSWORD), secret("another horse battery"));
    let wrong = home.accounts.change_password(&one.caller, &new, &old).await;
    assert!(matches!(wrong, Err(AccountError::WrongLogin)));
    let short = home.accounts.change_password(&one.caller, &old, &secret("short")).await;
    assert!(matches!(short, Err(AccountError::BadPassword(_))));
    home.accounts.change_password(&one.caller, &old, &new).await.expect("changed");
    assert!(home.accounts.by_session(&one.session, NOW).await.is_err());
    assert!(home.login("a@example.org", PASSWORD, NOW).await.is_err());

    let dearer = Passwords::new(Cost { memory: 16, passes: 1 }, 2).expect("allowed");
    let later = Accounts::new(home.store.clone(), dearer, Options::default());
    let attempt = Attempt { email: "a@example.org", password: &new, ip: "", device: "" };
    let caller = later.login(attempt, NOW).await.expect("in").caller;
    let user = home
        .store
        .tenant(&caller.tenant)
        .user(&caller.user)
        .await
        .expect("answers")
        .expect("there");
    assert!(user.password_hash.contains("m=16,t=1"), "made anew at login");
}

#[tokio::test]
async fn a_token_is_good_for_its_scopes_until_it_is_over() {
    let home = Home::new().await;
    let admin = home.admin().await;
    let token =
        home.accounts.issue_token(&admin, "ci", &scopes("chat usage"), Some(NOW + HOUR), NOW).await;
    let token = token.expect("issued");
    let text = token.reveal();
    let text = text.expose_secret();
    let caller = home.accounts.by_token(text, NOW).await.expect("in");
    assert!(caller.may(Permission::Chat) && caller.may(Permission::AllUsage));
    let refused = caller.require(Permission::People).expect_err("not its scope").to_string();
    assert_eq!(refused, "not allowed: this needs the permission people");

    assert!(matches!(caller.through, Through::Token { unnoted: true, .. }));
    home.accounts.note_use(&caller, NOW).await.expect("noted");
    let again = home.accounts.by_token(text, NOW + 59_999).await.expect("in");
    assert!(matches!(again.through, Through::Token { unnoted: false, .. }), "once a minute");
    assert_eq!(home.accounts.tokens(&admin).await.expect("tokens")[0].last_used_at, Some(NOW));

    let other =
        home.accounts.issue_token(&admin, "x", &scopes("chat"), None, NOW).await.expect("issued");
    let other = other.reveal();
    let forged = format!("{}{}", &text[..37], &other.expose_secret()[37..]);
    for bad in [forged.as_str(), "", "cvg_x_y", "sk-0123456789", PASSWORD] {
        let refused = home.accounts.by_token(bad, NOW).await;
        assert!(matches!(refused, Err(AccountError::NotLoggedIn)), "{bad}");
    }
    assert!(home.accounts.by_token(text, NOW + HOUR).await.is_err(), "expired");
    home.accounts.revoke_token(&admin, &token.id, NOW).await.expect("revoked");
    assert!(home.accounts.by_token(text, NOW).await.is_err(), "revoked");
}

#[tokio::test]
async fn a_token_gives_nobody_more_than_they_may() {
    let home = Home::new().await;
    let user = home.person("u@example.org", Role::User).await;
    let beyond = home.accounts.issue_token(&user, "t", &scopes("chat admin"), None, NOW).await;
    assert!(matches!(beyond, Err(AccountError::ScopeBeyondRole(Scope::Admin))), "{beyond:?}");

    let admin = home.admin().await;
    let everything: Scopes = Scope::ALL.into_iter().collect();
    let token =
        home.accounts.issue_token(&admin, "t", &everything, None, NOW).await.expect("issued");
    let program = home.accounts.by_token(token.reveal().expose_secret(), NOW).await.expect("in");
    let begotten = home.accounts.issue_token(&program, "u", &everything, None, NOW).await;
    assert!(matches!(begotten, Err(AccountError::NeedsSession)), "{begotten:?}");

    home.person("b@example.org", Role::Admin).await;
    home.accounts.set_standing(&admin, &admin.user, Role::Auditor, None).await.expect("less");
    let program = home.accounts.by_token(token.reveal().expose_secret(), NOW).await.expect("in");
    assert!(program.may(Permission::ReadAudit) && !program.may(Permission::People), "{program:?}");
}

#[tokio::test]
async fn only_administrators_add_people_and_only_to_their_tenant() {
    let home = Home::new().await;
    let password = secret(PASSWORD);
    for role in [Role::User, Role::Auditor] {
        let caller = home.person(&format!("{role}@example.org"), role).await;
        let new = Person { email: "new@example.org", password: &password, role: Role::Admin };
        let refused = home.accounts.add_person(&caller, new, NOW).await;
        assert!(
            matches!(refused, Err(AccountError::NotAllowed(Permission::People))),
            "{refused:?}"
        );
        let raised = home.accounts.set_standing(&caller, &caller.user, Role::Admin, None).await;
        assert!(matches!(raised, Err(AccountError::NotAllowed(_))), "{raised:?}");
    }
    let other = home.store.create_tenant("Other", NOW).await.expect("a tenant");
    let stranger = Caller { tenant: other, ..home.admin().await };
    let victim = home.person("victim@example.org", Role::User).await;
    let refused = home.accounts.set_standing(&stranger, &victim.user, Role::User, Some(NOW)).await;
    assert!(refused.is_err());
    home.login("victim@example.org", PASSWORD, NOW).await.expect("untouched");
}

#[tokio::test]
async fn nothing_that_lets_somebody_in_is_in_the_database_or_printed() {
    let home = Home::new().await;
    let one = home.login("a@example.org", PASSWORD, NOW).await.expect("in");
    let token = home
        .accounts
        .issue_token(&one.caller, "t", &scopes("chat"), None, NOW)
        .await
        .expect("issued");
    let token = token.reveal();
    let shown =
        format!("{one:?} {:?} {:?}", home.accounts, home.accounts.tokens(&one.caller).await);
    let secrets = [PASSWORD, one.session.expose_secret(), &token.expose_secret()[37..]];
    for secret in secrets {
        assert!(!shown.contains(secret), "{shown}");
    }
    home.store.close().await;
    let mut seen = false;
    for entry in std::fs::read_dir(home.folder.path()).expect("the folder") {
        let bytes = std::fs::read(entry.expect("an entry").path()).expect("readable");
        let holds =
            |needle: &str| bytes.windows(needle.len()).any(|window| window == needle.as_bytes());
        seen |= holds("a@example.org");
        assert!(!secrets.iter().any(|secret| holds(secret)));
    }
    assert!(seen, "the search itself finds what is there");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..Default::default() })]

    #[test]
    fn a_caller_may_nothing_that_their_role_or_their_token_does_not_allow(
        role in prop::sample::select(vec![Role::User, Role::Admin, Role::Auditor]),
        held in prop::collection::btree_set(prop::sample::select(Scope::ALL.to_vec()), 0..5),
    ) {
        let held: Scopes = held.into_iter().collect();
        let (tenant, user) = (convergio_store::TenantId::new(NOW), convergio_store::UserId::new(NOW));
        let id = convergio_store::TokenId::new(NOW);
        let through = Through::Token { id, scopes: held.clone(), unnoted: false, expires_at: None };
        let program = Caller { tenant, user, role, through };
        let person = Caller { through: Through::Session, ..program.clone() };
        for permission in Permission::ALL {
            prop_assert_eq!(person.may(permission), convergio_accounts::allows(role, permission));
            let both = person.may(permission) && held.has(Scope::of(permission));
            prop_assert_eq!(program.may(permission), both);
        }
    }
}
