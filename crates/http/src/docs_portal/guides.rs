//! `/docs/guides/`: short texts for somebody who builds a client. Their code is run by the end-to-end tests.

use super::frame::Frame;
use super::markdown::{self, Guide};
use app::fault::Fault;
use minijinja::value::Serde;
use minijinja::{Value as Html, context};
use serde::Serialize;

/// A guide: its part of the address, what it is about, its text.
pub(super) struct Source {
    pub(super) slug: &'static str,
    about: &'static str,
    text: &'static str,
}

macro_rules! guides {
    ($($slug:literal: $about:literal;)+) => {
        [$(Source { slug: $slug, about: $about, text: include_str!(concat!("../../../../docs/guide/", $slug, ".md")) },)+]
    };
}

/// All of them, in the order in which they are read.
pub(super) static GUIDES: [Source; 6] = guides! {
    "from-zero-to-signed-in": "The four calls, in five minutes, against a server on your machine.";
    "staying-signed-in": "One refresh in flight, when to refresh, what each 401 means, several tabs, rendering on a server.";
    "cookies-or-tokens": "Where a client keeps what proves who it is, and what each choice costs.";
    "resetting-a-password": "Forgot password from your own page: the mail, the link, the new password.";
    "verifying-addresses": "Whose mailbox it is: the mail, the link, and an API that tells nobody who has an account.";
    "verifying-access-tokens": "Another service checks our tokens by itself: Node.js, Python, Rust.";
};

/// What the index says of a guide.
#[derive(Serialize)]
pub(super) struct Entry {
    address: String,
    title: String,
    about: &'static str,
}

/// The entries of the index.
pub(super) fn entries() -> Vec<Entry> {
    let entry = |source: &Source| Entry {
        address: format!("/docs/guides/{}", source.slug),
        title: markdown::guide(source.text).title,
        about: source.about,
    };
    GUIDES.iter().map(entry).collect()
}

/// The page of one.
pub(super) fn render(frame: &Frame, source: &Source) -> Result<String, Fault> {
    let Guide { title, body, sections } = markdown::guide(source.text);
    let page = context! {
        body => Html::from_safe_string(body),
        about => source.about,
        sections => Serde(sections),
    };
    frame.render("docs/guide.html", &title, page)
}
