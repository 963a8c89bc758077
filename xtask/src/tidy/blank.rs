//! Blanks comments, strings and character literals out of Rust text, keeping every byte offset and line.

/// The text with everything that is not code replaced by spaces. Line breaks stay.
pub(crate) fn blank(raw: &str) -> String {
    let bytes = raw.as_bytes();
    let mut out = bytes.to_vec();
    let mut at = 0;
    while at < bytes.len() {
        match literal_end(bytes, at) {
            Some(end) => {
                let end = end.min(bytes.len());
                out[at..end].iter_mut().filter(|byte| **byte != b'\n').for_each(|byte| *byte = b' ');
                at = end;
            }
            None => at += 1,
        }
    }
    // A literal begins and ends on ASCII bytes, so whole characters are replaced and the text stays UTF-8.
    String::from_utf8_lossy(&out).into_owned()
}

/// The end of the comment, string or character literal that begins at `at`; `None` if none begins there.
fn literal_end(bytes: &[u8], at: usize) -> Option<usize> {
    let next = bytes.get(at + 1).copied();
    match bytes[at] {
        b'/' if next == Some(b'/') => {
            Some(bytes[at..].iter().position(|byte| *byte == b'\n').map_or(bytes.len(), |length| at + length))
        }
        b'/' if next == Some(b'*') => Some(block_comment_end(bytes, at)),
        b'"' => Some(string_end(bytes, at + 1)),
        b'\'' => character_end(bytes, at),
        b'b' | b'c' | b'r' if !follows_a_word(bytes, at) => prefixed_end(bytes, at),
        _ => None,
    }
}

fn follows_a_word(bytes: &[u8], at: usize) -> bool {
    at.checked_sub(1).and_then(|before| bytes.get(before)).is_some_and(|byte| is_word(*byte))
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}

/// Block comments nest in Rust.
fn block_comment_end(bytes: &[u8], at: usize) -> usize {
    let mut depth = 0_usize;
    let mut at = at;
    while at < bytes.len() {
        match (bytes[at], bytes.get(at + 1)) {
            (b'/', Some(b'*')) => {
                depth += 1;
                at += 2;
            }
            (b'*', Some(b'/')) => {
                depth = depth.saturating_sub(1);
                at += 2;
                if depth == 0 {
                    return at;
                }
            }
            _ => at += 1,
        }
    }
    bytes.len()
}

fn string_end(bytes: &[u8], mut at: usize) -> usize {
    while at < bytes.len() {
        match bytes[at] {
            b'\\' => at += 2,
            b'"' => return at + 1,
            _ => at += 1,
        }
    }
    bytes.len()
}

/// A quote opens a character literal if it closes after one (escaped) character; else it is a lifetime.
fn character_end(bytes: &[u8], at: usize) -> Option<usize> {
    let first = *bytes.get(at + 1)?;
    if first == b'\\' {
        let close = bytes.get(at + 3..)?.iter().position(|byte| *byte == b'\'')?;
        return Some(at + 3 + close + 1);
    }
    let width = match first {
        0xF0.. => 4,
        0xE0.. => 3,
        0xC0.. => 2,
        _ => 1,
    };
    (bytes.get(at + 1 + width) == Some(&b'\'')).then_some(at + width + 2)
}

/// `b'…'`, `b"…"`, `c"…"`, `r"…"`, `r#"…"#`, `br#"…"#`, `cr#"…"#`; a raw identifier such as `r#type` is none.
fn prefixed_end(bytes: &[u8], at: usize) -> Option<usize> {
    let mut quote = at + 1;
    if bytes[at] != b'r' {
        match bytes.get(quote)? {
            b'\'' if bytes[at] == b'b' => return character_end(bytes, quote),
            b'"' => return Some(string_end(bytes, quote + 1)),
            b'r' => quote += 1,
            _ => return None,
        }
    }
    let hashes = bytes.get(quote..)?.iter().take_while(|byte| **byte == b'#').count();
    quote += hashes;
    if bytes.get(quote) != Some(&b'"') {
        return None;
    }
    let closes = |from: usize| {
        bytes[from] == b'"'
            && bytes
                .get(from + 1..from + 1 + hashes)
                .is_some_and(|tail| tail.iter().all(|byte| *byte == b'#'))
    };
    Some((quote + 1..bytes.len()).find(|from| closes(*from)).map_or(bytes.len(), |end| end + 1 + hashes))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(raw: &str) -> String {
        let blanked = blank(raw);
        assert_eq!(blanked.len(), raw.len(), "offsets move");
        blanked.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn comments_are_not_code() {
        assert_eq!(code("a // b {\nc /* d /* e */ f */ g"), "a c g");
    }

    #[test]
    fn strings_are_not_code() {
        assert_eq!(code(r##"a("}\"{", b"{", r"\", r#"" { "#, br"{", c"{") }"##), "a( , , , , , ) }");
    }

    #[test]
    fn character_literals_are_not_code_but_lifetimes_are() {
        assert_eq!(
            code(r"f('{', '\'', '\u{7b}', b'{', 'æ', '→') <'a> &'static str"),
            "f( , , , , , ) <'a> &'static str"
        );
    }

    #[test]
    fn a_raw_identifier_is_code() {
        assert_eq!(code("let r#type = bar; crate::x"), "let r#type = bar; crate::x");
    }
}
