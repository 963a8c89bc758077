//! Who did it: what a use case hands along so that the store can write the audit row in the same write.

/// Who caused an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Actor {
    /// A client of the API.
    Client,
    /// Somebody at the command line.
    Operator,
    /// A worker of the server.
    System,
}

impl Actor {
    /// The stored name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Operator => "operator",
            Self::System => "system",
        }
    }
}

/// The source of an event. The store adds the moment, the kind, the user and the session. No email address
/// is ever part of an event, so that deleting a user needs no edit of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditContext {
    /// Who caused it.
    pub actor: Actor,
    /// The request that caused it, as in the log and in the problem document.
    pub request_id: Option<String>,
    /// The network address it came from.
    pub address: Option<String>,
}

impl AuditContext {
    /// A command-line command.
    pub const fn operator() -> Self {
        Self { actor: Actor::Operator, request_id: None, address: None }
    }

    /// A worker.
    pub const fn system() -> Self {
        Self { actor: Actor::System, request_id: None, address: None }
    }
}
