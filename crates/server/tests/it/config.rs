//! Configuration: what may be written, what is refused, and in which words.

use minbil_auth::config::settings::{MailRoute, Mode, RootKeySource, Settings};
use minbil_auth::config::{DEFAULT_CONFIG, Overrides, load};
use std::collections::HashMap;
use std::path::PathBuf;
use std::time::Duration;

fn environment(pairs: &[(&str, &str)]) -> HashMap<String, String> {
    pairs.iter().map(|(name, value)| (format!("MINBIL_AUTH_{name}"), (*value).to_owned())).collect()
}

fn loaded(pairs: &[(&str, &str)]) -> Result<Settings, String> {
    load(&Overrides::default(), &environment(pairs)).map_err(|error| error.to_string())
}

/// What is said about a configuration that is wrong in one place.
fn refusal(pairs: &[(&str, &str)]) -> String {
    loaded(pairs).err().unwrap_or_else(|| panic!("{pairs:?} was taken"))
}

fn file(text: &str) -> (tempfile::TempDir, Overrides) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("minbil-auth.toml");
    std::fs::write(&path, text).unwrap();
    (folder, Overrides { file: Some(path), ..Overrides::default() })
}

/// A root key for tests: the base64url of a sentence that says so.
const ROOT_KEY: &str = "bm90IGEgc2VjcmV0OiBvbmx5IGZvciB0aGUgdGVzdHM";

/// The fewest lines that a production server needs.
const PRODUCTION: [(&str, &str); 4] = [
    ("MODE", "production"),
    ("BASE_URL", "https://auth.example.com"),
    ("ROOT_KEY", ROOT_KEY),
    ("MAIL__SMTP_URL", "smtps://u:p@mail.example.com"),
];

fn production(more: &[(&'static str, &'static str)]) -> Vec<(&'static str, &'static str)> {
    let is_overridden = |name: &str| more.iter().any(|(other, _)| *other == name);
    PRODUCTION.into_iter().filter(|(name, _)| !is_overridden(name)).chain(more.iter().copied()).collect()
}

#[test]
fn limits_and_proxies_that_would_protect_nobody_are_refused() {
    for (name, value, key, right) in [
        ("LIMITS__ACCOUNT_STOP", "101", "limits.account_stop", "1 to 100"),
        ("LIMITS__ACCOUNT_FREE", "0", "limits.account_free", "1 to 100"),
        ("LIMITS__ACCOUNT_WAIT_MAX_SECONDS", "29", "limits.account_wait_max_seconds", "30 to 86400"),
        ("LIMITS__SIGN_IN_ADDRESS_BURST", "0", "limits.sign_in_address_burst", "1 to"),
        ("LIMITS__SIGN_UP_ADDRESS_REFILL_SECONDS", "0", "limits.sign_up_address_refill_seconds", "1 to"),
        ("HTTP__TRUSTED_PROXIES", "0.0.0.0/0", "http.trusted_proxies", "anybody claim any address"),
        ("HTTP__TRUSTED_PROXIES", "10.0.0.1/8", "http.trusted_proxies", "bits behind"),
        ("HTTP__TRUSTED_PROXIES", "10.0.0.0/8,proxy.internal", "http.trusted_proxies", "such as 10.0.0.0/8"),
    ] {
        let said = refusal(&[(name, value)]);
        assert!(said.contains(key) && said.contains(right), "{name}: {said}");
    }
    assert_eq!(loaded(&[("HTTP__TRUSTED_PROXIES", "10.0.0.0/8, ::1")]).unwrap().trusted_proxies.len(), 2);
}

#[test]
fn without_configuration_it_is_a_development_server_on_both_loopback_addresses() {
    let settings = loaded(&[]).unwrap();
    assert_eq!(settings.mode, Mode::Development);
    assert_eq!(settings.base_url, "http://localhost:5000");
    let listen: Vec<_> = settings.listen.iter().map(ToString::to_string).collect();
    assert_eq!(listen, ["127.0.0.1:5000", "[::1]:5000"]);
    assert_eq!(settings.data_dir, PathBuf::from("./minbil-auth-data"));
    assert!(matches!(settings.mail, MailRoute::Caught));
    assert!(matches!(settings.root_key, RootKeySource::Generated(_)));
    let (name, co) = settings.namespaces.first_key_value().unwrap();
    assert_eq!((name.as_str(), settings.namespaces.len()), ("co", 1));
    for target in ["https://platform.minbil.no/reset-password", "http://localhost:5000/reset-password/co"] {
        assert!(co.redirects.find(target).is_some(), "{target}");
    }
    let day = 24 * 3600;
    assert_eq!(co.sessions.idle, Duration::from_secs(30 * day));
    assert_eq!(co.sessions.absolute, Duration::from_secs(180 * day));
    assert_eq!(co.sessions.grace, Duration::from_secs(60));
    assert_eq!(co.access_token_ttl, Duration::from_secs(3600));
}

