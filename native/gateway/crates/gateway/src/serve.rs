//! Listening, and stopping in good order.
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::serve::{ListenerExt, TapIo};
use convergio_control::{Control, SetupLink};
use convergio_core::Allocator;
use convergio_engine::Engine;
use convergio_wire::EngineConfig;
use convergio_wire::config::Providers;
use tokio::net::{TcpListener, TcpStream};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use crate::announce;
use crate::api::Vendors;
use crate::app::App;
use crate::hardening::harden;
use crate::metrics::Metrics;
use crate::router::router;
use crate::settings::{Places, Settings};
use crate::webui::Webui;

/// Files that say what happened, for whoever waits for it.
#[derive(Debug)]
pub(crate) struct Files {
    /// Gets the real address as soon as the gateway listens.
    pub(crate) address: Option<PathBuf>,
    /// Gets the link that lets the first administrator in.
    pub(crate) setup: Option<PathBuf>,
}

/// Serves until SIGTERM or SIGINT.
///
/// # Errors
/// What is wrong and what to do, for the person who started it.
pub(crate) fn run(settings: Settings, files: &Files) -> Result<(), String> {
    harden()?;
    convergio_core::check_abi().map_err(|theirs| {
        let ours = convergio_core::ABI_VERSION;
        format!("the C core has ABI {theirs}, this gateway needs {ours}; rebuild both together")
    })?;
    let Settings { server, accounts, kept, engine: mut config } = settings;
    if kept.is_some() && accounts.reserved_capacity.is_empty() {
        forget_house_keys(&mut config);
    }
    if server.demo {
        tracing::warn!("this is a demo: every provider is simulated on this machine");
    }
    let webui = Webui::find(&server.webui)?;
    let vendors = Vendors::new(&config);
    let engine = Engine::new(config, &Allocator::new())
        .map_err(|error| format!("the configuration is wrong:\n{error}"))?;
    if kept.is_none() && engine.profile().features.audit_required() {
        return Err(format!(
            "the {} edition must not run without an audit log, and without accounts none is kept; \
             start it with --accounts required",
            engine.profile().name
        ));
    }
    engine.warm_up().map_err(|failure| failure.message)?;
    let metrics = Metrics::new().map_err(|error| format!("metrics: {error}"))?;
    if kept.is_none() && engine.has_house_key() && !server.listen.ip().is_loopback() {
        tracing::warn!(address = %server.listen, "whoever reaches this address can spend the house key");
    }
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| format!("no runtime: {error}"))?
        .block_on(async {
            let (control, link) = match kept {
                Some(kept) => open(kept).await?,
                None => (None, None),
            };
            let reserved = accounts.reserved_capacity;
            let app = App::new(engine, metrics, server, control, reserved, vendors);
            let clockwork = app.control.clone().map(|control| tokio::spawn(upkeep(control)));
            let served = listen(app.clone(), webui, link, files).await;
            if let Some(clockwork) = clockwork {
                clockwork.abort();
            }
            if let Some(control) = &app.control {
                close(control).await;
            }
            served
        })
}

/// Lets what was begun be written down, and then closes the database. Patience ends, though: whoever
/// stops the gateway waits for it.
async fn close(control: &Control) {
    if tokio::time::timeout(Duration::from_secs(5), control.close()).await.is_err() {
        tracing::warn!("the database was still busy; what is committed is kept");
    }
}

/// Opens what is kept.
async fn open(kept: Places) -> Result<(Option<Control>, Option<SetupLink>), String> {
    let options = convergio_control::Options::new(kept.data, kept.master_key);
    let (control, link) = Control::open(options).await.map_err(|error| error.to_string())?;
    Ok((Some(control), link))
}

/// Once a minute, and at once: what time has brought about. A round that fails is told of, and the
/// next one goes on where it ended.
async fn upkeep(control: Arc<Control>) {
    let mut rounds = tokio::time::interval(Duration::from_secs(60));
    rounds.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        rounds.tick().await;
        if let Err(error) = control.upkeep().await {
            tracing::error!(%error, "upkeep failed; it is tried again in a minute");
        }
    }
}

/// A house key that may serve nobody has no business in memory.
fn forget_house_keys(config: &mut EngineConfig) {
    if config.house_keys().next().is_some() {
        tracing::warn!(
            "house keys are set and serve nobody: people bring their own; name the tenants that \
             they shall serve in accounts.reserved_capacity"
        );
    }
    let Providers { openai, anthropic, google, azure } = &mut config.providers;
    for key in
        [&mut openai.api_key, &mut anthropic.api_key, &mut google.api_key, &mut azure.api_key]
    {
        *key = None;
    }
}

async fn listen(
    app: App,
    webui: Webui,
    link: Option<SetupLink>,
    files: &Files,
) -> Result<(), String> {
    let stop = on_signal()?;
    let address = app.server.listen;
    let listener = TcpListener::bind(address)
        .await
        .map_err(|error| format!("cannot listen on {address}: {error}; choose another --listen"))?;
    let address = listener.local_addr().map_err(|error| format!("no address: {error}"))?;
    let pages = webui.is_there();
    let setup = || match &link {
        Some(link) => announce::setup(address, link, pages, files.setup.as_deref()),
        None => Ok(()),
    };
    if files.setup.is_some() {
        // Whoever waits for the address then finds the link, too.
        setup()?;
        announce::listening(address, app.server.demo, files.address.as_deref())?;
    } else {
        announce::listening(address, app.server.demo, files.address.as_deref())?;
        setup()?;
    }

    let grace = Duration::from_millis(app.server.shutdown_grace_ms);
    let listener = undelayed(listener);
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
    // With the peer's address: the audit log wants to know from where people log in.
    let service = router(app, webui).into_make_service_with_connect_info::<SocketAddr>();
    tokio::select! {
        outcome = async { axum::serve(listener, service).with_graceful_shutdown(graceful).await } =>
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

/// Small writes must not wait for an acknowledgement: no 40 ms steps in a stream.
fn undelayed(listener: TcpListener) -> TapIo<TcpListener, impl FnMut(&mut TcpStream) + Send> {
    listener.tap_io(|connection| {
        if let Err(error) = connection.set_nodelay(true) {
            tracing::debug!(%error, "TCP_NODELAY");
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::serve::Listener;

    #[tokio::test]
    async fn a_stream_has_no_forty_millisecond_steps() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut listener = undelayed(listener);
        let (caller, (connection, _)) =
            tokio::join!(TcpStream::connect(address), listener.accept());
        assert!(caller.is_ok() && connection.nodelay().unwrap());
    }
}
