//! Nothing that lets somebody in is in any table on PostgreSQL: a server lives through the whole life of an account, and every column
//! of every table is searched for every secret that was sent, answered or mailed (ASVS 11.4.2, 16.2.5).

use super::post_office::PostOffice;
use super::schema::{ROOT_KEY, Schema, setup};
use crate::harness::{Answer, Signed, Watch};
use crate::process::{ServerProcess, ServerSetup, run_with, until};
use crate::secrets::{EMAIL, PASSWORDS};
use reqwest::Method;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::Path;

/// A page of the server's own, which gets the cookie.
const PAGE: &str = "http://localhost:5000";
/// The tables that such a life leaves something in: a search of empty tables finds nothing for the wrong reason.
const USED: [&str; 14] = [
    "api_keys",
    "audit_marks",
    "decoys",
    "events",
    "idempotency",
    "leases",
    "limits",
    "outbox",
    "pulse",
    "resets",
    "root_keys",
    "sessions",
    "signing_keys",
    "users",
];

/// A server on a schema of its own, whose clients' secrets are noted.
struct Watched {
    server: ServerProcess,
    schema: Schema,
    office: PostOffice,
    watch: Watch,
    http: reqwest::Client,
    setup: ServerSetup,
}

impl Watched {
    async fn start(data: &Path) -> Self {
        let (schema, office) = (Schema::new().await, PostOffice::open().await);
        let setup = setup(&schema.url)
            .with("MINBIL_AUTH_MAIL__SMTP_URL", format!("smtp://127.0.0.1:{}?tls=none", office.port))
            .with("MINBIL_AUTH_LIMITS__ENABLED", true)
            .with("MINBIL_AUTH_SESSIONS__REFRESH_GRACE_SECONDS", 0)
            .with("MINBIL_AUTH_LOG__LEVEL", "info");
        let server = ServerProcess::start(data, &setup).await;
        let watch = Watch::default();
        watch.secret(ROOT_KEY);
        Self { server, schema, office, watch, http: reqwest::Client::new(), setup }
    }

    /// A call from a page, with whatever headers.
    async fn call(&self, path: &str, body: &Value, headers: &[(&str, &str)]) -> Answer {
        self.watch.sent(body);
        self.send(path, body, headers).await
    }

    /// The same, where a secret stands in a field that is none.
    async fn send(&self, path: &str, body: &Value, headers: &[(&str, &str)]) -> Answer {
        let address = format!("{}/api/co/auth/{path}", self.server.base);
        let mut request = self.http.request(Method::POST, address).json(body).header("origin", PAGE);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answer = request.send().await.unwrap();
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        let body = answer.bytes().await.unwrap();
        let answer = Answer { asked: path.to_owned(), status, headers, body };
        self.watch.came(&answer);
        answer
    }

    async fn sign_in(&self, password: &str) -> Answer {
        self.call("sign-in", &json!({ "email": EMAIL, "password": password }), &[]).await
    }

    /// The token of the mail that this call orders.
    async fn mailed(&self, call: &str) -> String {
        let before = self.office.token(EMAIL);
        let answer = self.call(call, &json!({ "email": EMAIL }), &[]).await;
        assert!(answer.status < 300, "{}", answer.text());
        until("the mail comes", async || self.office.token(EMAIL) != before).await;
        let token = self.office.token(EMAIL).unwrap();
        self.watch.secret(&token);
        token
    }

    /// Where a secret stands, and in which form; and the tables that had rows.
    async fn search(&self) -> (Vec<String>, BTreeSet<String>) {
        let client = self.schema.plain().await;
        let columns =
            "SELECT table_name::text, column_name::text, data_type = 'bytea' FROM information_schema.columns
                        WHERE table_schema = current_schema() ORDER BY 1, 2";
        let (mut found, mut used) = (Vec::new(), BTreeSet::new());
        for row in client.query(columns, &[]).await.unwrap() {
            let (table, column, is_binary): (String, String, bool) = (row.get(0), row.get(1), row.get(2));
            // What is binary is searched as it is, and as the digits that a dump writes.
            let binary = if is_binary { format!("\"{column}\"") } else { "NULL::bytea".to_owned() };
            let sql = format!("SELECT \"{column}\"::text, {binary} FROM \"{table}\"");
            for row in client.query(&sql, &[]).await.unwrap() {
                used.insert(table.clone());
                let (text, binary): (Option<String>, Option<Vec<u8>>) = (row.get(0), row.get(1));
                let bytes =
                    [text.unwrap_or_default().as_bytes(), b"\n", &binary.unwrap_or_default()].concat();
                let forms = self.watch.found_in(&bytes).into_iter();
                found.extend(forms.map(|form| format!("{form} in {table}.{column}")));
            }
        }
        (found, used)
    }

    async fn assert_clean(&self, when: &str) {
        let (found, _) = self.search().await;
        assert!(found.is_empty(), "{when}: {found:?}");
        let logged = self.watch.found_in(self.server.log().as_bytes());
        assert!(logged.is_empty(), "{when}, in the log: {logged:?}");
    }

