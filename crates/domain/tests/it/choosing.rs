//! Which credential counts: every combination of what a call can carry, against the contract's sentences.

use minbil_auth_domain::access_token::AccessClaims;
use minbil_auth_domain::credential::{
    Carried, Choice, CookieGate, Credentials, HeaderCredential, NoChoice, Place, choose, held,
};
use minbil_auth_domain::ids::{SessionId, UserId};
use minbil_auth_domain::refresh_token::{MacKeyId, RefreshToken, TokenClass};
use minbil_auth_domain::session::{Salt, Slot};
use minbil_auth_domain::time::UnixMillis;
use uuid::Uuid;

const SESSIONS: [u128; 2] = [1, 2];
const GATES: [CookieGate; 2] = [CookieGate::Open, CookieGate::Shut];

fn session(id: u128) -> SessionId {
    SessionId::new(Uuid::from_u128(id))
}

fn token(id: u128, slot: Slot, class: TokenClass, generation: u32) -> Carried {
    let key = MacKeyId(1);
    Carried::Genuine(RefreshToken { key, salt: Salt([9; 16]), session: session(id), slot, generation, class })
}

/// Everything that one place can carry. The generation tells the places apart.
fn carried(generation: u32) -> Vec<Carried> {
    let bearer = TokenClass::Bearer { deadline: UnixMillis::from_secs(1) };
    let mut all = vec![Carried::Absent, Carried::NotGenuine];
    for id in SESSIONS {
        for slot in Slot::ALL {
            all.extend([TokenClass::Full, bearer].map(|class| token(id, slot, class, generation)));
        }
    }
    all
}

fn claims(id: u128) -> AccessClaims {
    AccessClaims {
        user: UserId::new(Uuid::from_u128(7)),
        session: session(id),
        slot: Slot::Body,
        generation: 0,
        token_id: Uuid::from_u128(8),
        authenticated_at: UnixMillis::from_secs(0),
        issued_at: UnixMillis::from_secs(0),
        expires_at: UnixMillis::from_secs(1),
    }
}

fn headers() -> Vec<HeaderCredential> {
    let mut all = vec![HeaderCredential::Absent, HeaderCredential::Unreadable];
    all.extend(carried(20).into_iter().map(HeaderCredential::Refresh));
    all.extend(SESSIONS.map(|id| HeaderCredential::Access(claims(id))));
    all
}

/// All 2,800 calls.
fn calls() -> Vec<Credentials> {
    let mut all = Vec::new();
    for body in carried(10) {
        for header in headers() {
            for cookie in carried(30) {
                for gate in GATES {
                    let (body, header, cookie) = (body.clone(), header.clone(), cookie.clone());
                    all.push(Credentials { body, header, cookie, gate });
                }
            }
        }
    }
    all
}

fn is_explicit(call: &Credentials) -> bool {
    call.body != Carried::Absent
        || matches!(&call.header, HeaderCredential::Refresh(token) if *token != Carried::Absent)
}

fn genuine(carried: &Carried) -> Option<&RefreshToken> {
    match carried {
        Carried::Genuine(token) => Some(token),
        Carried::Absent | Carried::NotGenuine => None,
    }
}

fn signed_session(call: &Credentials) -> Option<SessionId> {
    match &call.header {
        HeaderCredential::Access(claims) => Some(claims.session),
        _ => None,
    }
}

#[test]
fn there_is_no_call_that_was_not_looked_at() {
    assert_eq!(calls().len(), 10 * 14 * 10 * 2);
}

#[test]
fn what_is_chosen_stood_where_it_is_said_to_have_stood() {
    for call in calls() {
        match choose(call.clone()) {
            Ok(Choice::Refresh { token, place }) => {
                let at_place = match (place, &call.header) {
                    (Place::Body, _) => genuine(&call.body),
                    (Place::Cookie, _) => genuine(&call.cookie),
                    (Place::Header, HeaderCredential::Refresh(carried)) => genuine(carried),
                    (Place::Header, _) => None,
                };
                assert_eq!(at_place, Some(&token), "{call:?}");
                let is_full = token.class == TokenClass::Full;
                let slot = if place == Place::Cookie { Slot::Cookie } else { Slot::Body };
                // A full token counts only where its slot travels, and a cookie is never of bearer class.
                assert!(if is_full { token.slot == slot } else { place != Place::Cookie }, "{call:?}");
            }
            Ok(Choice::Access(claims)) => assert_eq!(Some(claims.session), signed_session(&call), "{call:?}"),
            Err(_) => {}
        }
    }
}

#[test]
fn explicit_beats_ambient() {
    for call in calls().into_iter().filter(is_explicit) {
        let without = Credentials { cookie: Carried::Absent, gate: CookieGate::Open, ..call.clone() };
        assert_eq!(choose(call.clone()), choose(without), "{call:?}");
    }
}

