//! `setup-link`.
use serde_json::{Value, json};

use super::Operator;
use crate::control::{Person, administrator, founder, fresh, link};

fn token(event: &Value, at: &str) -> String {
    assert_eq!(event["event"], "setup");
    let (address, token) = event["url"].as_str().unwrap().split_once("/setup#").unwrap();
    assert_eq!(address, at);
    token.to_owned()
}

#[tokio::test]
async fn another_link_for_whoever_lost_the_first() {
    let gateway = fresh("").await;
    let operator = Operator::of(&gateway);
    let lost = link(&gateway);
    let done = operator.run(&["setup-link", "--json", "--url", &gateway.url]);
    let event = done.json(0);
    let token = token(&event, &gateway.url);
    assert_eq!(event["for"], "first");
    assert!(event["expires_at"].as_i64().unwrap() > 0);
    assert!(done.err.contains("a setup link was given out") && !done.err.contains(&token));
    let nobody = Person::nobody(&gateway);
    let void = nobody.post("/api/v1/setup", founder(&lost)).await;
    assert_eq!(void.refused(), (409, "request.conflict"));
    let message = void.body["error"]["message"].as_str().unwrap();
    assert!(message.contains("convergio-gateway setup-link"), "{message}");
    nobody.post("/api/v1/setup", founder(&token)).await.expect(201);
}

#[tokio::test]
async fn links_for_further_tenants_beside_a_running_gateway() {
    let gateway = fresh("").await;
    let ada = administrator(&gateway).await;
    let operator = Operator::of(&gateway);
    let further = || {
        let event = operator.run(&["setup-link", "--json", "--url", "https://ai.example/"]).json(0);
        assert_eq!(event["for"], "further");
        token(&event, "https://ai.example")
    };
    let (work, club) = (further(), further());
    let nobody = Person::nobody(&gateway);
    assert_eq!(nobody.get("/api/v1/setup").await.expect(200), json!({"needed": false}));
    let body = |token: &str, tenant: &str, email: &str| {
        let mut body = founder(token);
        (body["tenant"], body["email"]) = (json!(tenant), json!(email));
        body
    };
    let taken = nobody.post("/api/v1/setup", founder(&work)).await;
    assert_eq!(taken.refused(), (409, "request.conflict"), "her address is taken");
    let grace = nobody.post("/api/v1/setup", body(&work, "Work", "grace@example.org")).await;
    let grace = nobody.with(grace, 201);
    nobody.post("/api/v1/setup", body(&club, "Club", "kay@example.org")).await.expect(201);
    let twice = nobody.post("/api/v1/setup", body(&work, "Twice", "t@example.org")).await;
    assert_eq!(twice.refused(), (409, "request.conflict"));

    let (hers, theirs) =
        (ada.get("/api/v1/me").await.expect(200), grace.get("/api/v1/me").await.expect(200));
    assert_ne!(hers["tenant"]["id"], theirs["tenant"]["id"]);
    assert_eq!(
        (&theirs["tenant"]["name"], &theirs["user"]["role"]),
        (&json!("Work"), &json!("admin"))
    );
    let log = operator.run(&["audit", "verify", "--json"]).json(0);
    let names: Vec<_> =
        log["tenants"].as_array().unwrap().iter().map(|one| one["name"].clone()).collect();
    assert_eq!(names, ["Home", "Work", "Club"], "each has a log of its own");
    assert!(!gateway.output().contains(&work) && !gateway.output().contains(&club));
}

#[tokio::test]
async fn a_link_leads_to_where_the_gateway_listens_unless_said_otherwise() {
    let gateway = fresh("").await;
    administrator(&gateway).await;
    let operator = Operator::of(&gateway);
    for (listen, url) in [
        ("0.0.0.0:8088", "http://127.0.0.1:8088"),
        ("[::]:8088", "http://[::1]:8088"),
        ("10.0.0.7:80", "http://10.0.0.7:80"),
    ] {
        let done = operator.clone().with("CONVERGIO_LISTEN", listen).run(&["setup-link", "--json"]);
        token(&done.json(0), url);
    }
    // Where no terminal reads, it is for a program, as the link of the first start is.
    token(&operator.run(&["setup-link"]).json(0), "http://127.0.0.1:8080");
    operator.run(&["setup-link", "--listen", "127.0.0.1:0"]).refused(&["--url"]);
}
