//! Personal tokens.
use serde_json::{Value, json};

use super::{Person, administrator, fresh};
use crate::{OWN_KEY, say};

async fn issue(ada: &Person, scopes: Value) -> (String, String) {
    let body = json!({"name": "laptop", "scopes": scopes});
    let issued = ada.post("/api/v1/tokens", body).await.expect(201);
    let text = |name: &str| issued[name].as_str().unwrap().to_owned();
    (text("id"), text("token"))
}

#[tokio::test]
async fn a_token_is_shown_once_and_good_for_its_scopes_alone() {
    let gateway = fresh("").await;
    let ada = administrator(&gateway).await;
    let (id, token) = issue(&ada, json!(["usage"])).await;
    let listed = ada.get("/api/v1/tokens").await.expect(200);
    assert_eq!(
        (&listed["data"][0]["id"], &listed["data"][0]["scopes"]),
        (&json!(id), &json!(["usage"]))
    );
    assert!(!listed.to_string().contains(&token[37..]), "shown again");

    let program = Person::program(&gateway, &token);
    let me = program.get("/api/v1/me").await.expect(200);
    assert_eq!((&me["through"], &me["scopes"]), (&json!("token"), &json!(["usage"])));
    assert_eq!(me["permissions"], json!(["own_usage", "all_usage"]));
    // Asking models is not among them, and neither is begetting tokens or revoking them.
    let chat = program.post("/v1/chat/completions", say("hello")).await;
    assert_eq!(chat.refused(), (403, "auth.forbidden"));
    let body = json!({"name": "another", "scopes": ["usage"]});
    assert_eq!(program.post("/api/v1/tokens", body).await.refused(), (403, "auth.forbidden"));
    let revoked = program.delete(&format!("/api/v1/tokens/{id}")).await;
    assert_eq!(revoked.refused(), (403, "auth.forbidden"));
    assert!(!gateway.output().contains(&token[37..]), "the token is in a log");
}

#[tokio::test]
async fn a_revoked_token_is_over_at_once() {
    let gateway = fresh("").await;
    let ada = administrator(&gateway).await;
    let (id, token) = issue(&ada, json!(["chat"])).await;
    let program = Person::program(&gateway, &token);
    program.get("/api/v1/me").await.expect(200);
    ada.delete(&format!("/api/v1/tokens/{id}")).await.expect(204);
    assert_eq!(program.get("/api/v1/me").await.refused(), (401, "auth.invalid"));
    let again = ada.delete(&format!("/api/v1/tokens/{id}")).await;
    assert_eq!(again.refused(), (404, "request.not_found"));
    assert_eq!(ada.delete("/api/v1/tokens/nonsense").await.status, 404);
}

#[tokio::test]
async fn a_token_that_cannot_be_is_refused_by_its_field() {
    let gateway = fresh("").await;
    let ada = administrator(&gateway).await;
    let whole = json!({"name": "n", "scopes": ["chat"], "expires_at": 4_000_000_000_000_i64});
    for (field, value) in [
        ("name", json!("")),
        ("name", json!("a\nb")),
        ("name", json!("x".repeat(101))),
        ("scopes", json!([])),
        ("scopes", json!(["everything"])),
        ("expires_at", json!(1)),
        ("expires_at", json!("tomorrow")),
        ("colour", json!("red")),
    ] {
        let mut body = whole.clone();
        body[field] = value;
        let reply = ada.post("/api/v1/tokens", body).await;
        let param = reply.body["error"]["param"].as_str().unwrap_or_default();
        assert_eq!((reply.refused(), param), ((400, "request.invalid"), field));
    }
    ada.post("/api/v1/tokens", whole).await.expect(201);
}

#[tokio::test]
async fn only_people_of_the_installation_reach_a_model() {
    let gateway = fresh("").await;
    administrator(&gateway).await;
    for path in
        ["/v1/chat/completions", "/v1/embeddings", "/v1/messages", "/v1/messages/count_tokens"]
    {
        for token in [
            None,
            Some(OWN_KEY.to_owned()),
            Some(format!("cvg_{}_{}", "0".repeat(32), "0".repeat(64))),
        ] {
            let stranger = Person { token, ..Person::nobody(&gateway) };
            let reply = stranger.post(path, say("hello")).await;
            assert_eq!(reply.refused(), (401, "auth.invalid"), "{path}");
        }
    }
}

#[tokio::test]
async fn a_refusal_before_the_body_was_read_says_that_the_connection_ends() {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    let gateway = fresh("").await;
    let address = gateway.url.strip_prefix("http://").unwrap();
    for path in ["/api/v1/tokens", "/v1/chat/completions"] {
        let mut connection = tokio::net::TcpStream::connect(address).await.unwrap();
        // The body is promised and never comes.
        let head = format!("POST {path} HTTP/1.1\r\nhost: {address}\r\ncontent-length: 9\r\n\r\n");
        connection.write_all(head.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        connection.read_to_end(&mut answer).await.unwrap();
        let answer = String::from_utf8(answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 401 "), "{answer}");
        assert!(answer.contains("\r\nconnection: close\r\n"), "{answer}");
    }
}
