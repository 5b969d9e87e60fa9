//! The web UI beside the API: which file a path means, how it is sent, and where nobody gets.
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use reqwest::Method;
use reqwest::header::HeaderMap;
use tempfile::TempDir;

use crate::support::{Gateway, run};

const VERSION: &str = env!("CARGO_PKG_VERSION");
/// What no answer may hold.
const OUTSIDE: &str = "outside-canary";

/// A folder such as a build makes, and things beside it that are nobody's business.
struct Pages {
    folder: TempDir,
}

impl Pages {
    fn new() -> Self {
        let pages = Self { folder: tempfile::tempdir().unwrap() };
        for (path, text) in [
            ("build/index.html", "first page"),
            ("build/404.html", "lost page"),
            ("build/404.html.gz", "lost page, gzip"),
            ("build/keys.html", "keys page"),
            ("build/keys.html.br", "keys page, brotli"),
            ("build/keys/old.html", "old keys page"),
            ("build/manifest.webmanifest", "{}"),
            ("build/_app/version.json", &format!(r#"{{"version":"{VERSION}"}}"#)),
            ("build/_app/immutable/a.js", "0123456789"),
            ("build/_app/immutable/a.js.br", "brotli"),
            ("build/_app/immutable/a.js.gz", "gzip"),
            ("build-2/index.html", OUTSIDE),
            ("secret.html", OUTSIDE),
        ] {
            let path = pages.folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        pages
    }

    fn build(&self) -> PathBuf {
        self.folder.path().join("build")
    }

    async fn served(&self) -> Gateway {
        serve(&self.build()).await
    }
}

async fn serve(folder: &Path) -> Gateway {
    let environment = [("CONVERGIO_WEBUI", folder.to_str().unwrap())];
    Gateway::start_in(tempfile::tempdir().unwrap(), &environment, "").await
}

/// Status, headers and body.
struct Answer {
    status: u16,
    headers: HeaderMap,
    body: String,
}

impl Answer {
    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

async fn ask(gateway: &Gateway, method: Method, path: &str, headers: &[(&str, &str)]) -> Answer {
    let mut request = gateway.client.request(method, format!("{}{path}", gateway.url));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let response = request.send().await.unwrap();
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    Answer { status, headers, body: response.text().await.unwrap() }
}

async fn get(gateway: &Gateway, path: &str) -> Answer {
    ask(gateway, Method::GET, path, &[]).await
}

/// Sends a path as it is: clients tidy paths up before they send them.
fn raw(gateway: &Gateway, method: &str, path: &str) -> String {
    let mut connection = TcpStream::connect(gateway.url.strip_prefix("http://").unwrap()).unwrap();
    let head = format!("{method} {path} HTTP/1.1\r\nhost: gateway\r\nconnection: close\r\n\r\n");
    connection.write_all(head.as_bytes()).unwrap();
    let mut answer = Vec::new();
    connection.read_to_end(&mut answer).unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn a_path_is_a_file_or_a_page_of_that_name_or_lost() {
    let pages = Pages::new();
    let gateway = pages.served().await;
    for (path, status, body, kind) in [
        ("/", 200, "first page", "text/html"),
        ("/index.html", 200, "first page", "text/html"),
        ("/keys", 200, "keys page", "text/html"),
        ("/keys?tab=1", 200, "keys page", "text/html"),
        ("/keys/old", 200, "old keys page", "text/html"),
        ("/manifest.webmanifest", 200, "{}", "application/manifest+json"),
        ("/_app/immutable/a.js", 200, "0123456789", "text/javascript"),
        ("/nowhere", 404, "lost page", "text/html"),
        ("/keys/", 404, "lost page", "text/html"),
        ("/_app", 404, "lost page", "text/html"),
        ("/_app/immutable/b.js", 404, "lost page", "text/html"),
    ] {
        let answer = get(&gateway, path).await;
        assert_eq!((answer.status, answer.body.as_str()), (status, body), "{path}");
        assert_eq!(answer.header("content-type"), kind, "{path}");
    }
}

#[tokio::test]
async fn browsers_are_told_what_to_keep_and_what_not_to_do() {
    let pages = Pages::new();
    let gateway = pages.served().await;
    let year = "public, max-age=31536000, immutable";
    for (path, kept) in [
        ("/", "no-cache"),
        ("/keys", "no-cache"),
        ("/_app/version.json", "no-cache"),
        ("/_app/immutable/a.js", year),
        ("/_app/immutable/missing.js", "no-cache"),
        ("/nowhere", "no-cache"),
    ] {
        let answer = get(&gateway, path).await;
        assert_eq!(answer.header("cache-control"), kept, "{path}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(answer.header("referrer-policy"), "same-origin", "{path}");
        assert_eq!(answer.header("content-security-policy"), "frame-ancestors 'none'", "{path}");
    }
}

#[tokio::test]
async fn the_smallest_encoding_that_is_taken_and_there_is_sent() {
    let pages = Pages::new();
    let gateway = pages.served().await;
    for (path, takes, encoding, body) in [
        ("/_app/immutable/a.js", "gzip, deflate, br, zstd", "br", "brotli"),
        ("/_app/immutable/a.js", "gzip, deflate", "gzip", "gzip"),
        ("/_app/immutable/a.js", "identity", "", "0123456789"),
        ("/_app/immutable/a.js", "br;q=0, gzip;q=0", "", "0123456789"),
        ("/keys", "gzip, br", "br", "keys page, brotli"),
        ("/keys", "gzip", "", "keys page"),
        ("/nowhere", "gzip", "gzip", "lost page, gzip"),
    ] {
        let answer = ask(&gateway, Method::GET, path, &[("accept-encoding", takes)]).await;
        assert_eq!(answer.header("content-encoding"), encoding, "{path}: {takes}");
        assert_eq!(answer.body, body, "{path}: {takes}");
        assert_eq!(answer.header("vary"), "accept-encoding", "{path}");
    }
    let answer = ask(&gateway, Method::GET, "/keys", &[("accept-encoding", "br")]).await;
    assert_eq!(answer.header("content-type"), "text/html", "the type is that of the page");
}

#[tokio::test]
async fn what_a_browser_has_is_not_sent_again_but_a_lost_page_always_is() {
    let pages = Pages::new();
    let gateway = pages.served().await;
    let first = get(&gateway, "/keys").await;
    let (tag, date) = (first.header("etag"), first.header("last-modified"));
    assert!(!tag.is_empty() && !date.is_empty());
    for condition in [("if-none-match", tag), ("if-modified-since", date)] {
        let again = ask(&gateway, Method::GET, "/keys", &[condition]).await;
        assert_eq!((again.status, again.body.as_str()), (304, ""), "{condition:?}");
        assert_eq!(again.header("cache-control"), "no-cache");
        let lost = ask(&gateway, Method::GET, "/nowhere", &[condition]).await;
        assert_eq!((lost.status, lost.body.as_str()), (404, "lost page"), "{condition:?}");
        assert_eq!((lost.header("etag"), lost.header("last-modified")), ("", ""));
    }
    fs::write(pages.build().join("keys.html"), "a page of the next build").unwrap();
    let changed = ask(&gateway, Method::GET, "/keys", &[("if-none-match", tag)]).await;
    assert_eq!((changed.status, changed.body.as_str()), (200, "a page of the next build"));
}

#[tokio::test]
async fn heads_and_ranges_are_answered() {
    let pages = Pages::new();
    let gateway = pages.served().await;
    let file = "/_app/immutable/a.js";
    let head = ask(&gateway, Method::HEAD, file, &[]).await;
    assert_eq!((head.status, head.header("content-length")), (200, "10"));
    assert_eq!(head.body, "");
    let lost = ask(&gateway, Method::HEAD, "/nowhere", &[]).await;
    assert_eq!((lost.status, lost.header("content-type")), (404, "text/html"));
    let part = ask(&gateway, Method::GET, file, &[("range", "bytes=2-4")]).await;
    assert_eq!((part.status, part.body.as_str()), (206, "234"));
    assert_eq!(part.header("content-range"), "bytes 2-4/10");
    let beyond = ask(&gateway, Method::GET, file, &[("range", "bytes=20-")]).await;
    assert_eq!((beyond.status, beyond.header("cache-control")), (416, "no-cache"));
    let lost = ask(&gateway, Method::GET, "/nowhere", &[("range", "bytes=20-")]).await;
    assert_eq!((lost.status, lost.body.as_str()), (404, "lost page"));
}

#[tokio::test]
async fn the_apis_paths_never_become_pages() {
    let pages = Pages::new();
    for path in ["v1/secret", "api/v1/secret", "healthz/secret", "mcp/secret"] {
        let file = pages.build().join(path).with_extension("html");
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, "shadow").unwrap();
    }
    let gateway = pages.served().await;
    for (method, path) in [
        (Method::GET, "/v1"),
        (Method::GET, "/v1/secret"),
        (Method::GET, "/api/v1/secret"),
        (Method::GET, "/healthz/secret"),
        (Method::GET, "/mcp/secret.html"),
        (Method::GET, "//v1/secret"),
        // Somebody's SDK whose base URL lacks `/v1`.
        (Method::POST, "/chat/completions"),
        (Method::DELETE, "/keys"),
    ] {
        let answer = ask(&gateway, method.clone(), path, &[]).await;
        assert_eq!(answer.status, 404, "{method} {path}: {}", answer.body);
        let error: serde_json::Value = serde_json::from_str(&answer.body).unwrap();
        assert_eq!(error["error"]["code"], "request.not_found", "{method} {path}");
    }
    assert_eq!(get(&gateway, "/healthz").await.header("content-type"), "application/json");
}

#[tokio::test]
async fn nobody_gets_out_of_the_folder() {
    let pages = Pages::new();
    let build = pages.build();
    symlink(pages.folder.path().join("secret.html"), build.join("link.html")).unwrap();
    symlink(pages.folder.path(), build.join("up")).unwrap();
    // Its name begins with the folder's own.
    symlink(pages.folder.path().join("build-2"), build.join("next")).unwrap();
    symlink(build.join("loop.html"), build.join("loop.html")).unwrap();
    symlink("keys.html", build.join("inside.html")).unwrap();
    let gateway = pages.served().await;
    let long = format!("/{}", "a".repeat(4_000));
    for path in [
        "/../secret.html",
        "/..%2fsecret.html",
        "/%2e%2e/secret.html",
        "/%2e%2e%2fsecret.html",
        "/_app/../../secret.html",
        "/_app/..%5c..%5csecret.html",
        "/..\\secret.html",
        "//../secret.html",
        "/link.html",
        "/link",
        "/up/secret.html",
        "/next/index.html",
        "/loop",
        "/loop.html",
        "/keys.html/x",
        "/keys.html%00.js",
        "/%00",
        "/%ff",
        &long,
    ] {
        for method in ["GET", "HEAD"] {
            let answer = raw(&gateway, method, path);
            assert!(answer.starts_with("HTTP/1.1 404 "), "{method} {path}: {answer}");
            assert!(!answer.contains(OUTSIDE), "{method} {path}");
        }
    }
    assert_eq!(
        get(&gateway, "/inside").await.body,
        "keys page",
        "a link that stays inside is fine"
    );
    // The control: what was looked for is there to be found.
    assert!(fs::read_to_string(build.join("link.html")).unwrap().contains(OUTSIDE));
}

#[tokio::test]
async fn without_its_files_the_gateway_says_how_to_get_them() {
    let named = tempfile::tempdir().unwrap();
    let folder = named.path().to_str().unwrap();
    let output = run(&["serve", "--accounts", "required", "--webui", folder]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success() && said.contains("npm run build"), "{said}");

    // The binary itself, moved to where no pages lie beside it.
    let bin = named.path().join("bin");
    fs::create_dir(&bin).unwrap();
    let moved = bin.join("convergio-gateway");
    // By another program: a file that this one has open for writing while another test starts a
    // process cannot be run ("text file busy").
    let binary = env!("CARGO_BIN_EXE_convergio-gateway");
    let copied = std::process::Command::new("cp").arg(binary).arg(&moved).status().unwrap();
    assert!(copied.success());
    let gateway = Gateway::start_as(&moved, &[("CONVERGIO_WEBUI", "")]).await;
    let answer = get(&gateway, "/").await;
    assert_eq!((answer.status, answer.header("content-type")), (404, "text/html; charset=utf-8"));
    assert!(answer.body.contains("npm run build"), "{}", answer.body);
    assert!(!answer.body.contains(folder), "where things lie is nobody's business");
    let logged = gateway.output();
    assert!(logged.contains("share/convergio/webui") && logged.contains("--webui off"), "{logged}");
    assert_eq!(get(&gateway, "/keys").await.header("content-type"), "application/json");

    // And with the pages put beside it.
    let share = named.path().join("share/convergio");
    fs::create_dir_all(&share).unwrap();
    fs::rename(Pages::new().build(), share.join("webui")).unwrap();
    let gateway = Gateway::start_as(&moved, &[("CONVERGIO_WEBUI", "")]).await;
    assert_eq!(get(&gateway, "/").await.body, "first page");
}

#[tokio::test]
async fn pages_of_another_version_are_served_and_told_of() {
    let pages = Pages::new();
    let told = "of another version";
    assert!(!pages.served().await.output().contains(told));
    fs::write(pages.build().join("_app/version.json"), r#"{"version":"6.9.0"}"#).unwrap();
    let gateway = pages.served().await;
    assert_eq!(get(&gateway, "/").await.body, "first page");
    let logged = gateway.output();
    assert!(logged.contains(told) && logged.contains("6.9.0"), "{logged}");
}

#[tokio::test]
async fn a_gateway_told_to_have_none_has_none() {
    let gateway = Gateway::start_in(tempfile::tempdir().unwrap(), &[], "").await;
    let answer = get(&gateway, "/").await;
    assert_eq!((answer.status, answer.header("content-type")), (404, "application/json"));
    assert!(!gateway.output().contains("no web UI"), "{}", gateway.output());
}
