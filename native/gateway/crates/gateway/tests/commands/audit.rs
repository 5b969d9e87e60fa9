//! `audit verify` and `backup`.
use std::os::unix::fs::PermissionsExt as _;

use serde_json::{Value, json};

use super::Operator;
use crate::control::{EMAIL, PASSWORD, Person, administrator, again, fresh};

const VERIFY: [&str; 3] = ["audit", "verify", "--json"];

/// Takes away what keeps rows from being changed.
const UNLOCKED: &str = "DROP TRIGGER audit_rows_never_change; DROP TRIGGER audit_rows_never_go;
                        DROP TRIGGER audit_heads_never_go; DROP TRIGGER audit_heads_only_forward;";

fn rows(found: &Value) -> i64 {
    found["tenants"][0]["rows"].as_i64().unwrap()
}

#[tokio::test]
async fn a_log_is_verified_with_the_gateway_running_and_stopped() {
    let gateway = fresh("").await;
    let operator = Operator::of(&gateway);
    let nobody = operator.run(&VERIFY).json(0);
    assert_eq!(nobody["tenants"], json!([]));
    administrator(&gateway).await;
    let running = operator.run(&VERIFY).json(0);
    assert_eq!((&running["ok"], &running["seal"]), (&json!(true), &json!("checked")));
    assert_eq!(running["tenants"][0]["name"], "Home");
    let head = running["tenants"][0]["head"].as_str().unwrap();
    assert_eq!((rows(&running), head.len()), (2, 64), "set up, and logged in");
    Person::log_in(&gateway, EMAIL, PASSWORD).await;
    let folder = gateway.stop().await;
    let operator = Operator::at(folder.path());
    let stopped = operator.run(&VERIFY).json(0);
    assert_eq!(rows(&stopped), 3);
    let text = operator.run(&VERIFY[..2]);
    assert!(text.out.contains("3 rows, all as written"), "{text:?}");
    operator.without_master_keys(&text);
}

#[tokio::test]
async fn what_was_changed_cut_off_or_emptied_is_found_and_said_what_to_do() {
    let gateway = fresh("").await;
    administrator(&gateway).await;
    Person::log_in(&gateway, EMAIL, PASSWORD).await;
    let folder = gateway.stop().await;
    let operator = Operator::at(folder.path());
    assert_eq!(operator.run(&["backup", "whole.db"]).code, 0);
    let tenant = operator.run(&VERIFY).json(0)["tenants"][0]["tenant"].clone();
    for (edit, row, fault) in [
        ("UPDATE audit_rows SET success = 0 WHERE seq = 2", 2, "changed after it was written"),
        ("DELETE FROM audit_rows WHERE seq = 2", 3, "row 2 is missing"),
        ("DELETE FROM audit_rows WHERE seq = 3", 2, "cut off, up to row 3"),
        ("UPDATE audit_heads SET seal = zeroblob(32)", 3, "not sealed by this installation"),
        ("DELETE FROM audit_heads", 3, "the kept end of the chain is gone"),
        (
            "DELETE FROM audit_heads; DELETE FROM audit_rows; UPDATE tenants SET created_at = 1",
            0,
            "all rows are gone",
        ),
    ] {
        std::fs::copy(operator.path("whole.db"), operator.database()).unwrap();
        operator.edit(&format!("{UNLOCKED} {edit}")).await;
        let found = operator.run(&VERIFY).json(1);
        let log = &found["tenants"][0];
        assert_eq!((&found["ok"], &log["tenant"]), (&json!(false), &tenant), "{edit}");
        assert_eq!(log["broken"]["row"], row, "{edit}: {log}");
        assert!(log["broken"]["fault"].as_str().unwrap().contains(fault), "{edit}: {log}");
        let text = operator.run(&VERIFY[..2]);
        let named = format!("BROKEN at row {row}: ");
        for part in [&named, tenant.as_str().unwrap(), "Home", "convergio-gateway backup FILE"] {
            assert!(text.code == 1 && text.out.contains(part), "{part}: {text:?}");
        }
    }
}

