//! The document that the pages are made from, itself made when the first page is asked for: it is the biggest thing of a
//! start, and most servers are never asked.

use crate::openapi::openapi_document;
use crate::options::HttpOptions;
use serde_json::Value;
use std::sync::OnceLock;

/// The options and the document that comes of them.
pub(super) struct Reference {
    options: HttpOptions,
    document: OnceLock<Value>,
}

impl Reference {
    pub(super) const fn new(options: HttpOptions) -> Self {
        Self { options, document: OnceLock::new() }
    }

    pub(super) const fn options(&self) -> &HttpOptions {
        &self.options
    }

    pub(super) fn document(&self) -> &Value {
        self.document.get_or_init(|| openapi_document(&self.options))
    }

    #[cfg(test)]
    pub(super) fn is_made(&self) -> bool {
        self.document.get().is_some()
    }
}
