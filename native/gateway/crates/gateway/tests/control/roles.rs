//! Who may do what: every route for every role, and people themselves.
use reqwest::Method;
use serde_json::{Value, json};

use super::{PASSWORD, Person, add, administrator, fresh};

const MISSING: &str = "0192f0c1-0000-7000-8000-000000000001";

/// Route by route, what each may: an administrator, an auditor, a user. `true` is anything but 401
/// and 403.
fn table() -> Vec<(Method, String, Option<Value>, [bool; 3])> {
    let key = json!({"provider": "openai", "name": "", "secret": "x"});
    let one = |path: &str| format!("{path}/{MISSING}");
    let (all, admin, keys) = ([true, true, true], [true, false, false], [true, false, true]);
    vec![
        (Method::GET, "/api/v1/me".into(), None, all),
        (Method::GET, "/api/v1/session".into(), None, all),
        (Method::GET, "/api/v1/tokens".into(), None, all),
        (Method::GET, "/api/v1/providers".into(), None, all),
        (Method::GET, "/api/v1/usage".into(), None, all),
        (Method::GET, "/api/v1/usage/events".into(), None, all),
        (Method::GET, "/api/v1/people".into(), None, admin),
        (
            Method::POST,
            "/api/v1/people".into(),
            Some(json!({"email": "", "password": "", "role": "user"})),
            admin,
        ),
        (Method::PATCH, one("/api/v1/people"), Some(json!({"disabled": true})), admin),
        (Method::GET, "/api/v1/keys".into(), None, keys),
        (Method::POST, "/api/v1/keys".into(), Some(key.clone()), keys),
        (
            Method::POST,
            "/api/v1/keys/check".into(),
            Some(json!({"provider": "openai", "secret": "x"})),
            keys,
        ),
        (Method::GET, "/api/v1/reminders".into(), None, keys),
        (Method::GET, "/api/v1/audit".into(), None, [true, true, false]),
        (Method::GET, "/api/v1/audit/verify".into(), None, [true, true, false]),
        (Method::GET, "/api/v1/settings".into(), None, admin),
        (Method::PUT, "/api/v1/settings".into(), Some(json!({})), admin),
        (Method::GET, "/api/v1/vault".into(), None, admin),
        (Method::POST, "/api/v1/vault/rewrap".into(), None, admin),
        (Method::POST, "/v1/chat/completions".into(), Some(json!({})), keys),
    ]
}

#[tokio::test]
async fn every_route_is_open_to_those_who_may_and_to_nobody_else() {
    let gateway = fresh("").await;
    let ada = administrator(&gateway).await;
    let people = [
        ada.clone(),
        add(&gateway, &ada, "max", "auditor").await,
        add(&gateway, &ada, "bob", "user").await,
    ];
    for (method, path, body, may) in table() {
        let nobody = Person::nobody(&gateway);
        let reply = nobody.send(method.clone(), &path, body.clone(), &[]).await;
        assert_eq!(reply.refused(), (401, "auth.invalid"), "{method} {path}");
        for (person, may) in people.iter().zip(may) {
            let reply = person.send(method.clone(), &path, body.clone(), &[]).await;
            // Without a key a question ends with 401, too, but not for who they are.
            let refused =
                matches!(reply.refused(), (401, "auth.invalid") | (403, "auth.forbidden"));
            assert_eq!(!refused, may, "{method} {path}: {} {}", reply.status, reply.body);
        }
    }
}

#[tokio::test]
async fn a_token_does_what_its_scopes_say_and_no_more() {
    let gateway = fresh("").await;
    let ada = administrator(&gateway).await;
    for (scope, open) in [
        ("keys", "/api/v1/keys"),
        ("usage", "/api/v1/usage"),
        ("admin", "/api/v1/people"),
        ("audit", "/api/v1/audit"),
    ] {
        let body = json!({"name": scope, "scopes": [scope]});
        let issued = ada.post("/api/v1/tokens", body).await.expect(201);
        let program = Person::program(&gateway, issued["token"].as_str().unwrap());
        for path in ["/api/v1/keys", "/api/v1/usage", "/api/v1/people", "/api/v1/audit"] {
            let status = program.get(path).await.status;
            assert_eq!(status, if path == open { 200 } else { 403 }, "{scope}: {path}");
        }
    }
}

