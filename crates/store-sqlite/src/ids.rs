//! The order of ids: by their moment, and within one millisecond by their making.

use domain::time::UnixMillis;
use uuid::Uuid;

/// The last 62 bits of a UUIDv7: all random.
const RANDOM: u128 = (1 << 62) - 1;
/// How far to the right of all others the 48 bits of the moment are.
const MOMENT: u32 = 80;

/// The id after `last` if `fresh` was made in the same millisecond: a random step further, so that it is as hard to
/// guess as it is to meet. `None` in another millisecond, or when the random part has no room left.
pub(crate) fn after(last: Uuid, fresh: Uuid) -> Option<Uuid> {
    let (last, fresh) = (last.as_u128(), fresh.as_u128());
    if last >> MOMENT != fresh >> MOMENT {
        return None;
    }
    // A step of 40 bits leaves room for some four million ids in a millisecond.
    let step = (fresh & ((1 << 40) - 1)) + 1;
    let random = (last & RANDOM) + step;
    (random <= RANDOM).then(|| Uuid::from_u128(last & !RANDOM | random))
}

/// Before every id of a moment, and after every one from before.
pub(crate) fn first_id_at(moment: UnixMillis) -> Uuid {
    let millis = u64::try_from(moment.as_millis()).unwrap_or(0);
    uuid::Builder::from_unix_timestamp_millis(millis, &[0; 10]).into_uuid()
}

#[cfg(test)]
mod tests {
    use super::*;
    use app::ports::clock::new_uuid;
    use testkit::SeededEntropy;

    fn at(millis: i64, seed: u64) -> Uuid {
        new_uuid(UnixMillis::from_millis(millis), &SeededEntropy::of(seed))
    }

    #[test]
    fn ids_of_one_millisecond_rise_and_stay_uuids_of_version_7() {
        let mut last = at(1000, 0);
        for seed in 1..1000 {
            let Some(next) = after(last, at(1000, seed)) else { continue };
            assert!(next > last);
            assert_eq!((next.get_version_num(), next.get_variant()), (7, uuid::Variant::RFC4122));
            assert_eq!(next.as_u128() >> MOMENT, last.as_u128() >> MOMENT);
            last = next;
        }
        assert_ne!(last, at(1000, 0));
    }

    #[test]
    fn another_millisecond_begins_anew() {
        assert_eq!(after(at(1000, 1), at(1001, 2)), None);
        assert_eq!(after(at(1000, 1), at(999, 2)), None);
    }

    #[test]
    fn a_random_part_without_room_does_not_spill_into_the_variant() {
        let full = Uuid::from_u128(at(1000, 1).as_u128() | RANDOM);
        assert_eq!(after(full, at(1000, 2)), None);
    }
}
