//! Where template texts come from: built into the binary, overridden file by file from a directory.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// The longest template file, in bytes.
pub const TEMPLATE_FILE_MAX: usize = 256 * 1024;

/// The file that the HTML mails extend.
const LAYOUT: &str = "layout.html";

macro_rules! built_in {
    ($($language:literal: $($mail:literal)+;)+) => {
        /// Every built-in template: its name, which is its path below the directory, and its text.
        const BUILT_IN: &[(&str, &str)] = &[
            (LAYOUT, include_str!("../templates/layout.html")),
            $($(
                built_in!(@file $language, $mail, ".subject.txt"),
                built_in!(@file $language, $mail, ".txt"),
                built_in!(@file $language, $mail, ".html"),
            )+)+
        ];
    };
    (@file $language:literal, $mail:literal, $end:literal) => {
        (
            concat!($language, "/", $mail, $end),
            include_str!(concat!("../templates/", $language, "/", $mail, $end)),
        )
    };
}

built_in! {
    "en": "password_reset" "password_changed" "password_reset_done" "refresh_reused" "verify_email"
        "sign_up_taken" "new_device" "sign_in_after_failures";
    "nb": "password_reset" "password_changed" "password_reset_done" "refresh_reused" "verify_email"
        "sign_up_taken" "new_device" "sign_in_after_failures";
}

/// Why the mail templates cannot be used. The texts name the file and say what is wrong with it.
#[derive(Debug, thiserror::Error)]
pub enum TemplateError {
    /// A file or directory cannot be read.
    #[error("{path}: {source}")]
    Unreadable {
        /// Which one.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A file is too long.
    #[error("{0}: a template has at most {TEMPLATE_FILE_MAX} bytes")]
    TooLong(PathBuf),
    /// A file overrides nothing, so it would be ignored in silence.
    #[error("{path}: overrides no template; the templates are {}", known_names())]
    Unknown {
        /// Which one.
        path: PathBuf,
    },
    /// A template does not parse or does not render.
    #[error("{file}{}: {reason}", line.map(|line| format!(", line {line}")).unwrap_or_default())]
    Broken {
        /// The template; a path when it is an override.
        file: String,
        /// Where in it.
        line: Option<usize>,
        /// What is wrong.
        reason: String,
    },
    /// A value in the configuration cannot stand in a mail.
    #[error("{0}")]
    InvalidOption(String),
}

/// The texts that are in force.
pub(crate) struct TemplateFiles {
    /// Where overrides come from.
    directory: Option<PathBuf>,
    overrides: BTreeMap<&'static str, String>,
}

impl TemplateFiles {
    /// Reads the overrides, if there is a directory for them.
    pub(crate) fn read(directory: Option<&Path>) -> Result<Self, TemplateError> {
        let mut overrides = BTreeMap::new();
        if let Some(directory) = directory {
            refuse_unknown(directory)?;
            for (name, _) in BUILT_IN {
                if let Some(text) = read_override(&directory.join(name))? {
                    overrides.insert(*name, text);
                }
            }
        }
        Ok(Self { directory: directory.map(Path::to_owned), overrides })
    }

    /// A template's text, if there is such a template.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        let (name, built_in) = BUILT_IN.iter().find(|(known, _)| *known == name)?;
        Some(self.overrides.get(name).map_or(*built_in, String::as_str))
    }

    /// Whether a file of the operator's is in force.
    pub(crate) fn has_overrides(&self) -> bool {
        !self.overrides.is_empty()
    }

    /// The name of every template.
    #[cfg(test)]
    pub(crate) fn names(&self) -> impl Iterator<Item = &'static str> {
        BUILT_IN.iter().map(|(name, _)| *name)
    }

    /// The template as an operator finds it: a path for an override.
    pub(crate) fn place(&self, name: &str) -> String {
        match &self.directory {
            Some(directory) if self.overrides.contains_key(name) => {
                directory.join(name).display().to_string()
            }
            _ => format!("built-in template {name}"),
        }
    }
}

fn known_names() -> String {
    let names: Vec<_> = BUILT_IN.iter().map(|(name, _)| *name).collect();
    names.join(", ")
}

/// A misspelt override would be ignored, and the operator would learn of it from a user. So every file in
/// the places where overrides belong has to be one.
fn refuse_unknown(directory: &Path) -> Result<(), TemplateError> {
    for name in entries(directory)? {
        let path = directory.join(&name);
        if path.is_dir() {
            for file in entries(&path)? {
                require_known(&format!("{name}/{file}"), path.join(&file))?;
            }
        } else {
            require_known(&name, path)?;
        }
    }
    Ok(())
}

/// What a directory holds, but for hidden entries: version control and desktop systems leave those behind.
fn entries(directory: &Path) -> Result<Vec<String>, TemplateError> {
    let unreadable = |source| TemplateError::Unreadable { path: directory.to_owned(), source };
    let mut names = Vec::new();
    for entry in fs::read_dir(directory).map_err(unreadable)? {
        let name = entry.map_err(unreadable)?.file_name().to_string_lossy().into_owned();
        if !name.starts_with('.') {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}

fn require_known(name: &str, path: PathBuf) -> Result<(), TemplateError> {
    if BUILT_IN.iter().any(|(known, _)| *known == name) {
        Ok(())
    } else {
        Err(TemplateError::Unknown { path })
    }
}

fn read_override(path: &Path) -> Result<Option<String>, TemplateError> {
    let unreadable = |source| TemplateError::Unreadable { path: path.to_owned(), source };
    let file = match fs::File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(unreadable(error)),
    };
    let mut text = String::new();
    let limit = u64::try_from(TEMPLATE_FILE_MAX).unwrap_or(u64::MAX).saturating_add(1);
    file.take(limit).read_to_string(&mut text).map_err(unreadable)?;
    if text.len() > TEMPLATE_FILE_MAX {
        return Err(TemplateError::TooLong(path.to_owned()));
    }
    Ok(Some(text))
}
