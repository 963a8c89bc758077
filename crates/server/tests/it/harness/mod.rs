//! The server in this process: the real adapters on a real database, a clock that the test moves, mail that
//! is collected. A test reads like what a client does: `server.sign_in(OWNER)`, `server.refresh(Body(&token))`.
//!
//! Three habits are enforced here. Every answer, whatever a test looks at, is checked for what must hold always
//! (`answer::check_always`). A test that leaves mail in the outbox unexamined fails when the server goes.
//! And so does one in which anything that lets somebody in was written anywhere (`watch`).

mod answer;
mod call;
mod described;
mod doubles;
mod log;
mod mail;
mod server;
mod setup;
mod site;
mod trace;
mod watch;

pub use answer::{Answer, SetCookie, claims_of};
pub use call::{Credential, Draft};
pub use doubles::{BrokenLimiter, BuggyLimiter, PanickingKeys, PanickingTelemetry, SilentLimiter};
pub use log::record_log;
pub use server::{TestServer, name};
pub use setup::{BASE, Setup};
pub use site::{APP, EVIL, OWNER, PASSWORD, Signed, Site, WS_APP};
pub use trace::{Step, Trace};
pub use watch::Watch;
