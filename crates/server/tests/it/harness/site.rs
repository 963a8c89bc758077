//! What a client does in one namespace.

use super::answer::{Answer, claims_of};
use super::call::{Client, Credential, Draft};
use axum::http::Method;
use serde_json::{Value, json};
use std::ops::Deref;

/// The account most tests are about.
pub const OWNER: &str = "owner@example.com";
/// Its password.
pub const PASSWORD: &str = "correct horse battery";
/// The origin whose pages may use `co`.
pub const APP: &str = "https://app.example.com";
/// The origin whose pages may use `ws`.
pub const WS_APP: &str = "https://workshop.example.com";
/// An origin of somebody else.
pub const EVIL: &str = "https://evil.example";

/// What a sign-in or a refresh gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signed {
    pub access: String,
    /// Empty where the body carries none.
    pub refresh: String,
    /// Empty where no cookie was set.
    pub cookie: String,
}

impl Signed {
    /// The session's id.
    pub fn session(&self) -> String {
        self.claim("sid").as_str().unwrap().to_owned()
    }

    /// One claim of the access token.
    pub fn claim(&self, name: &str) -> Value {
        claims_of(&self.access)[name].clone()
    }
}

/// One namespace of a server.
#[derive(Clone)]
pub struct Site {
    pub(super) client: Client,
    pub namespace: &'static str,
}

impl Deref for Site {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.client
    }
}

impl Site {
    /// The path of an auth call.
    pub fn path(&self, call: &str) -> String {
        format!("/api/{}/auth/{call}", self.namespace)
    }

    /// `POST` of an auth call, nothing in it.
    pub fn post(&self, call: &str) -> Draft {
        self.call(Method::POST, &self.path(call))
    }

    /// `GET` of an auth call.
    pub fn get(&self, call: &str) -> Draft {
        self.call(Method::GET, &self.path(call))
    }

    /// `DELETE` of an auth call.
    pub fn delete(&self, call: &str) -> Draft {
        self.call(Method::DELETE, &self.path(call))
    }

    /// Makes an account with [`PASSWORD`]; its id.
    pub async fn sign_up(&self, email: &str) -> String {
        self.sign_up_with(email, PASSWORD).await
    }

    /// Makes an account; its id.
    pub async fn sign_up_with(&self, email: &str, password: &str) -> String {
        let answer = self.post("sign-up").json(&json!({ "email": email, "password": password })).await;
        assert_eq!(answer.status, 201, "{}", answer.text());
        answer.json()["uid"].as_str().unwrap().to_owned()
    }

    /// Tries to sign in.
    pub async fn try_sign_in(&self, email: &str, password: &str) -> Answer {
        self.post("sign-in").json(&json!({ "email": email, "password": password })).await
    }

    /// Signs in with [`PASSWORD`], not as a browser.
    pub async fn sign_in(&self, email: &str) -> Signed {
        self.try_sign_in(email, PASSWORD).await.signed()
    }

    /// Signs in with [`PASSWORD`] from the namespace's own page, which gets the cookie.
    pub async fn sign_in_on_page(&self, email: &str) -> Signed {
        let body = json!({ "email": email, "password": PASSWORD });
        let origin = if self.namespace == "ws" { WS_APP } else { APP };
        let signed = self.post("sign-in").json(&body).header("origin", origin).await.signed();
        assert!(!signed.cookie.is_empty());
        signed
    }

    /// Makes [`OWNER`]'s account and signs in, not as a browser.
    pub async fn owner(&self) -> Signed {
        self.sign_up(OWNER).await;
        self.sign_in(OWNER).await
    }

    /// Makes [`OWNER`]'s account and signs in from a page.
    pub async fn owner_on_page(&self) -> Signed {
        self.sign_up(OWNER).await;
        self.sign_in_on_page(OWNER).await
    }

    /// Refreshes with one credential.
    pub async fn refresh(&self, credential: Credential<'_>) -> Answer {
        self.post("refresh").presenting(credential).await
    }

    /// Signs out with one credential.
    pub async fn sign_out(&self, credential: Credential<'_>) -> Answer {
        self.post("sign-out").presenting(credential).await
    }

    /// Who an access token says one is.
    pub async fn me(&self, access: &str) -> Answer {
        self.get("me").bearer(access).await
    }

    /// Asks for a reset mail.
    pub async fn forgot(&self, email: &str) -> Answer {
        self.post("forgot-password").json(&json!({ "email": email })).await
    }

    /// Asks for a verification mail.
    pub async fn resend(&self, email: &str) -> Answer {
        self.post("resend-verification").json(&json!({ "email": email })).await
    }

    /// Uses a token that proves a mailbox.
    pub async fn verify(&self, token: &str) -> Answer {
        self.post("verify-email").json(&json!({ "token": token })).await
    }

    /// Uses a mailed token.
    pub async fn reset(&self, token: &str, password: &str) -> Answer {
        self.post("reset-password").json(&json!({ "token": token, "password": password })).await
    }

    /// Changes the password.
    pub async fn change(&self, access: &str, current: &str, new: &str) -> Answer {
        let body = json!({ "current_password": current, "new_password": new });
        self.post("change-password").bearer(access).json(&body).await
    }
}
