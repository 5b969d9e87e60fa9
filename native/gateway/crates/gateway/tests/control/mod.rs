//! The control plane over HTTP: who gets in, who may do what, and what is kept of it.
mod audit;
mod inference;
mod keys;
mod limits;
mod people;
mod roles;
mod setup;
mod tenants;
mod tokens;
mod usage;

use reqwest::Method;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::Gateway;
use crate::support::provider::Provider;

pub(super) const EMAIL: &str = "ada@example.org";
pub(super) const PASSWORD: &str = "correct horse battery canary";

/// Somebody at a gateway: nobody, a browser with its session, or a program with its token.
#[derive(Clone, Debug)]
pub(super) struct Person {
    url: String,
    client: reqwest::Client,
    pub(super) cookie: Option<String>,
    pub(super) csrf: Option<String>,
    pub(super) token: Option<String>,
}

/// What came back.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) headers: reqwest::header::HeaderMap,
    pub(super) body: Value,
}

impl Reply {
    /// The body, when the status is that one.
    pub(super) fn expect(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.body);
        self.body
    }

    /// Status and stable code of an error.
    pub(super) fn refused(&self) -> (u16, &str) {
        (self.status, self.body["error"]["code"].as_str().unwrap_or_default())
    }
}

impl Person {
    pub(super) fn nobody(gateway: &Gateway) -> Self {
        let (url, client) = (gateway.url.clone(), gateway.client.clone());
        Self { url, client, cookie: None, csrf: None, token: None }
    }

    pub(super) fn program(gateway: &Gateway, token: &str) -> Self {
        Self { token: Some(token.to_owned()), ..Self::nobody(gateway) }
    }

    pub(super) async fn log_in(gateway: &Gateway, email: &str, password: &str) -> Self {
        let nobody = Self::nobody(gateway);
        let body = json!({"email": email, "password": password});
        let reply = nobody.post("/api/v1/session", body).await;
        nobody.with(reply, 200)
    }

    /// The same, in the session that a reply began.
    pub(super) fn with(&self, reply: Reply, status: u16) -> Self {
        let cookie = reply.headers.get("set-cookie").map(|value| value.to_str().unwrap());
        let cookie = cookie.and_then(|line| line.split(';').next()).map(str::to_owned);
        let body = reply.expect(status);
        let csrf = body["csrf"].as_str().map(str::to_owned);
        Self { cookie, csrf, ..self.clone() }
    }

    pub(super) async fn get(&self, path: &str) -> Reply {
        self.send(Method::GET, path, None, &[]).await
    }

    pub(super) async fn post(&self, path: &str, body: Value) -> Reply {
        self.send(Method::POST, path, Some(body), &[]).await
    }

    pub(super) async fn put(&self, path: &str, body: Value) -> Reply {
        self.send(Method::PUT, path, Some(body), &[]).await
    }

    pub(super) async fn patch(&self, path: &str, body: Value) -> Reply {
        self.send(Method::PATCH, path, Some(body), &[]).await
    }

    pub(super) async fn delete(&self, path: &str) -> Reply {
        self.send(Method::DELETE, path, None, &[]).await
    }

    pub(super) async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
        headers: &[(&str, &str)],
    ) -> Reply {
        let mut request = self.client.request(method, format!("{}{path}", self.url));
        if let Some(cookie) = &self.cookie {
            request = request.header("cookie", cookie);
        }
        if let Some(csrf) = &self.csrf {
            request = request.header("x-csrf-token", csrf);
        }
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(body) = body {
            request = request.header("content-type", "application/json").body(body.to_string());
        }
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let text = response.text().await.unwrap();
        assert_ne!(status, 500, "{path}: {text}");
        let body = serde_json::from_str(&text).unwrap_or(Value::String(text));
        Reply { status, headers, body }
    }
}

/// A gateway in a fresh folder that nobody has set up yet.
pub(super) async fn fresh(config: &str) -> Gateway {
    again(tempfile::tempdir().unwrap(), config).await
}

/// A gateway in the folder of one before it.
pub(super) async fn again(folder: TempDir, config: &str) -> Gateway {
    Gateway::start_in(folder, &[("CONVERGIO_OPENAI_BASE_URL", "http://127.0.0.1:9/v1")], config)
        .await
}

/// A fresh gateway for a provider, and its first administrator.
pub(super) async fn with_provider(provider: &Provider) -> (Gateway, Person) {
    let environment = [("CONVERGIO_OPENAI_BASE_URL", provider.base_url.as_str())];
    let config = "[retry]\nmax_retries = 0\n";
    let gateway = Gateway::start_in(tempfile::tempdir().unwrap(), &environment, config).await;
    let ada = administrator(&gateway).await;
    (gateway, ada)
}

/// Somebody whom an administrator adds, in their session.
pub(super) async fn add(gateway: &Gateway, ada: &Person, name: &str, role: &str) -> Person {
    let email = format!("{name}@example.org");
    let body = json!({"email": email, "password": PASSWORD, "role": role});
    ada.post("/api/v1/people", body).await.expect(201);
    Person::log_in(gateway, &email, PASSWORD).await
}

/// The token of the link that the gateway gave out.
pub(super) fn link(gateway: &Gateway) -> String {
    let line = std::fs::read_to_string(gateway.path("setup")).unwrap();
    let event: Value = serde_json::from_str(&line).unwrap();
    assert_eq!(event["event"], "setup");
    let (address, token) = event["url"].as_str().unwrap().split_once("/setup#").unwrap();
    assert_eq!(address, gateway.url);
    token.to_owned()
}

/// What somebody sends who follows a link.
pub(super) fn founder(token: &str) -> Value {
    json!({"token": token, "tenant": "Home", "email": EMAIL, "password": PASSWORD})
}

/// The first administrator of a gateway, in their session.
pub(super) async fn administrator(gateway: &Gateway) -> Person {
    let nobody = Person::nobody(gateway);
    let reply = nobody.post("/api/v1/setup", founder(&link(gateway))).await;
    nobody.with(reply, 201)
}
