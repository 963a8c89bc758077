//! What can happen next.

use crate::rules::Rules;
use crate::world::{
    AccessHolder, Bearer, BearerHolder, Call, Full, FullHolder, Granted, Sent, World, carrying,
};
use minbil_auth_domain::access_token::ACCESS_TOKEN_LEEWAY;
use minbil_auth_domain::credential::{Carried, HeaderCredential};
use minbil_auth_domain::session::SessionPolicy;
use std::time::Duration;

/// What becomes of an honest call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It is answered.
    Answered,
    /// It is carried out, and its answer is lost.
    Lost,
    /// It is answered, and a copy of it arrives later.
    Duplicated,
}

/// How a bearer client, honest or not, refreshes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum By {
    Access,
    Bearer,
}

/// One step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    /// The first tab refreshes with what is in the storage.
    Tab(Fate),
    /// The second tab refreshes with what it has read.
    SecondTab,
    /// The second tab reads the storage.
    SecondTabReads,
    /// The copy of a tab's call arrives.
    TabDuplicate,
    /// A page refreshes by cookie.
    Page(Fate),
    /// The copy of a cookie-borne call arrives.
    PageDuplicate,
    /// The client that only knows its access token refreshes.
    BearerOnly(By),
    /// The tabs' access token is stolen.
    StealAccess,
    /// The bearer-class token of the page is stolen.
    StealBearer,
    /// The thief of the one or the other refreshes.
    AccessThief(By),
    /// The tabs' refresh token is stolen.
    StealBody,
    /// The cookie is stolen.
    StealCookie,
    /// The thief of the refresh token refreshes.
    BodyThief,
    /// The thief of the cookie refreshes.
    CookieThief,
    /// The owner signs out.
    SignOut,
    /// Time passes.
    Wait(Duration),
}

/// What a step was to the server.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Event {
    /// Nothing.
    Unseen,
    SignOut,
    Refresh(Call),
}

/// How far time can go in one step. Sums of them meet the limits exactly: two of the first are the grace,
/// two of the third the bearer chain.
pub(crate) fn waits(policy: &SessionPolicy) -> [Duration; 5] {
    let grace = policy.grace;
    [grace / 2, grace + Duration::from_secs(1), policy.bearer_chain / 2, policy.bearer_chain, policy.idle]
}

/// Every step there is, possible in a given world or not.
pub(crate) fn all(policy: &SessionPolicy) -> Vec<Action> {
    use Action as A;
    let fates = [Fate::Answered, Fate::Lost, Fate::Duplicated];
    let by = [By::Access, By::Bearer];
    let single = [
        A::SecondTab,
        A::SecondTabReads,
        A::TabDuplicate,
        A::PageDuplicate,
        A::StealAccess,
        A::StealBearer,
        A::StealBody,
        A::StealCookie,
        A::BodyThief,
        A::CookieThief,
        A::SignOut,
    ];
    let mut actions = single.to_vec();
    actions.extend(fates.map(A::Tab).into_iter().chain(fates.map(A::Page)));
    actions.extend(by.map(A::BearerOnly).into_iter().chain(by.map(A::AccessThief)));
    actions.extend(waits(policy).map(A::Wait));
    actions
}

impl Action {
    /// Takes the step. `None` if it is not possible here, or would change nothing and ask nobody.
    pub(crate) fn take(self, world: &mut World, rules: &Rules, policy: &SessionPolicy) -> Option<Event> {
        match self {
            Self::Tab(fate) => tab(world, rules, policy, fate),
            Self::SecondTab => second_tab(world, rules, policy),
            Self::Page(fate) => page(world, rules, policy, fate),
            Self::TabDuplicate => duplicate(world, rules, policy, FullHolder::TabDuplicate),
            Self::PageDuplicate => duplicate(world, rules, policy, FullHolder::JarDuplicate),
            Self::BearerOnly(by) => {
                bearer(world, rules, policy, (AccessHolder::BearerOnly, BearerHolder::BearerOnly, by))
            }
            Self::AccessThief(by) => {
                bearer(world, rules, policy, (AccessHolder::AccessThief, BearerHolder::AccessThief, by))
            }
            Self::BodyThief => thief(world, rules, policy, FullHolder::BodyThief),
            Self::CookieThief => thief(world, rules, policy, FullHolder::CookieThief),
            Self::SecondTabReads => copy_full(world, FullHolder::Storage, FullHolder::SecondTab),
            Self::StealBody => copy_full(world, FullHolder::Storage, FullHolder::BodyThief),
            Self::StealCookie => copy_full(world, FullHolder::Jar, FullHolder::CookieThief),
            Self::StealAccess => {
                let stolen = world.access[AccessHolder::Storage as usize]?;
                // Nobody throws a good one away for one that has expired.
                let is_good = world.now < stolen.expires_at.plus(ACCESS_TOKEN_LEEWAY);
                let stolen = Some(stolen).filter(|_| is_good)?;
                replaced(&mut world.access[AccessHolder::AccessThief as usize], stolen)
            }
            Self::StealBearer => {
                let stolen = world.bearer[BearerHolder::Page as usize]?;
                replaced(&mut world.bearer[BearerHolder::AccessThief as usize], stolen)
            }
            Self::SignOut => {
                world.sign_out();
                Some(Event::SignOut)
            }
            Self::Wait(span) => {
                world.now = world.now.plus(span);
                Some(Event::Unseen)
            }
        }
    }
}

