//! Reading usage. That it is recorded is told elsewhere.
use serde_json::json;

use super::{add, administrator, fresh};

#[tokio::test]
async fn nothing_used_is_nothing_and_mistakes_are_named() {
    let gateway = fresh("").await;
    let ada = administrator(&gateway).await;
    for by in ["key", "day", "model"] {
        let usage = ada.get(&format!("/api/v1/usage?by={by}")).await.expect(200);
        assert_eq!((&usage["by"], &usage["data"]), (&json!(by), &json!([])));
        assert_eq!(usage["total"]["cost_nano_usd"], 0);
        assert_eq!(
            usage["to"].as_i64().unwrap() - usage["from"].as_i64().unwrap(),
            30 * 86_400_000
        );
    }
    for (query, param) in [
        ("usage?by=colour", "by"),
        ("usage?from=now", "from"),
        ("usage?from=2&to=1", "from"),
        ("usage?user=bob", "user"),
        ("usage?colour=red", "colour"),
        ("usage/events?limit=0", "limit"),
        ("usage/events?limit=1001", "limit"),
        ("usage/events?before=x", "before"),
        ("audit?kind=party", "kind"),
        ("audit?limit=0", "limit"),
        ("audit?after=x", "after"),
    ] {
        let reply = ada.get(&format!("/api/v1/{query}")).await;
        let found = reply.body["error"]["param"].as_str().unwrap_or_default();
        assert_eq!((reply.refused(), found), ((400, "request.invalid"), param), "{query}");
    }
    for extreme in [i64::MIN, i64::MAX] {
        let reply = ada.get(&format!("/api/v1/usage?to={extreme}")).await;
        assert!(reply.status < 500, "{extreme}");
    }
}

#[tokio::test]
async fn tables_are_for_spreadsheets() {
    let gateway = fresh("").await;
    let ada = administrator(&gateway).await;
    for (path, begins) in [
        ("usage?by=key", "group,label,requests,attempts,"),
        ("usage/events", "request_id,attempt,user,key,"),
        ("audit", "seq,kind,at,request_id,user,"),
    ] {
        let and = if path.contains('?') { '&' } else { '?' };
        let reply = ada.get(&format!("/api/v1/{path}{and}format=csv")).await;
        assert_eq!(reply.headers["content-type"], "text/csv; charset=utf-8", "{path}");
        assert_eq!(reply.headers["cache-control"], "no-store");
        let text = reply.body.as_str().unwrap();
        assert!(text.starts_with(begins), "{path}: {text}");
    }
}

#[tokio::test]
async fn nobody_asks_for_somebody_elses_usage() {
    let gateway = fresh("").await;
    let ada = administrator(&gateway).await;
    let bob = add(&gateway, &ada, "bob", "user").await;
    let id = |me: &serde_json::Value| me["user"]["id"].as_str().unwrap().to_owned();
    let (own, other) = (
        id(&bob.get("/api/v1/me").await.expect(200)),
        id(&ada.get("/api/v1/me").await.expect(200)),
    );
    bob.get(&format!("/api/v1/usage?user={own}")).await.expect(200);
    assert_eq!(bob.get(&format!("/api/v1/usage?user={other}")).await.status, 404);
    ada.get(&format!("/api/v1/usage?user={own}")).await.expect(200);
}