#[test]
fn the_default_file_is_a_whole_configuration_and_says_what_is_in_force() {
    let (_folder, overrides) = file(DEFAULT_CONFIG);
    let from_file = load(&overrides, &HashMap::new()).unwrap().written;
    let without = loaded(&[]).unwrap().written;
    assert_eq!(serde_json::to_value(from_file).unwrap(), serde_json::to_value(without).unwrap());
}

#[test]
fn the_environment_beats_the_file_and_the_command_line_beats_both() {
    let (_folder, mut overrides) = file("data_dir = \"/from/file\"\n[sessions]\nmax_live = 7\n");
    let variables = environment(&[
        ("DATA_DIR", "/from/environment"),
        ("SESSIONS__REFRESH_GRACE_SECONDS", "1"),
        ("LISTEN", "127.0.0.1:1234,[::1]:1234"),
    ]);
    let settings = load(&overrides, &variables).unwrap();
    assert_eq!(settings.data_dir, PathBuf::from("/from/environment"));
    assert_eq!(settings.listen.len(), 2);
    let sessions = settings.namespaces.values().next().unwrap().sessions;
    assert_eq!((sessions.max_live, sessions.grace), (7, Duration::from_secs(1)));
    overrides.data_dir = Some(PathBuf::from("/from/command"));
    overrides.listen = vec!["127.0.0.1:4321".to_owned()];
    let settings = load(&overrides, &variables).unwrap();
    assert_eq!(settings.data_dir, PathBuf::from("/from/command"));
    assert_eq!(settings.base_url, "http://localhost:4321");
}

#[test]
fn a_namespace_overrides_single_keys_of_the_sessions() {
    let settings = loaded(&[
        ("NAMESPACES__WS__TITLE", "Workshop"),
        ("NAMESPACES__WS__SESSIONS__IDLE_SECONDS", "604800"),
        ("NAMESPACES__WS__ALLOWED_ORIGINS", "https://a.example.com, https://b.example.com"),
    ])
    .unwrap();
    let ws = settings.namespaces.iter().find(|(name, _)| name.as_str() == "ws").unwrap().1;
    assert_eq!(ws.sessions.idle, Duration::from_secs(604_800));
    assert_eq!(ws.sessions.absolute, Duration::from_secs(180 * 24 * 3600));
    assert_eq!(ws.allowed_origins, ["https://a.example.com", "https://b.example.com"]);
    assert_eq!(ws.title, "Workshop");
}

#[test]
fn what_is_wrong_is_named_with_its_key_its_value_and_what_would_be_right() {
    for (pairs, says) in [
        (("MODE", "live"), "mode = \"live\": development or production"),
        (("LISTEN", "localhost:5000"), "listen = \"localhost:5000\": an IP address and a port"),
        (("LISTEN", "0.0.0.0:5000"), "listen = \"0.0.0.0:5000\": development listens on loopback alone"),
        (("BASE_URL", "https://api.minbil.no"), "base_url = \"https://api.minbil.no\": development is for"),
        (("BASE_URL", "http://localhost:5000/x"), "base_url = \"http://localhost:5000/x\": an absolute"),
        (("SESSIONS__REFRESH_GRACE_SECONDS", "601"), "co.sessions.refresh_grace_seconds = \"601\": a whole"),
        (("SESSIONS__MAX_LIVE", "0"), "co.sessions.max_live = \"0\": a whole number from 1 to 1000"),
        (("PASSWORDS__ARGON2_ITERATIONS", "0"), "passwords.argon2_* = \"m=19456 t=0 p=1\": passes must"),
        (("KEYS__ALGORITHM", "RS256"), "keys.algorithm = \"RS256\": ES256, EdDSA or HS256"),
        (("NAMESPACES__CO__PASSWORD_MIN", "7"), "namespaces.co.password_min = \"7\": a whole number from 8"),
        (("NAMESPACES__CO__LOCALE", "sv"), "namespaces.co.locale = \"sv\": en or nb"),
        (
            ("NAMESPACES__CO__ALLOWED_ORIGINS", "https://a.example.com/"),
            "namespaces.co.allowed_origins = \"https://a.example.com/\": an origin as browsers send it",
        ),
        (
            ("NAMESPACES__CO__REDIRECT_TO", "https://a.example.com/r#x"),
            "namespaces.co.redirect_to = \"https://a.example.com/r#x\": a redirect target has no fragment",
        ),
        (("HTTP__METRICS_LISTEN", "0.0.0.0:9464"), "http.metrics_listen = \"0.0.0.0:9464\": a loopback"),
        (("TLS__CERTIFICATE_FILE", "/c.pem"), "tls = \"/c.pem\": certificate_file and private_key_file go"),
        (("LOG__LEVEL", "=,="), "log.level = \"=,=\": a filter"),
        (("MAIL__FROM", "nobody"), "mail.from"),
        (("LOG__FORMAT", "xml"), "log.format = \"xml\": text or json"),
        (("MAIL__ATTEMPTS_MAX", "0"), "mail.attempts_max = \"0\": a whole number from 1 to 1000"),
    ] {
        let said = refusal(&[pairs, ("MAIL__SMTP_URL", "smtp://127.0.0.1")]);
        assert!(said.contains(says), "{pairs:?}: {said}");
    }
}

