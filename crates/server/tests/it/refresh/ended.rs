//! Refresh with genuine credentials of a session that does not live: each says precisely why.

use crate::harness::Credential::{self, Bearer, Body, Cookie};
use crate::harness::{OWNER, PASSWORD, SetCookie, TestServer};
use app::audit::AuditContext;
use app::ports::store::{EndSession, EndSessionOutcome};
use domain::account::AccountStatus;
use domain::ids::SessionId;
use domain::session::RevokeReason;
use std::time::Duration;

/// Every kind of credential of one session, all of the current generation.
struct Everything {
    access: String,
    body: String,
    cookie: String,
    bearer: String,
}

impl Everything {
    async fn of(server: &TestServer) -> Self {
        let page = server.sign_in_on_page(OWNER).await;
        let bearer = server.refresh(Bearer(&page.access)).await.signed().refresh;
        Self { access: page.access, body: page.refresh, cookie: page.cookie, bearer }
    }

    fn credentials(&self) -> [Credential<'_>; 6] {
        let (body, bearer) = (&self.body, &self.bearer);
        [Body(body), Bearer(body), Cookie(&self.cookie), Bearer(&self.access), Body(bearer), Bearer(bearer)]
    }

    async fn all_get(&self, server: &TestServer, code: &str) {
        for credential in self.credentials() {
            let answer = server.refresh(credential).await;
            assert_eq!(answer.status, 401);
            answer.problem(code);
            let takes_cookie_away = matches!(credential, Cookie(_));
            assert_eq!(
                answer.cookies().iter().any(SetCookie::is_cleared),
                takes_cookie_away,
                "{credential:?}"
            );
        }
        server.me(&self.access).await.problem(code);
    }
}

async fn server() -> TestServer {
    let server = TestServer::start().await;
    server.sign_up(OWNER).await;
    server
}

#[tokio::test]
async fn asvs_7_4_1_after_sign_out() {
    let server = server().await;
    let all = Everything::of(&server).await;
    server.sign_out(Body(&all.body)).await.ok();
    all.all_get(&server, "session_revoked").await;
}

#[tokio::test]
async fn asvs_7_4_3_after_a_password_change() {
    let server = server().await;
    let (mine, other) = (Everything::of(&server).await, Everything::of(&server).await);
    let changed = server.change(&mine.access, PASSWORD, "quite another password").await.signed();
    mine.all_get(&server, "password_changed").await;
    other.all_get(&server, "password_changed").await;
    server.me(&changed.access).await.ok();
    server.one_letter().await;
}

#[tokio::test]
async fn ghsa_x4vh_j75g_268g_after_a_reset() {
    let server = server().await;
    let all = Everything::of(&server).await;
    let token = server.reset_token(OWNER).await;
    server.reset(&token, "quite another password").await.ok();
    all.all_get(&server, "password_changed").await;
    server.one_letter().await;
}

#[tokio::test]
async fn ghsa_6rrr_78xp_5jp8_after_the_account_was_disabled_and_also_when_it_is_back() {
    let server = server().await;
    let all = Everything::of(&server).await;
    server.set_status(OWNER, AccountStatus::Disabled).await;
    all.all_get(&server, "session_revoked").await;
    server.set_status(OWNER, AccountStatus::Active).await;
    all.all_get(&server, "session_revoked").await;
    server.sign_in(OWNER).await;
}

#[tokio::test]
async fn cve_2025_53942_after_the_account_was_deleted_and_made_anew() {
    let server = server().await;
    let all = Everything::of(&server).await;
    server.delete_account(OWNER).await;
    all.all_get(&server, "session_revoked").await;
    server.sign_up(OWNER).await;
    all.all_get(&server, "session_revoked").await;
}

#[tokio::test]
async fn after_the_idle_deadline() {
    let server = server().await;
    let all = Everything::of(&server).await;
    server.advance(Duration::from_hours(30 * 24));
    for credential in [Body(&all.body), Bearer(&all.body), Cookie(&all.cookie), Body(&all.bearer)] {
        server.refresh(credential).await.problem("session_expired");
    }
    server.refresh(Bearer(&all.access)).await.problem("token_expired");
}

#[tokio::test]
async fn after_a_newer_session_took_its_place() {
    let server = server().await;
    let all = Everything::of(&server).await;
    for _ in 0..20 {
        server.advance(Duration::from_secs(1));
        server.sign_in(OWNER).await;
    }
    all.all_get(&server, "session_revoked").await;
    let names = server.event_names().await;
    assert_eq!(names.iter().filter(|name| **name == "session_evicted").count(), 1);
}

#[tokio::test]
async fn after_a_reuse() {
    let server = server().await;
    let all = Everything::of(&server).await;
    server.refresh(Body(&all.body)).await.ok();
    server.advance(Duration::from_secs(61));
    server.refresh(Body(&all.body)).await.problem("refresh_reused");
    all.all_get(&server, "refresh_reused").await;
    assert_eq!(server.deliver_mail().await.len(), 1, "told once, however often the thief tries");
}

#[tokio::test]
async fn after_it_was_purged() {
    let server = server().await;
    let all = Everything::of(&server).await;
    server.sign_out(Body(&all.body)).await.ok();
    server.advance(Duration::from_hours(31 * 24));
    let purged = server.service.store.purge(server.settings.retention, 500).await.unwrap();
    assert_eq!(purged.sessions, 1);
    for credential in [Body(&all.body), Bearer(&all.body), Cookie(&all.cookie), Body(&all.bearer)] {
        server.refresh(credential).await.problem("session_expired");
    }
}

#[tokio::test]
async fn after_an_operator_ended_it() {
    let server = server().await;
    let (mine, other) = (Everything::of(&server).await, Everything::of(&server).await);
    let (user, session) = (server.user(OWNER).await, crate::harness::claims_of(&mine.access)["sid"].clone());
    let end = EndSession {
        namespace: user.namespace,
        session: SessionId::new(session.as_str().unwrap().parse().unwrap()),
        user: None,
        salt: None,
        reason: RevokeReason::Operator,
        audit: AuditContext::operator(),
    };
    assert_eq!(server.service.store.end_session(end).await.unwrap(), EndSessionOutcome::Ended);
    mine.all_get(&server, "session_revoked").await;
    server.me(&other.access).await.ok();
}

#[tokio::test]
async fn after_a_backup_was_put_back() {
    let server = server().await;
    let all = Everything::of(&server).await;
    let token = server.reset_token(OWNER).await;
    server.service.store.void_after_restore(AuditContext::operator()).await.unwrap();
    all.all_get(&server, "session_revoked").await;
    server.reset(&token, "quite another password").await.problem("reset_token_invalid");
    server.sign_in(OWNER).await;
}
