//! What the code that ships does not do at all, read from the code itself: a request cannot reach what is not there.

use std::path::{Path, PathBuf};

/// The crates that the server is made of.
const SHIPPED: [&str; 8] =
    ["domain", "app", "crypto", "http", "mail", "store-sqlite", "store-postgres", "server"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// Files below a folder, by their paths from the root, with their text.
fn files(folder: &str, is_wanted: &dyn Fn(&str) -> bool) -> Vec<(String, String)> {
    let (root, mut found) = (root(), Vec::new());
    let mut open = vec![root.join(folder)];
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.strip_prefix(&root).unwrap().to_string_lossy().into_owned();
            if path.is_dir() {
                open.push(path);
            } else if is_wanted(&name) {
                found.push((name, std::fs::read_to_string(&path).unwrap()));
            }
        }
    }
    found
}

/// The code of the crates that ship: without comments and without what is compiled for tests alone.
fn shipped_code() -> Vec<(String, String)> {
    let is_code = |name: &str| name.ends_with(".rs") && !name.contains("tests");
    let mut code = Vec::new();
    for one in SHIPPED {
        let of_crate = files(&format!("crates/{one}/src"), &is_code);
        assert!(of_crate.len() > 3, "{one}");
        code.extend(of_crate.into_iter().map(|(name, text)| (name, without_tests(&text))));
    }
    code
}

fn without_tests(text: &str) -> String {
    let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
    code.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

/// The lines in which one of these words stands, as `file: line`.
fn lines_with(words: &[&str], but_in: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    for (name, text) in shipped_code() {
        if but_in.iter().any(|path| name.starts_with(path)) {
            continue;
        }
        let lines = text.lines().filter(|line| words.iter().any(|word| line.contains(word)));
        found.extend(lines.map(|line| format!("{name}: {}", line.trim())));
    }
    found
}

/// What a crate is built from, without what its tests need.
fn dependencies(name: &str) -> Vec<String> {
    let manifest = std::fs::read_to_string(root().join(format!("crates/{name}/Cargo.toml"))).unwrap();
    let (_, rest) = manifest.split_once("\n[dependencies]\n").unwrap();
    let section = rest.split("\n[").next().unwrap();
    let name_of = |line: &str| line.split(['.', ' ', '=']).next().unwrap().to_owned();
    section.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).map(name_of).collect()
}

const NONE: [&str; 0] = [];

#[test]
fn asvs_1_2_4_no_statement_is_put_together_from_values() {
    // Moving house and the schema's history take the names of tables from the schema itself.
    let moving = ["relocation.rs", "dump.rs", "schema.rs"];
    let words = ["SELECT ", "INSERT ", "UPDATE ", "DELETE ", " FROM ", " WHERE ", " SET ", "VALUES "];
    // What else may stand in a statement: names of columns and tables and conditions that are constants, the clock's
    // expression, and numbers of the configuration. Nobody's values are among them.
    let known = ["slot", "table", "condition", "over", "now", "max", "statement", "lock", "idle", "if_taken"];
    let is_constant =
        |name: &str| known.contains(&name) || name.bytes().all(|b| b.is_ascii_uppercase() || b == b'_');
    let (mut wrong, mut looked_at) = (Vec::new(), 0);
    for line in lines_with(&words, &[]) {
        if !line.starts_with("crates/store-") || moving.iter().any(|file| line.contains(file)) {
            continue;
        }
        looked_at += 1;
        let holes = line.split('{').skip(1).filter_map(|rest| rest.split_once('}')).map(|(name, _)| name);
        if holes.into_iter().any(|name| !is_constant(name)) || line.contains("{}") {
            wrong.push(line);
        }
    }
    assert!(looked_at > 100, "{looked_at} lines of SQL");
    assert_eq!(wrong, NONE);
}

#[test]
fn asvs_1_2_5_the_server_starts_no_other_program() {
    assert_eq!(lines_with(&["process::Command", "Command::new(", "libc::", "dlopen"], &[]), NONE);
    assert!(without_tests("a\n// b\n#[cfg(test)]\nmod tests {\nc").contains('a'), "the code is looked at");
}

#[test]
fn asvs_1_3_12_no_crate_of_ours_reads_input_by_regular_expression() {
    for name in SHIPPED {
        let depends = dependencies(name);
        assert!(!depends.is_empty());
        assert!(!depends.iter().any(|one| one.contains("regex")), "{name}: {depends:?}");
    }
}

#[test]
fn asvs_1_4_1_no_crate_of_ours_may_be_unsafe() {
    let manifest = std::fs::read_to_string(root().join("Cargo.toml")).unwrap();
    assert!(manifest.contains("unsafe_code = \"forbid\""));
    for name in SHIPPED {
        let manifest = std::fs::read_to_string(root().join(format!("crates/{name}/Cargo.toml"))).unwrap();
        assert!(manifest.contains("[lints]\nworkspace = true"), "{name} has lints of its own");
    }
    assert_eq!(lines_with(&["unsafe {", "unsafe fn", "unsafe impl"], &[]), NONE);
}

#[test]
fn asvs_1_4_2_a_release_is_built_with_overflow_checks() {
    let manifest = std::fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let (_, release) = manifest.split_once("[profile.release]\n").unwrap();
    let release = release.split("\n[").next().unwrap();
    assert!(release.lines().any(|line| line == "overflow-checks = true"), "{release}");
}

