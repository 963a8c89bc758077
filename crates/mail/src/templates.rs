//! Mails from templates. The crate's own documentation lists the files and their variables.

use crate::template_files::{TemplateError, TemplateFiles};
use app::fault::Fault;
use app::outbox::{Notice, SignInNotice};
use app::ports::mailer::{MailContent, MailWriter, OutgoingMail};
use domain::device_name::DeviceName;
use domain::email_address::EmailAddress;
use domain::ids::OutboxId;
use domain::locale::Locale;
use domain::namespace::NamespaceName;
use domain::secret::SecretText;
use domain::time::UnixMillis;
use minijinja::{AutoEscape, Environment, UndefinedBehavior, Value, context};
use std::error::Error as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// The longest subject line, in characters. A longer one is cut off in every list of mails.
pub const SUBJECT_MAX: usize = 120;
/// The longest product name, in characters.
pub const PRODUCT_NAME_MAX: usize = 60;
/// The longest hint on where to get help, in characters.
pub const SUPPORT_HINT_MAX: usize = 300;

/// The mail with a reset link.
const PASSWORD_RESET: &str = "password_reset";
/// The mail with a verification link.
const VERIFY_EMAIL: &str = "verify_email";
/// The mail to somebody who has an account already.
const SIGN_UP_TAKEN: &str = "sign_up_taken";
/// What stands for a link when the templates are tried out.
const SAMPLE_LINK: &str = "https://reset.example/new-password?lang=en&from=mail#token=sample";

/// How mails are written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TemplateOptions {
    /// A directory whose files take the place of built-in templates of the same name.
    pub override_dir: Option<PathBuf>,
    /// The product, as its users know it.
    pub product_name: String,
    /// A sentence on where to get help, if there is such a place.
    pub support_hint: Option<String>,
}

/// Writes mails from templates that are all known to parse and render: from a test or from a trial at the start.
pub struct TemplateWriter {
    templates: Environment<'static>,
    files: Arc<TemplateFiles>,
    product_name: String,
    support_hint: String,
}

/// The three texts of a mail.
struct Rendered {
    subject: String,
    text: String,
    html: String,
}

impl TemplateWriter {
    /// Where an operator's files take the place of built-in ones, each mail is rendered once with sample values. The
    /// built-in ones alone are known to render from a test, and each is parsed when its first mail is written.
    ///
    /// # Errors
    /// When a file cannot be read, overrides nothing, does not parse, uses an unknown name, gives a subject
    /// that is not one line, or leaves its link out; when an option does not fit into a mail.
    pub fn new(options: TemplateOptions) -> Result<Self, TemplateError> {
        check_line("product_name", &options.product_name, PRODUCT_NAME_MAX)?;
        if let Some(hint) = &options.support_hint {
            check_line("support_hint", hint, SUPPORT_HINT_MAX)?;
        }
        let files = Arc::new(TemplateFiles::read(options.override_dir.as_deref())?);
        let mut templates = Environment::new();
        templates.set_undefined_behavior(UndefinedBehavior::Strict);
        templates.set_auto_escape_callback(|name| {
            if name.ends_with(".html") { AutoEscape::Html } else { AutoEscape::None }
        });
        // Debug information would carry the values of a failed rendering, a live link among them.
        templates.set_debug(false);
        let source = Arc::clone(&files);
        templates.set_loader(move |name| Ok(source.text(name).map(str::to_owned)));
        let support_hint = options.support_hint.unwrap_or_default();
        let mut writer = Self { templates, files, product_name: options.product_name, support_hint };
        if writer.files.has_overrides() {
            writer.try_out()?;
        }
        Ok(writer)
    }

    /// With and without a hint: both branches of every template are seen.
    fn try_out(&mut self) -> Result<(), TemplateError> {
        let hint = std::mem::replace(&mut self.support_hint, "A sample hint.".to_owned());
        self.try_every_mail()?;
        self.support_hint.clear();
        self.try_every_mail()?;
        self.support_hint = hint;
        Ok(())
    }

    fn try_every_mail(&self) -> Result<(), TemplateError> {
        for locale in Locale::ALL {
            let variables = context! { ..self.common(locale, "owner@example.com", "co") };
            for notice in Notice::ALL {
                self.render(locale, notice.name(), &variables, None, Detail::Shown)?;
            }
            for valid_minutes in [1, 30] {
                self.try_link(locale, PASSWORD_RESET, context! { valid_minutes, ..variables.clone() })?;
            }
            for valid_hours in [1, 24] {
                self.try_link(locale, VERIFY_EMAIL, context! { valid_hours, ..variables.clone() })?;
            }
            self.try_link(locale, SIGN_UP_TAKEN, variables.clone())?;
            for notice in SignInNotice::ALL {
                for address in ["", "192.0.2.7"] {
                    let seen = context! { at => "2026-11-24 09:00 UTC", device => "Firefox", address };
                    self.try_link(locale, notice.name(), context! { ..seen, ..variables.clone() })?;
                }
            }
        }
        Ok(())
    }

