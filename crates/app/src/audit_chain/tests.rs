//! What a seal covers. How tampering is named is tested on real databases, beside the server.

use super::*;
use uuid::Uuid;

/// No MAC, but enough to tell messages apart.
struct Toy;

impl ChainMac for Toy {
    fn current_key(&self) -> MacKeyId {
        MacKeyId(1)
    }

    fn tag(&self, key: MacKeyId, message: &[u8]) -> Option<[u8; 32]> {
        let mut tag = [0; 32];
        tag[0] = u8::try_from(key.0).ok()?;
        for (index, byte) in message.iter().enumerate() {
            let at = index % 31 + 1;
            tag[at] = (tag[at].wrapping_mul(31)).wrapping_add(*byte).rotate_left(3);
        }
        Some(tag)
    }
}

fn event() -> Vec<Cell> {
    vec![Cell::Id(Uuid::nil()), Cell::Number(7), Cell::Text("sign_in".to_owned()), Cell::Empty]
}

#[test]
fn a_seal_covers_the_place_the_seal_before_and_every_column() {
    let seal = |seq, before, event: &[Cell]| seal_of(&Toy, MacKeyId(1), seq, &before, event);
    let whole = seal(1, GENESIS, &event());
    assert_ne!(whole, seal(2, GENESIS, &event()));
    assert_ne!(whole, seal(1, [1; 32], &event()));
    for column in 0..4 {
        let mut other = event();
        other[column] = Cell::Text("other".to_owned());
        assert_ne!(whole, seal(1, GENESIS, &other), "{column}");
    }
}

#[test]
fn a_column_that_comes_later_changes_no_seal_from_before() {
    let mut longer = event();
    longer.push(Cell::Empty);
    let seal = |event: &[Cell]| seal_of(&Toy, MacKeyId(1), 1, &GENESIS, event);
    assert_eq!(seal(&event()), seal(&longer));
    // What moves into another column is something else.
    longer.swap(1, 4);
    assert_ne!(seal(&event()), seal(&longer));
}

#[test]
fn one_end_is_not_taken_for_the_other() {
    let head = signed(&Toy, MarkName::Head, 5, [5; 32]).unwrap();
    assert!(is_genuine(&Toy, MarkName::Head, &head));
    assert!(!is_genuine(&Toy, MarkName::Cut, &head));
    assert!(!is_genuine(&Toy, MarkName::Head, &ChainMark { seq: 4, ..head }));
    assert!(!is_genuine(&Toy, MarkName::Head, &ChainMark { seal: [4; 32], ..head }));
    assert!(!is_genuine(&Toy, MarkName::Head, &ChainMark { mac_key: MacKeyId(2), ..head }));
}
