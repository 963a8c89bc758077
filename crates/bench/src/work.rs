//! What a client of the load generator does.

/// What a client does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Work {
    /// Signs in once, then refreshes.
    Refresh,
    /// Signs in, over and over. A full hashing queue is an answer too, and counted apart.
    SignIn,
    /// Sends bodies of a refresh's size to a server that only echoes.
    Echo,
    /// Makes many accounts and a session of each, and calls no more.
    Prepare,
    /// Refreshes the sessions that were prepared, in turn.
    RefreshKept,
    /// Signs in to the accounts that were prepared, in turn.
    SignInMany,
    /// Signs in at the peer.
    PeerSignIn,
    /// Reads its session at the peer.
    PeerRead,
}

impl Work {
    /// All there is.
    pub(crate) const ALL: [Self; 8] = [
        Self::Refresh,
        Self::SignIn,
        Self::Echo,
        Self::Prepare,
        Self::RefreshKept,
        Self::SignInMany,
        Self::PeerSignIn,
        Self::PeerRead,
    ];

    /// Its name on the command line.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Refresh => "refresh",
            Self::SignIn => "sign-in",
            Self::Echo => "echo",
            Self::Prepare => "prepare",
            Self::RefreshKept => "refresh-kept",
            Self::SignInMany => "sign-in-many",
            Self::PeerSignIn => "peer-sign-in",
            Self::PeerRead => "peer-read",
        }
    }

    /// Whether it is done at the peer.
    pub(crate) const fn is_of_peer(self) -> bool {
        matches!(self, Self::PeerSignIn | Self::PeerRead)
    }

    /// What its accounts are called.
    pub(crate) const fn account(self) -> &'static str {
        match self {
            Self::Refresh | Self::SignIn | Self::Echo | Self::PeerSignIn | Self::PeerRead => self.name(),
            Self::Prepare | Self::RefreshKept | Self::SignInMany => "kept",
        }
    }

    /// How many accounts each client has.
    pub(crate) const fn accounts_each(self) -> usize {
        match self {
            Self::Refresh | Self::SignIn | Self::Echo | Self::PeerSignIn | Self::PeerRead => 1,
            Self::Prepare | Self::RefreshKept | Self::SignInMany => 64,
        }
    }
}
