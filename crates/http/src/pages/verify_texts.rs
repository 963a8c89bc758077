//! What the verification page says, in each language.

use domain::locale::Locale;
use serde::Serialize;

/// The texts, by what they are for. The script finds them by the same names.
#[derive(Serialize)]
pub(super) struct Texts {
    pub(super) title: &'static str,
    intro: &'static str,
    no_script: &'static str,
    submit: &'static str,
    sending: &'static str,
    done_title: &'static str,
    done: &'static str,
    no_token: &'static str,
    used: &'static str,
    expired: &'static str,
    rate_limited: &'static str,
    busy: &'static str,
    unreachable: &'static str,
    failed: &'static str,
    email: &'static str,
    field_missing: &'static str,
    field_malformed: &'static str,
    send_again: &'static str,
    sent_again: &'static str,
    footer: &'static str,
}

/// The texts of a language.
pub(super) const fn texts(locale: Locale) -> Texts {
    match locale {
        Locale::English => ENGLISH,
        Locale::Norwegian => NORWEGIAN,
    }
}

const ENGLISH: Texts = Texts {
    title: "Confirm your email address",
    intro: "One click, and we know that the address is yours. Then you can sign in.",
    no_script: "This page needs JavaScript to confirm your address. Allow it for this page, and open the link again.",
    submit: "Confirm this address",
    sending: "One moment…",
    done_title: "Your address is confirmed",
    done: "You can close this page and sign in now.",
    no_token: "The link is not complete. Open it straight from the email, or ask for a new one here.",
    used: "This link does not work any more. If your address is confirmed already, you can sign in. Otherwise a newer link took this one's place; ask for a new one here.",
    expired: "This link has expired. Ask for a new one here.",
    rate_limited: "Too many attempts. Please wait a while, and try again.",
    busy: "The server is busy right now. Please try again in a moment; nothing has been changed.",
    unreachable: "The server could not be reached. Please check your connection, and try again.",
    failed: "That did not work. Please try again.",
    email: "Your email address",
    field_missing: "Please fill this in.",
    field_malformed: "This does not look right.",
    send_again: "Send me a new link",
    sent_again: "If this address waits to be confirmed, a new link is on its way. It can take a minute or two.",
    footer: "You did not sign up? Then close this page without confirming: somebody else chose the password.",
};

const NORWEGIAN: Texts = Texts {
    title: "Bekreft e-postadressen din",
    intro: "Ett klikk, så vet vi at adressen er din. Deretter kan du logge inn.",
    no_script: "Denne siden trenger JavaScript for å bekrefte adressen. Tillat det for siden, og åpne lenken igjen.",
    submit: "Bekreft adressen",
    sending: "Et øyeblikk …",
    done_title: "Adressen er bekreftet",
    done: "Du kan lukke siden og logge inn nå.",
    no_token: "Lenken er ikke fullstendig. Åpne den rett fra e-posten, eller be om en ny her.",
    used: "Denne lenken virker ikke lenger. Er adressen allerede bekreftet, kan du logge inn. Ellers har en nyere lenke tatt plassen; be om en ny her.",
    expired: "Denne lenken er utløpt. Be om en ny her.",
    rate_limited: "For mange forsøk. Vent en stund, og prøv igjen.",
    busy: "Serveren er opptatt akkurat nå. Prøv igjen om et øyeblikk; ingenting er endret.",
    unreachable: "Fikk ikke kontakt med serveren. Sjekk forbindelsen, og prøv igjen.",
    failed: "Det gikk ikke. Prøv igjen.",
    email: "E-postadressen din",
    field_missing: "Dette må fylles ut.",
    field_malformed: "Dette ser ikke riktig ut.",
    send_again: "Send meg en ny lenke",
    sent_again: "Hvis adressen venter på å bli bekreftet, er en ny lenke på vei. Det kan ta et minutt eller to.",
    footer: "Har du ikke laget en konto? Da lukker du siden uten å bekrefte: Noen andre har valgt passordet.",
};

#[cfg(test)]
mod tests {
    use super::super::mailed_link::tests::{check_translation, check_use};
    use super::*;

    #[test]
    fn every_text_is_translated() {
        check_translation(texts(Locale::English), texts(Locale::Norwegian));
    }

    #[test]
    fn the_script_asks_for_texts_that_exist_and_no_others() {
        let script = include_str!("../../static/verify-email.js");
        let template = include_str!("../../templates/verify_email.html");
        check_use(texts(Locale::English), script, template);
    }
}
