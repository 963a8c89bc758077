use super::testing::{key_line, key_text, root_keys};
use super::*;
use crate::entropy::SystemEntropy;
use base64::engine::general_purpose;
use proptest::prelude::*;
use std::os::unix::fs::PermissionsExt as _;
use std::{fs, io};

fn problem(text: &str) -> LineProblem {
    match RootKeys::parse(text) {
        Err(RootKeyError::Line { problem, .. }) => problem,
        other => panic!("expected a problem of a line, got {:?}", other.err()),
    }
}

#[test]
fn the_first_line_is_current_and_a_bare_key_has_id_1() {
    let keys = root_keys(&format!("# rotated in May\n\n{}{}", key_line(7, 70), key_line(3, 30)));
    assert_eq!(keys.current_id(), 7);
    let ids: Vec<u32> = keys.fingerprints().iter().map(|(id, _)| *id).collect();
    assert_eq!(ids, [7, 3]);
    let bare = root_keys(&key_text(10));
    assert_eq!(bare.fingerprints(), root_keys(&key_line(1, 10)).fingerprints());
}

#[test]
fn both_base64_alphabets_with_and_without_padding_are_the_same_key() {
    let bytes: Vec<u8> = (0..32).map(|at| 0xfb_u8.wrapping_mul(at).wrapping_add(0xef)).collect();
    let spellings = [
        general_purpose::STANDARD.encode(&bytes),
        general_purpose::STANDARD_NO_PAD.encode(&bytes),
        general_purpose::URL_SAFE.encode(&bytes),
        URL_SAFE_NO_PAD.encode(&bytes),
    ];
    assert!(spellings[0].contains(['+', '/']) && spellings[2].contains(['-', '_']));
    let prints: Vec<_> = spellings.iter().map(|text| root_keys(text).fingerprints()).collect();
    assert!(prints.iter().all(|print| *print == prints[0]));
}

#[test]
fn a_line_that_is_no_key_is_refused_with_its_number_and_reason() {
    let good = key_line(1, 10);
    let cases = [
        ("x ".to_owned() + &key_text(9), LineProblem::Id),
        ("0 ".to_owned() + &key_text(9), LineProblem::Id),
        ("4294967296 ".to_owned() + &key_text(9), LineProblem::Id),
        ("-1 ".to_owned() + &key_text(9), LineProblem::Id),
        (format!("1 {} extra", key_text(9)), LineProblem::Shape),
        (format!("2 {}", &key_text(9)[..40]), LineProblem::Key),
        (format!("2 {}A", key_text(9)), LineProblem::Key),
        (format!("2 {}", "A".repeat(400)), LineProblem::Key),
        ("2 not*base64".to_owned(), LineProblem::Key),
        (format!("2 {}", "A".repeat(43)), LineProblem::Placeholder),
        (good.clone() + &key_text(9), LineProblem::IdMissing),
        (good.clone() + &key_line(1, 11), LineProblem::IdTwice),
        (good.clone() + &key_line(2, 10), LineProblem::KeyTwice),
    ];
    for (text, expected) in cases {
        assert_eq!(problem(&text), expected, "{text}");
    }
    let Err(RootKeyError::Line { line, .. }) = RootKeys::parse(&format!("# c\n\n{good}2 nokey")) else {
        panic!("the last line is no key");
    };
    assert_eq!(line, 4);
    assert!(matches!(RootKeys::parse("# only a comment\n\n"), Err(RootKeyError::Missing)));
    let many: String = (1..=17).map(|id| key_line(id, u8::try_from(id).unwrap())).collect();
    assert!(matches!(RootKeys::parse(&many), Err(RootKeyError::TooMany)));
    let long = "#".repeat(ROOT_KEY_TEXT_MAX + 1);
    assert!(matches!(RootKeys::parse(&long), Err(RootKeyError::TooLong)));
}

#[test]
fn no_error_tells_any_part_of_a_key() {
    let secret = key_text(10);
    let texts = [
        format!("{secret} {secret}"),
        format!("1 {secret}x"),
        format!("1 {secret} y"),
        format!("1 {secret}\n2 {secret}"),
    ];
    for text in texts {
        let error = RootKeys::parse(&text).err().unwrap();
        for shown in [error.to_string(), format!("{error:?}")] {
            assert!(!shown.contains(&secret[..8]), "{shown}");
        }
    }
}

