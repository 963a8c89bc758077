//! The order of ids: UUIDv7 begin with their moment.

use domain::time::UnixMillis;
use uuid::Uuid;

/// Before every id of a moment, and after every one from before.
pub(crate) fn first_id_at(moment: UnixMillis) -> Uuid {
    let millis = u64::try_from(moment.as_millis()).unwrap_or(0);
    uuid::Builder::from_unix_timestamp_millis(millis, &[0; 10]).into_uuid()
}
