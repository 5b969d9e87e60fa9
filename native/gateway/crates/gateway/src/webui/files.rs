//! Serving the files: which one a path means, in which encoding, and what a browser may do with it.
//!
//! tower-http's `ServeDir` has paths, encodings, conditions and ranges. Ours is where it may look
//! ([`Inside`]), the page for what is not there, and the headers.
use std::fs::Metadata;
use std::io;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::Request;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{Html, IntoResponse, Response};
use convergio_wire::{ErrorCode, Failure};
use tower_http::services::ServeDir;
use tower_http::services::fs::{Backend, DefaultServeDirFallback, TokioBackend};

use crate::error::ApiError;

/// The page at `/`.
pub(super) const FIRST: &str = "index.html";
/// The page for paths that mean nothing.
pub(super) const LOST: &str = "404.html";
/// What is below has a digest of its content in its name.
const IMMUTABLE: &str = "/_app/immutable/";

/// The page at `/` where the files should be and are not.
const INSTEAD: &str = "<!doctype html>
<html lang=\"en\">
<meta charset=\"utf-8\">
<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">
<title>Convergio</title>
<h1>Convergio is running, without its pages</h1>
<p>The gateway answers programs, but its web UI has not been built.</p>
<p>Whoever runs it: <code>npm ci &amp;&amp; npm run build</code> in <code>native/webui</code>, then start
the gateway again. Its log says where it looks for the result.</p>
<p>The API is described at <a href=\"/openapi.json\">/openapi.json</a>.</p>
</html>
";

/// The files of one folder.
#[derive(Clone, Debug)]
pub(crate) struct Files {
    folder: ServeDir<DefaultServeDirFallback, Inside>,
}

impl Files {
    /// The files below `folder`.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub(super) fn new(folder: &Path) -> io::Result<Self> {
        let root = folder.canonicalize()?;
        let folder = ServeDir::with_backend(root.clone(), Inside { root: root.into() })
            .precompressed_br()
            .precompressed_gzip()
            .html_as_default_extension(true)
            .redirect_to_trailing_slash(false);
        Ok(Self { folder })
    }

    /// Answers a GET or HEAD.
    pub(super) async fn answer(&self, asked: &Parts) -> Response {
        let Parts { method, uri, headers, .. } = asked;
        let mut response = self.open(method, uri.clone(), headers.clone()).await;
        if response.status() == StatusCode::NOT_FOUND {
            response = self.lost(method, headers).await;
        }
        let forever = uri.path().starts_with(IMMUTABLE) && !response.status().is_client_error();
        let kept = if forever { "public, max-age=31536000, immutable" } else { "no-cache" };
        guard(&mut response, kept);
        response
    }

    /// The page that says that nothing is there. It is no file of the path that was asked for: the
    /// conditions and ranges of the request do not concern it, nor does it have a date.
    async fn lost(&self, method: &Method, headers: &HeaderMap) -> Response {
        let encodings = headers.get(header::ACCEPT_ENCODING).cloned();
        let headers = encodings.map(|value| (header::ACCEPT_ENCODING, value)).into_iter().collect();
        let mut response = self.open(method, Uri::from_static("/404.html"), headers).await;
        if response.status().is_success() {
            *response.status_mut() = StatusCode::NOT_FOUND;
        }
        for name in [header::ETAG, header::LAST_MODIFIED, header::ACCEPT_RANGES] {
            response.headers_mut().remove(name);
        }
        response
    }

    async fn open(&self, method: &Method, uri: Uri, headers: HeaderMap) -> Response {
        let mut request = Request::new(Body::empty());
        method.clone_into(request.method_mut());
        *request.uri_mut() = uri;
        *request.headers_mut() = headers;
        match self.folder.clone().try_call(request).await {
            Ok(response) => response.map(Body::new),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                StatusCode::NOT_FOUND.into_response()
            }
            Err(error) => {
                tracing::error!(%error, "a file of the web UI cannot be read");
                let message = "the page cannot be read; the gateway's log says why";
                ApiError::from(Failure::new(ErrorCode::Internal, message)).into_response()
            }
        }
    }
}

/// The page for `/` where there are no files.
pub(super) fn instead() -> Response {
    let mut response = (StatusCode::NOT_FOUND, Html(INSTEAD)).into_response();
    guard(&mut response, "no-cache");
    response
}

/// The headers that pages cannot set for themselves; the rest of their policy is in each of them.
fn guard(response: &mut Response, kept: &'static str) {
    let headers: [(HeaderName, &'static str); 4] = [
        (header::CACHE_CONTROL, kept),
        (header::CONTENT_SECURITY_POLICY, "frame-ancestors 'none'"),
        (header::REFERRER_POLICY, "same-origin"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    for (name, value) in headers {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
}

/// The files that are really inside the folder, links followed. Everything else is not there:
/// folders too (but the one itself), so that `/keys` is `keys.html` beside a folder `keys`.
#[derive(Clone, Debug)]
struct Inside {
    root: Arc<Path>,
}

impl Inside {
    async fn look(&self, path: PathBuf) -> io::Result<(PathBuf, Metadata)> {
        let real = tokio::fs::canonicalize(path).await.map_err(absent)?;
        let found = tokio::fs::metadata(&real).await.map_err(absent)?;
        let inside = real.starts_with(&self.root);
        let usable = found.is_file() || (found.is_dir() && *real == *self.root);
        if inside && usable { Ok((real, found)) } else { Err(io::ErrorKind::NotFound.into()) }
    }
}

/// A path that cannot be means the same as one that is not.
fn absent(error: io::Error) -> io::Error {
    use io::ErrorKind::{InvalidFilename, InvalidInput, NotADirectory, NotFound};
    // Links in a circle have no kind of their own yet.
    let circle = error.raw_os_error() == Some(rustix::io::Errno::LOOP.raw_os_error());
    match error.kind() {
        InvalidFilename | InvalidInput | NotADirectory => NotFound.into(),
        _ if circle => NotFound.into(),
        _ => error,
    }
}

type Opening<T> = Pin<Box<dyn Future<Output = io::Result<T>> + Send>>;

impl Backend for Inside {
    type File = <TokioBackend as Backend>::File;
    type Metadata = Metadata;
    type OpenFuture = Opening<Self::File>;
    type MetadataFuture = Opening<Metadata>;

    fn open(&self, path: PathBuf) -> Self::OpenFuture {
        let inside = self.clone();
        Box::pin(async move {
            let (real, _) = inside.look(path).await?;
            TokioBackend.open(real).await.map_err(absent)
        })
    }

    fn metadata(&self, path: PathBuf) -> Self::MetadataFuture {
        let inside = self.clone();
        Box::pin(async move { Ok(inside.look(path).await?.1) })
    }
}