/// Computed apart from this code with a plain HMAC: a changed label, salt or order would strand every
/// database that exists.
#[test]
fn the_derivation_never_changes() {
    let hmac = |key: &[u8], message: &[u8]| {
        hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), message).as_ref().to_vec()
    };
    let bytes: Vec<u8> = (10..42).collect();
    let prk = hmac(b"minbil-auth root key v1", &bytes);
    let expand = |label: &str| hmac(&prk, &[&[0, 0, 0, 5], label.as_bytes(), &[1]].concat());
    let keys = root_keys(&key_line(5, 10));
    assert_eq!(keys.fingerprints(), [(5, expand("fingerprint").try_into().unwrap())]);
    let tag = hmac::sign(&keys.mac_keys()[0].1, b"message");
    assert_eq!(tag.as_ref(), hmac(&expand("token mac"), b"message"));
    let limited = hmac::sign(keys.limiter_key(), b"message");
    assert_eq!(limited.as_ref(), hmac(&expand("limiter key"), b"message"));
    for (sealer, label) in [(keys.pepper(), "password pepper"), (keys.wrapping(), "signing key wrap")] {
        let key: [u8; 32] = expand(label).try_into().unwrap();
        let sealed = sealer.seal(&[b"place"], b"plain", &SystemEntropy).unwrap();
        let apart = Sealer::new([(5, &key)].into_iter()).unwrap();
        assert!(apart.open(&[b"place"], 5, &sealed.bytes).is_some(), "{label}");
    }
}

#[test]
fn a_fingerprint_is_of_the_key_and_its_id() {
    let print = |line: String| root_keys(&line).fingerprints()[0].1;
    assert_eq!(print(key_line(1, 10)), print(key_line(1, 10)));
    assert_ne!(print(key_line(1, 10)), print(key_line(1, 11)));
    assert_ne!(print(key_line(1, 10)), print(key_line(2, 10)));
}

#[test]
fn a_created_file_is_the_owners_alone_and_loads_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("root.key");
    let created = RootKeys::create(&path).unwrap();
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o7777, 0o600);
    assert_eq!(RootKeys::load(&path).unwrap().fingerprints(), created.fingerprints());
    let before = fs::read(&path).unwrap();
    let again = RootKeys::create(&path);
    assert!(
        matches!(again, Err(RootKeyError::Io { source, .. }) if source.kind() == io::ErrorKind::AlreadyExists)
    );
    assert_eq!(fs::read(&path).unwrap(), before, "a file that is there is never touched");
    let other = RootKeys::create(&folder.path().join("other.key")).unwrap();
    assert_ne!(other.fingerprints(), created.fingerprints());
}

#[test]
fn a_file_that_others_can_reach_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("root.key");
    let created = RootKeys::create(&path).unwrap();
    let set_mode = |mode| fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    for mode in [0o640, 0o604, 0o660, 0o644, 0o601, 0o610] {
        set_mode(mode);
        let error = RootKeys::load(&path).err().unwrap();
        assert!(matches!(error, RootKeyError::Exposed { mode: found, .. } if found == mode), "{error}");
        assert!(error.to_string().contains("chmod 600"), "{error}");
    }
    for mode in [0o600, 0o400] {
        set_mode(mode);
        assert_eq!(RootKeys::load(&path).unwrap().fingerprints(), created.fingerprints());
    }
}

#[test]
fn a_directory_a_missing_file_and_a_long_file_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    assert!(matches!(RootKeys::load(folder.path()), Err(RootKeyError::NotAFile { .. })));
    assert!(matches!(RootKeys::load(&folder.path().join("none")), Err(RootKeyError::Io { .. })));
    let path = folder.path().join("long.key");
    RootKeys::create(&path).unwrap();
    let key = fs::read_to_string(&path).unwrap();
    fs::write(&path, key + &"#".repeat(ROOT_KEY_TEXT_MAX)).unwrap();
    assert!(matches!(RootKeys::load(&path), Err(RootKeyError::TooLong)));
    fs::write(&path, [b'#', 0xff, 0xfe]).unwrap();
    assert!(matches!(RootKeys::load(&path), Err(RootKeyError::Io { .. })), "not text");
}

proptest! {
    #[test]
    fn any_text_is_read_without_panic(text in "\\PC{0,300}|([0-9]{0,11} [A-Za-z0-9+/_=-]{40,46}\n){0,4}") {
        if let Ok(keys) = RootKeys::parse(&text) {
            prop_assert!(!keys.fingerprints().is_empty());
        }
    }
}