#[tokio::test]
async fn people_come_change_and_go() {
    let gateway = fresh("").await;
    let ada = administrator(&gateway).await;
    let bob = add(&gateway, &ada, "bob", "user").await;
    let token = json!({"name": "t", "scopes": ["usage"]});
    let issued = bob.post("/api/v1/tokens", token).await.expect(201);
    let program = Person::program(&gateway, issued["token"].as_str().unwrap());
    program.get("/api/v1/me").await.expect(200);

    let list = ada.get("/api/v1/people").await.expect(200);
    let [first, second] = list["data"].as_array().unwrap().as_slice() else { panic!("{list}") };
    let (own, path) = (
        first["id"].as_str().unwrap(),
        format!("/api/v1/people/{}", second["id"].as_str().unwrap()),
    );
    let changed = ada.patch(&path, json!({"role": "auditor"})).await.expect(200);
    assert_eq!((&changed["role"], &changed["disabled_at"]), (&json!("auditor"), &Value::Null));
    assert_eq!(bob.get("/api/v1/me").await.status, 401, "their sessions end");
    assert_eq!(program.get("/api/v1/me").await.expect(200)["user"]["role"], "auditor");
    let out = ada.patch(&path, json!({"disabled": true})).await.expect(200);
    assert!(out["disabled_at"].as_i64().is_some());
    assert_eq!(program.get("/api/v1/me").await.status, 401, "at once");
    let login = json!({"email": "bob@example.org", "password": PASSWORD});
    assert_eq!(Person::nobody(&gateway).post("/api/v1/session", login.clone()).await.status, 401);
    ada.patch(&path, json!({"disabled": false})).await.expect(200);
    Person::nobody(&gateway).post("/api/v1/session", login).await.expect(200);

    let last = ada.patch(&format!("/api/v1/people/{own}"), json!({"role": "user"})).await;
    assert_eq!(last.refused(), (409, "request.conflict"));
    for (body, param) in
        [(json!({}), "role"), (json!({"role": "king"}), "role"), (json!({"name": "x"}), "name")]
    {
        let reply = ada.patch(&path, body).await;
        assert_eq!(
            (reply.refused(), &reply.body["error"]["param"]),
            ((400, "request.invalid"), &json!(param))
        );
    }
    assert_eq!(
        ada.patch(&format!("/api/v1/people/{MISSING}"), json!({"disabled": true})).await.status,
        404
    );
    let taken = json!({"email": "BOB@example.org", "password": PASSWORD, "role": "user"});
    assert_eq!(ada.post("/api/v1/people", taken).await.refused(), (409, "request.conflict"));
}

#[tokio::test]
async fn settings_are_changed_one_by_one() {
    let gateway = fresh("").await;
    let ada = administrator(&gateway).await;
    let path = "/api/v1/settings";
    let both =
        |days: u32, limit: Value| json!({"keys_max_age_days": days, "requests_per_minute": limit});
    assert_eq!(ada.get(path).await.expect(200), both(90, Value::Null));
    assert_eq!(
        ada.put(path, json!({"requests_per_minute": 60})).await.expect(200),
        both(90, json!(60))
    );
    assert_eq!(
        ada.put(path, json!({"keys_max_age_days": 0})).await.expect(200),
        both(0, json!(60))
    );
    assert_eq!(
        ada.put(path, json!({"requests_per_minute": null})).await.expect(200),
        both(0, Value::Null)
    );
    for (field, value) in [
        ("keys_max_age_days", 3651),
        ("requests_per_minute", 0),
        ("requests_per_minute", -1),
        ("age", 1),
    ] {
        let reply = ada.put(path, json!({field: value})).await;
        assert_eq!(
            (reply.refused(), &reply.body["error"]["param"]),
            ((400, "request.invalid"), &json!(field))
        );
    }
}

#[tokio::test]
async fn the_master_key_is_turned_over_without_a_stop() {
    let gateway = fresh("").await;
    let ada = administrator(&gateway).await;
    let key = json!({"provider": "openai", "name": "Work", "secret": "sk-canary-0123456789"});
    ada.post("/api/v1/keys", key).await.expect(201);
    assert_eq!(
        ada.get("/api/v1/vault").await.expect(200),
        json!({"primary": 1, "in_use": {"1": 2}})
    );
    let file = gateway.path("master.key");
    let mut keys = std::fs::read_to_string(&file).unwrap();
    keys += &format!("2:{}\n", "0123456789abcdef".repeat(4));
    std::fs::write(&file, keys).unwrap();
    let done = ada.post("/api/v1/vault/rewrap", json!({})).await.expect(200);
    assert_eq!(done, json!({"to": 2, "moved": 2, "failed": 0}));
    assert_eq!(
        ada.get("/api/v1/vault").await.expect(200),
        json!({"primary": 2, "in_use": {"2": 2}})
    );
}
