//! What the mails say, and what happens to an operator's own templates.

use crate::{order, owner};
use app::outbox::{Notice, SignInNotice};
use app::ports::mailer::{MailContent, MailWriter, OutgoingMail};
use domain::device_name::DeviceName;
use domain::locale::Locale;
use domain::namespace::NamespaceName;
use domain::redirect::{RedirectAllowlist, RedirectTarget};
use domain::secret::SecretText;
use domain::time::UnixMillis;
use minbil_auth_mail::{
    PRODUCT_NAME_MAX, SUBJECT_MAX, TEMPLATE_FILE_MAX, TemplateError, TemplateOptions, TemplateWriter,
};
use std::fs;
use std::path::Path;
use std::time::Duration;
use tempfile::TempDir;

const LINK: &str = "https://platform.minbil.no/reset-password#token=abc&def";

fn options() -> TemplateOptions {
    TemplateOptions { override_dir: None, product_name: "Minbil".to_owned(), support_hint: None }
}

fn write(options: TemplateOptions, locale: Locale, content: &MailContent) -> OutgoingMail {
    let namespace = NamespaceName::parse("co").unwrap();
    TemplateWriter::new(options).unwrap().write(&namespace, locale, order(1), &owner(), content).ok().unwrap()
}

fn reset(minutes: u64) -> MailContent {
    MailContent::PasswordReset {
        link: SecretText::new(LINK.to_owned()),
        valid_for: Duration::from_secs(minutes * 60),
    }
}

fn every_mail() -> Vec<(&'static str, MailContent)> {
    let notices = Notice::ALL.map(|notice| (notice.name(), MailContent::Notice(notice)));
    let sign_ins = SignInNotice::ALL.map(|notice| (notice.name(), sign_in(notice)));
    let with_links = [
        ("password_reset", reset(30)),
        ("verify_email", verify(24)),
        ("sign_up_taken", MailContent::SignUpTaken { page: page() }),
    ];
    with_links.into_iter().chain(notices).chain(sign_ins).collect()
}

fn verify(hours: u64) -> MailContent {
    let valid_for = Duration::from_secs(hours * 3600);
    MailContent::VerifyEmail { link: SecretText::new(LINK.to_owned()), valid_for }
}

fn page() -> RedirectTarget {
    let page = "https://api.minbil.no/reset-password/co";
    RedirectAllowlist::new([page.to_owned()]).unwrap().find(page).unwrap().clone()
}

fn sign_in(notice: SignInNotice) -> MailContent {
    MailContent::SignIn {
        notice,
        at: UnixMillis::from_secs(1_770_132_705),
        device: DeviceName { program: Some("Firefox"), system: Some("Windows") },
        address: Some("2001:db8::7".to_owned()),
        page: page(),
    }
}

/// The error of a directory with these files.
fn refused(files: &[(&str, &str)]) -> String {
    let directory = TempDir::new().unwrap();
    overrides(directory.path(), files);
    let options = TemplateOptions { override_dir: Some(directory.path().to_owned()), ..options() };
    let error = TemplateWriter::new(options).err().unwrap().to_string();
    error.replace(&directory.path().display().to_string(), "DIR")
}