    /// A whole life of an account; everything secret that it brings up.
    async fn live(&self, data: &Path) -> Vec<String> {
        let [first, wrong, reset, third] = PASSWORDS;
        let made = run_with(data, &self.setup, &["api-key", "create", "canary", "--json"], "").json();
        let api_key = made["api_key"].as_str().unwrap();
        let key = "canary-idempotency-key-51c7e0";
        [api_key, key].into_iter().for_each(|secret| self.watch.secret(secret));
        let account = json!({ "email": EMAIL, "password": first });
        for _ in 0..2 {
            let answer =
                self.call("sign-up", &account, &[("idempotency-key", key), ("x-api-key", api_key)]).await;
            assert_eq!(answer.status, 201, "{}", answer.text());
        }
        self.sign_in(wrong).await.problem("invalid_credentials");
        let page = self.sign_in(first).await.signed();
        let proof = self.mailed("resend-verification").await;
        self.assert_clean("with a link on its way").await;
        assert_eq!(self.call("verify-email", &json!({ "token": proof }), &[]).await.status, 200);
        self.refresh_and_reuse(&page).await;
        let link = self.mailed("forgot-password").await;
        self.assert_clean("with a reset under way").await;
        assert_eq!(
            self.call("reset-password", &json!({ "token": link, "password": reset }), &[]).await.status,
            200
        );
        let again = self.sign_in(reset).await.signed();
        let change = json!({ "current_password": reset, "new_password": third });
        let bearer = format!("Bearer {}", again.access);
        let changed = self.call("change-password", &change, &[("authorization", &bearer)]).await.signed();
        // Secrets in places where they do not belong.
        let odd = [("user-agent", changed.refresh.as_str()), ("x-request-id", &changed.refresh)];
        self.send("sign-in", &json!({ "email": third, "password": third }), &odd)
            .await
            .problem("validation_failed");
        self.sign_in(wrong).await.problem("invalid_credentials");
        let out = json!({ "refresh_token": changed.refresh });
        assert_eq!(self.call("sign-out", &out, &[]).await.status, 200);
        let mut secrets = PASSWORDS.map(str::to_owned).to_vec();
        secrets.extend([api_key.to_owned(), key.to_owned(), ROOT_KEY.to_owned(), proof, link]);
        secrets.extend([page, again, changed].into_iter().flat_map(|of| [of.access, of.refresh, of.cookie]));
        secrets
    }

    /// Every kind of refresh token, and a spent one, which is told to the owner.
    async fn refresh_and_reuse(&self, page: &Signed) {
        let refresh = async |token: &str| self.call("refresh", &json!({ "refresh_token": token }), &[]).await;
        let cookie = format!("minbil_rt_co={}", page.cookie);
        let by_cookie = self.call("refresh", &json!({}), &[("cookie", &cookie)]).await.signed();
        refresh(&by_cookie.refresh).await.signed();
        let bearer = format!("Bearer {}", by_cookie.access);
        self.call("refresh", &json!({}), &[("authorization", &bearer)]).await.signed();
        let next = refresh(&page.refresh).await.signed();
        refresh(&next.refresh).await.signed();
        refresh(&page.refresh).await.problem("refresh_reused");
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "several servers on PostgreSQL: cargo xtask test --only postgres"]
async fn asvs_16_2_5_no_secret_is_in_any_table_or_in_the_log() {
    let data = tempfile::tempdir().unwrap();
    let watched = Watched::start(data.path()).await;
    for secret in watched.live(data.path()).await {
        assert!(!watched.watch.found_in(secret.as_bytes()).is_empty(), "{secret} would not be found");
    }
    // The sealer comes after, and so do the notices of what happened.
    until("something is in every table", async || {
        let (_, used) = watched.search().await;
        USED.iter().all(|table| used.contains(*table))
    })
    .await;
    watched.assert_clean("at the end").await;
    assert!(watched.server.log().contains("/api/{ns}/auth/reset-password"), "the log was heard");
    the_search_can_find(&watched).await;
    let Watched { server, schema, .. } = watched;
    drop(server);
    schema.discard().await;
}

/// A secret that is put into a table is found: in a text, among others, as bytes, and as digits.
async fn the_search_can_find(watched: &Watched) {
    let client = watched.schema.plain().await;
    let [.., third] = PASSWORDS;
    let hidden = format!("it is {third}, says he");
    for (put, place) in [
        ("UPDATE events SET detail = $1", "events.detail"),
        ("UPDATE sessions SET salt = convert_to($1, 'UTF8')", "sessions.salt"),
        ("UPDATE users SET password = encode(convert_to($1, 'UTF8'), 'base64')", "users.password"),
        ("UPDATE outbox SET last_error = encode(convert_to($1, 'UTF8'), 'hex')", "outbox.last_error"),
    ] {
        assert!(client.execute(put, &[&hidden]).await.unwrap() > 0, "{place}");
        let (found, _) = watched.search().await;
        assert!(found.iter().any(|found| found.ends_with(place)), "{place}: {found:?}");
    }
}
