//! The edges of the refresh rules, one by one. Every interleaving is in `refresh_model`.

use minbil_auth_domain::access_token::{ACCESS_TOKEN_LEEWAY, AccessClaims, EXPIRED_SIGN_OUT_WINDOW};
use minbil_auth_domain::account::CredentialEpoch;
use minbil_auth_domain::ids::{SessionId, UserId};
use minbil_auth_domain::namespace::NamespaceName;
use minbil_auth_domain::refresh_token::{MacKeyId, RefreshToken, TokenClass};
use minbil_auth_domain::session::{
    Chain, ClientInfo, Ended, Presented, RevokeReason, Salt, Session, SessionPolicy, Slot, Verdict, classify,
    gives_way,
};
use minbil_auth_domain::time::UnixMillis;
use std::time::Duration;
use uuid::Uuid;

const fn policy(grace_seconds: u64) -> SessionPolicy {
    SessionPolicy {
        idle: Duration::from_secs(30 * 86_400),
        absolute: Duration::from_secs(180 * 86_400),
        grace: Duration::from_secs(grace_seconds),
        bearer_chain: Duration::from_secs(86_400),
        max_live: 20,
    }
}

const fn at(millis: i64) -> UnixMillis {
    UnixMillis::from_millis(1_770_000_000_000 + millis)
}

fn session(policy: &SessionPolicy) -> Session {
    Session {
        id: SessionId::new(Uuid::from_u128(1)),
        namespace: NamespaceName::parse("co").unwrap(),
        user: UserId::new(Uuid::from_u128(2)),
        salt: Salt([3; 16]),
        mac_key: MacKeyId(4),
        credential_epoch: CredentialEpoch(0),
        body: Chain::begin(at(0)),
        cookie: Chain::begin(at(0)),
        created_at: at(0),
        last_proof_at: at(0),
        idle_deadline: at(0).plus(policy.idle),
        absolute_deadline: at(0).plus(policy.absolute),
        revoked: None,
        client: ClientInfo::default(),
    }
}

fn full(generation: u32) -> Presented {
    Presented::Full { slot: Slot::Body, generation }
}

#[test]
fn the_grace_ends_with_its_last_millisecond() {
    let policy = policy(60);
    let session = session(&policy).rotated(Slot::Body, at(1_000), &policy);
    let verdict = |millis| classify(&session, full(0), at(millis), &policy);
    assert_eq!(verdict(1_000), Verdict::Regrant);
    assert_eq!(verdict(61_000), Verdict::Regrant);
    assert_eq!(verdict(61_001), Verdict::Reused);
    // The clock of another node is a little behind: a negative age counts as zero.
    assert_eq!(verdict(0), Verdict::Regrant);
}

#[test]
fn without_a_grace_only_the_same_millisecond_is_a_retry() {
    let policy = policy(0);
    let once = session(&policy).rotated(Slot::Body, at(1_000), &policy);
    assert_eq!(classify(&once, full(0), at(1_000), &policy), Verdict::Regrant);
    assert_eq!(classify(&once, full(0), at(1_001), &policy), Verdict::Reused);
    assert_eq!(classify(&once, full(1), at(1_001), &policy), Verdict::Rotate);
    let twice = once.rotated(Slot::Body, at(1_000), &policy);
    assert_eq!(classify(&twice, full(0), at(1_000), &policy), Verdict::Superseded);
    assert_eq!(classify(&twice, full(0), at(1_001), &policy), Verdict::Reused);
    let later = twice.rotated(Slot::Body, at(1_000), &policy);
    assert_eq!(classify(&later, full(0), at(1_000), &policy), Verdict::Reused);
}

#[test]
fn the_allowance_of_two_counts_from_the_tokens_own_replacement() {
    let policy = policy(60);
    let session =
        session(&policy).rotated(Slot::Body, at(0), &policy).rotated(Slot::Body, at(59_000), &policy);
    assert_eq!(classify(&session, full(0), at(60_000), &policy), Verdict::Superseded);
    assert_eq!(classify(&session, full(0), at(60_001), &policy), Verdict::Reused);
    assert_eq!(classify(&session, full(1), at(60_001), &policy), Verdict::Regrant);
}

#[test]
fn a_thief_who_keeps_rotating_does_not_hide_behind_the_grace() {
    let policy = policy(60);
    let mut session = session(&policy);
    for second in 1..=3 {
        session = session.rotated(Slot::Body, at(second * 1_000), &policy);
    }
    assert_eq!(classify(&session, full(0), at(3_000), &policy), Verdict::Reused);
}

#[test]
fn a_token_of_one_slot_says_nothing_about_the_other() {
    let policy = policy(60);
    let session =
        session(&policy).rotated(Slot::Cookie, at(0), &policy).rotated(Slot::Cookie, at(0), &policy);
    assert_eq!(classify(&session, full(0), at(1), &policy), Verdict::Rotate);
    assert_eq!(classify(&session, full(2), at(1), &policy), Verdict::NeverIssued);
}

#[test]
fn cve_2026_82469_a_bearer_chain_ends_a_day_after_the_last_proof() {
    let policy = policy(60);
    let session = session(&policy).rotated(Slot::Body, at(500), &policy);
    let end = at(500).plus(policy.bearer_chain);
    let access = Presented::Access { slot: Slot::Body, generation: 1 };
    let before = end.minus(Duration::from_millis(1));
    assert_eq!(classify(&session, access, before, &policy), Verdict::Extend { deadline: end });
    assert_eq!(classify(&session, access, end, &policy), Verdict::ReauthenticationRequired);
    // A token of a longer chain, made before the operator shortened it, does not live longer; a shorter one
    // keeps its own end.
    let bearer = |deadline| Presented::Bearer { slot: Slot::Body, generation: 1, deadline };
    let extend = |presented| classify(&session, presented, at(600), &policy);
    assert_eq!(extend(bearer(end.plus(policy.idle))), Verdict::Extend { deadline: end });
    assert_eq!(extend(bearer(at(700))), Verdict::Extend { deadline: at(700) });
    assert_eq!(extend(bearer(at(600))), Verdict::ReauthenticationRequired);
}

