use super::*;
use proptest::prelude::*;

fn text(id: u128, secret: [u8; 32]) -> ApiKeyText {
    ApiKeyText {
        id: ApiKeyId::new(Uuid::from_u128(id)),
        secret: ApiKeySecret::filled_by(|bits| bits.copy_from_slice(&secret)),
    }
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(id: u128, secret: [u8; 32]) {
        let written = text(id, secret).encode();
        prop_assert_eq!(written.len(), API_KEY_LEN);
        let read = ApiKeyText::decode(&written).unwrap();
        prop_assert_eq!((read.id.uuid().as_u128(), read.secret.expose()), (id, &secret));
    }

    #[test]
    fn any_text_is_read_without_panic_and_has_one_spelling(text in "\\PC{0,100}|mbk1_[A-Za-z0-9_-]{66,74}") {
        if let Some(key) = ApiKeyText::decode(&text) {
            prop_assert_eq!(key.encode(), text);
        }
    }

    #[test]
    fn one_wrong_letter_or_two_swapped_ones_are_found(id: u128, secret: [u8; 32], at in 5_usize..74, letter in "[A-Za-z0-9_-]") {
        let written = text(id, secret).encode();
        let mut changed = written.clone();
        changed.replace_range(at..=at, &letter);
        prop_assert_eq!(ApiKeyText::decode(&changed).is_some(), changed == written);
        let mut swapped = written.clone().into_bytes();
        swapped.swap(at, at + 1);
        let swapped = String::from_utf8(swapped).unwrap();
        prop_assert_eq!(ApiKeyText::decode(&swapped).is_some(), swapped == written);
    }
}

#[test]
fn the_checksum_is_the_common_one() {
    assert_eq!(crc32(&[b"1234", b"56789"]), 0xCBF4_3926);
}

#[test]
fn a_name_is_one_line_that_can_be_read() {
    for good in ["web", "Car Owner app", "é", &"a".repeat(API_KEY_NAME_MAX)] {
        assert!(ApiKeyName::parse(good).is_ok(), "{good}");
    }
    for bad in ["", " ", " web", "web ", "a\nb", "a\u{7}", &"a".repeat(API_KEY_NAME_MAX + 1)] {
        assert_eq!(ApiKeyName::parse(bad), Err(InvalidApiKeyName), "{bad:?}");
    }
}

fn key(expires_at: Option<i64>) -> ApiKey {
    let expires_at = expires_at.map(UnixMillis::from_secs);
    ApiKey {
        id: ApiKeyId::new(Uuid::from_u128(1)),
        namespace: NamespaceName::parse("co").unwrap(),
        name: ApiKeyName::parse("web").unwrap(),
        current: KnownSecret { digest: [1; 32], expires_at },
        previous: None,
        created_at: UnixMillis::from_secs(0),
        rotated_at: UnixMillis::from_secs(0),
        revoked_at: None,
        last_used_at: None,
    }
}

const fn rotation(lifetime: Option<Duration>) -> Rotation {
    Rotation { digest: [2; 32], overlap: Duration::from_secs(10), lifetime }
}

fn works(key: &ApiKey, digest: u8, second: i64) -> bool {
    !key.works_for(&[digest; 32], UnixMillis::from_secs(second)).is_zero()
}

#[test]
fn asvs_13_3_4_a_key_works_until_its_end_and_not_at_it() {
    let key = key(Some(100));
    assert!(works(&key, 1, 99) && !works(&key, 1, 100) && !works(&key, 2, 0));
    let revoked = ApiKey { revoked_at: Some(UnixMillis::from_secs(5)), ..key };
    assert!(!works(&revoked, 1, 0), "a clock that is put back revives no key");
}

#[test]
fn asvs_13_3_4_the_secret_before_works_through_the_overlap() {
    let rotated = key(None).rotated(rotation(None), UnixMillis::from_secs(50));
    assert!(works(&rotated, 2, 1_000_000) && works(&rotated, 1, 59) && !works(&rotated, 1, 60));
    let next = Rotation { digest: [3; 32], ..rotation(None) };
    let twice = rotated.rotated(next, UnixMillis::from_secs(55));
    assert!(works(&twice, 3, 55) && works(&twice, 2, 55) && !works(&twice, 1, 55));
}

#[test]
fn an_overlap_never_prolongs_the_secret_before() {
    let rotated = key(Some(55)).rotated(rotation(None), UnixMillis::from_secs(50));
    assert!(works(&rotated, 1, 54) && !works(&rotated, 1, 55));
}

#[test]
fn a_new_secret_lives_as_long_as_the_one_before_was_given_unless_told_otherwise() {
    let now = UnixMillis::from_secs(90);
    let as_before = key(Some(100)).rotated(rotation(None), now);
    assert_eq!(as_before.current.expires_at, Some(UnixMillis::from_secs(190)));
    let again = as_before.rotated(rotation(None), UnixMillis::from_secs(100));
    assert_eq!(again.current.expires_at, Some(UnixMillis::from_secs(200)));
    let told = key(None).rotated(rotation(Some(Duration::from_secs(7))), now);
    assert_eq!(told.current.expires_at, Some(UnixMillis::from_secs(97)));
    assert_eq!(key(None).rotated(rotation(None), now).current.expires_at, None);
}

#[test]
fn no_hash_is_printed() {
    let printed = format!("{:?}", key(None).rotated(rotation(None), UnixMillis::from_secs(1)));
    assert!(!printed.contains("2, 2") && !printed.contains("1, 1"), "{printed}");
}
