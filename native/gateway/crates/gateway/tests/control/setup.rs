//! The first start.
use std::os::unix::fs::PermissionsExt as _;

use serde_json::json;

use super::{EMAIL, PASSWORD, Person, administrator, again, founder, fresh, link};
use crate::support::Gateway;

#[tokio::test]
async fn the_link_lets_one_person_in_once() {
    let gateway = fresh("").await;
    let nobody = Person::nobody(&gateway);
    assert_eq!(nobody.get("/api/v1/setup").await.expect(200), json!({"needed": true}));
    let token = link(&gateway);
    let reply = nobody.post("/api/v1/setup", founder(&token)).await;
    let cookie = reply.headers["set-cookie"].to_str().unwrap().to_owned();
    for part in ["convergio_session=", "HttpOnly", "SameSite=Strict", "Path=/"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    assert_eq!(reply.headers["cache-control"], "no-store");
    let session = reply.expect(201);
    assert_eq!(
        (&session["user"]["email"], &session["user"]["role"]),
        (&json!(EMAIL), &json!("admin"))
    );
    assert_eq!(session["tenant"]["name"], "Home");
    assert_eq!(session["permissions"].as_array().unwrap().len(), 8);
    assert_eq!(nobody.get("/api/v1/setup").await.expect(200), json!({"needed": false}));
    let twice = nobody.post("/api/v1/setup", founder(&token)).await;
    assert_eq!(twice.refused(), (409, "request.conflict"));
    assert!(!gateway.output().contains(&token), "the link is in a log");
}

#[tokio::test]
async fn a_link_stays_good_for_whoever_makes_a_mistake() {
    let gateway = fresh("").await;
    let nobody = Person::nobody(&gateway);
    for (field, value) in [
        ("password", "short"),
        ("password", EMAIL),
        ("email", "nobody"),
        ("tenant", ""),
        ("tenant", "a\u{0}b"),
    ] {
        let mut body = founder(&link(&gateway));
        body[field] = json!(value);
        let reply = nobody.post("/api/v1/setup", body).await;
        assert_eq!(reply.refused(), (400, "request.invalid"), "{field}");
        assert_eq!(reply.body["error"]["param"], field);
    }
    let wrong = nobody.post("/api/v1/setup", founder(&"0".repeat(64))).await;
    assert_eq!(wrong.refused(), (409, "request.conflict"));
    let foreign = [("origin", "http://evil.example")];
    let body = Some(founder(&link(&gateway)));
    let reply = nobody.send(reqwest::Method::POST, "/api/v1/setup", body, &foreign).await;
    assert_eq!(reply.refused(), (403, "auth.forbidden"));
    administrator(&gateway).await;
}

#[tokio::test]
async fn what_is_kept_is_its_owners_alone_and_outlives_the_process() {
    let gateway = fresh("").await;
    administrator(&gateway).await;
    let mode =
        |name: &str| std::fs::metadata(gateway.path(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!(
        (mode("data"), mode("data/convergio.db"), mode("master.key")),
        (0o700, 0o600, 0o600)
    );
    assert_eq!(mode("setup"), 0o600);
    std::fs::remove_file(gateway.path("setup")).unwrap();

    let gateway = again(gateway.stop().await, "").await;
    assert!(!gateway.path("setup").exists(), "somebody administers: no link");
    Person::log_in(&gateway, EMAIL, PASSWORD).await;
}

#[tokio::test]
async fn a_restart_before_setup_gives_a_new_link_and_voids_the_old_one() {
    let gateway = fresh("").await;
    let old = link(&gateway);
    let gateway = again(gateway.stop().await, "").await;
    let nobody = Person::nobody(&gateway);
    assert_eq!(
        nobody.post("/api/v1/setup", founder(&old)).await.refused(),
        (409, "request.conflict")
    );
    administrator(&gateway).await;
}

#[tokio::test]
async fn without_its_master_key_it_does_not_start_and_makes_no_other() {
    let gateway = fresh("").await;
    administrator(&gateway).await;
    let folder = gateway.stop().await;
    let key = folder.path().join("master.key");
    std::fs::remove_file(&key).unwrap();
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_convergio-gateway"))
        .args(["serve", "--listen", "127.0.0.1:0"])
        .env("CONVERGIO_DATA", folder.path().join("data"))
        .env("CONVERGIO_MASTER_KEY_FILE", &key)
        .env_remove("CONVERGIO_ACCOUNTS")
        .output()
        .unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success());
    assert!(said.contains(&key.display().to_string()) && said.contains("Put it back"), "{said}");
    assert!(!key.exists(), "a new key would open nothing");
}

#[tokio::test]
async fn without_accounts_there_is_no_control_plane() {
    let gateway = crate::Gateway::start("http://127.0.0.1:9/v1", None, "").await;
    let nobody = Person::nobody(&gateway);
    assert_eq!(nobody.get("/api/v1/setup").await.refused(), (404, "request.not_found"));
    assert!(!gateway.path("data").exists() && !gateway.path("setup").exists());
    let document = nobody.get("/openapi.json").await.expect(200);
    let paths = document["paths"].as_object().unwrap();
    assert!(!paths.is_empty() && paths.keys().all(|path| !path.starts_with("/api/v1")));
}

#[tokio::test]
async fn a_demo_says_so_to_everybody_and_asks_no_real_provider() {
    let simulated = "http://127.0.0.1:9/v1";
    let mut environment = vec![
        ("CONVERGIO_DEMO", "1"),
        ("CONVERGIO_OPENAI_BASE_URL", simulated),
        ("CONVERGIO_ANTHROPIC_BASE_URL", simulated),
        ("CONVERGIO_GOOGLE_BASE_URL", simulated),
    ];
    let gateway = Gateway::start_in(tempfile::tempdir().unwrap(), &environment, "").await;
    let nobody = Person::nobody(&gateway);
    let said = nobody.get("/api/v1/setup").await.expect(200);
    assert_eq!(said, json!({"needed": true, "demo": true}));
    let reply = nobody.post("/api/v1/setup", founder(&link(&gateway))).await;
    assert_eq!(reply.body["demo"], true);
    let ada = nobody.with(reply, 201);
    assert_eq!(ada.get("/api/v1/session").await.expect(200)["demo"], true);
    assert!(gateway.output().contains("this is a demo"), "{}", gateway.output());
    // An address that comes with a key would be a real one.
    let endpoint = json!({"endpoint": "https://a.openai.azure.com"});
    let key = json!({"provider": "azure", "name": "A", "secret": "azure-1", "endpoint": endpoint});
    assert_eq!(ada.post("/api/v1/keys", key).await.refused(), (400, "request.invalid"));

    let gateway = fresh("").await;
    let ada = administrator(&gateway).await;
    assert_eq!(ada.get("/api/v1/session").await.expect(200).get("demo"), None);

    environment[1].1 = "https://api.openai.com/v1";
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_convergio-gateway"))
        .args(["serve", "--listen", "127.0.0.1:0"])
        .env("CONVERGIO_DATA", gateway.path("other"))
        .envs(environment)
        .output()
        .unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success() && said.contains("openai is at https://"), "{said}");
    assert!(!gateway.path("other").exists());
}
