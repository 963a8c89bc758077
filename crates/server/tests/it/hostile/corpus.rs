//! The file of hostile values.

/// What the server says by itself.
const OWN_WORDS: &str = include_str!("../../../../../docs/openapi.json");
/// Shorter texts occur anywhere by chance.
const TELLING: usize = 10;

/// What a value was made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Redirect,
    Email,
    Header,
    Token,
}

/// One value.
#[derive(Clone, Debug)]
pub struct Hostile {
    pub kind: Kind,
    pub text: String,
    /// What it is, for messages.
    pub what: String,
}

impl Hostile {
    /// Whether nobody but a client would say it.
    pub fn is_telling(&self) -> bool {
        self.text.len() >= TELLING && !OWN_WORDS.contains(&self.text)
    }

    /// Whether it is a word such as an id.
    pub fn is_word(&self) -> bool {
        self.text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
    }

    /// As the bytes of a header: a code point below 256 is one byte, as it is on the wire. `None` where HTTP forbids one of them.
    pub fn in_header(&self) -> Option<Vec<u8>> {
        let bytes: Vec<u8> = match self.text.chars().map(|c| u8::try_from(u32::from(c))).collect() {
            Ok(bytes) => bytes,
            Err(_) => self.text.clone().into_bytes(),
        };
        axum::http::HeaderValue::from_bytes(&bytes).is_ok().then_some(bytes)
    }

    /// As a part of an address.
    pub fn in_path(&self) -> String {
        self.text.bytes().map(|byte| format!("%{byte:02x}")).collect()
    }
}

/// Every value of the file.
pub fn corpus() -> Vec<Hostile> {
    let lines = include_str!("../../corpus/hostile.txt").lines();
    lines.filter(|line| !line.is_empty() && !line.starts_with('#')).map(read).collect()
}

fn read(line: &str) -> Hostile {
    let (kind, rest) = line.split_once(" | ").unwrap_or_else(|| panic!("no kind: {line}"));
    let (value, what) =
        rest.rsplit_once(" | ").unwrap_or_else(|| panic!("it does not say what it is: {line}"));
    let kind = match kind {
        "redirect" => Kind::Redirect,
        "email" => Kind::Email,
        "header" => Kind::Header,
        "token" => Kind::Token,
        other => panic!("{other} is no kind"),
    };
    assert!(!value.contains('|') && what.len() > 2, "{line}");
    Hostile { kind, text: unescaped(value), what: what.to_owned() }
}

fn unescaped(value: &str) -> String {
    let mut text = String::new();
    let mut rest = value.chars();
    while let Some(c) = rest.next() {
        if c != '\\' {
            text.push(c);
            continue;
        }
        let until_bracket =
            |rest: &mut std::str::Chars<'_>| rest.by_ref().take_while(|c| *c != '}').collect::<String>();
        match rest.next() {
            Some('r') => text.push('\r'),
            Some('n') => text.push('\n'),
            Some('t') => text.push('\t'),
            Some('0') => text.push('\0'),
            Some('\\') => text.push('\\'),
            Some('p') => text.push('|'),
            Some('x') => text.push(code_point(&rest.by_ref().take(2).collect::<String>())),
            Some('u') => text.push(code_point(until_bracket(&mut rest).trim_start_matches('{'))),
            Some('{') => {
                let inner = until_bracket(&mut rest);
                let (times, what) = inner.split_once('*').unwrap_or_else(|| panic!("{value}"));
                text.push_str(&what.repeat(times.parse().unwrap()));
            }
            other => panic!("{value}: no escape {other:?}"),
        }
    }
    text
}

fn code_point(hexadecimal: &str) -> char {
    char::from_u32(u32::from_str_radix(hexadecimal, 16).unwrap()).unwrap()
}
