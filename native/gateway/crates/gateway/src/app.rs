//! What handlers share.
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use convergio_control::{Control, TenantId};
use convergio_engine::Engine;

use crate::api::Vendors;
use crate::metrics::Metrics;
use crate::settings::Server;

/// What handlers share. Cloning shares it.
#[derive(Clone)]
pub(crate) struct App {
    pub(crate) engine: Arc<Engine>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) server: Arc<Server>,
    /// Who may do what, and what is kept; nothing when accounts are off.
    pub(crate) control: Option<Arc<Control>>,
    /// Tenants that house keys serve.
    reserved: Arc<[String]>,
    /// What the configuration says of addresses that callers supply.
    pub(crate) vendors: Arc<Vendors>,
    draining: Arc<AtomicBool>,
}

impl App {
    pub(crate) fn new(
        engine: Engine,
        metrics: Metrics,
        server: Server,
        control: Option<Control>,
        reserved: Vec<String>,
        vendors: Vendors,
    ) -> Self {
        Self {
            engine: Arc::new(engine),
            metrics: Arc::new(metrics),
            server: Arc::new(server),
            control: control.map(Arc::new),
            reserved: reserved.into(),
            vendors: Arc::new(vendors),
            draining: Arc::default(),
        }
    }

    /// Do house keys serve that tenant, where its people keep none of their own?
    pub(crate) fn is_reserved(&self, tenant: &TenantId) -> bool {
        self.reserved.iter().any(|id| id == tenant.as_str())
    }

    /// From now on the gateway is not ready: it is about to stop.
    pub(crate) fn drain(&self) {
        self.draining.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Relaxed)
    }
}
