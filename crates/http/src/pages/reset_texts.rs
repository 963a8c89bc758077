//! What the reset page says, in each language.

use domain::locale::Locale;
use serde::Serialize;

/// The texts, by what they are for. The script finds them by the same names.
#[derive(Serialize)]
pub(super) struct Texts {
    pub(super) title: &'static str,
    intro: &'static str,
    no_script: &'static str,
    password: &'static str,
    password_again: &'static str,
    hint: String,
    show: &'static str,
    hide: &'static str,
    submit: &'static str,
    sending: &'static str,
    unequal: &'static str,
    look_at_fields: &'static str,
    field_missing: &'static str,
    field_too_short: String,
    field_blocked: &'static str,
    field_too_long: &'static str,
    field_malformed: &'static str,
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
    send_again: &'static str,
    sent_again: &'static str,
    footer: &'static str,
}

/// The texts of a language, for a namespace whose passwords have at least `min` characters.
pub(super) fn texts(locale: Locale, min: usize) -> Texts {
    match locale {
        Locale::English => english(min),
        Locale::Norwegian => norwegian(min),
    }
}

fn english(min: usize) -> Texts {
    Texts {
        title: "Choose a new password",
        intro: "When it is saved, you are signed out on every device and sign in with the new password.",
        no_script: "This page needs JavaScript to send your new password. Allow it for this page, and open the link again.",
        password: "New password",
        password_again: "The same once more",
        hint: format!(
            "At least {min} characters. A few words in a row are easy to remember and hard to guess."
        ),
        show: "Show",
        hide: "Hide",
        submit: "Save the new password",
        sending: "One moment…",
        unequal: "The two passwords are not the same.",
        look_at_fields: "Not saved yet. Please look at the marked field.",
        field_missing: "Please fill this in.",
        field_too_short: format!("Please use at least {min} characters."),
        field_blocked: "Too many people know or guess this password. Please choose another one.",
        field_too_long: "This is too long. 256 characters are the most.",
        field_malformed: "This does not look right.",
        done_title: "Your password is changed",
        done: "You can sign in with the new password now. Every device that was signed in has been signed out.",
        no_token: "The link is not complete. Open it straight from the email, or ask for a new one here.",
        used: "This link does not work any more. It was used already, or a newer one took its place. Your password is unchanged; ask for a new link here.",
        expired: "This link has expired. Your password is unchanged; ask for a new link here.",
        rate_limited: "Too many attempts. Please wait a while, and try again.",
        busy: "The server is busy right now. Please try again in a moment; nothing has been changed.",
        unreachable: "The server could not be reached. Please check your connection, and try again.",
        failed: "That did not work. Please try again.",
        email: "Your email address",
        send_again: "Send me a new link",
        sent_again: "If an account exists for this address, a new link is on its way. It can take a minute or two.",
        footer: "You did not ask for this? Then you can close this page. Your password is unchanged.",
    }
}

fn norwegian(min: usize) -> Texts {
    Texts {
        title: "Velg et nytt passord",
        intro: "Når det er lagret, blir du logget ut på alle enheter, og logger inn med det nye passordet.",
        no_script: "Denne siden trenger JavaScript for å sende det nye passordet. Tillat det for siden, og åpne lenken igjen.",
        password: "Nytt passord",
        password_again: "Det samme en gang til",
        hint: format!("Minst {min} tegn. Noen ord på rad er lette å huske og vanskelige å gjette."),
        show: "Vis",
        hide: "Skjul",
        submit: "Lagre det nye passordet",
        sending: "Et øyeblikk …",
        unequal: "De to passordene er ikke like.",
        look_at_fields: "Ikke lagret ennå. Se på feltet som er merket.",
        field_missing: "Dette må fylles ut.",
        field_too_short: format!("Bruk minst {min} tegn."),
        field_blocked: "For mange kjenner eller gjetter dette passordet. Velg et annet.",
        field_too_long: "Dette er for langt. 256 tegn er det meste.",
        field_malformed: "Dette ser ikke riktig ut.",
        done_title: "Passordet er endret",
        done: "Du kan logge inn med det nye passordet nå. Alle enheter som var logget inn, er logget ut.",
        no_token: "Lenken er ikke fullstendig. Åpne den rett fra e-posten, eller be om en ny her.",
        used: "Denne lenken virker ikke lenger. Den er allerede brukt, eller en nyere har tatt plassen. Passordet ditt er uendret; be om en ny lenke her.",
        expired: "Denne lenken er utløpt. Passordet ditt er uendret; be om en ny lenke her.",
        rate_limited: "For mange forsøk. Vent en stund, og prøv igjen.",
        busy: "Serveren er opptatt akkurat nå. Prøv igjen om et øyeblikk; ingenting er endret.",
        unreachable: "Fikk ikke kontakt med serveren. Sjekk forbindelsen, og prøv igjen.",
        failed: "Det gikk ikke. Prøv igjen.",
        email: "E-postadressen din",
        send_again: "Send meg en ny lenke",
        sent_again: "Hvis det finnes en konto for denne adressen, er en ny lenke på vei. Det kan ta et minutt eller to.",
        footer: "Har du ikke bedt om dette? Da kan du lukke siden. Passordet ditt er uendret.",
    }
}

#[cfg(test)]
mod tests {
    use super::super::mailed_link::tests::{check_translation, check_use};
    use super::*;

    #[test]
    fn every_text_is_translated() {
        check_translation(texts(Locale::English, 8), texts(Locale::Norwegian, 8));
    }

    #[test]
    fn the_script_asks_for_texts_that_exist_and_no_others() {
        let script = include_str!("../../static/reset-password.js");
        let template = include_str!("../../templates/reset_password.html");
        check_use(texts(Locale::English, 8), script, template);
    }
}
