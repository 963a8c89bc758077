//! A refresh token has one spelling, and only a tag that we made is genuine, in its own namespace.

#![no_main]

use app::ports::keys::TokenMac as _;
use domain::namespace::NamespaceName;
use domain::refresh_token::{REFRESH_TOKEN_LEN, RefreshToken};
use domain::session::Presented;
use libfuzzer_sys::fuzz_target;
use minbil_auth_fuzz::{macs, namespace};
use std::sync::LazyLock;

static MACS: LazyLock<crypto::TokenMacs> = LazyLock::new(macs);
static CO: LazyLock<NamespaceName> = LazyLock::new(|| namespace("co"));
static WS: LazyLock<NamespaceName> = LazyLock::new(|| namespace("ws"));

fuzz_target!(|text: &str| {
    let Some((token, tag)) = RefreshToken::decode(text) else { return };
    assert_eq!(token.encode(&tag), text, "a second spelling");
    assert_eq!(text.len(), REFRESH_TOKEN_LEN);
    assert_eq!(Presented::refresh_token(&token).slot(), token.slot);
    for other in [format!("{text}="), format!("{text} "), format!(" {text}"), text.to_uppercase()] {
        assert!(other == text || RefreshToken::decode(&other).is_none(), "{other:?}");
    }
    let signed = token.signed_bytes(&CO);
    assert_ne!(signed, token.signed_bytes(&WS));
    // The tag is genuine if and only if it is the one we would make, and then in no other namespace.
    let genuine = MACS.tag(token.key, &signed);
    assert_eq!(MACS.is_genuine(token.key, &signed, &tag), genuine == Some(tag));
    if let Some(genuine) = genuine {
        let minted = token.encode(&genuine);
        assert_eq!(RefreshToken::decode(&minted), Some((token.clone(), genuine)));
        assert!(!MACS.is_genuine(token.key, &token.signed_bytes(&WS), &genuine));
    }
});
