//! The web UI: static files, served on the gateway's own port beside the API.
//!
//! [`place`] decides where they are, [`files`] serves them. What there is of the API is never looked for
//! among them: an unknown path of the API stays an error that programs can read.
mod files;
mod place;

use std::path::{Path, PathBuf};

use axum::extract::Request;
use axum::http::{Method, Uri};
use axum::response::{IntoResponse, Response};
use convergio_wire::{ErrorCode, Failure};

use crate::about::VERSION;
use crate::error::ApiError;

use files::Files;
pub(crate) use place::Choice;
use place::Found;

/// The first segments of paths that are the API's, now and later.
const RESERVED: [&str; 10] = [
    ".well-known",
    "a2a",
    "acp",
    "anp",
    "api",
    "healthz",
    "mcp",
    "metrics",
    "openapi.json",
    "readyz",
];

/// What is answered where the API has no route.
#[derive(Clone, Debug)]
pub(crate) enum Webui {
    /// There is none, on purpose.
    Off,
    /// There should be one.
    Missing,
    /// Its files.
    Files(Files),
}

impl Webui {
    /// Looks for the files, and says in the log when they are not there or not of this build.
    ///
    /// # Errors
    /// What is wrong with the folder that was named, and what to do.
    pub(crate) fn find(choice: &Choice) -> Result<Self, String> {
        let executable = std::env::current_exe().ok();
        match place::find(choice, executable.as_deref(), has_ui)? {
            Found::Off => Ok(Self::Off),
            Found::Missing(looked) => {
                tracing::warn!("{}", place::how_to_get(&looked));
                Ok(Self::Missing)
            }
            Found::Folder(folder) => {
                warn_of_another_build(&folder);
                let served = Files::new(&folder);
                served.map(Self::Files).map_err(|error| format!("{}: {error}", folder.display()))
            }
        }
    }

    /// Is there a page that a browser can open?
    pub(crate) fn is_there(&self) -> bool {
        matches!(self, Self::Files(_))
    }

    /// Answers what no route of the API takes.
    pub(crate) async fn answer(self, request: Request) -> Response {
        let (asked, _) = request.into_parts();
        // Who writes, or asks the API, is a program: it gets an error that it can read.
        let reads = matches!(asked.method, Method::GET | Method::HEAD);
        if !reads || is_reserved(asked.uri.path()) {
            return not_found(&asked.uri);
        }
        match self {
            Self::Files(files) => files.answer(&asked).await,
            Self::Missing if asked.uri.path() == "/" => files::instead(),
            Self::Missing | Self::Off => not_found(&asked.uri),
        }
    }
}

fn has_ui(folder: &Path) -> bool {
    folder.join(files::FIRST).is_file() && folder.join(files::LOST).is_file()
}

fn is_reserved(path: &str) -> bool {
    let first = path.trim_start_matches('/').split('/').next().unwrap_or_default();
    // `/v1`, and the `/v1beta` and `/v2` that somebody's SDK may ask for.
    let version = first.strip_prefix('v').and_then(|rest| rest.chars().next());
    RESERVED.contains(&first) || version.is_some_and(|digit| digit.is_ascii_digit())
}

fn not_found(uri: &Uri) -> Response {
    let path: String = uri.path().chars().take(200).collect();
    let message = format!("nothing at {path}; /openapi.json lists what there is");
    ApiError::from(Failure::new(ErrorCode::RequestNotFound, message)).into_response()
}

/// Old pages in front of a new gateway fail in ways that nobody can explain.
fn warn_of_another_build(folder: &Path) {
    let theirs = built_version(folder.join("_app/version.json"));
    if theirs.as_deref() != Some(VERSION) {
        tracing::warn!(
            folder = %folder.display(),
            theirs = theirs.as_deref().unwrap_or("unknown"),
            ours = VERSION,
            "the web UI is of another version than the gateway; build it again"
        );
    }
}

fn built_version(file: PathBuf) -> Option<String> {
    let said: serde_json::Value = serde_json::from_slice(&std::fs::read(file).ok()?).ok()?;
    said["version"].as_str().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_the_apis_is_never_looked_for_among_files() {
        for path in [
            "/v1",
            "/v1/",
            "/v1/nowhere",
            "/v1beta/models",
            "/v2",
            "/api",
            "/api/v1/x",
            "/healthz/x",
            "/metrics/",
            "/mcp",
            "//v1/models",
            "/.well-known/agent-card.json",
        ] {
            assert!(is_reserved(path), "{path}");
        }
        for path in ["/", "/keys", "/vault", "/v", "/apiary", "/setup", "/_app/version.json"] {
            assert!(!is_reserved(path), "{path}");
        }
    }
}