fn overrides(directory: &Path, files: &[(&str, &str)]) {
    for (name, text) in files {
        let path = directory.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
}

#[test]
fn every_mail_reads_as_it_should_in_both_languages() {
    for locale in Locale::ALL {
        for (name, content) in every_mail() {
            let mail = write(options(), locale, &content);
            let (text, html) = (mail.text.expose(), mail.html.expose());
            let shown = format!("Subject: {}\n\n{text}\n\n---- HTML ----\n{html}", mail.subject);
            insta::assert_snapshot!(format!("{}_{name}", locale.tag()), shown);
        }
    }
}

#[test]
fn every_mail_carries_the_hint_and_loads_nothing_from_elsewhere() {
    let hint = "Need help? Write to support@minbil.no.";
    for locale in Locale::ALL {
        for (name, content) in every_mail() {
            let options = TemplateOptions { support_hint: Some(hint.to_owned()), ..options() };
            let mail = write(options, locale, &content);
            assert!(mail.text.expose().contains(hint), "{name}");
            let html = mail.html.expose();
            assert!(html.contains(hint), "{name}");
            for loader in ["src=", "url(", "@import", "<link", "<script", "<img"] {
                assert!(!html.contains(loader), "{name} holds {loader}");
            }
        }
    }
}

#[test]
fn cve_2024_41953_values_are_escaped_in_html_and_literal_in_text() {
    let payload = "<b>\"'&{{7*7}}";
    for locale in Locale::ALL {
        for (name, content) in every_mail() {
            let options = TemplateOptions {
                product_name: payload.to_owned(),
                support_hint: Some(format!("hint {payload}")),
                ..options()
            };
            let mail = write(options, locale, &content);
            assert!(mail.subject.contains(payload), "{name}");
            assert!(mail.text.expose().contains(payload), "{name}");
            assert!(mail.text.expose().contains(&format!("hint {payload}")), "{name}");
            let html = mail.html.expose();
            assert!(!html.contains("<b>"), "{name}");
            assert!(html.contains("&lt;b&gt;&quot;&#x27;&amp;{{7*7}}"), "{name}: {html}");
            assert!(!mail.subject.contains("49") && !html.contains("49"), "{name}");
        }
    }
}

#[test]
fn the_reset_link_stands_in_the_text_and_twice_in_the_html() {
    for locale in Locale::ALL {
        let mail = write(options(), locale, &reset(30));
        assert!(mail.text.expose().lines().any(|line| line == LINK));
        let escaped = LINK.replace('&', "&amp;");
        assert_eq!(mail.html.expose().matches(&format!("href=\"{escaped}\"")).count(), 2);
        assert!(mail.html.expose().contains(&format!(">{escaped}</a>")));
        assert!(!mail.subject.contains("token"));
    }
}

#[test]
fn the_time_left_is_told_in_minutes() {
    let text = |locale, minutes| write(options(), locale, &reset(minutes)).text.expose().to_owned();
    assert!(text(Locale::English, 1).contains("within 1 minute:"));
    assert!(text(Locale::English, 30).contains("within 30 minutes:"));
    assert!(text(Locale::Norwegian, 1).contains("virker i 1 minutt:"));
    assert!(text(Locale::Norwegian, 30).contains("virker i 30 minutter:"));
}

#[test]
fn a_sign_in_is_told_with_what_is_known_of_its_device() {
    let text = |locale, device, address: Option<&str>| {
        let MailContent::SignIn { notice, at, page, .. } = sign_in(SignInNotice::NewDevice) else {
            unreachable!("a sign-in");
        };
        let content = MailContent::SignIn { notice, at, device, address: address.map(str::to_owned), page };
        write(options(), locale, &content).text.expose().to_owned()
    };
    let device = DeviceName { program: Some("Chrome"), system: None };
    let english = text(Locale::English, device, None);
    assert!(english.contains("When: 2026-02-03 15:31 UTC\n  Device: Chrome\n\n"), "{english}");
    let norwegian = text(Locale::Norwegian, DeviceName::default(), Some("192.0.2.7"));
    assert!(norwegian.contains("Enhet: ikke gjenkjent\n  IP-adresse: 192.0.2.7\n\n"), "{norwegian}");
    let named = DeviceName { program: Some("Safari"), system: Some("iPhone") };
    assert!(text(Locale::Norwegian, named, None).contains("Enhet: Safari på iPhone\n"));
}

#[test]
fn a_verification_link_tells_its_hours() {
    let text = |locale, hours| write(options(), locale, &verify(hours)).text.expose().to_owned();
    assert!(text(Locale::English, 1).contains("within 1 hour:"));
    assert!(text(Locale::English, 24).contains("within 24 hours:"));
    assert!(text(Locale::Norwegian, 1).contains("virker i 1 time:"));
    assert!(text(Locale::Norwegian, 24).contains("virker i 24 timer:"));
}

#[test]
fn asvs_1_2_2_a_link_with_another_scheme_is_never_mailed() {
    let writer = TemplateWriter::new(options()).unwrap();
    let namespace = NamespaceName::parse("co").unwrap();
    for link in ["javascript:alert(1)", "data:text/html,x", "//evil.example", ""] {
        let link = SecretText::new(link.to_owned());
        let valid_for = Duration::from_secs(60);
        for content in [
            MailContent::PasswordReset { link: link.clone(), valid_for },
            MailContent::VerifyEmail { link, valid_for },
        ] {
            let written = writer.write(&namespace, Locale::English, order(1), &owner(), &content);
            assert!(written.is_err());
        }
    }
}

#[test]
fn an_operators_file_takes_the_place_of_one_built_in_file_only() {
    let directory = TempDir::new().unwrap();
    overrides(
        directory.path(),
        &[
            (
                "nb/password_changed.txt",
                "{{ namespace }} {{ recipient }} {{ product_name }} {{ language }} {{ subject }}",
            ),
            ("layout.html", "<i>{{ product_name }}</i>{% block content %}{% endblock %}"),
            (".git/config", "left alone"),
        ],
    );
    let options = || TemplateOptions { override_dir: Some(directory.path().to_owned()), ..options() };
    let changed = MailContent::Notice(Notice::PasswordChanged);
    let mail = write(options(), Locale::Norwegian, &changed);
    assert_eq!(mail.text.expose(), format!("co owner@example.com Minbil nb {}", mail.subject));
    assert!(mail.html.expose().starts_with("<i>Minbil</i>"));
    let mail = write(options(), Locale::English, &changed);
    assert!(mail.text.expose().starts_with("Hello,"));
}

#[test]
fn a_broken_override_stops_the_start_with_file_line_and_reason() {
    let link_only = "{{ link }}";
    for (files, expected) in [
        (
            vec![("en/password_changed.txt", "one\n{{ recipient")],
            "DIR/en/password_changed.txt, line 2: syntax error",
        ),
        (
            vec![("nb/refresh_reused.html", "one\ntwo\n{{ recipent }}")],
            "DIR/nb/refresh_reused.html, line 3: undefined value",
        ),
        (
            vec![("layout.html", "a\n{% block content %}{% endblock %}{{ nonsense }}")],
            "DIR/layout.html, line 2: undefined value",
        ),
        (
            vec![("en/password_reset.txt", "no link here")],
            "DIR/en/password_reset.txt: does not show {{ link }}",
        ),
        (
            vec![("en/password_reset.html", "{{ recipient }}"), ("en/password_reset.txt", link_only)],
            "DIR/en/password_reset.html: does not show {{ link }}",
        ),
        (
            vec![("nb/verify_email.txt", "{{ valid_hours }}")],
            "DIR/nb/verify_email.txt: does not show {{ link }}",
        ),
        (
            vec![("en/password_changed.txt", "{% if support_hint %}{{ oops }}{% endif %}")],
            "DIR/en/password_changed.txt, line 1: undefined value",
        ),
        (
            vec![("en/password_changed.txt", "{% if not support_hint %}{{ oops }}{% endif %}")],
            "DIR/en/password_changed.txt, line 1: undefined value",
        ),
        (
            vec![("en/password_reset.subject.txt", "Reset {{ link }}")],
            "DIR/en/password_reset.subject.txt, line 1: undefined value",
        ),
        (
            vec![("en/password_reset.subject.txt", "one\ntwo")],
            "DIR/en/password_reset.subject.txt: gives a subject with a line break",
        ),
        (
            vec![("en/password_reset.subject.txt", "\n")],
            "DIR/en/password_reset.subject.txt: gives an empty subject",
        ),
        (vec![("en/password-reset.txt", link_only)], "DIR/en/password-reset.txt: overrides no template"),
        (vec![("no/password_reset.txt", link_only)], "DIR/no/password_reset.txt: overrides no template"),
        (vec![("password_reset.txt", link_only)], "DIR/password_reset.txt: overrides no template"),
    ] {
        let error = refused(&files);
        assert!(error.starts_with(expected), "{files:?}: {error}");
    }
}

#[test]
fn the_limits_of_templates_and_options_are_named() {
    let too_long = "x".repeat(TEMPLATE_FILE_MAX + 1);
    assert!(refused(&[("layout.html", &too_long)]).contains("at most 262144 bytes"));
    let long_subject = "x".repeat(SUBJECT_MAX + 1);
    let error = refused(&[("nb/password_reset.subject.txt", &long_subject)]);
    assert!(error.ends_with("gives a subject of more than 120 characters"), "{error}");

    for product_name in ["", " ", "a\nb", &"x".repeat(PRODUCT_NAME_MAX + 1)] {
        let options = TemplateOptions { product_name: product_name.to_owned(), ..options() };
        let error = TemplateWriter::new(options).err().unwrap().to_string();
        assert_eq!(error, "product_name is one line of 1 to 60 characters");
    }
    let options = TemplateOptions { support_hint: Some("a\r\nb".to_owned()), ..options() };
    let error = TemplateWriter::new(options).err().unwrap().to_string();
    assert_eq!(error, "support_hint is one line of 1 to 300 characters");
}

#[test]
fn a_directory_that_is_not_there_is_an_error_and_not_no_overrides() {
    let directory = TempDir::new().unwrap();
    let missing = directory.path().join("mails");
    let options = TemplateOptions { override_dir: Some(missing.clone()), ..options() };
    let error = TemplateWriter::new(options).err().unwrap();
    assert!(matches!(error, TemplateError::Unreadable { path, .. } if path == missing));
}
