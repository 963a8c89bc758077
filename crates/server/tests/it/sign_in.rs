//! `POST sign-in`

use crate::harness::{OWNER, TestServer};

#[tokio::test]
async fn a_user_signs_in() {
    let server = TestServer::start().await;
    let signed = server.owner().await;
    assert_eq!(server.me(&signed.access).await.ok()["user"]["email"], OWNER);
}
