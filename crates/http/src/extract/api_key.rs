//! The `x-api-key` header. It names an application, never a user.

use app::api_keys::PresentedApiKey;
use axum::http::HeaderMap;
use domain::secret::SecretText;

/// The header, in lower case as HTTP/2 has it.
pub(crate) const API_KEY: &str = "x-api-key";

/// Reads the header. An empty one is none: the published snippets send one when they are given no key. Two are
/// unreadable.
pub(crate) fn read(headers: &HeaderMap) -> PresentedApiKey {
    let mut values = headers.get_all(API_KEY).iter();
    match (values.next(), values.next()) {
        (None, _) => PresentedApiKey::Absent,
        (Some(value), None) if value.is_empty() => PresentedApiKey::Absent,
        (Some(value), None) => value.to_str().map_or(PresentedApiKey::Unreadable, |text| {
            PresentedApiKey::Text(SecretText::new(text.to_owned()))
        }),
        (Some(_), Some(_)) => PresentedApiKey::Unreadable,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    fn kind(values: &[&[u8]]) -> String {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(API_KEY, HeaderValue::from_bytes(value).unwrap());
        }
        match read(&headers) {
            PresentedApiKey::Absent => "absent".to_owned(),
            PresentedApiKey::Unreadable => "unreadable".to_owned(),
            PresentedApiKey::Text(text) => text.expose().to_owned(),
        }
    }

    #[test]
    fn one_line_of_text_is_a_key_and_an_empty_one_is_none() {
        assert_eq!((kind(&[]), kind(&[b""])), ("absent".to_owned(), "absent".to_owned()));
        assert_eq!(kind(&[b"mbk1_abc"]), "mbk1_abc");
        assert_eq!(kind(&[b"a", b"a"]), "unreadable");
        assert_eq!(kind(&[b"\xff"]), "unreadable");
    }
}
