//! The server under measurement: the same parts, joined as the server joins them, in a process of its own. A leak can
//! be put behind its ports here; the program that ships has no such thing in it.

use crate::addresses::{Class, address};
use anyhow::Context as _;
use app::audit::AuditContext;
use app::ports::store::{NewAccount, SignUpOutcome, Store};
use app::service::Service;
use domain::account::AccountStatus;
use domain::email_address::EmailAddress;
use domain::ids::UserId;
use domain::namespace::NamespaceName;
use server::cli::Serve;
use server::config::{self, Overrides, settings::Settings};
use server::wire::Wired;
use server::{commands, log};
use std::sync::Arc;
use testkit::sabotage::{Sabotage, made_up_hash};
use tokio::task::JoinSet;

/// The hidden command that makes this program the server.
pub(crate) const COMMAND: &str = "serve";
/// How many accounts are made at once; they share a flush.
const AT_ONCE: usize = 250;

/// The child's side: `serve DATA_DIR PORT SEED POOL SABOTAGE`.
pub(crate) async fn run_as_child(arguments: &[String]) -> anyhow::Result<()> {
    let [data_dir, port, seed, pool, sabotage] = arguments else {
        anyhow::bail!("{COMMAND} DATA_DIR PORT SEED POOL SABOTAGE");
    };
    let pool = Pool { seed: seed.parse()?, size: pool.parse()? };
    let sabotage = Sabotage::from_name(sabotage);
    let listen = vec![format!("127.0.0.1:{port}")];
    let overrides =
        Overrides { data_dir: Some(data_dir.into()), listen: listen.clone(), ..Overrides::default() };
    let mut settings = config::load(&overrides, &std::env::vars().collect())?;
    log::start(&settings.written.log.format, &settings.written.log.level)?;
    // A worker may do more for a mail that is owed to somebody; whether that can be told is layer 3's question. Here it
    // would only stand in the way of what the request itself costs.
    settings.written.mail.workers = 0;
    let serve = Serve { listen, demo: false };
    let change = async |wired: &mut Wired| {
        let service = Arc::get_mut(&mut wired.service).context("somebody else has the service already")?;
        make_accounts(service, &settings, &pool).await?;
        if let Some(sabotage) = sabotage {
            sabotage.apply(service, settings.hashing.memory_kib());
        }
        Ok(())
    };
    commands::serve::run_changed(&settings, &serve, change).await
}

/// Which accounts there are to be.
struct Pool {
    seed: u64,
    size: usize,
}

/// Fills the pools. No password belongs to any of the hashes, and each costs what a real one does.
async fn make_accounts(service: &Service, settings: &Settings, pool: &Pool) -> anyhow::Result<()> {
    let namespace = NamespaceName::parse("co")?;
    let hash = made_up_hash(settings.hashing.memory_kib(), settings.hashing.passes());
    for class in [Class::Known, Class::Disabled] {
        for start in (0..pool.size).step_by(AT_ONCE) {
            let mut making = JoinSet::new();
            for index in start..(start + AT_ONCE).min(pool.size) {
                let id = UserId::new(service.new_uuid());
                let sealed = service.hasher.import(&namespace, id, &hash).map_err(anyhow::Error::msg)?;
                let email = EmailAddress::parse(&address(pool.seed, class, index))?;
                let namespace = namespace.clone();
                let (password, audit) = (sealed, AuditContext::operator());
                let new = NewAccount { id, namespace, email, password, mails: None, audit };
                making.spawn(make(Arc::clone(&service.store), new, class));
            }
            while let Some(made) = making.join_next().await {
                made??;
            }
        }
    }
    Ok(())
}

async fn make(store: Arc<dyn Store>, new: NewAccount, class: Class) -> anyhow::Result<()> {
    let namespace = new.namespace.clone();
    if let SignUpOutcome::Created(user) = store.sign_up(new).await?
        && class == Class::Disabled
    {
        let audit = AuditContext::operator();
        store.set_status(&namespace, user.id, AccountStatus::Disabled, audit).await?;
    }
    Ok(())
}
