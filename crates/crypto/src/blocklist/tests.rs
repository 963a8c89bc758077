use super::hash_file::{HASH_LEN, HEADER_LEN};
use super::*;
use std::fmt::Write as _;
use std::io::Cursor;

fn password(text: &str) -> Password {
    Password::presented(text.to_owned()).unwrap()
}

/// A list as it is published, of these passwords.
fn list(passwords: impl Iterator<Item = String>) -> String {
    let hex = |text: String| {
        let sha1 = digest(&SHA1_FOR_LEGACY_USE_ONLY, text.as_bytes());
        sha1.as_ref().iter().fold(String::new(), |mut hex, byte| {
            write!(hex, "{byte:02X}").unwrap();
            hex
        })
    };
    let mut lines: Vec<_> = passwords.map(hex).collect();
    lines.sort();
    lines.iter().enumerate().fold(String::new(), |mut text, (n, line)| {
        // Both forms that are published: with a count and without.
        write!(text, "{line}{}\r\n", if n % 2 == 0 { ":17" } else { "" }).unwrap();
        text
    })
}

fn compiled(list: &str) -> Result<(Vec<u8>, Compiled), CompileError> {
    let mut target = Cursor::new(Vec::new());
    let done = compile_blocklist(list.as_bytes(), &mut target)?;
    Ok((target.into_inner(), done))
}

fn opened(bytes: &[u8]) -> io::Result<BreachedPasswords> {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), bytes).unwrap();
    BreachedPasswords::open(Some(file.path()))
}

#[tokio::test]
async fn asvs_6_2_4_the_most_common_passwords_are_known_in_any_capitals() {
    let known = BreachedPasswords::open(None).unwrap();
    assert_eq!(known.len(), 11_611);
    for common in ["password", "12345678", "Password", "QWERTYUIOP", "iloveyou", "password1", "1q2w3e4r"] {
        assert!(known.holds(&password(common)).await.unwrap(), "{common}");
    }
    for fine in ["correct horse battery", "StrongPass123!", "blåbærsyltetøy", "123456", ""] {
        let password = Password::presented(format!("{fine} ")).unwrap();
        assert!(!known.holds(&password).await.unwrap(), "{fine}");
    }
    assert!(!known.holds(&password("StrongPass123!")).await.unwrap(), "the demo account's");
}

#[tokio::test]
async fn every_password_of_a_compiled_list_is_found_and_no_other() {
    for count in [0, 1, 2, 511, 512, 513, 20_000] {
        let (bytes, done) = compiled(&list((0..count).map(|n| format!("a breached one {n}")))).unwrap();
        assert_eq!((done.hashes, done.repeated), (count, 0));
        assert_eq!(bytes.len(), HEADER_LEN + HASH_LEN * usize::try_from(count).unwrap());
        let known = opened(&bytes).unwrap();
        for n in 0..count {
            assert!(known.holds(&password(&format!("a breached one {n}"))).await.unwrap(), "{n} of {count}");
        }
        for n in count..count + 500 {
            assert!(!known.holds(&password(&format!("a breached one {n}"))).await.unwrap(), "{n} of {count}");
        }
    }
}

#[test]
fn hashes_that_crowd_in_one_place_are_found_too() {
    // Nobody publishes such a list; it must not make the search long or wrong.
    let hashes: Vec<u64> = (0..5000).chain([u64::MAX - 1, u64::MAX]).collect();
    let mut bytes = hash_file::MAGIC.to_vec();
    bytes.extend((hashes.len() as u64).to_be_bytes());
    bytes.extend(hashes.iter().flat_map(|hash| hash.to_be_bytes()));
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), &bytes).unwrap();
    let file = HashFile::open(file.path()).unwrap();
    assert!(hashes.iter().all(|hash| file.holds(*hash).unwrap()));
    assert!([5000, 1 << 40, u64::MAX - 2].iter().all(|hash| !file.holds(*hash).unwrap()));
}

#[test]
fn a_list_that_is_not_one_is_refused_with_its_line() {
    let good = "00000000000000000000000000000000000000AA:3\n";
    let line = |text: &str| compiled(&format!("{good}{text}")).err().unwrap().to_string();
    for bad in ["x", "ABC:1", "G0000000000000000000000000000000000000AA", "password"] {
        assert!(line(bad).starts_with("line 2: 40 hexadecimal"), "{bad}: {}", line(bad));
    }
    for bad in ["10000000000000000000000000000000000000AA:", "10000000000000000000000000000000000000AA;1"] {
        assert!(line(bad).starts_with("line 2: 40 hexadecimal"), "{bad}: {}", line(bad));
    }
    let long = "1".repeat(1_000_000);
    assert!(line(&long).starts_with("line 2: 40 hexadecimal"));
    let unsorted = "F000000000000000000000000000000000000000\n10000000000000000000000000000000000000AA\n";
    assert!(line(unsorted).starts_with("line 3: the list is not in order"), "{}", line(unsorted));
    assert_eq!(compiled(&format!("{good}{good}\n")).unwrap().1, Compiled { hashes: 1, repeated: 1 });
}

#[test]
fn a_file_that_was_cut_off_or_is_another_is_refused() {
    let (bytes, _) = compiled(&list((0..10).map(|n| n.to_string()))).unwrap();
    assert!(opened(&bytes).is_ok());
    for bad in [&bytes[..bytes.len() - 1], &bytes[..HEADER_LEN], &bytes[..3], b"", &[0; 96]] {
        let error = opened(bad).err().unwrap();
        assert_eq!(error.kind(), io::ErrorKind::InvalidData, "{error}");
    }
}
