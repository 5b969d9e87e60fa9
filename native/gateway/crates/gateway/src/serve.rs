//! Listening, and stopping in good order.
use std::io::Write;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use axum::serve::ListenerExt;
use convergio_core::Allocator;
use convergio_engine::Engine;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use crate::about::VERSION;
use crate::cli::Serve;
use crate::metrics::Metrics;
use crate::router::{App, router};
use crate::settings::Settings;

/// Serves until SIGTERM or SIGINT.
///
/// # Errors
/// What is wrong and what to do, for the person who started it.
pub(crate) fn run(settings: Settings, options: &Serve) -> Result<(), String> {
    convergio_core::check_abi().map_err(|theirs| {
        let ours = convergio_core::ABI_VERSION;
        format!("the C core has ABI {theirs}, this gateway needs {ours}; rebuild both together")
    })?;
    let engine = Engine::new(settings.engine, &Allocator::new())
        .map_err(|error| format!("the configuration is wrong:\n{error}"))?;
    if engine.profile().features.audit_required() {
        return Err(format!(
            "the {} edition must not run without an audit log, which this version does not keep; \
             build the master or developer edition (CONVERGIO_EDITION)",
            engine.profile().name
        ));
    }
    engine.warm_up().map_err(|failure| failure.message)?;
    let metrics = Metrics::new().map_err(|error| format!("metrics: {error}"))?;

    let address = options.listen.unwrap_or(settings.server.listen);
    if engine.has_house_key() && !address.ip().is_loopback() {
        tracing::warn!(%address, "whoever reaches this address can spend the house key");
    }
    let app = App::new(engine, metrics, settings.server);
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| format!("no runtime: {error}"))?
        .block_on(listen(app, address, options.address_file.as_deref()))
}

async fn listen(app: App, address: SocketAddr, address_file: Option<&Path>) -> Result<(), String> {
    let stop = on_signal()?;
    let listener = TcpListener::bind(address)
        .await
        .map_err(|error| format!("cannot listen on {address}: {error}; choose another --listen"))?;
    let address = listener.local_addr().map_err(|error| format!("no address: {error}"))?;
    announce(address, address_file)?;

    let grace = Duration::from_millis(app.server.shutdown_grace_ms);
    // Small writes must not wait for an acknowledgement: no 40 ms steps in a stream.
    let listener = listener.tap_io(|connection| {
        if let Err(error) = connection.set_nodelay(true) {
            tracing::debug!(%error, "TCP_NODELAY");
        }
    });
    let graceful = {
        let (mut stop, app) = (stop.clone(), app.clone());
        async move {
            wait(&mut stop).await;
            app.drain();
            tracing::info!(grace_ms = grace.as_millis(), "stopping");
        }
    };
    let patience = {
        let mut stop = stop.clone();
        async move {
            wait(&mut stop).await;
            tokio::time::sleep(grace).await;
        }
    };
    tokio::select! {
        outcome = async { axum::serve(listener, router(app)).with_graceful_shutdown(graceful).await } =>
            outcome.map_err(|error| format!("serving failed: {error}"))?,
        () = patience => tracing::warn!("answers that were still running were cut off"),
    }
    tracing::info!("stopped");
    Ok(())
}

/// Becomes true with the first SIGTERM or SIGINT.
fn on_signal() -> Result<watch::Receiver<bool>, String> {
    let no_signal = |error: std::io::Error| format!("signals cannot be caught: {error}");
    let mut terminate = signal(SignalKind::terminate()).map_err(no_signal)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(no_signal)?;
    let (sender, receiver) = watch::channel(false);
    tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        sender.send_replace(true);
        // Kept until the process ends, so that a receiver never sees the channel close first.
        std::future::pending::<()>().await;
    });
    Ok(receiver)
}

async fn wait(stop: &mut watch::Receiver<bool>) {
    // The sender lives as long as the runtime, so this only ends with the signal.
    if stop.wait_for(|&stop| stop).await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// Says where the gateway listens: a line of JSON on stdout, the address in the file if one is asked
/// for. The file appears whole or not at all, so whoever waits for it can read it at once.
fn announce(address: SocketAddr, file: Option<&Path>) -> Result<(), String> {
    if let Some(path) = file {
        write_whole(path, &format!("{address}\n"))
            .map_err(|error| format!("--address-file {}: {error}", path.display()))?;
    }
    let line = json!({
        "event": "listening",
        "address": address.to_string(),
        "url": format!("http://{address}"),
        "version": VERSION,
    });
    // Whoever started us may have closed stdout; that is no reason not to serve.
    if let Err(error) = writeln!(std::io::stdout(), "{line}") {
        tracing::debug!(%error, "stdout is closed");
    }
    tracing::info!(%address, version = VERSION, "listening");
    Ok(())
}

fn write_whole(path: &Path, text: &str) -> std::io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let mut file = tempfile::NamedTempFile::new_in(folder.unwrap_or(Path::new(".")))?;
    file.write_all(text.as_bytes())?;
    file.persist(path)?;
    Ok(())
}
