//! The development inbox.

use crate::{StoppedClock, order, outgoing};
use app::ports::clock::Clock;
use app::ports::mailer::{Delivery, Mailer};
use minbil_auth_mail::{CAUGHT_MAILS_MAX, CaughtMail};
use std::sync::Arc;

fn inbox() -> CaughtMail {
    CaughtMail::new(Arc::new(StoppedClock))
}

#[tokio::test]
async fn a_caught_mail_can_be_read_in_full() {
    let inbox = inbox();
    assert_eq!(inbox.deliver(&outgoing(7, "Hei")).await, Delivery::Accepted);
    let message = inbox.get(order(7)).unwrap();
    assert_eq!(message.at, StoppedClock.now());
    assert_eq!(message.to.as_str(), "owner@example.com");
    assert_eq!(message.subject, outgoing(7, "Hei").subject);
    assert_eq!((message.text.expose(), message.html.expose()), ("Hei", "<p>Hei</p>"));
    assert_eq!(message.message_id, "00000000-0000-0000-0000-000000000007@localhost");
    assert!(inbox.get(order(8)).is_none());
}

#[tokio::test]
async fn the_newest_mail_stands_first_and_the_oldest_goes_when_the_inbox_is_full() {
    let inbox = inbox();
    let full = u128::try_from(CAUGHT_MAILS_MAX).unwrap();
    for number in 0..full + 3 {
        inbox.deliver(&outgoing(number, "Hei")).await;
    }
    let listed: Vec<_> = inbox.list().iter().map(|message| message.id).collect();
    let expected: Vec<_> = (3..full + 3).rev().map(order).collect();
    assert_eq!(listed, expected);
}

#[tokio::test]
async fn a_resend_takes_the_place_of_the_first() {
    let inbox = inbox();
    for (number, text) in [(1, "first"), (2, "other"), (1, "again")] {
        inbox.deliver(&outgoing(number, text)).await;
    }
    let listed: Vec<_> = inbox.list().iter().map(|message| message.text.expose().to_owned()).collect();
    assert_eq!(listed, ["again", "other"]);
}
