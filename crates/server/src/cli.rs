//! The command line.

mod api_key;
mod audit;

pub use api_key::{ApiKey, OneApiKey};
pub use audit::{Audit, AuditFilter};

use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

/// The authentication server of the Minbil car platform.
///
/// Without configuration it runs in development mode: embedded SQLite in ./minbil-auth-data, both loopback
/// addresses on port 5000, mail caught at /dev/inbox, documentation at /docs. Every key of the configuration
/// file can be given in the environment as MINBIL_AUTH_SECTION__KEY; `minbil-auth config default` prints the
/// file with every key explained.
#[derive(Debug, Parser)]
#[command(name = "minbil-auth", version, propagate_version = true)]
pub struct Cli {
    /// Where the configuration is.
    #[command(flatten)]
    pub place: Place,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// Options of every command.
#[derive(Clone, Debug, Args)]
pub struct Place {
    /// The configuration file (TOML)
    #[arg(long, global = true, value_name = "FILE", env = "MINBIL_AUTH_CONFIG")]
    pub config: Option<PathBuf>,
    /// The directory of the embedded database and generated secrets [default: ./minbil-auth-data]
    #[arg(long, global = true, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
}

/// A command.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the server
    ///
    /// Ends on SIGTERM or Ctrl-C after finishing what it accepted.
    Serve(Serve),
    /// Make, look at and change accounts
    #[command(subcommand)]
    User(User),
    /// Look at and end sessions
    #[command(subcommand)]
    Session(Session),
    /// Root keys and signing keys
    #[command(subcommand)]
    Key(Key),
    /// API keys of applications
    #[command(subcommand)]
    ApiKey(ApiKey),
    /// Bring the database's schema to this version
    ///
    /// `serve` does it by itself; a database that is newer than this program is refused.
    Migrate {
        /// Another migration than that of the schema.
        #[command(subcommand)]
        what: Option<Migrate>,
    },
    /// Say whether the server of this configuration is ready, for a container's health check
    ///
    /// Asks `/readyz` at the first address of `listen`, at loopback where that is every address. Ends with 0 if the answer
    /// is that it is ready. Where the server speaks TLS, it is enough that the port is open.
    Ready,
    /// Print the OpenAPI document
    Openapi,
    /// Check and show the configuration
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Look from outside whether the deployment is what its configuration says
    ///
    /// With the server's own configuration and root key at hand: whether the server is reached and over TLS; whether clients' addresses
    /// survive the proxies, so that neither does everybody share one limit nor can anybody choose an address; CORS and cookies as they
    /// arrive; where mailed links lead; whether the mail server lets us in; clocks, database, disk, root key. It changes nothing.
    /// Ends with 0 if all is well, 1 with a warning, 2 if something is wrong.
    Doctor(Doctor),
    /// Write a consistent copy of the running database
    ///
    /// The copy is useless without the root key: keep a copy of that too, somewhere else.
    Backup {
        /// The file to write; must not exist
        file: PathBuf,
    },
    /// Put a backup back
    ///
    /// Stop the server first. All sessions end and all mailed links become void: a restored database must not
    /// revive what was revoked after the backup was made. An existing database is kept beside it under another name.
    Restore {
        /// The backup to put back
        file: PathBuf,
    },
    /// Mails that are owed
    #[command(subcommand)]
    Outbox(Outbox),
    /// The audit log: is it as it was written, and what does it say
    #[command(subcommand)]
    Audit(Audit),
    /// Lists of breached passwords
    #[command(subcommand)]
    Passwords(Passwords),
}

/// `migrate`
#[derive(Debug, Subcommand)]
pub enum Migrate {
    /// Move everything from the embedded database to the PostgreSQL that `database.url` names
    ///
    /// Stop the server first. Accounts, sessions, keys, owed mails and the audit log move, and are compared by counts and
    /// hashes; afterwards every refresh token still works. Run it again if it was cut off: it goes on where it was, and no
    /// server starts on the target before everything has arrived.
    SqliteToPostgres {
        /// The embedded database [default: minbil-auth.db in the data directory]
        #[arg(long, value_name = "FILE")]
        from: Option<PathBuf>,
        /// Rehearse: do all of it in a schema that is dropped at the end. The server may go on meanwhile
        #[arg(long)]
        dry_run: bool,
    },
}

/// `doctor`
#[derive(Debug, Args)]
pub struct Doctor {
    /// Where clients reach the server [default: base_url]
    #[arg(long, value_name = "URL")]
    pub url: Option<String>,
    /// Certificates to trust beside the system's (PEM)
    #[arg(long, value_name = "FILE")]
    pub ca_file: Option<PathBuf>,
    /// Send a mail to this address, to see whether it arrives
    #[arg(long, value_name = "ADDRESS")]
    pub mail_to: Option<String>,
    /// One JSON object
    #[arg(long)]
    pub json: bool,
}

