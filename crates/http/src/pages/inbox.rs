//! `/dev/inbox`: mail that was caught instead of sent. Development mode alone has it.

use super::mail_text::pieces;
use crate::document::Policy;
use crate::moment::rfc3339;
use crate::problem::{Problem, ProblemCode};
use crate::state::{InboxMessage, InboxView};
use crate::templates::render;
use axum::extract::Path;
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY};
use axum::http::{HeaderMap, HeaderValue};
use axum::response::{Html, IntoResponse as _, Response};
use axum::routing::get;
use axum::{Extension, Json, Router};
use minijinja::context;
use minijinja::value::Serde;
use serde::Serialize;
use std::sync::Arc;

type Inbox = Extension<Arc<dyn InboxView>>;

/// The routes over an inbox.
pub(super) fn routes<S: Clone + Send + Sync + 'static>(inbox: Arc<dyn InboxView>) -> Router<S> {
    Router::new()
        .route("/dev/inbox", get(list))
        .route("/dev/inbox.json", get(list_json))
        .route("/dev/inbox/{id}", get(one))
        .route("/dev/inbox/{id}/html", get(html_part))
        .layer(Extension(inbox))
}

/// A mail, as `/dev/inbox.json` has it.
#[derive(Serialize)]
struct MailBody {
    id: String,
    at: String,
    to: String,
    subject: String,
    text: String,
    html: String,
    message_id: String,
}

impl From<InboxMessage> for MailBody {
    fn from(message: InboxMessage) -> Self {
        Self {
            id: message.id,
            at: rfc3339(message.at),
            to: message.to.to_string(),
            subject: message.subject,
            text: message.text.expose().to_owned(),
            html: message.html.expose().to_owned(),
            message_id: message.message_id,
        }
    }
}

/// What the pages say of a mail.
#[derive(Serialize)]
struct Shown {
    id: String,
    at: String,
    shown_at: String,
    to: String,
    subject: String,
    message_id: String,
}

impl From<&InboxMessage> for Shown {
    fn from(message: &InboxMessage) -> Self {
        let at = rfc3339(message.at);
        Self {
            id: message.id.clone(),
            shown_at: at.replace('T', " ").replace('Z', " UTC"),
            at,
            to: message.to.to_string(),
            subject: message.subject.clone(),
            message_id: message.message_id.clone(),
        }
    }
}

async fn list(Extension(inbox): Inbox) -> Result<Response, Problem> {
    let mails: Vec<_> = inbox.list().iter().map(Shown::from).collect();
    let page =
        render("inbox.html", context! { language => "en", title => "Caught mail", mails => Serde(mails) })?;
    Ok((headers(Policy::Page), Html(page)).into_response())
}

async fn list_json(Extension(inbox): Inbox) -> Response {
    let mails: Vec<_> = inbox.list().into_iter().map(MailBody::from).collect();
    (headers(Policy::NotAPage), Json(mails)).into_response()
}

async fn one(Extension(inbox): Inbox, Path(id): Path<String>) -> Result<Response, Problem> {
    let message = inbox.get(&id).ok_or(ProblemCode::NotFound)?;
    let (mail, pieces) = (Shown::from(&message), pieces(message.text.expose()));
    let page = render(
        "mail.html",
        context! { language => "en", title => message.subject, mail => Serde(mail), pieces => Serde(pieces) },
    )?;
    Ok((headers(Policy::PageWithFrame), Html(page)).into_response())
}

/// The HTML part as a document of its own, which its policy keeps from running or loading anything. Its links open
/// outside of the frame.
async fn html_part(Extension(inbox): Inbox, Path(id): Path<String>) -> Result<Response, Problem> {
    let message = inbox.get(&id).ok_or(ProblemCode::NotFound)?;
    let html = message.html.expose().replacen("<head>", "<head><base target=\"_blank\">", 1);
    Ok((headers(Policy::Mail), Html(html)).into_response())
}

