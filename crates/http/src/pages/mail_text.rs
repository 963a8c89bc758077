//! The text part of a mail, its addresses found, so that a page can make links of them.

use serde::Serialize;

/// A stretch of the text.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct Piece<'a> {
    text: &'a str,
    is_link: bool,
}

/// Cuts a text into addresses and what stands between them. Joined, the pieces are the text again.
pub(super) fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some((before, link, after)) = next_link(rest) {
        pieces.push(Piece { text: before, is_link: false });
        pieces.push(Piece { text: link, is_link: true });
        rest = after;
    }
    pieces.push(Piece { text: rest, is_link: false });
    pieces
}

/// The first address: an http(s) one alone, so that no mail can put a `javascript:` link on the page.
fn next_link(text: &str) -> Option<(&str, &str, &str)> {
    let start = [text.find("https://"), text.find("http://")].into_iter().flatten().min()?;
    let (before, tail) = text.split_at(start);
    let is_end = |c: char| c.is_whitespace() || matches!(c, '<' | '>' | '"');
    let address = tail.split(is_end).next().unwrap_or(tail);
    // A full stop at the end belongs to the sentence.
    let address = address.trim_end_matches(['.', ',', ';', ':', '!', '?', ')']);
    let (link, after) = tail.split_at(address.len());
    Some((before, link, after))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn links(text: &str) -> Vec<&str> {
        let pieces = pieces(text);
        assert_eq!(pieces.iter().map(|piece| piece.text).collect::<String>(), text);
        pieces.into_iter().filter(|piece| piece.is_link).map(|piece| piece.text).collect()
    }

    #[test]
    fn addresses_become_links_and_nothing_is_lost() {
        assert_eq!(
            links("Open http://localhost:5000/reset-password/co#token=abc_-1\nnow"),
            ["http://localhost:5000/reset-password/co#token=abc_-1"]
        );
        assert_eq!(
            links("(see https://a.example/b?c=d). And <https://e.example>, å"),
            ["https://a.example/b?c=d", "https://e.example"]
        );
        assert!(links("no address, mailto:a@b.example, javascript:alert(1)").is_empty());
        assert!(links("").is_empty());
    }
}