#[tokio::test]
async fn without_the_master_key_it_says_what_was_not_checked_and_with_a_wrong_one_nobody_can_tell()
{
    let gateway = fresh("").await;
    administrator(&gateway).await;
    let folder = gateway.stop().await;
    let operator = Operator::at(folder.path());
    let key = operator.path("master.key");
    let kept = std::fs::read(&key).unwrap();
    std::fs::remove_file(&key).unwrap();
    let found = operator.run(&VERIFY).json(0);
    assert_eq!((&found["ok"], &found["seal"]), (&json!(true), &json!("not_checked")));
    let text = operator.run(&VERIFY[..2]);
    assert!(text.out.contains("NOT checked") && text.out.contains("master.key"), "{text:?}");
    assert!(!key.exists(), "none is made");

    std::fs::write(&key, &kept).unwrap();
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).unwrap();
    let exposed = operator.run(&VERIFY).json(2);
    assert!(exposed["seal_problem"].as_str().unwrap().contains("chmod 600"), "{exposed}");
    std::fs::remove_file(&key).unwrap();
    let another = format!("1:{}", "0123456789abcdef".repeat(4));
    let wrong = operator.clone().with("CONVERGIO_MASTER_KEY", &another);
    let open = wrong.run(&VERIFY).json(2);
    assert_eq!((&open["ok"], &open["seal"]), (&json!(null), &json!("impossible")));
    assert!(open["seal_problem"].as_str().unwrap().contains("does not open"), "{open}");
    operator.edit(&format!("{UNLOCKED} UPDATE audit_rows SET user = 'x' WHERE seq = 1")).await;
    let broken = wrong.run(&VERIFY).json(1);
    assert_eq!(broken["tenants"][0]["broken"]["row"], 1, "what is broken is broken all the same");
}

#[tokio::test]
async fn a_log_that_was_replaced_is_found_with_what_was_kept_elsewhere() {
    let gateway = fresh("").await;
    administrator(&gateway).await;
    let operator = Operator::of(&gateway);
    let early = operator.run(&["backup", "early.db", "--json"]).json(0);
    assert!(early["bytes"].as_u64().unwrap() > 0);
    Person::log_in(&gateway, EMAIL, PASSWORD).await;
    let since = operator.path("since.json");
    std::fs::write(&since, operator.run(&VERIFY).out).unwrap();
    let with = |more: &[&'static str]| [&VERIFY[..], &["--since", "since.json"], more].concat();
    Person::log_in(&gateway, EMAIL, PASSWORD).await;
    assert_eq!(rows(&operator.run(&with(&[])).json(0)), 4, "it went on from there");
    let replaced = operator.run(&with(&["--database", "early.db"])).json(1);
    let broken = &replaced["tenants"][0]["broken"];
    assert!(broken["fault"].as_str().unwrap().contains("was replaced"), "{replaced}");
    assert_eq!(broken["row"], 3);

    let text = std::fs::read_to_string(&since).unwrap();
    let tenant = operator.run(&VERIFY).json(0)["tenants"][0]["tenant"].as_str().unwrap().to_owned();
    std::fs::write(&since, text.replace(&tenant, &"0".repeat(36))).unwrap();
    let gone = operator.run(&with(&[])).json(1);
    assert_eq!(gone["tenants"][1]["ok"], false, "a tenant that is gone with its log");
    std::fs::write(&since, "{}").unwrap();
    operator.run(&with(&[])).refused(&["since.json", "audit verify --json"]);
}

#[tokio::test]
async fn a_copy_made_while_it_runs_is_whole_and_serves() {
    let gateway = fresh("").await;
    administrator(&gateway).await;
    let operator = Operator::of(&gateway);
    let made = operator.run(&["backup", "copy.db"]);
    assert_eq!(made.code, 0, "{made:?}");
    assert!(made.out.contains("master key is not in it"), "{made:?}");
    let copy = operator.path("copy.db");
    assert_eq!(std::fs::metadata(&copy).unwrap().permissions().mode() & 0o777, 0o600);
    let before = std::fs::read(&copy).unwrap();
    operator.run(&["backup", "copy.db"]).refused(&["copy.db", "a file of that name exists"]);
    operator.run(&["backup", "no/copy.db"]).refused(&["no/copy.db", "the backup failed"]);
    assert_eq!(std::fs::read(&copy).unwrap(), before, "and it is as it was");
    let whole = [&VERIFY[..], &["--database", "copy.db"]].concat();
    assert_eq!(rows(&operator.run(&whole).json(0)), 2);

    let folder = gateway.stop().await;
    std::fs::remove_dir_all(folder.path().join("data")).unwrap();
    std::fs::create_dir(folder.path().join("data")).unwrap();
    std::fs::rename(copy, folder.path().join("data/convergio.db")).unwrap();
    std::fs::remove_file(folder.path().join("setup")).unwrap();
    let gateway = again(folder, "").await;
    Person::log_in(&gateway, EMAIL, PASSWORD).await;
}

#[tokio::test]
async fn a_newer_schema_is_left_alone_but_copied() {
    let gateway = fresh("").await;
    administrator(&gateway).await;
    let folder = gateway.stop().await;
    let operator = Operator::at(folder.path());
    operator
        .edit(
            "INSERT INTO _sqlx_migrations SELECT version + 900, description, installed_on,
                   success, checksum, execution_time FROM _sqlx_migrations WHERE version = 1",
        )
        .await;
    for command in
        [&["audit", "verify"][..], &["rewrap"], &["setup-link"], &["master-key", "status"]]
    {
        operator.run(command).refused(&["has schema 901", "start the newer program"]);
    }
    let copied = operator.run(&["backup", "copy.db"]);
    assert_eq!(copied.code, 0, "{copied:?}");
}