#[test]
fn a_stale_bearer_credential_is_superseded_even_past_its_deadline() {
    let policy = policy(60);
    let session = session(&policy).rotated(Slot::Body, at(0), &policy);
    for presented in [
        Presented::Access { slot: Slot::Body, generation: 0 },
        Presented::Bearer { slot: Slot::Body, generation: 0, deadline: at(-1) },
    ] {
        assert_eq!(classify(&session, presented, at(1), &policy), Verdict::Superseded);
    }
}

#[test]
fn why_a_session_ended_comes_before_everything_else() {
    let policy = policy(60);
    let mut session = session(&policy);
    let expired = Verdict::Ended(Ended::Expired);
    assert_eq!(classify(&session, full(0), session.idle_deadline, &policy), expired);
    assert_eq!(classify(&session, full(9), session.idle_deadline, &policy), expired);
    session.revoked = Some((at(0), RevokeReason::PasswordChanged));
    let changed = Verdict::Ended(Ended::Revoked(RevokeReason::PasswordChanged));
    assert_eq!(classify(&session, full(9), session.idle_deadline, &policy), changed);
}

#[test]
fn a_rotation_moves_the_idle_deadline_up_to_the_absolute_one() {
    let policy = policy(60);
    let mut session = session(&policy);
    let day = 86_400_000;
    for days in [29, 58, 87, 116, 145, 174] {
        session = session.rotated(Slot::Body, at(days * day), &policy);
    }
    assert_eq!(session.idle_deadline, at(180 * day));
    assert_eq!(session.absolute_deadline, at(180 * day));
    let last = at(180 * day - 1);
    assert_eq!(classify(&session, full(6), last, &policy), Verdict::Rotate);
    assert_eq!(classify(&session, full(6), at(180 * day), &policy), Verdict::Ended(Ended::Expired));
}

#[test]
fn a_token_presents_what_it_is() {
    let token = |class| RefreshToken {
        key: MacKeyId(1),
        salt: Salt([2; 16]),
        session: SessionId::new(Uuid::from_u128(3)),
        slot: Slot::Cookie,
        generation: 4,
        class,
    };
    let bearer = TokenClass::Bearer { deadline: at(5) };
    let slot = Slot::Cookie;
    assert_eq!(Presented::refresh_token(&token(TokenClass::Full)), Presented::Full { slot, generation: 4 });
    assert_eq!(
        Presented::refresh_token(&token(bearer)),
        Presented::Bearer { slot, generation: 4, deadline: at(5) }
    );
}

#[test]
fn an_access_token_opens_things_for_a_minute_more_and_ends_its_session_for_a_day() {
    let claims = AccessClaims {
        user: UserId::new(Uuid::from_u128(1)),
        session: SessionId::new(Uuid::from_u128(2)),
        slot: Slot::Body,
        generation: 0,
        token_id: Uuid::from_u128(3),
        authenticated_at: at(0),
        issued_at: at(0),
        expires_at: at(3_600_000),
    };
    let moment = Duration::from_millis(1);
    let end = claims.expires_at.plus(ACCESS_TOKEN_LEEWAY);
    assert!(claims.is_unexpired(end.minus(moment)) && !claims.is_unexpired(end));
    let end = claims.expires_at.plus(EXPIRED_SIGN_OUT_WINDOW);
    assert!(claims.may_end_its_session(end.minus(moment)) && !claims.may_end_its_session(end));
}

#[test]
fn every_reason_has_a_name_of_its_own() {
    for reason in RevokeReason::ALL {
        assert_eq!(RevokeReason::from_name(reason.name()), Some(reason));
    }
    for slot in Slot::ALL {
        assert_eq!(Slot::from_name(slot.name()), Some(slot));
    }
    assert_eq!(RevokeReason::from_name("Sign_out"), None);
}

/// One session for each verdict there is.
#[test]
fn asvs_7_2_4_a_session_gives_way_to_whoever_could_have_refreshed_it() {
    let policy = policy(60);
    let fresh = session(&policy);
    let once = fresh.clone().rotated(Slot::Body, at(0), &policy);
    let twice = once.clone().rotated(Slot::Body, at(0), &policy);
    let ended = Session { revoked: Some((at(0), RevokeReason::SignOut)), ..fresh.clone() };
    let access = Presented::Access { slot: Slot::Body, generation: 0 };
    let day = i64::try_from(policy.bearer_chain.as_millis()).unwrap();
    let long = i64::try_from(policy.idle.as_millis()).unwrap();
    for (session, presented, moment, gives) in [
        (&fresh, full(0), 1, true),
        (&fresh, full(0), long - 1, true),
        (&fresh, full(0), long, false),
        (&fresh, full(1), 1, false),
        (&fresh, access, 1, true),
        (&fresh, access, day, false),
        (&once, full(0), 60_000, true),
        (&once, full(0), 60_001, false),
        (&once, access, 1, false),
        (&twice, full(0), 1, false),
        (&twice, full(1), 1, true),
        (&ended, full(0), 1, false),
    ] {
        let is_so = gives_way(session, presented, at(moment), &policy);
        assert_eq!(is_so, gives, "{:?}", classify(session, presented, at(moment), &policy));
    }
}
