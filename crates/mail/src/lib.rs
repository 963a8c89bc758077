//! Mail: written from templates, delivered over SMTP, or caught in memory for development.
//!
//! - [`TemplateWriter`] writes mails from templates that an operator can override file by file.
//! - [`SmtpMailer`] hands them to one mail server and tells exactly how far a failed delivery came.
//! - [`CaughtMail`] keeps them in memory instead, for the development inbox.
//!
//! # Templates
//!
//! Every mail has three files per language: `<language>/<mail>.subject.txt`, `<language>/<mail>.txt` and
//! `<language>/<mail>.html`, with `en` and `nb` as languages and `password_reset`, `password_changed`,
//! `password_reset_done`, `refresh_reused`, `verify_email`, `sign_up_taken`, `new_device` and
//! `sign_in_after_failures` as mails. The HTML files extend `layout.html`. A file of the
//! same name below the operator's directory takes the place of the built-in one.
//!
//! The template language is Jinja's. A name that is not defined is an error, never an empty text. Values in
//! `.html` files are escaped for HTML; values in `.txt` files stand as they are.
//!
//! | variable        | defined in               | what it is                                              |
//! |-----------------|--------------------------|---------------------------------------------------------|
//! | `product_name`  | every file               | the product, as users know it                           |
//! | `support_hint`  | every file               | a sentence on where to get help; empty when there is none |
//! | `recipient`     | every file               | the address the mail goes to                            |
//! | `namespace`     | every file               | the namespace of the account, such as `co`              |
//! | `language`      | every file               | the BCP 47 tag of the mail's language                   |
//! | `subject`       | `.txt` and `.html` bodies | the subject line, written out                          |
//! | `link`          | bodies of `password_reset` and the last four | the link of the mail; both bodies must show it |
//! | `valid_minutes` | every file of `password_reset` | how long the link works, in whole minutes, at least 1 |
//! | `valid_hours`   | every file of `verify_email` | the same, in whole hours, at least 1                |
//! | `at`            | every file of the last two | when the sign-in was, as `2026-11-24 09:00 UTC`       |
//! | `device`        | every file of the last two | the families of the program and the system            |
//! | `address`       | every file of the last two | the network address; empty when it is not known       |
//!
//! All files are parsed and rendered with sample values when the server starts, so a broken override stops the
//! start and never a mail.

mod inbox;
mod message;
mod smtp;
mod template_files;
mod templates;

pub use inbox::{CAUGHT_MAILS_MAX, CaughtMail, CaughtMessage};
pub use message::message_id;
pub use smtp::{
    COMMAND_LIMIT, CONNECT_LIMIT, DELIVERY_LIMIT, InvalidSmtpOptions, REUSE_FOR, SmtpMailer, SmtpOptions,
    SmtpSetupError, SmtpTimeLimits,
};
pub use template_files::{TEMPLATE_FILE_MAX, TemplateError};
pub use templates::{PRODUCT_NAME_MAX, SUBJECT_MAX, SUPPORT_HINT_MAX, TemplateOptions, TemplateWriter};
