//! The command line of whoever keeps an installation.
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::json;

use super::{EMAIL, PASSWORD, Person, administrator, again, founder, fresh};

/// Runs a command about the installation in `folder`.
fn run(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_convergio-gateway"))
        .args(arguments)
        .env_clear()
        .envs(std::env::vars().filter(|(name, _)| !name.starts_with("CONVERGIO_")))
        .env("CONVERGIO_DATA", folder.join("data"))
        .env("CONVERGIO_MASTER_KEY_FILE", folder.join("master.key"))
        .output()
        .unwrap()
}

/// What it said, when it ended as it should.
fn said(output: &Output, good: bool) -> String {
    let text = String::from_utf8_lossy(if good { &output.stdout } else { &output.stderr });
    assert_eq!(output.status.success(), good, "{output:?}");
    text.into_owned()
}

#[tokio::test]
async fn the_audit_log_is_verified_with_the_gateway_running_and_without_its_key() {
    let gateway = fresh("").await;
    administrator(&gateway).await;
    let folder = gateway.path("");
    let found = said(&run(&folder, &["audit", "verify"]), true);
    assert!(found.contains(": 2 rows, head ") && !found.contains("not checked"), "{found}");
    let folder = gateway.stop().await;
    std::fs::rename(folder.path().join("master.key"), folder.path().join("elsewhere")).unwrap();
    let found = said(&run(folder.path(), &["audit", "verify"]), true);
    assert!(found.contains(": 2 rows, head ") && found.contains("were not checked"), "{found}");
    assert!(!folder.path().join("master.key").exists(), "looking makes nothing");
    let nothing = run(&folder.path().join("nowhere"), &["audit", "verify"]);
    assert!(said(&nothing, false).contains("nowhere"));
}

#[tokio::test]
async fn a_backup_is_made_while_the_gateway_runs_and_opens_again() {
    let gateway = fresh("").await;
    administrator(&gateway).await;
    let copy = gateway.path("copy.db");
    let target = copy.display().to_string();
    said(&run(&gateway.path(""), &["backup", &target]), true);
    let twice = said(&run(&gateway.path(""), &["backup", &target]), false);
    assert!(twice.contains("exists"), "{twice}");
    let folder = gateway.stop().await;
    let data = folder.path().join("data");
    std::fs::remove_dir_all(&data).unwrap();
    std::fs::create_dir(&data).unwrap();
    std::fs::rename(&copy, data.join("convergio.db")).unwrap();
    let gateway = again(folder, "").await;
    Person::log_in(&gateway, EMAIL, PASSWORD).await;
}

#[tokio::test]
async fn the_master_key_is_turned_over_from_the_command_line() {
    let gateway = fresh("").await;
    let ada = administrator(&gateway).await;
    let key = json!({"provider": "openai", "name": "Work", "secret": "sk-canary-0123456789"});
    ada.post("/api/v1/keys", key).await.expect(201);
    let folder = gateway.stop().await;
    let at = folder.path();
    assert!(
        said(&run(at, &["master-key", "init"]), false).contains("master.key"),
        "never replaced"
    );
    assert_eq!(said(&run(at, &["master-key", "status"]), true), "version 1: 2 secrets\n");
    said(&run(at, &["master-key", "add-version"]), true);
    assert!(said(&run(at, &["rewrap"]), true).contains("2 secrets were wrapped anew"));
    let status = said(&run(at, &["master-key", "status"]), true);
    assert_eq!(status, "version 1: 0 secrets\nversion 2: 2 secrets\n");
    // The old one may go now.
    let keys = std::fs::read_to_string(at.join("master.key")).unwrap();
    let newest: String = keys.lines().filter(|line| line.starts_with("2:")).collect();
    std::fs::write(at.join("master.key"), newest).unwrap();
    let gateway = again(folder, "").await;
    let ada = Person::log_in(&gateway, EMAIL, PASSWORD).await;
    assert_eq!(ada.get("/api/v1/vault").await.expect(200)["in_use"], json!({"2": 2}));
}