#[test]
fn asvs_11_1_3_cryptography_stands_in_its_crates_alone() {
    // (library, the crates that may be built from it). Of TLS, rustls with this provider is all there is.
    for (library, homes) in [
        ("aws-lc-rs", &["crypto"][..]),
        ("argon2", &["crypto"]),
        ("bcrypt", &["crypto"]),
        ("jsonwebtoken", &["crypto"]),
        ("rustls", &["mail", "server", "store-postgres"]),
    ] {
        let users: Vec<_> =
            SHIPPED.into_iter().filter(|name| dependencies(name).iter().any(|one| one == library)).collect();
        let mut homes = homes.to_vec();
        homes.sort_by_key(|name| SHIPPED.iter().position(|shipped| shipped == name));
        let (mut users, mut homes) = (users, homes);
        users.sort_unstable();
        homes.sort_unstable();
        assert_eq!(users, homes, "{library}");
    }
    let others = [
        "openssl",
        "native-tls",
        "ring",
        "rsa",
        "md-5",
        "md5",
        "sha1",
        "sha-1",
        "sha2",
        "hmac",
        "aes",
        "aes-gcm",
        "chacha20poly1305",
        "rand",
        "scrypt",
        "pbkdf2",
        "p256",
        "ed25519-dalek",
    ];
    for name in SHIPPED {
        let depends = dependencies(name);
        assert!(!depends.iter().any(|one| others.contains(&one.as_str())), "{name}: {depends:?}");
    }
}

#[test]
fn asvs_11_2_4_a_tag_is_compared_by_the_library_alone() {
    let code = |path: &str| without_tests(&std::fs::read_to_string(root().join(path)).unwrap());
    for (path, compares) in [
        ("crates/crypto/src/token_mac.rs", "hmac::verify("),
        ("crates/crypto/src/password/stored_hash.rs", "verify_slices_are_equal"),
        ("crates/crypto/src/sealing.rs", "open_in_place"),
    ] {
        let code = code(path);
        assert!(code.contains(compares), "{path}");
        let compared: Vec<_> = code
            .lines()
            .filter(|line| {
                let secret =
                    ["tag", "mac", "digest", "output", "secret"].iter().any(|word| line.contains(word));
                secret && (line.contains(" == ") || line.contains(" != ")) && !line.contains(".len()")
            })
            .collect();
        assert_eq!(compared, NONE, "{path}");
    }
}

#[test]
fn asvs_11_3_1_no_old_cipher_hash_or_padding_is_named() {
    let old = [
        "Md5",
        "MD5",
        "RC4",
        "Rc4",
        "TripleDes",
        "3DES",
        "ECB",
        "Ecb",
        "PKCS1",
        "Pkcs1",
        "RSA_",
        "Rsa",
        "RS256",
        "RS384",
        "RS512",
        "CBC",
        "Cbc",
        "SHA1",
    ];
    // Published lists of breached passwords are of SHA-1 digests, and are looked up by them.
    let lists = ["crates/crypto/src/blocklist"];
    assert_eq!(lines_with(&old, &lists), NONE);
    let ciphers = lines_with(&["_GCM", "CHACHA20", "aead::Algorithm"], &[]);
    assert!(!ciphers.is_empty() && ciphers.iter().all(|line| line.contains("AES_256_GCM")), "{ciphers:?}");
}

#[test]
fn asvs_13_2_4_the_server_can_call_the_database_and_the_mail_server_alone() {
    for name in SHIPPED {
        let depends = dependencies(name);
        let clients = ["reqwest", "ureq", "isahc", "curl", "attohttpc", "awc", "surf", "hickory-resolver"];
        assert!(!depends.iter().any(|one| clients.contains(&one.as_str())), "{name}: {depends:?}");
    }
    // The drivers of the two: one is ours, the other is the library's. `doctor` and `ready` are commands of their own, run by an
    // operator; they call the deployment that their configuration names.
    let drivers = [
        "crates/mail/src/smtp/",
        "crates/store-postgres/src/",
        "crates/server/src/doctor/",
        "crates/server/src/commands/ready.rs",
    ];
    let connects = ["TcpStream::connect", "UdpSocket", "UnixStream::connect", "TcpSocket", ".connect("];
    assert_eq!(lines_with(&connects, &drivers), NONE);
    assert!(!lines_with(&connects, &[]).is_empty(), "and those do");
    assert_eq!(lines_with(&["hyper::client", "client::conn"], &["crates/server/src/doctor/"]), NONE);
}

#[test]
fn asvs_13_3_1_no_file_of_the_tree_holds_a_private_key() {
    let is_text = |name: &str| {
        ["rs", "toml", "md", "txt", "py", "mjs", "ts", "json", "sh", "yaml", "pem", "key", "env"]
            .iter()
            .any(|end| name.ends_with(&format!(".{end}")))
    };
    let mut looked_at = 0;
    for folder in ["crates", "docs", "e2e", "xtask"] {
        for (name, text) in files(folder, &is_text) {
            looked_at += 1;
            // A key would follow its heading; what writes or names one has something else there.
            for (at, _) in text.match_indices("PRIVATE KEY-----\n") {
                let next: String = text[at..].lines().nth(1).unwrap_or_default().to_owned();
                let is_base64 = next.len() >= 60
                    && next.bytes().all(|b| b.is_ascii_alphanumeric() || b"+/=".contains(&b));
                assert!(!is_base64, "{name} holds a private key");
            }
        }
    }
    assert!(looked_at > 400, "{looked_at} files");
}
