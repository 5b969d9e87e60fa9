//! The SQL itself, from the committed descriptions that builds without a database rely on.
mod support;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::Value;
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, SqlSafeStr as _, SqliteConnection};

/// The only queries on rows of tenants that may do without the tenant, by how they begin.
/// They run before the tenant is known, or for the installation as a whole.
const DOORS: [(&str, &str); 9] = [
    (
        "SELECT tenant, id, email, role, password_hash, created_at, disabled_at FROM users WHERE email = ?",
        "who logs in",
    ),
    ("SELECT s.tenant, s.user, s.expires_at, u.email, u.role FROM sessions", "whose session it is"),
    (
        "SELECT t.tenant, t.id, t.user, u.role, t.name, t.secret_hash, t.scopes, t.created_at, \
      t.expires_at, t.last_used_at, t.revoked_at FROM tokens t JOIN users u ON u.tenant = t.tenant \
      AND u.id = t.user WHERE t.id = ?",
        "whose token it is",
    ),
    ("SELECT count(*) FROM users WHERE role = 'admin' AND disabled_at IS NULL", "is it set up"),
    ("UPDATE setup_links", "setting it up"),
    ("DELETE FROM sessions WHERE expires_at <= ?", "sessions that ended"),
    (r#"SELECT kek_version AS "kek_version!: i64", count(*)"#, "master keys in use"),
    ("SELECT id, name, created_at FROM tenants", "all tenants"),
    (
        "SELECT k.tenant, k.id, k.user, k.name, k.monthly_limit_nanos",
        "what may be spent with which key",
    ),
];

/// Tables of the installation, which have no tenant.
const SHARED: [&str; 3] = ["installation_secrets", "setup_links", "tenants"];

fn descriptions() -> Vec<(String, Value)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(".sqlx");
    let mut found: Vec<_> = fs::read_dir(folder)
        .expect("descriptions are committed")
        .map(|entry| {
            let text = fs::read_to_string(entry.expect("an entry").path()).expect("readable");
            let value: Value = serde_json::from_str(&text).expect("JSON");
            (value["query"].as_str().expect("a query").to_owned(), value["describe"].clone())
        })
        .collect();
    found.sort_by(|left, right| left.0.cmp(&right.0));
    found
}

fn on_one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn every_query_on_rows_of_a_tenant_names_the_tenant() {
    let all = descriptions();
    assert!(all.len() > 40, "only {} queries", all.len());
    let mut used = BTreeSet::new();
    for (query, _) in all {
        let query = on_one_line(&query);
        if let Some(door) = DOORS.iter().find(|(begin, _)| query.starts_with(begin)) {
            used.insert(door.0);
            continue;
        }
        let bound = query.contains("tenant = ?") || query.contains("(tenant,");
        let shared =
            SHARED.iter().any(|table| query.contains(table)) && !query.contains("tenant =");
        assert!(bound || shared, "not bound to a tenant: {query}");
    }
    let unused: Vec<_> = DOORS.iter().filter(|door| !used.contains(door.0)).collect();
    assert!(unused.is_empty(), "no query any more: {unused:?}");
}

#[tokio::test]
async fn descriptions_are_what_the_migrated_database_says() {
    let fresh = support::fresh().await;
    let url = format!("sqlite://{}", fresh.store.path().display());
    let mut database = SqliteConnection::connect(&url).await.expect("a connection");
    for (query, committed) in descriptions() {
        let said = database.describe(AssertSqlSafe(query.clone()).into_sql_str()).await;
        let said = said.unwrap_or_else(|error| panic!("{query}: {error}"));
        let said = serde_json::to_value(said).expect("a description");
        assert_eq!(said, committed, "prepare the descriptions again; see the README\n{query}");
    }
}

#[test]
fn every_description_belongs_to_a_query_in_the_source() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let source: String = fs::read_dir(folder)
        .expect("the source")
        .map(|entry| fs::read_to_string(entry.expect("an entry").path()).expect("readable"))
        .collect();
    for (query, _) in descriptions() {
        assert!(source.contains(&query), "no query in the source any more: {query}");
    }
}