fn replaced<T: PartialEq>(place: &mut Option<T>, value: T) -> Option<Event> {
    let value = Some(value);
    let is_news = *place != value;
    *place = value;
    is_news.then_some(Event::Unseen)
}

fn copy_full(world: &mut World, from: FullHolder, to: FullHolder) -> Option<Event> {
    let value = world.full[from as usize]?;
    replaced(&mut world.full[to as usize], value)
}

/// A call with a body token, from the browser that also holds the cookie.
fn body_call(world: &mut World, rules: &Rules, policy: &SessionPolicy, full: Full) -> Call {
    let header = world.header(world.access[AccessHolder::Storage as usize]);
    let cookie = world.full_token(world.full[FullHolder::Jar as usize]);
    let credentials = carrying(world.full_token(Some(full)), header, cookie);
    world.refresh(rules, policy, Sent::Full(full), credentials)
}

/// A call with nothing but the cookie, and the access token of the same browser.
fn cookie_call(world: &mut World, rules: &Rules, policy: &SessionPolicy, full: Full) -> Call {
    let header = world.header(world.access[AccessHolder::Storage as usize]);
    let credentials = carrying(Carried::Absent, header, world.full_token(Some(full)));
    world.refresh(rules, policy, Sent::Full(full), credentials)
}

fn store_body_answer(world: &mut World, granted: Option<Granted>) {
    if let Some(granted) = granted {
        world.full[FullHolder::Storage as usize] = granted.full;
        world.access[AccessHolder::Storage as usize] = Some(granted.access);
    }
}

fn tab(world: &mut World, rules: &Rules, policy: &SessionPolicy, fate: Fate) -> Option<Event> {
    let sent = world.full[FullHolder::Storage as usize]?;
    if fate == Fate::Duplicated {
        leave_copy(world, FullHolder::TabDuplicate, sent)?;
    }
    let call = body_call(world, rules, policy, sent);
    if fate != Fate::Lost {
        store_body_answer(world, call.granted);
    }
    Some(Event::Refresh(call))
}

fn second_tab(world: &mut World, rules: &Rules, policy: &SessionPolicy) -> Option<Event> {
    let sent = world.full[FullHolder::SecondTab as usize]?;
    let call = body_call(world, rules, policy, sent);
    store_body_answer(world, call.granted);
    if call.granted.is_some() {
        copy_full(world, FullHolder::Storage, FullHolder::SecondTab);
    }
    Some(Event::Refresh(call))
}

fn page(world: &mut World, rules: &Rules, policy: &SessionPolicy, fate: Fate) -> Option<Event> {
    let sent = world.full[FullHolder::Jar as usize]?;
    if fate == Fate::Duplicated {
        leave_copy(world, FullHolder::JarDuplicate, sent)?;
    }
    let call = cookie_call(world, rules, policy, sent);
    if let (Some(granted), true) = (call.granted, fate != Fate::Lost) {
        world.full[FullHolder::Jar as usize] = granted.full;
        world.bearer[BearerHolder::Page as usize] = granted.bearer;
    }
    Some(Event::Refresh(call))
}

/// Only one copy of each kind is on its way at a time.
fn leave_copy(world: &mut World, holder: FullHolder, sent: Full) -> Option<()> {
    let place = &mut world.full[holder as usize];
    match place {
        Some(_) => None,
        None => {
            *place = Some(sent);
            Some(())
        }
    }
}

/// A copy arrives; nobody waits for the answer.
fn duplicate(world: &mut World, rules: &Rules, policy: &SessionPolicy, holder: FullHolder) -> Option<Event> {
    let sent = world.full[holder as usize].take()?;
    let call = match holder {
        FullHolder::JarDuplicate => cookie_call(world, rules, policy, sent),
        _ => body_call(world, rules, policy, sent),
    };
    Some(Event::Refresh(call))
}

/// A thief's call carries every full token the thief has, in case one of them works.
fn thief(world: &mut World, rules: &Rules, policy: &SessionPolicy, holder: FullHolder) -> Option<Event> {
    let sent = world.full[holder as usize]?;
    let token = world.full_token(Some(sent));
    let credentials = match holder {
        FullHolder::CookieThief => carrying(Carried::Absent, HeaderCredential::Absent, token),
        _ => {
            let cookie = world.full_token(world.full[FullHolder::CookieThief as usize]);
            carrying(Carried::Absent, HeaderCredential::Refresh(token), cookie)
        }
    };
    let call = world.refresh(rules, policy, Sent::Full(sent), credentials);
    if let Some(granted) = call.granted {
        world.full[holder as usize] = granted.full;
    }
    Some(Event::Refresh(call))
}

fn bearer(
    world: &mut World,
    rules: &Rules,
    policy: &SessionPolicy,
    (access_holder, bearer_holder, by): (AccessHolder, BearerHolder, By),
) -> Option<Event> {
    let (sent, credentials) = match by {
        By::Access => {
            let access = world.access[access_holder as usize]?;
            let header = world.header(Some(access));
            (Sent::Access(access), carrying(Carried::Absent, header, Carried::Absent))
        }
        By::Bearer => {
            let held: Bearer = world.bearer[bearer_holder as usize]?;
            let token = world.bearer_token(held);
            (Sent::Bearer(held), carrying(token, HeaderCredential::Absent, Carried::Absent))
        }
    };
    let call = world.refresh(rules, policy, sent, credentials);
    if let Some(granted) = call.granted {
        world.access[access_holder as usize] = Some(granted.access);
        world.bearer[bearer_holder as usize] = granted.bearer;
    }
    Some(Event::Refresh(call))
}
