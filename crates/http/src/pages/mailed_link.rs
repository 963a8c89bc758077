//! What the pages that mailed links lead to share. One of them is the same for everybody, whatever its link holds, and in the
//! reader's language.

use crate::document::{Document, Freshness, Policy};
use axum::http::header::VARY;
use axum::http::{HeaderMap, HeaderValue};
use axum::response::Response;

/// Answers with the page.
pub(super) fn answer(html: String, headers: &HeaderMap) -> Response {
    let mut response = Document::page(html, Policy::Page).answer(headers, Freshness::Revalidated);
    response.headers_mut().insert(VARY, HeaderValue::from_static("Accept-Encoding, Accept-Language"));
    response
}

#[cfg(test)]
pub(super) mod tests {
    use serde::Serialize;
    use std::collections::BTreeMap;

    fn by_name(texts: impl Serialize) -> BTreeMap<String, String> {
        serde_json::from_value(serde_json::to_value(texts).unwrap()).unwrap()
    }

    /// Every text is there in both languages, and not the same.
    pub(in super::super) fn check_translation(english: impl Serialize, norwegian: impl Serialize) {
        let (english, norwegian) = (by_name(english), by_name(norwegian));
        for (name, text) in &english {
            assert!(!text.is_empty());
            assert_ne!(Some(text), norwegian.get(name), "{name}");
        }
    }

    /// The page's own script and template, and those that all such pages share, ask for texts that exist and for no others.
    pub(in super::super) fn check_use(texts: impl Serialize, script: &str, template: &str) {
        let texts = by_name(texts);
        let script = [script, include_str!("../../static/mailed-link.js")].concat();
        let template = [template, include_str!("../../templates/mailed_link.html")].concat();
        for name in texts.keys() {
            let asked = [format!("texts.{name}"), format!("'{name}'")];
            let is_used = asked.iter().any(|text| script.contains(text) || template.contains(text));
            assert!(is_used || name == "title", "{name} is never shown");
        }
        for (at, _) in script.match_indices("texts.") {
            let name: String =
                script[at + 6..].chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            assert!(texts.contains_key(&name), "{name} does not exist");
        }
    }
}