    /// Renders a mail whose bodies must show its link.
    #[expect(clippy::needless_pass_by_value, reason = "every caller makes the variables in place")]
    fn try_link(&self, locale: Locale, mail: &str, variables: Value) -> Result<(), TemplateError> {
        let rendered = self.render(locale, mail, &variables, Some(SAMPLE_LINK), Detail::Shown)?;
        for (end, is_there) in [
            ("txt", rendered.text.contains(SAMPLE_LINK)),
            ("html", rendered.html.contains(&escape_html(SAMPLE_LINK))),
        ] {
            if !is_there {
                return Err(TemplateError::Broken {
                    file: self.files.place(&template_name(locale, mail, end)),
                    line: None,
                    reason: "does not show {{ link }}".to_owned(),
                });
            }
        }
        Ok(())
    }

    fn common(&self, locale: Locale, recipient: &str, namespace: &str) -> Value {
        context! {
            product_name => self.product_name.as_str(),
            support_hint => self.support_hint.as_str(),
            recipient,
            namespace,
            language => locale.tag(),
        }
    }

    /// Renders the three files of a mail. The subject never gets to see the link: subjects are shown on lock
    /// screens and written into the logs of mail servers.
    fn render(
        &self,
        locale: Locale,
        mail: &str,
        variables: &Value,
        link: Option<&str>,
        detail: Detail,
    ) -> Result<Rendered, TemplateError> {
        let subject_file = template_name(locale, mail, "subject.txt");
        let subject = self.render_file(&subject_file, variables, detail)?;
        let subject = self.check_subject(&subject_file, &subject)?;
        let variables = context! { subject => subject.as_str(), ..variables.clone() };
        let (for_text, for_html) = match link {
            Some(link) => (
                context! { link, ..variables.clone() },
                // Escaped here, because the engine also escapes every slash, and a link full of `&#x2f;`
                // looks broken wherever somebody reads the source of a mail.
                context! { link => Value::from_safe_string(escape_html(link)), ..variables },
            ),
            None => (variables.clone(), variables),
        };
        let text = self.render_file(&template_name(locale, mail, "txt"), &for_text, detail)?;
        let html = self.render_file(&template_name(locale, mail, "html"), &for_html, detail)?;
        Ok(Rendered { subject, text, html })
    }

    fn render_file(&self, name: &str, variables: &Value, detail: Detail) -> Result<String, TemplateError> {
        let failed = |error: minijinja::Error| broken(&self.files, name, &error, detail);
        self.templates.get_template(name).map_err(failed)?.render(variables).map_err(failed)
    }

    /// A subject is one line of readable length; a line break in it would start another header (CWE-93).
    fn check_subject(&self, name: &str, subject: &str) -> Result<String, TemplateError> {
        let subject = subject.trim_end_matches(['\r', '\n']);
        let reason = if subject.trim().is_empty() {
            "gives an empty subject".to_owned()
        } else if subject.chars().any(char::is_control) {
            "gives a subject with a line break or another control character; it has to be one line".to_owned()
        } else if subject.chars().count() > SUBJECT_MAX {
            format!("gives a subject of more than {SUBJECT_MAX} characters")
        } else {
            return Ok(subject.to_owned());
        };
        Err(TemplateError::Broken { file: self.files.place(name), line: None, reason })
    }
}

impl MailWriter for TemplateWriter {
    fn write(
        &self,
        namespace: &NamespaceName,
        locale: Locale,
        id: OutboxId,
        to: &EmailAddress,
        content: &MailContent,
    ) -> Result<OutgoingMail, Fault> {
        let common = self.common(locale, to.as_str(), namespace.as_str());
        let (mail, variables, link) = match content {
            MailContent::PasswordReset { link, valid_for } => {
                let variables = context! { valid_minutes => whole_minutes(*valid_for), ..common };
                (PASSWORD_RESET, variables, Some(link.expose()))
            }
            MailContent::VerifyEmail { link, valid_for } => {
                let variables = context! { valid_hours => whole_hours(*valid_for), ..common };
                (VERIFY_EMAIL, variables, Some(link.expose()))
            }
            MailContent::SignUpTaken { page } => (SIGN_UP_TAKEN, common, Some(page.as_str())),
            MailContent::Notice(notice) => (notice.name(), common, None),
            MailContent::SignIn { notice, at, device, address, page } => {
                let address = address.as_deref().unwrap_or_default();
                let (at, device) = (moment(*at), device_text(locale, *device));
                let variables = context! { at, device, address, ..common };
                (notice.name(), variables, Some(page.as_str()))
            }
        };
        if link.is_some_and(|link| !(link.starts_with("https://") || link.starts_with("http://"))) {
            return Err(Fault::internal("a mailed link is neither https nor http"));
        }
        let rendered =
            self.render(locale, mail, &variables, link, Detail::Withheld).map_err(Fault::internal)?;
        Ok(OutgoingMail {
            id,
            to: to.clone(),
            subject: rendered.subject,
            text: SecretText::new(rendered.text),
            html: SecretText::new(rendered.html),
        })
    }
}

