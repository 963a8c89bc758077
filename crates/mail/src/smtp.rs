//! Delivery over SMTP (RFC 5321) to one mail server, one mail at a time.
//!
//! Every step names its stage, so that a failure tells exactly whether the mail's text may have reached the
//! server: it can only have after the server answered 354 to DATA.

mod connection;
mod failure;
mod idle;
mod lockstep;
mod options;

pub use options::{
    COMMAND_LIMIT, CONNECT_LIMIT, DELIVERY_LIMIT, InvalidSmtpOptions, REUSE_FOR, SmtpOptions, SmtpSetupError,
    SmtpTimeLimits,
};

use crate::message::{Letter, compose};
use app::ports::clock::Clock;
use app::ports::mailer::{Delivery, Mailer, OutgoingMail};
use async_trait::async_trait;
use connection::{Dialer, Patience};
use failure::{Cause, Failure, Stage};
use idle::IdleConnection;
use lettre::message::Mailbox;
use lettre::transport::smtp::client::AsyncSmtpConnection;
use lettre::transport::smtp::commands::{Data, Mail, Rcpt, Rset};
use lettre::transport::smtp::response::{Response, Severity};
use std::sync::Arc;

/// The answer to DATA that asks for the text (RFC 5321 section 4.2.3).
const START_MAIL_INPUT: u16 = 354;

/// Hands mails to a mail server.
pub struct SmtpMailer {
    dialer: Dialer,
    limits: SmtpTimeLimits,
    sender: Mailbox,
    clock: Arc<dyn Clock>,
    idle: IdleConnection,
}

impl SmtpMailer {
    /// Prepares deliveries; nothing is sent and no connection opened yet.
    ///
    /// # Errors
    /// When the file of extra certificates cannot be used.
    pub fn new(options: SmtpOptions, clock: Arc<dyn Clock>) -> Result<Self, SmtpSetupError> {
        let limits = options.limits;
        let idle = IdleConnection::new(options.reuse_for);
        let sender = options.sender.clone();
        Ok(Self { dialer: Dialer::new(options)?, limits, sender, clock, idle })
    }

    /// Says goodbye on the connection that is kept, if there is one.
    pub async fn close(&self) {
        if let Some(connection) = self.idle.take() {
            idle::farewell(connection).await;
        }
    }

    /// Goes as far as a delivery goes before it names a recipient: connects, encrypts, signs in, and offers the sender.
    ///
    /// # Errors
    /// The stage at which it ended and why, without addresses.
    pub async fn check(&self) -> Result<(), String> {
        self.offer_the_sender().await.map_err(|failure| failure.to_string())
    }

    async fn offer_the_sender(&self) -> Result<(), Failure> {
        let patience = Patience::starting_now(&self.limits);
        let mut connection = self.dialer.dial(&patience).await?;
        let mail = Mail::new(Some(self.sender.email.clone()), Vec::new());
        let answer = patience.step(Stage::Mail, patience.command_limit(), connection.command(mail)).await;
        idle::farewell(connection).await;
        expect_done(Stage::Mail, &answer?)
    }

    async fn hand_over(&self, letter: &Letter) -> Result<(), Failure> {
        let patience = Patience::starting_now(&self.limits);
        if let Some(kept) = self.idle.take() {
            match self.send_over_kept(kept, letter, &patience).await {
                Err(failure) if failure.is_worth_a_fresh_connection() => {}
                outcome => return outcome,
            }
        }
        let connection = self.dialer.dial(&patience).await?;
        self.send_over(connection, letter, &patience).await
    }

    /// A server ends connections that rest, so the first command after a rest is one that may fail. RSET
    /// also clears whatever a refused mail left behind.
    async fn send_over_kept(
        &self,
        mut kept: AsyncSmtpConnection,
        letter: &Letter,
        patience: &Patience,
    ) -> Result<(), Failure> {
        patience.step(Stage::Reset, self.limits.connect, kept.command(Rset)).await?;
        self.send_over(kept, letter, patience).await
    }

    /// Sends over a connection and keeps it when both sides still agree on where they are.
    async fn send_over(
        &self,
        mut connection: AsyncSmtpConnection,
        letter: &Letter,
        patience: &Patience,
    ) -> Result<(), Failure> {
        let outcome = transact(&mut connection, letter, patience).await;
        if outcome.as_ref().err().is_none_or(Failure::leaves_the_connection_in_step) {
            self.idle.keep(connection);
        }
        outcome
    }
}

#[async_trait]
impl Mailer for SmtpMailer {
    async fn deliver(&self, mail: &OutgoingMail) -> Delivery {
        let letter = match compose(mail, &self.sender, self.clock.now()) {
            Ok(letter) => letter,
            Err(unfit) => {
                return Delivery::Failed {
                    is_permanent: true,
                    may_have_reached_data: false,
                    reason: format!("message: {unfit}"),
                };
            }
        };
        match self.hand_over(&letter).await {
            Ok(()) => Delivery::Accepted,
            Err(failure) => Delivery::Failed {
                is_permanent: failure.is_permanent(),
                may_have_reached_data: failure.may_have_reached_data(),
                reason: failure.to_string(),
            },
        }
    }
}

/// One mail transaction (RFC 5321 section 3.3), stage by stage.
async fn transact(
    connection: &mut AsyncSmtpConnection,
    letter: &Letter,
    patience: &Patience,
) -> Result<(), Failure> {
    let mail = Mail::new(Some(letter.from.clone()), Vec::new());
    let rcpt = Rcpt::new(letter.to.clone(), Vec::new());
    let limit = patience.command_limit();
    expect_done(Stage::Mail, &patience.step(Stage::Mail, limit, connection.command(mail)).await?)?;
    expect_done(Stage::Rcpt, &patience.step(Stage::Rcpt, limit, connection.command(rcpt)).await?)?;
    let answer = patience.step(Stage::Data, limit, connection.command(Data)).await?;
    if !answer.has_code(START_MAIL_INPUT) {
        return Err(Failure::new(Stage::Data, Cause::OutOfTurn(answer.code().into())));
    }
    // A server may look at the whole text before it answers. Giving up early here means sending the mail
    // twice, so this step may take all the time that is left (RFC 5321 section 4.5.3.2.6).
    let answer = patience.last_step(Stage::Text, connection.message(&letter.bytes)).await?;
    expect_done(Stage::Text, &answer)
}

/// The library takes any 3xx for a yes; here it only means that the two sides are out of step.
fn expect_done(stage: Stage, answer: &Response) -> Result<(), Failure> {
    if answer.code().severity == Severity::PositiveCompletion {
        Ok(())
    } else {
        Err(Failure::new(stage, Cause::OutOfTurn(answer.code().into())))
    }
}
