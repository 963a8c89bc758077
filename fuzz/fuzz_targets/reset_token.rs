//! A reset token has one spelling, and its MAC is bound to namespace, user and epoch.

#![no_main]

use app::ports::keys::TokenMac as _;
use domain::account::CredentialEpoch;
use domain::ids::UserId;
use domain::refresh_token::RefreshToken;
use domain::reset_token::{RESET_TOKEN_LEN, ResetToken};
use libfuzzer_sys::fuzz_target;
use minbil_auth_fuzz::{macs, namespace};
use std::sync::LazyLock;
use uuid::Uuid;

static MACS: LazyLock<crypto::TokenMacs> = LazyLock::new(macs);

fuzz_target!(|text: &str| {
    let Some((token, tag)) = ResetToken::decode(text) else { return };
    assert_eq!(token.encode(&tag), text, "a second spelling");
    assert_eq!(text.len(), RESET_TOKEN_LEN);
    // No token is of two kinds.
    assert!(RefreshToken::decode(text).is_none());
    let user = |id| UserId::new(Uuid::from_u128(id));
    let signed = |name, id, epoch| token.signed_bytes(&namespace(name), user(id), CredentialEpoch(epoch));
    let bytes = signed("co", 1, 0);
    let Some(genuine) = MACS.tag(token.key, &bytes) else { return };
    assert!(MACS.is_genuine(token.key, &bytes, &genuine));
    assert_eq!(ResetToken::decode(&token.encode(&genuine)), Some((token.clone(), genuine)));
    for other in [signed("ws", 1, 0), signed("co", 2, 0), signed("co", 1, 1)] {
        assert!(!MACS.is_genuine(token.key, &other, &genuine));
    }
});
