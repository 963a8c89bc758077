//! The `Authorization` header (RFC 6750 section 2.1).

use app::credentials::HeaderText;
use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use domain::secret::SecretText;

/// Reads the header. The scheme is case-insensitive, the token one word; two headers count as unreadable.
pub(crate) fn read(headers: &HeaderMap) -> HeaderText {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let (first, second) = (values.next(), values.next());
    let text = match (first, second) {
        (None, _) => return HeaderText::Absent,
        (Some(value), None) => value.to_str().ok(),
        (Some(_), Some(_)) => None,
    };
    text.and_then(bearer).map_or(HeaderText::Other, |token| HeaderText::Bearer(SecretText::new(token)))
}

fn bearer(text: &str) -> Option<String> {
    let (scheme, token) = text.split_once(' ')?;
    // `to_str` lets tabs through.
    let is_one_word = !token.is_empty() && token.bytes().all(|b| b.is_ascii_graphic());
    (scheme.eq_ignore_ascii_case("bearer") && is_one_word).then(|| token.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    fn kind(values: &[&[u8]]) -> String {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(AUTHORIZATION, HeaderValue::from_bytes(value).unwrap());
        }
        match read(&headers) {
            HeaderText::Absent => "absent".to_owned(),
            HeaderText::Other => "other".to_owned(),
            HeaderText::Bearer(token) => format!("bearer {}", token.expose()),
        }
    }

    #[test]
    fn rfc_6750_only_one_bearer_word_is_a_token() {
        assert_eq!(kind(&[]), "absent");
        assert_eq!(kind(&[b"Bearer abc"]), "bearer abc");
        assert_eq!(kind(&[b"bEARER abc"]), "bearer abc");
        assert_eq!(kind(&[b"Bearer undefined"]), "bearer undefined");
        for other in [
            &b"Bearer"[..],
            b"Bearer ",
            b"Bearer a b",
            b"Bearer  a",
            b"Bearer a\tb",
            b"Basic abc",
            b"",
            b"Bearer \xff",
        ] {
            assert_eq!(kind(&[other]), "other", "{other:?}");
        }
        assert_eq!(kind(&[b"Bearer a", b"Bearer a"]), "other");
    }
}