#[test]
fn everything_that_is_wrong_is_said_at_once() {
    let said = refusal(&[("MODE", "live"), ("LOG__FORMAT", "xml"), ("SESSIONS__MAX_LIVE", "0")]);
    assert_eq!(said.lines().count(), 3, "{said}");
}

#[test]
fn unknown_keys_and_wrong_types_are_errors_that_name_them() {
    for (text, says) in [
        ("colour = \"red\"\n", "colour"),
        ("[sessions]\nidle_secnods = 1\n", "idle_secnods"),
        ("[namespaces.co]\nredirects = []\n", "redirects"),
        ("[sessions]\nmax_live = \"many\"\n", "max_live"),
        ("mode = \n", "minbil-auth.toml"),
    ] {
        let (_folder, overrides) = file(text);
        let said = load(&overrides, &HashMap::new()).err().unwrap().to_string();
        assert!(said.contains(says), "{text}: {said}");
    }
    assert!(refusal(&[("SESSIONS__IDLE_SECNODS", "1")]).contains("idle_secnods"));
    let overrides = Overrides { file: Some(PathBuf::from("/no/such/file")), ..Overrides::default() };
    let said = load(&overrides, &HashMap::new()).err().unwrap().to_string();
    assert!(said.contains("/no/such/file"), "{said}");
}

#[test]
fn production_needs_what_development_makes_up() {
    assert!(loaded(&production(&[])).is_ok());
    for (missing, says) in [
        ("BASE_URL", "base_url = \"\""),
        ("ROOT_KEY", "root_key_file = \"\""),
        ("MAIL__SMTP_URL", "mail.smtp_url"),
    ] {
        let pairs: Vec<_> = PRODUCTION.into_iter().filter(|(name, _)| *name != missing).collect();
        assert!(refusal(&pairs).contains(says), "{missing}");
    }
    for (wrong, says) in [
        (("BASE_URL", "http://auth.example.com"), "https:// in production"),
        (("BASE_URL", "https://user@auth.example.com"), "without path, query or user"),
        (("PASSWORDS__ARGON2_MEMORY_KIB", "64"), "passwords.argon2_*"),
        (("PASSWORDS__ARGON2_ITERATIONS", "1"), "memory (KiB) times passes must be at least"),
    ] {
        assert!(refusal(&production(&[wrong])).contains(says), "{wrong:?}");
    }
}

#[test]
fn development_may_hash_cheaply() {
    let cheap = loaded(&[("PASSWORDS__ARGON2_MEMORY_KIB", "64"), ("PASSWORDS__ARGON2_ITERATIONS", "1")]);
    assert_eq!(cheap.unwrap().hashing.memory_kib(), 64);
}

#[test]
fn asvs_16_2_5_no_secret_is_repeated_by_an_error_or_by_what_is_printed() {
    let secret = "5ecret-of-the-mail-server";
    let mail = format!("smtp://user:{secret}@mail.example.com:587");
    let pairs = [("MAIL__SMTP_URL", mail.as_str()), ("ROOT_KEY", ROOT_KEY)];
    let shown = serde_json::to_string(&loaded(&pairs).unwrap().written).unwrap();
    assert!(!shown.contains(secret) && !shown.contains(ROOT_KEY), "{shown}");
    let broken =
        [("MAIL__SMTP_URL", "smtp://user:5ecret-of@mail server"), ("ROOT_KEY", "5ecret-of-the-root")];
    let said = refusal(&broken);
    assert!(
        said.contains("mail.smtp_url") && said.contains("root_key") && !said.contains("5ecret"),
        "{said}"
    );
    let database = format!("mysql://user:{secret}@db.example.com/auth");
    let said = refusal(&[pairs[0], pairs[1], ("DATABASE__URL", &database), ("ROOT_KEY_FILE", "/k")]);
    assert!(said.contains("database.url") && said.contains("root_key_file"), "{said}");
    assert!(!said.contains(secret), "{said}");
}