/// `serve`
#[derive(Debug, Args)]
pub struct Serve {
    /// Address to listen on, such as 127.0.0.1:5000; may be given more than once
    #[arg(long, value_name = "ADDR")]
    pub listen: Vec<String>,
    /// Create the demo account of the published samples: owner@minbil.io with password StrongPass123!
    ///
    /// Development mode only.
    #[arg(long)]
    pub demo: bool,
}

/// Which namespace an account command works in.
#[derive(Debug, Args)]
pub struct InNamespace {
    /// The namespace
    #[arg(long, short, default_value = "co")]
    pub namespace: String,
}

/// `user`
#[derive(Debug, Subcommand)]
pub enum User {
    /// Make an account; the password is read from standard input (one line)
    Add {
        /// The namespace.
        #[command(flatten)]
        namespace: InNamespace,
        /// The address
        email: String,
        /// Take over this hash (PHC Argon2id or bcrypt, read from standard input) instead of a password
        #[arg(long)]
        password_hash: bool,
    },
    /// List accounts in the order they were made
    List {
        /// The namespace.
        #[command(flatten)]
        namespace: InNamespace,
        /// How many at the most
        #[arg(long, default_value_t = 100)]
        limit: u32,
        /// Start after this user id
        #[arg(long, value_name = "ID")]
        after: Option<uuid::Uuid>,
        /// One JSON object a line
        #[arg(long)]
        json: bool,
    },
    /// Show one account
    Show(Account),
    /// Switch an account off: it cannot sign in, and its sessions end
    Disable(Account),
    /// Switch an account on again
    Enable(Account),
    /// Vouch for the address of an account, as if its owner had opened a mailed link
    Verify(Account),
    /// Delete an account and everything that names its address
    Delete {
        /// The account.
        #[command(flatten)]
        account: Account,
        /// Do it without asking
        #[arg(long)]
        yes: bool,
    },
    /// Set a password, read from standard input (one line); every session of the account ends
    SetPassword {
        /// The account.
        #[command(flatten)]
        account: Account,
        /// Take over this hash instead of a password
        #[arg(long)]
        password_hash: bool,
    },
}

/// One account, named by address or id.
#[derive(Debug, Args)]
pub struct Account {
    /// The namespace.
    #[command(flatten)]
    pub namespace: InNamespace,
    /// Address or user id
    pub account: String,
    /// As a JSON object
    #[arg(long)]
    pub json: bool,
}

/// `passwords`
#[derive(Debug, Subcommand)]
pub enum Passwords {
    /// Compile a list of breached passwords for `passwords.filter_file`
    ///
    /// The list has one SHA-1 a line in 40 hexadecimal digits, perhaps with a colon and a count, in order of the hashes: the
    /// form in which breached passwords are published. The file takes eight bytes a password. Restart the server to use it.
    Compile {
        /// The list
        list: PathBuf,
        /// The file to write; replaced if it is there
        filter: PathBuf,
    },
}

/// `session`
#[derive(Debug, Subcommand)]
pub enum Session {
    /// List an account's live sessions
    List(Account),
    /// End one session, or all of an account
    End {
        /// The account.
        #[command(flatten)]
        account: Account,
        /// The session; all of them when left out
        #[arg(long, value_name = "ID")]
        session: Option<uuid::Uuid>,
    },
}

/// `key`
#[derive(Debug, Subcommand)]
pub enum Key {
    /// Print a fresh root key
    ///
    /// Put it into a file with mode 0600 and name that file as root_key_file.
    NewRoot,
    /// List signing keys: id, namespace, algorithm, when they sign
    List,
    /// Make a new signing key
    ///
    /// It is published at once and signs after keys.publish_ahead_hours, so that verifiers that cache the key set know it by then.
    Rotate {
        /// The namespace.
        #[command(flatten)]
        namespace: InNamespace,
        /// Sign with it at once, for after a leak
        #[arg(long)]
        now: bool,
    },
}

/// `config`
#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Check the configuration and say everything that is wrong with it
    Check,
    /// Print what is in force, without secrets
    Show,
    /// Print the default file, every key explained
    Default,
}

/// `outbox`
#[derive(Debug, Subcommand)]
pub enum Outbox {
    /// List mails that are not delivered yet
    List {
        /// Only these
        #[arg(long, value_enum)]
        state: Option<OutboxState>,
        /// Delivered ones too
        #[arg(long)]
        all: bool,
        /// How many at the most
        #[arg(long, default_value_t = 100)]
        limit: u32,
        /// One JSON object a line
        #[arg(long)]
        json: bool,
    },
    /// Make dead mails due again: one, or all
    Retry {
        /// The mail; all dead ones when left out
        id: Option<uuid::Uuid>,
    },
}

/// Where a mail stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum OutboxState {
    /// Waiting for its next attempt
    Pending,
    /// Given up
    Dead,
}
