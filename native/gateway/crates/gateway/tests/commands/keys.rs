//! `master-key` and `rewrap`.
use std::os::unix::fs::PermissionsExt as _;

use serde_json::json;

use super::Operator;
use crate::control::{EMAIL, PASSWORD, Person, administrator, again, fresh};

#[test]
fn a_first_key_is_made_for_its_owner_alone_and_never_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let operator = Operator::at(folder.path());
    let none = operator.run(&["master-key", "status", "--json"]).json(1);
    assert!(none["problem"].as_str().unwrap().contains("there are no master keys"), "{none}");
    let made = operator.run(&["master-key", "init"]);
    assert_eq!(made.code, 0, "{made:?}");
    for part in ["master.key, mode 0600", "version 1: ", "no database yet", "apart from backups"] {
        assert!(made.out.contains(part), "{part}: {made:?}");
    }
    operator.without_master_keys(&made);
    let before = std::fs::read(operator.path("master.key")).unwrap();
    let remedy = ["master.key", "is there already", "never replaced"];
    operator.run(&["master-key", "init"]).refused(&remedy);
    assert_eq!(std::fs::read(operator.path("master.key")).unwrap(), before);
    let added = operator.run(&["master-key", "add-version", "--json"]);
    assert_eq!(added.json(0)["versions"], json!([1, 2]));
    operator.without_master_keys(&added);
    let file = operator.path("master.key");
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o640)).unwrap();
    let exposed = operator.run(&["master-key", "status"]);
    let told = exposed.out.contains("mode 0640") && exposed.out.contains("chmod 600");
    assert!(exposed.code == 1 && told, "{exposed:?}");
    operator.run(&["master-key", "add-version"]).refused(&["chmod 600"]);
}

#[test]
fn keys_of_other_places_are_not_written_but_it_says_how() {
    let folder = tempfile::tempdir().unwrap();
    let digits = "0123456789abcdef".repeat(4);
    let entry = format!("3:{digits}");
    let operator = Operator::at(folder.path()).with("CONVERGIO_MASTER_KEY", &entry);
    for command in ["init", "add-version"] {
        let done = operator.run(&["master-key", command]);
        done.refused(&["CONVERGIO_MASTER_KEY", "is not a file", "openssl rand -hex 32"]);
    }
    let status = operator.run(&["master-key", "status", "--json"]);
    let told = status.json(0);
    assert_eq!((&told["primary"], &told["mode"]), (&json!(3), &json!(null)));
    assert!(!status.out.contains(&digits[..12]) && !status.err.contains(&digits[..12]));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn the_master_key_turns_over_while_the_gateway_runs() {
    let gateway = fresh("").await;
    let ada = administrator(&gateway).await;
    let key = |name: &str| json!({"provider": "openai", "name": name, "secret": format!("sk-canary-0123456789-{name}")});
    ada.post("/api/v1/keys", key("Work")).await.expect(201);
    let operator = Operator::of(&gateway);
    assert_eq!(operator.run(&["master-key", "add-version"]).code, 0);
    let due = operator.run(&["master-key", "status", "--json"]).json(0);
    assert_eq!((&due["rewrap_due"], &due["in_use"]), (&json!(true), &json!({"1": 2})));
    let before = operator.run(&["audit", "verify", "--json"]).json(0)["tenants"][0]["rows"].clone();
    let done = operator.run(&["rewrap", "--json"]);
    let told = done.json(0);
    assert_eq!((&told["to"], &told["in_use"]), (&json!(2), &json!({"2": 2})));
    operator.without_master_keys(&done);
    let text = operator.run(&["rewrap"]);
    let idle = text.out.contains("0 secrets wrapped anew under version 2");
    assert!(text.code == 0 && idle, "a second time has nothing to do: {text:?}");
    let log = operator.run(&["audit", "verify", "--json"]).json(0);
    let one_more = before.as_i64().unwrap() + 1;
    assert_eq!(log["tenants"][0]["rows"], one_more, "it is audited, once");

    // The running one notices by itself: nothing is sealed with the old version any more.
    ada.post("/api/v1/keys", key("Play")).await.expect(201);
    let view = ada.get("/api/v1/vault").await.expect(200);
    assert_eq!(view, json!({"primary": 2, "in_use": {"2": 3}}));
    let done = operator.run(&["master-key", "status"]);
    assert!(done.code == 0 && done.out.contains("may be deleted"), "{done:?}");

    // And so the old one may go.
    let keys = std::fs::read_to_string(operator.path("master.key")).unwrap();
    let newest: String = keys.lines().filter(|line| line.starts_with("2:")).collect();
    std::fs::write(operator.path("master.key"), newest).unwrap();
    let gateway = again(gateway.stop().await, "").await;
    let ada = Person::log_in(&gateway, EMAIL, PASSWORD).await;
    let keys = ada.get("/api/v1/keys").await.expect(200);
    assert_eq!(keys["data"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_lost_or_wrong_master_key_is_never_replaced_by_a_new_one() {
    let gateway = fresh("").await;
    administrator(&gateway).await;
    let folder = gateway.stop().await;
    let operator = Operator::at(folder.path());
    let key = operator.path("master.key");
    std::fs::remove_file(&key).unwrap();
    for command in [&["master-key", "init"][..], &["rewrap"]] {
        operator.run(command).refused(&["master.key", "Put it back"]);
    }
    let status = operator.run(&["master-key", "status"]);
    assert!(status.code == 1 && status.out.contains("Put it back"), "{status:?}");
    assert!(!key.exists());

    let another = format!("1:{}", "0123456789abcdef".repeat(4));
    let wrong = operator.with("CONVERGIO_MASTER_KEY", &another);
    wrong.run(&["rewrap"]).refused(&["CONVERGIO_MASTER_KEY", "does not open"]);
    let status = wrong.run(&["master-key", "status"]);
    assert!(status.code == 1 && status.out.contains("does not open"), "{status:?}");
}
