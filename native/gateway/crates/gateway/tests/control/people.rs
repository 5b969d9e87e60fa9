//! Sessions and passwords.
use reqwest::Method;
use serde_json::json;

use super::{EMAIL, PASSWORD, Person, administrator, fresh};

#[tokio::test]
async fn whatever_is_wrong_with_a_login_the_answer_is_the_same() {
    let gateway = fresh("").await;
    administrator(&gateway).await;
    let nobody = Person::nobody(&gateway);
    let mut said = Vec::new();
    for (email, password) in [(EMAIL, "not the password"), ("eve@example.org", PASSWORD)] {
        let body = json!({"email": email, "password": password});
        let reply = nobody.post("/api/v1/session", body).await;
        assert_eq!(reply.refused(), (401, "auth.invalid"));
        said.push(reply.body["error"].to_string());
    }
    assert_eq!(said[0], said[1]);
    let body = json!({"email": EMAIL, "password": PASSWORD, "remember": true});
    let reply = nobody.post("/api/v1/session", body).await;
    assert_eq!(
        (reply.refused(), &reply.body["error"]["param"]),
        ((400, "request.invalid"), &json!("remember"))
    );
}

#[tokio::test]
async fn whoever_guesses_is_slowed_down() {
    let gateway = fresh("").await;
    let nobody = Person::nobody(&gateway);
    let body = json!({"email": EMAIL, "password": "not the password"});
    let mut replies = Vec::new();
    for _ in 0..6 {
        replies.push(nobody.post("/api/v1/session", body.clone()).await);
    }
    let last = replies.pop().unwrap();
    assert_eq!(last.refused(), (429, "rate.limited"));
    assert!(last.headers["retry-after"].to_str().unwrap().parse::<u64>().unwrap() >= 1);
    assert!(replies.iter().all(|reply| reply.status == 401));
}

#[tokio::test]
async fn a_session_changes_things_only_with_its_csrf_token_and_from_its_own_site() {
    let gateway = fresh("").await;
    let ada = administrator(&gateway).await;
    let token = json!({"name": "laptop", "scopes": ["chat"]});
    for other in [None, Some("0".repeat(64))] {
        let thief = Person { csrf: other, ..ada.clone() };
        let reply = thief.post("/api/v1/tokens", token.clone()).await;
        assert_eq!(reply.refused(), (403, "auth.forbidden"));
        thief.get("/api/v1/tokens").await.expect(200);
    }
    for header in [("origin", "http://evil.example"), ("sec-fetch-site", "cross-site")] {
        for method in [Method::GET, Method::POST] {
            let body = (method == Method::POST).then(|| token.clone());
            let reply = ada.send(method, "/api/v1/tokens", body, &[header]).await;
            assert_eq!(reply.refused(), (403, "auth.forbidden"), "{header:?}");
        }
    }
    ada.post("/api/v1/tokens", token).await.expect(201);
}

#[tokio::test]
async fn a_session_ends_when_its_owner_ends_it() {
    let gateway = fresh("").await;
    let ada = administrator(&gateway).await;
    let session = ada.get("/api/v1/session").await.expect(200);
    assert_eq!(session["csrf"].as_str(), ada.csrf.as_deref());
    let me = ada.get("/api/v1/me").await.expect(200);
    assert_eq!((&me["through"], &me["scopes"]), (&json!("session"), &json!(null)));
    let out = ada.delete("/api/v1/session").await;
    assert!(out.headers["set-cookie"].to_str().unwrap().contains("Max-Age=0"));
    out.expect(204);
    assert_eq!(ada.get("/api/v1/session").await.refused(), (401, "auth.invalid"));
}

#[tokio::test]
async fn a_new_password_ends_all_sessions() {
    let gateway = fresh("").await;
    let ada = administrator(&gateway).await;
    let other = Person::log_in(&gateway, EMAIL, PASSWORD).await;
    let change = |old: &str, new: &str| json!({"old": old, "new": new});
    let path = "/api/v1/me/password";
    let wrong = ada.put(path, change("not the password", "a better password")).await;
    assert_eq!(wrong.refused(), (401, "auth.invalid"));
    let short = ada.put(path, change(PASSWORD, "short")).await;
    assert_eq!(
        (short.refused(), &short.body["error"]["param"]),
        ((400, "request.invalid"), &json!("new"))
    );
    ada.put(path, change(PASSWORD, "a better password")).await.expect(204);
    for gone in [&ada, &other] {
        assert_eq!(gone.get("/api/v1/me").await.status, 401);
    }
    Person::log_in(&gateway, EMAIL, "a better password").await;
}
