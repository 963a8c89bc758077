//! What a token says of its place in a session: the slot, and the session's salt.

/// The chain a refresh token belongs to, named after where its full tokens travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Slot {
    /// Request and response bodies.
    Body,
    /// The namespace's HttpOnly cookie.
    Cookie,
}

impl Slot {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Body, Self::Cookie];

    /// The name in claims and columns.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Body => "body",
            Self::Cookie => "cookie",
        }
    }

    /// The slot of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|slot| slot.name() == name)
    }
}

/// 16 random bytes that live only in the row and in the session's own tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Salt(pub [u8; 16]);