/// Makes another tenant while the gateway runs.
fn add_tenant(folder: &Path, email: &str, password: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_convergio-gateway"))
        .args(["add-tenant", "Away", "--email", email])
        .env_remove("CONVERGIO_ACCOUNTS")
        .env_remove("CONVERGIO_MASTER_KEY")
        .env("CONVERGIO_DATA", folder.join("data"))
        .env("CONVERGIO_MASTER_KEY_FILE", folder.join("master.key"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(format!("{password}\n").as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

#[tokio::test]
async fn tenants_keep_apart_what_is_theirs() {
    let gateway = fresh("").await;
    let ada = administrator(&gateway).await;
    let secret = "sk-canary-0123456789";
    let key = json!({"provider": "openai", "name": "Work", "secret": secret});
    let own = ada.post("/api/v1/keys", key.clone()).await.expect(201);
    let folder = gateway.path("");
    said(&add_tenant(&folder, "eve@example.org", PASSWORD), true);
    assert!(said(&add_tenant(&folder, EMAIL, PASSWORD), false).contains("taken"));
    assert!(said(&add_tenant(&folder, "bob@example.org", "short"), false).contains("shorter"));

    let eve = Person::log_in(&gateway, "eve@example.org", PASSWORD).await;
    assert_eq!(eve.get("/api/v1/keys").await.expect(200), json!({"data": []}));
    assert_eq!(eve.get("/api/v1/people").await.expect(200)["data"].as_array().unwrap().len(), 1);
    let me = ada.get("/api/v1/me").await.expect(200)["user"]["id"].as_str().unwrap().to_owned();
    let id = own["id"].as_str().unwrap();
    for (path, body) in [
        (format!("/api/v1/keys/{id}/test"), json!({})),
        (format!("/api/v1/keys/{id}/revoke"), json!({})),
        (format!("/api/v1/keys/{id}/rotate"), json!({"secret": "sk-other-0123456789"})),
    ] {
        assert_eq!(eve.post(&path, body).await.refused(), (404, "request.not_found"), "{path}");
    }
    for path in [format!("/api/v1/keys/{id}"), format!("/api/v1/people/{me}")] {
        let reply = eve.patch(&path, json!({"name": "x"})).await;
        assert!(matches!(reply.status, 400 | 404), "{path}");
        assert_ne!(eve.delete(&path).await.status, 204, "{path}");
    }
    let disabled = eve.patch(&format!("/api/v1/people/{me}"), json!({"disabled": true})).await;
    assert_eq!(disabled.refused(), (404, "request.not_found"));
    // The same secret in two tenants is nobody's business, and its fingerprints differ.
    let other = eve.post("/api/v1/keys", key).await.expect(201);
    let fingerprint = |key: &serde_json::Value| key["versions"][0]["fingerprint"].clone();
    assert_ne!(fingerprint(&own), fingerprint(&other));
    let rows = eve.get("/api/v1/audit").await.expect(200);
    assert!(!rows.to_string().contains(&me) && !rows.to_string().contains(id), "{rows}");
    ada.get(&format!("/api/v1/keys/{id}")).await.expect(200);
}

#[tokio::test]
async fn a_lost_link_is_replaced_while_nobody_administers() {
    let gateway = fresh("").await;
    let line = said(&run(&gateway.path(""), &["setup-link"]), true);
    let event: serde_json::Value = serde_json::from_str(&line).unwrap();
    let (_, token) = event["url"].as_str().unwrap().split_once("/setup#").unwrap();
    let nobody = Person::nobody(&gateway);
    nobody.post("/api/v1/setup", founder(token)).await.expect(201);
    let late = said(&run(&gateway.path(""), &["setup-link"]), false);
    assert!(late.contains("somebody administers"), "{late}");
}
