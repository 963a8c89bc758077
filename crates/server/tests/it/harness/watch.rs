//! Every test looks for leaks: what lets somebody in is noted when it is sent, answered or mailed, and when the server goes, none of it may
//! stand in the log, the metrics, or any file of the database, as it is or as base64 or hexadecimal digits (ASVS 16.2.5, 11.4.2).

use super::answer::Answer;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use serde_json::Value;
use std::collections::{BTreeSet, HashMap};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

/// Shorter texts occur anywhere by chance.
const SECRET_MIN: usize = 12;
/// How many bytes tell one form of a secret from most others; every form has more.
const BEGINNING: usize = 8;
/// Fields of requests that hold secrets.
const SECRET_FIELDS: [&str; 6] =
    ["password", "current_password", "new_password", "token", "refresh_token", "access_token"];
/// What the server says by itself.
const OWN_WORDS: &str = include_str!("../../../../../docs/openapi.json");

/// What one server's clients sent and got.
#[derive(Default)]
pub struct Watch(Mutex<Noted>);

#[derive(Default)]
struct Noted {
    secrets: BTreeSet<String>,
    /// What stands in fields that are no secrets: a password that equals an address is found where addresses are.
    public: BTreeSet<String>,
}

impl Watch {
    fn with<T>(&self, act: impl FnOnce(&mut Noted) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Something that lets somebody in.
    pub fn secret(&self, text: &str) {
        self.with(|noted| noted.secrets.insert(text.to_owned()));
    }

    /// A body that is sent.
    pub fn sent(&self, body: &Value) {
        let Some(fields) = body.as_object() else { return };
        self.with(|noted| {
            for (name, value) in fields.iter().filter_map(|(name, value)| Some((name, value.as_str()?))) {
                let is_secret = SECRET_FIELDS.contains(&name.as_str());
                let list = if is_secret { &mut noted.secrets } else { &mut noted.public };
                list.insert(value.to_owned());
            }
        });
    }

    /// An answer that came.
    pub fn came(&self, answer: &Answer) {
        let body: Option<Value> = serde_json::from_slice(&answer.body).ok();
        if let Some(body) = body.filter(|body| body.get("access_token").is_some()) {
            for name in ["access_token", "refresh_token"] {
                body[name].as_str().into_iter().for_each(|token| self.secret(token));
            }
        }
        answer.cookies().iter().chain(&answer.device()).for_each(|cookie| self.secret(&cookie.value));
    }

    /// Which of them stand in these bytes, and in which form.
    pub fn found_in(&self, bytes: &[u8]) -> Vec<String> {
        let forms = self.with(|noted| {
            let is_telling = |secret: &&String| {
                secret.len() >= SECRET_MIN
                    && !OWN_WORDS.contains(secret.as_str())
                    && !noted.public.iter().any(|public| public.contains(secret.as_str()))
            };
            noted.secrets.iter().filter(is_telling).flat_map(|secret| forms(secret)).collect::<Vec<_>>()
        });
        // Most bytes begin no form of any secret, and one look at a table says so; the next look leaves a form or two.
        let mut begins = vec![false; 1 << 16];
        let mut by_beginning: HashMap<&[u8], Vec<&[u8]>> = HashMap::new();
        for form in &forms {
            begins[pair(form)] = true;
            by_beginning.entry(&form[..BEGINNING]).or_default().push(form);
        }
        let mut found = BTreeSet::new();
        for (at, window) in bytes.windows(BEGINNING).enumerate() {
            if begins[pair(window)]
                && let Some(forms) = by_beginning.get(window)
            {
                let here = forms.iter().filter(|form| bytes[at..].starts_with(form));
                found.extend(here.map(|form| String::from_utf8_lossy(form).into_owned()));
            }
        }
        found.into_iter().collect()
    }

    /// The same for every file of a directory.
    pub fn found_below(&self, directory: &Path) -> Vec<String> {
        let mut found = Vec::new();
        for entry in std::fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            // The key is where the operator keeps it; it must be nowhere else.
            if path.is_file() && !path.ends_with("root.key") {
                let here = self.found_in(&std::fs::read(&path).unwrap());
                found.extend(here.into_iter().map(|form| format!("{form} in {}", path.display())));
            }
        }
        found
    }
}

fn pair(bytes: &[u8]) -> usize {
    usize::from(bytes[0]) << 8 | usize::from(bytes[1])
}

/// A secret as it is, in hexadecimal digits, and in base64 wherever it begins in a group of three; and of a token the end alone, which
/// holds most of its MAC or signature.
fn forms(secret: &str) -> Vec<Vec<u8>> {
    let hex = |upper: bool| -> String {
        secret.bytes().map(|byte| if upper { format!("{byte:02X}") } else { format!("{byte:02x}") }).collect()
    };
    let mut forms = vec![secret.to_owned(), hex(false), hex(true)];
    for shift in 0..3 {
        let shifted = [&[0_u8; 2][..shift], secret.as_bytes()].concat();
        for text in [STANDARD_NO_PAD.encode(&shifted), URL_SAFE_NO_PAD.encode(&shifted)] {
            // What stands before and behind shares a digit with the first and the last byte.
            let (from, to) = ([0, 2, 3][shift], text.len() - 2);
            forms.push(text[from..to].to_owned());
        }
    }
    if secret.len() > 60 {
        forms.push(secret[secret.char_indices().rev().nth(39).map_or(0, |(at, _)| at)..].to_owned());
    }
    forms.into_iter().map(String::into_bytes).collect()
}
