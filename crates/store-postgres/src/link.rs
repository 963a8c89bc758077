//! Making connections: TLS, time limits, and what a session is told before its first statement.

use crate::address::{DatabaseAddress, TlsRoots};
use crate::failure::Failure;
use crate::options::PostgresOptions;
use crate::outage::Outage;
use crate::refusal::OpenError;
use crate::statements::Preparation;
use deadpool_postgres::ClientWrapper;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use std::sync::Arc;
use std::time::Duration;
use tokio_postgres::Config;
use tokio_postgres_rustls::MakeRustlsConnect;

/// Makes every session's commits wait for the flush. What an operator made stronger stays as it is.
const DURABLE: &str = "SELECT set_config('synchronous_commit', 'on', false)
    WHERE current_setting('synchronous_commit') NOT IN ('on', 'remote_apply')";
/// A connection that is quiet for this long is asked whether it is still there.
const KEEPALIVE_IDLE: Duration = Duration::from_secs(10);

/// Makes connections.
pub(crate) struct Link {
    config: Config,
    tls: MakeRustlsConnect,
    connect_max: Duration,
    pub(crate) preparation: Preparation,
    outage: Outage,
}

impl Link {
    /// Makes nothing yet.
    pub(crate) fn new(address: &DatabaseAddress, options: &PostgresOptions) -> Result<Self, OpenError> {
        let mut config = address.config.clone();
        if config.get_application_name().is_none() {
            config.application_name("minbil-auth");
        }
        config.connect_timeout(options.connect_max);
        config.tcp_user_timeout(options.operation_max);
        config.keepalives_idle(KEEPALIVE_IDLE);
        let preparation = if options.statement_cache { Preparation::Kept } else { Preparation::Never };
        if preparation == Preparation::Kept {
            // A pooler that shares sessions between clients refuses options; there, each transaction says so itself.
            let given = config.get_options().unwrap_or_default();
            let options = format!("{given} {}", server_limits(options.operation_max));
            config.options(options.trim());
        }
        Ok(Self {
            config,
            tls: MakeRustlsConnect::new(tls(address.tls.as_ref())?),
            connect_max: options.connect_max,
            preparation,
            outage: Outage::none(options.connect_max),
        })
    }

    /// A new connection.
    pub(crate) async fn connect(&self) -> Result<ClientWrapper, Failure> {
        self.outage.admit()?;
        let made = tokio::time::timeout(self.connect_max, self.make()).await;
        let made = made.unwrap_or_else(|_| Err(Failure::Connect("no answer in time".to_owned())));
        match &made {
            Ok(_) => self.outage.end(),
            Err(_) => self.outage.begin(),
        }
        made
    }

    async fn make(&self) -> Result<ClientWrapper, Failure> {
        let connected = self.config.connect(self.tls.clone()).await;
        let (client, connection) = connected.map_err(|error| Failure::connect(&error))?;
        let task = tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(error = crate::failure::words(&error), "a connection to the database broke");
            }
        });
        let client = ClientWrapper::new(client, task);
        if self.preparation == Preparation::Kept {
            client.batch_execute(DURABLE).await.map_err(|error| Failure::connect(&error))?;
        }
        Ok(client)
    }
}

/// The server gives up a little before we do, so that work nobody waits for holds no locks. It never cuts a commit
/// short: these limits end with the statement, before the commit waits for its standby. A cancel request would
/// cut it short, and report success (`SyncRepWaitForLSN`), so none is ever sent.
fn server_limits(operation_max: Duration) -> String {
    let [statement, lock, idle] = limits_in_millis(operation_max);
    format!(
        "-c statement_timeout={statement} -c lock_timeout={lock} -c idle_in_transaction_session_timeout={idle}"
    )
}

/// The same for one transaction of a shared session.
pub(crate) fn local_limits(operation_max: Duration) -> String {
    let [statement, lock, idle] = limits_in_millis(operation_max);
    format!(
        "SET LOCAL statement_timeout = {statement}; SET LOCAL lock_timeout = {lock}; \
         SET LOCAL idle_in_transaction_session_timeout = {idle}"
    )
}

fn limits_in_millis(operation_max: Duration) -> [u128; 3] {
    let all = operation_max.as_millis();
    [all * 4 / 5, all * 3 / 5, all]
}

fn tls(roots: Option<&TlsRoots>) -> Result<ClientConfig, OpenError> {
    let mut store = RootCertStore::empty();
    match roots {
        Some(TlsRoots::System) => {
            let found = rustls_native_certs::load_native_certs();
            store.add_parsable_certificates(found.certs);
            if store.is_empty() {
                return Err(OpenError::Tls("the system has no certificate authorities".to_owned()));
            }
        }
        Some(TlsRoots::File(path)) => {
            let unreadable = |reason: String| OpenError::Tls(format!("{}: {reason}", path.display()));
            let certificates =
                CertificateDer::pem_file_iter(path).map_err(|error| unreadable(error.to_string()))?;
            for certificate in certificates {
                let certificate = certificate.map_err(|error| unreadable(error.to_string()))?;
                store.add(certificate).map_err(|error| unreadable(error.to_string()))?;
            }
            if store.is_empty() {
                return Err(unreadable("it holds no certificate".to_owned()));
            }
        }
        // Nothing is encrypted, and the connector is never asked.
        None => {}
    }
    // The one provider of the process, named: a library must not depend on who installed what.
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| OpenError::Tls(error.to_string()))?;
    Ok(config.with_root_certificates(store).with_no_client_auth())
}