/// Whether an error may repeat what the engine says about a value: yes for samples, no for a live mail.
#[derive(Clone, Copy)]
enum Detail {
    Shown,
    Withheld,
}

fn template_name(locale: Locale, mail: &str, end: &str) -> String {
    format!("{}/{mail}.{end}", locale.tag())
}

/// Rounded down, so that nobody is promised more than there is; never "0 minutes".
fn whole_minutes(span: Duration) -> u64 {
    (span.as_secs() / 60).max(1)
}

/// Rounded down as well.
fn whole_hours(span: Duration) -> u64 {
    (span.as_secs() / 3600).max(1)
}

/// The minute, in UTC: the server does not know where its reader is.
fn moment(at: UnixMillis) -> String {
    let at = jiff::Timestamp::from_second(at.as_secs()).unwrap_or(jiff::Timestamp::MAX);
    at.strftime("%F %H:%M UTC").to_string()
}

/// What a reader calls the device.
fn device_text(locale: Locale, device: DeviceName) -> String {
    let (on, unknown) = match locale {
        Locale::English => ("on", "not recognised"),
        Locale::Norwegian => ("på", "ikke gjenkjent"),
    };
    match (device.program, device.system) {
        (Some(program), Some(system)) => format!("{program} {on} {system}"),
        (Some(one), None) | (None, Some(one)) => one.to_owned(),
        (None, None) => unknown.to_owned(),
    }
}

fn check_line(option: &str, text: &str, longest: usize) -> Result<(), TemplateError> {
    if text.trim().is_empty() || text.chars().any(char::is_control) || text.chars().count() > longest {
        return Err(TemplateError::InvalidOption(format!(
            "{option} is one line of 1 to {longest} characters"
        )));
    }
    Ok(())
}

/// Where the fault lies: the innermost template of a chain of `extends` and `include`.
fn broken(files: &TemplateFiles, name: &str, error: &minijinja::Error, detail: Detail) -> TemplateError {
    let mut innermost = error;
    while let Some(inner) = innermost.source().and_then(|source| source.downcast_ref::<minijinja::Error>()) {
        innermost = inner;
    }
    let mut reason = innermost.kind().to_string();
    if let (Detail::Shown, Some(text)) = (detail, innermost.detail()) {
        reason = format!("{reason}: {text}");
    }
    TemplateError::Broken {
        file: files.place(innermost.name().unwrap_or(name)),
        line: innermost.line(),
        reason,
    }
}

/// Escapes for HTML text and for quoted attribute values.
fn escape_html(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    /// It stands for the trial that a start without overrides leaves out.
    #[test]
    fn every_built_in_mail_renders_with_the_longest_product_name() {
        let options = TemplateOptions {
            override_dir: None,
            product_name: "W".repeat(PRODUCT_NAME_MAX),
            support_hint: Some("W".repeat(SUPPORT_HINT_MAX)),
        };
        let mut writer = TemplateWriter::new(options).unwrap();
        assert_eq!(writer.try_out().map_err(|error| error.to_string()), Ok(()));
        assert_eq!(writer.support_hint.len(), SUPPORT_HINT_MAX, "the trial gives the hint back");
        let parsed: std::collections::BTreeSet<_> =
            writer.templates.templates().map(|(name, _)| name.to_owned()).collect();
        assert_eq!(parsed.len(), writer.files.names().count(), "no file is left out: {parsed:?}");
    }

    #[test]
    fn minutes_are_rounded_down_and_never_zero() {
        let minutes = [0, 59, 60, 119, 1800].map(|secs| whole_minutes(Duration::from_secs(secs)));
        assert_eq!(minutes, [1, 1, 1, 1, 30]);
    }

    #[test]
    fn html_escaping_leaves_nothing_that_opens_a_tag_or_ends_an_attribute() {
        assert_eq!(escape_html("<a href=\"x\">'&"), "&lt;a href=&quot;x&quot;&gt;&#39;&amp;");
    }
}
