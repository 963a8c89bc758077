//! The claims of an access token as JSON.

use domain::access_token::AccessClaims;
use domain::ids::{SessionId, UserId};
use domain::session::Slot;
use domain::time::UnixMillis;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The last second of the year 9999, which every date format can hold.
const LATEST_SECOND: i64 = 253_402_300_799;

/// The claims as they are written and read. Every one is required and has one type: a date in a string, a
/// fraction or a `null` is refused and not taken for an absent claim (CVE-2026-25537). A claim that stands
/// twice is refused too; unknown ones are ignored, so that a later version may add some.
#[derive(Serialize, Deserialize)]
pub(super) struct ClaimSet<T> {
    iss: T,
    aud: T,
    sub: T,
    exp: i64,
    iat: i64,
    jti: T,
    sid: T,
    slot: T,
    #[serde(rename = "gen")]
    generation: u32,
    auth_time: i64,
}

/// The JSON of `claims` for a token of `issuer`, which is its own audience: our routes are what it opens.
pub(super) fn write(issuer: &str, claims: &AccessClaims) -> Result<Vec<u8>, serde_json::Error> {
    let (mut sub, mut jti, mut sid) = (Uuid::encode_buffer(), Uuid::encode_buffer(), Uuid::encode_buffer());
    serde_json::to_vec(&ClaimSet {
        iss: issuer,
        aud: issuer,
        sub: claims.user.uuid().hyphenated().encode_lower(&mut sub),
        exp: claims.expires_at.as_secs(),
        iat: claims.issued_at.as_secs(),
        jti: claims.token_id.hyphenated().encode_lower(&mut jti),
        sid: claims.session.uuid().hyphenated().encode_lower(&mut sid),
        slot: claims.slot.name(),
        generation: claims.generation,
        auth_time: claims.authenticated_at.as_secs(),
    })
}

impl ClaimSet<String> {
    /// The claims of a token of `issuer`; `None` if one has a value that we never write.
    pub(super) fn read(&self, issuer: &str) -> Option<AccessClaims> {
        if self.iss != issuer || self.aud != issuer {
            return None;
        }
        Some(AccessClaims {
            user: UserId::new(uuid(&self.sub)?),
            session: SessionId::new(uuid(&self.sid)?),
            slot: Slot::from_name(&self.slot)?,
            generation: self.generation,
            token_id: uuid(&self.jti)?,
            authenticated_at: moment(self.auth_time)?,
            issued_at: moment(self.iat)?,
            expires_at: moment(self.exp)?,
        })
    }
}

fn moment(seconds: i64) -> Option<UnixMillis> {
    (0..=LATEST_SECOND).contains(&seconds).then(|| UnixMillis::from_secs(seconds))
}

/// A UUID in its one spelling, lower case with hyphens.
fn uuid(text: &str) -> Option<Uuid> {
    let uuid = Uuid::try_parse(text).ok()?;
    let mut canonical = Uuid::encode_buffer();
    (uuid.hyphenated().encode_lower(&mut canonical) == text).then_some(uuid)
}