/// Mail holds reset links, so nobody keeps it.
fn headers(policy: Policy) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Some(policy) = policy.header() {
        headers.insert(CONTENT_SECURITY_POLICY, policy);
    }
    headers
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::{Body, to_bytes};
    use axum::http::{Request, StatusCode};
    use domain::email_address::EmailAddress;
    use domain::secret::SecretText;
    use domain::time::UnixMillis;
    use serde_json::Value;
    use tower::ServiceExt as _;

    struct OneMail;

    impl InboxView for OneMail {
        fn list(&self) -> Vec<InboxMessage> {
            self.get("m1").into_iter().collect()
        }

        fn get(&self, id: &str) -> Option<InboxMessage> {
            (id == "m1").then(|| InboxMessage {
                id: "m1".to_owned(),
                at: UnixMillis::from_millis(1_770_132_705_000),
                to: EmailAddress::parse("owner@minbil.io").unwrap(),
                subject: "<img src=x onerror=alert(1)>".to_owned(),
                text: SecretText::new("<script>1</script> https://a.example/?a=\"b".to_owned()),
                html: SecretText::new("<html><head></head><body>Hei</body></html>".to_owned()),
                message_id: "m1@localhost".to_owned(),
            })
        }
    }

    async fn ask(path: &str) -> (StatusCode, HeaderMap, String) {
        let router = routes::<()>(Arc::new(OneMail)).with_state(());
        let answer = router.oneshot(Request::get(path).body(Body::empty()).unwrap()).await.unwrap();
        let (parts, body) = answer.into_parts();
        let body = to_bytes(body, 100_000).await.unwrap();
        (parts.status, parts.headers, String::from_utf8(body.to_vec()).unwrap())
    }

    #[tokio::test]
    async fn asvs_1_2_1_what_a_mail_says_is_text_on_the_pages() {
        for path in ["/dev/inbox", "/dev/inbox/m1"] {
            let (status, headers, page) = ask(path).await;
            assert_eq!(status, StatusCode::OK);
            assert_eq!(headers[CACHE_CONTROL], "no-store");
            assert!(!page.contains("<img src=x") && page.contains("&lt;img src=x"), "{page}");
            assert!(!page.contains("<script>1"), "{page}");
        }
        let (_, _, page) = ask("/dev/inbox/m1").await;
        assert!(page.contains("<a class=\"link\" href=\"https:&#x2f;&#x2f;a.example&#x2f;?a=\">"), "{page}");
    }

    #[tokio::test]
    async fn the_html_part_can_do_nothing_and_its_links_open_elsewhere() {
        let (_, headers, page) = ask("/dev/inbox/m1/html").await;
        let policy = headers[CONTENT_SECURITY_POLICY].to_str().unwrap();
        assert!(
            policy.contains("default-src 'none'") && policy.contains("; sandbox allow-popups"),
            "{policy}"
        );
        assert!(!policy.contains("script"), "{policy}");
        assert_eq!(page, "<html><head><base target=\"_blank\"></head><body>Hei</body></html>");
    }

    #[tokio::test]
    async fn the_json_has_every_field_of_a_mail() {
        let (_, headers, body) = ask("/dev/inbox.json").await;
        assert_eq!(headers[CACHE_CONTROL], "no-store");
        let mails: Value = serde_json::from_str(&body).unwrap();
        let mut fields: Vec<_> = mails[0].as_object().unwrap().keys().map(String::as_str).collect();
        fields.sort_unstable();
        assert_eq!(fields, ["at", "html", "id", "message_id", "subject", "text", "to"]);
        assert_eq!(mails[0]["at"], "2026-02-03T15:31:45Z");
        assert_eq!(mails[0]["message_id"], "m1@localhost");
    }

    #[tokio::test]
    async fn a_mail_that_is_not_there_is_not_found() {
        for path in ["/dev/inbox/m2", "/dev/inbox/m2/html", "/dev/inbox/%00"] {
            assert_eq!(ask(path).await.0, StatusCode::NOT_FOUND, "{path}");
        }
    }
}
