//! The real binary, started on a free port, and a client for it.
pub(crate) mod provider;

use std::fs::File;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

/// The caller's key: must reach the provider, and show nowhere else.
pub(crate) const OWN_KEY: &str = "sk-own-canary-7d1f0a";
/// The operator's key: likewise.
pub(crate) const HOUSE_KEY: &str = "sk-house-canary-93b2c4";

/// A running gateway. Dropping it ends the process.
pub(crate) struct Gateway {
    pub(crate) url: String,
    child: Child,
    folder: TempDir,
    pub(crate) client: reqwest::Client,
}

impl Gateway {
    /// Starts a gateway without accounts for a provider at `base_url`, with `config` as its file.
    pub(crate) async fn start(base_url: &str, house_key: Option<&str>, config: &str) -> Self {
        let mut environment =
            vec![("CONVERGIO_ACCOUNTS", "off"), ("CONVERGIO_OPENAI_BASE_URL", base_url)];
        environment.extend(house_key.map(|key| ("CONVERGIO_OPENAI_API_KEY", key)));
        Self::start_in(tempfile::tempdir().unwrap(), &environment, config).await
    }

    /// Starts a gateway that keeps what it keeps in a folder: data, master key and setup link too.
    pub(crate) async fn start_in(
        folder: TempDir,
        environment: &[(&str, &str)],
        config: &str,
    ) -> Self {
        let binary = Path::new(env!("CARGO_BIN_EXE_convergio-gateway"));
        Self::start_from(binary, folder, environment, config).await
    }

    /// Starts a copy of the binary that lies elsewhere.
    pub(crate) async fn start_as(binary: &Path, environment: &[(&str, &str)]) -> Self {
        Self::start_from(binary, tempfile::tempdir().unwrap(), environment, "").await
    }

    async fn start_from(
        binary: &Path,
        folder: TempDir,
        environment: &[(&str, &str)],
        config: &str,
    ) -> Self {
        let at = |name: &str| folder.path().join(name);
        let (file, address_file) = (at("gateway.toml"), at("address"));
        std::fs::write(&file, config).unwrap();
        if address_file.exists() {
            std::fs::remove_file(&address_file).unwrap();
        }
        let mut command = Command::new(binary);
        command
            .args(["serve", "--listen", "127.0.0.1:0", "--log", "debug", "--address-file"])
            .arg(&address_file)
            .arg("--config")
            .arg(&file)
            .arg("--setup-file")
            .arg(at("setup"))
            .env_clear()
            .envs(std::env::vars().filter(|(name, _)| !name.starts_with("CONVERGIO_")))
            .env("CONVERGIO_DATA", at("data"))
            .env("CONVERGIO_MASTER_KEY_FILE", at("master.key"))
            // Whether somebody has built the pages makes no difference to a test.
            .env("CONVERGIO_WEBUI", "off")
            .envs(environment.iter().copied())
            .stdin(Stdio::null())
            .stdout(File::create(at("stdout")).unwrap())
            .stderr(File::create(at("stderr")).unwrap());
        let mut child = command.spawn().unwrap();
        let deadline = Instant::now() + Duration::from_secs(20);
        let address = loop {
            if let Ok(address) = std::fs::read_to_string(&address_file) {
                break address;
            }
            let ended = child.try_wait().unwrap();
            let log = || std::fs::read_to_string(at("stderr")).unwrap();
            assert!(ended.is_none(), "the gateway ended: {}", log());
            assert!(Instant::now() < deadline, "the gateway never listened: {}", log());
            tokio::time::sleep(Duration::from_millis(10)).await;
        };
        Self { url: format!("http://{}", address.trim()), child, folder, client: client() }
    }

    /// Asks for a completion with the caller's own key.
    pub(crate) async fn ask(&self, body: Value) -> reqwest::Response {
        self.ask_with(Some(OWN_KEY), body).await
    }

    pub(crate) async fn ask_with(&self, key: Option<&str>, body: Value) -> reqwest::Response {
        let mut request = self
            .client
            .post(format!("{}/v1/chat/completions", self.url))
            .header("content-type", "application/json")
            .body(body.to_string());
        if let Some(key) = key {
            request = request.header("authorization", format!("Bearer {key}"));
        }
        request.send().await.unwrap()
    }

    pub(crate) async fn get(&self, path: &str) -> reqwest::Response {
        self.client.get(format!("{}{path}", self.url)).send().await.unwrap()
    }

    /// Everything the process has written.
    pub(crate) fn output(&self) -> String {
        let read = |name: &str| std::fs::read_to_string(self.folder.path().join(name)).unwrap();
        read("stdout") + &read("stderr")
    }

    /// A file or folder of this gateway.
    pub(crate) fn path(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }

    /// Ends it in good order and gives its folder for the next one.
    pub(crate) async fn stop(mut self) -> TempDir {
        self.terminate();
        assert!(self.ended(Duration::from_secs(15)).await.success(), "{}", self.output());
        std::mem::replace(&mut self.folder, tempfile::tempdir().unwrap())
    }

    pub(crate) fn terminate(&self) {
        let status = Command::new("kill").arg(self.child.id().to_string()).status().unwrap();
        assert!(status.success());
    }

    /// Waits for the process to end on its own.
    pub(crate) async fn ended(&mut self, within: Duration) -> std::process::ExitStatus {
        let deadline = Instant::now() + within;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(Instant::now() < deadline, "still running: {}", self.output());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        // Both fail only when the process has already ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A client that needs no certificates: everything here is on this machine.
fn client() -> reqwest::Client {
    let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
    let tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth();
    reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .no_proxy()
        .timeout(Duration::from_secs(30))
        .build()
        .unwrap()
}

/// The JSON of a response, with its status.
pub(crate) async fn json_of(response: reqwest::Response) -> (u16, Value) {
    let status = response.status().as_u16();
    let text = response.text().await.unwrap();
    (status, serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}")))
}

/// The data of every event of a stream.
pub(crate) async fn events_of(response: reqwest::Response) -> Vec<String> {
    let text = response.text().await.unwrap();
    text.split("\n\n")
        .filter(|event| !event.is_empty())
        .map(|event| event.strip_prefix("data: ").expect(event).to_owned())
        .collect()
}

/// Runs the binary to its end.
pub(crate) fn run(args: &[&str]) -> std::process::Output {
    Command::new(env!("CARGO_BIN_EXE_convergio-gateway"))
        .args(args)
        .env_clear()
        .envs(std::env::vars().filter(|(name, _)| !name.starts_with("CONVERGIO_")))
        .env("CONVERGIO_ACCOUNTS", "off")
        .output()
        .unwrap()
}

/// A file in a folder that lives as long as the result.
pub(crate) fn file(text: &str) -> (TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("gateway.toml");
    std::fs::write(&path, text).unwrap();
    let shown = Path::new(&path).display().to_string();
    (folder, shown)
}