#[test]
fn an_explicit_token_counts_or_nothing_does() {
    for call in calls().into_iter().filter(is_explicit) {
        let chosen = choose(call.clone());
        let explicit = match (&call.body, &call.header) {
            (Carried::Absent, HeaderCredential::Refresh(carried)) => carried,
            (body, _) => body,
        };
        let counts =
            genuine(explicit).filter(|token| token.class != TokenClass::Full || token.slot == Slot::Body);
        let expected = match (counts, signed_session(&call)) {
            (None, _) => Err(NoChoice::NotGenuine),
            (Some(token), Some(signed)) if signed != token.session => Err(NoChoice::SessionMismatch),
            (Some(token), _) => Ok(token.clone()),
        };
        let chosen = chosen.map(|choice| match choice {
            Choice::Refresh { token, .. } => token,
            Choice::Access(claims) => panic!("{claims:?} for {call:?}"),
        });
        assert_eq!(chosen, expected, "{call:?}");
    }
}

#[test]
fn a_body_beats_a_refresh_token_in_the_header() {
    for call in calls().into_iter().filter(|call| call.body != Carried::Absent) {
        if let HeaderCredential::Refresh(_) = call.header {
            let without = Credentials { header: HeaderCredential::Absent, ..call.clone() };
            assert_eq!(choose(call.clone()), choose(without), "{call:?}");
        }
    }
}

#[test]
fn a_cookie_of_another_session_than_a_signed_access_token_is_ignored() {
    for call in calls().into_iter().filter(|call| !is_explicit(call)) {
        let (Some(signed), Some(cookie)) = (signed_session(&call), genuine(&call.cookie)) else { continue };
        if cookie.session != signed {
            let without = Credentials { cookie: Carried::Absent, ..call.clone() };
            assert_eq!(choose(call.clone()), choose(without), "{call:?}");
            assert_eq!(choose(call.clone()), Ok(Choice::Access(claims(signed.uuid().as_u128()))), "{call:?}");
        }
    }
}

#[test]
fn a_cookie_that_is_not_ours_is_as_good_as_none() {
    for call in calls().into_iter().filter(|call| signed_session(call).is_some()) {
        let is_ours = genuine(&call.cookie)
            .is_some_and(|token| token.class == TokenClass::Full && token.slot == Slot::Cookie);
        if !is_ours {
            let without = Credentials { cookie: Carried::Absent, ..call.clone() };
            assert_eq!(choose(call.clone()), choose(without), "{call:?}");
        }
    }
}

#[test]
fn the_gate_matters_only_where_the_cookie_would_count() {
    for call in calls().into_iter().filter(|call| call.gate == CookieGate::Open) {
        let shut = choose(Credentials { gate: CookieGate::Shut, ..call.clone() });
        let open = choose(call.clone());
        if matches!(open, Ok(Choice::Refresh { place: Place::Cookie, .. })) {
            assert_eq!(shut, Err(NoChoice::CsrfRejected), "{call:?}");
        } else {
            assert_eq!(shut, open, "{call:?}");
        }
    }
}

#[test]
fn an_unreadable_header_never_stands_in_the_way() {
    for call in calls().into_iter().filter(|call| call.header == HeaderCredential::Unreadable) {
        let without = choose(Credentials { header: HeaderCredential::Absent, ..call.clone() });
        let expected = if without == Err(NoChoice::Missing) { Err(NoChoice::NotGenuine) } else { without };
        assert_eq!(choose(call.clone()), expected, "{call:?}");
    }
}

#[test]
fn only_a_call_that_carries_nothing_is_told_so() {
    for call in calls() {
        let is_empty = call.body == Carried::Absent
            && call.cookie == Carried::Absent
            && matches!(call.header, HeaderCredential::Absent | HeaderCredential::Refresh(Carried::Absent));
        assert_eq!(choose(call.clone()) == Err(NoChoice::Missing), is_empty, "{call:?}");
    }
}

#[test]
fn an_access_token_counts_if_it_stands_alone() {
    for id in SESSIONS {
        let header = HeaderCredential::Access(claims(id));
        for gate in GATES {
            let alone =
                Credentials { body: Carried::Absent, header: header.clone(), cookie: Carried::Absent, gate };
            assert_eq!(choose(alone), Ok(Choice::Access(claims(id))));
        }
    }
}

#[test]
fn a_browser_that_signs_in_holds_what_it_could_refresh_with() {
    let mut count = 0;
    for cookie in carried(30) {
        for gate in GATES {
            let (body, header) = (Carried::Absent, HeaderCredential::Absent);
            let chosen = choose(Credentials { body, header, cookie: cookie.clone(), gate });
            let could = match chosen {
                Ok(Choice::Refresh { token, place: Place::Cookie }) => Some(token),
                _ => None,
            };
            count += usize::from(could.is_some());
            assert_eq!(held(cookie.clone(), gate), could, "{cookie:?} {gate:?}");
        }
    }
    assert_eq!(count, SESSIONS.len());
}
