//! Reads a message the way a mail client does, with nothing of the library that wrote it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// A message, taken apart.
pub(crate) struct Decoded {
    headers: Vec<(String, String)>,
    pub(crate) text: String,
    pub(crate) html: String,
}

impl Decoded {
    pub(crate) fn of(message: &str) -> Self {
        let (headers, body) = split(message);
        let kind = value_of(&headers, "content-type");
        assert!(kind.starts_with("multipart/alternative;"), "{kind}");
        let boundary = kind.split("boundary=\"").nth(1).unwrap().split('"').next().unwrap();
        let delimiter = format!("--{boundary}");
        let mut parts = body.split(&delimiter).skip(1);
        let text = part(parts.next().unwrap(), "text/plain; charset=utf-8");
        let html = part(parts.next().unwrap(), "text/html; charset=utf-8");
        assert_eq!(parts.next().map(str::trim_end), Some("--"));
        Self { headers, text, html }
    }

    /// The one header of this name.
    pub(crate) fn header(&self, name: &str) -> String {
        value_of(&self.headers, name)
    }

    pub(crate) fn header_names(&self) -> Vec<&str> {
        self.headers.iter().map(|(name, _)| name.as_str()).collect()
    }
}

fn split(message: &str) -> (Vec<(String, String)>, &str) {
    let (head, body) = message.split_once("\r\n\r\n").unwrap();
    let unfolded = head.replace("\r\n ", " ").replace("\r\n\t", " ");
    let headers = unfolded.split("\r\n").map(|line| {
        let (name, value) = line.split_once(':').unwrap();
        (name.to_ascii_lowercase(), value.trim().to_owned())
    });
    (headers.collect(), body)
}

fn value_of(headers: &[(String, String)], name: &str) -> String {
    let values: Vec<_> = headers.iter().filter(|(known, _)| known == name).collect();
    assert_eq!(values.len(), 1, "{name}: {values:?}");
    values[0].1.clone()
}

fn part(part: &str, content_type: &str) -> String {
    let (headers, body) = split(part.trim_start_matches("\r\n"));
    assert_eq!(value_of(&headers, "content-type"), content_type);
    assert_eq!(value_of(&headers, "content-transfer-encoding"), "quoted-printable");
    quoted_printable(body)
}

/// RFC 2045 section 6.7.
fn quoted_printable(text: &str) -> String {
    let joined = text.replace("=\r\n", "");
    let mut bytes = Vec::new();
    let mut rest = joined.as_bytes();
    while let [first, after @ ..] = rest {
        if *first == b'=' {
            let digits = std::str::from_utf8(&after[..2]).unwrap();
            bytes.push(u8::from_str_radix(digits, 16).unwrap());
            rest = &after[2..];
        } else {
            bytes.push(*first);
            rest = after;
        }
    }
    String::from_utf8(bytes).unwrap().replace("\r\n", "\n")
}

/// The encoded words of a header (RFC 2047), base64 only.
pub(crate) fn words(value: &str) -> String {
    // White space between two encoded words is not part of the text.
    let joined = value.replace("?= =?", "?==?");
    let mut shown = String::new();
    let mut rest = joined.as_str();
    while let Some((before, word)) = rest.split_once("=?utf-8?b?") {
        let (encoded, after) = word.split_once("?=").unwrap();
        shown.push_str(before);
        shown.push_str(std::str::from_utf8(&STANDARD.decode(encoded).unwrap()).unwrap());
        rest = after;
    }
    shown + rest
}
