//! `doctor`

use crate::cli::Doctor;
use crate::config::ConfigError;
use crate::config::settings::Settings;
use crate::doctor::{Examination, Finding, examine, report, worst};
use crate::log;
use crate::output::line;
use domain::email_address::EmailAddress;

/// Examines and prints; what the program is to end with.
///
/// # Errors
/// When the examination itself cannot be made.
pub async fn run(settings: Result<Settings, ConfigError>, command: &Doctor) -> anyhow::Result<u8> {
    let findings = match settings {
        Ok(settings) => {
            log::start(&settings.written.log.format, &settings.written.log.level)?;
            examine(&settings, &asked(command)?).await?
        }
        Err(error) => {
            let remedy = "nothing else can be looked at before; `minbil-auth config check` checks it alone";
            vec![Finding::wrong("config", error.to_string(), remedy)]
        }
    };
    if command.json {
        line(&report(&findings).to_string());
    } else {
        findings.iter().for_each(|finding| line(&finding.lines()));
    }
    Ok(worst(&findings).exit_code())
}

fn asked(command: &Doctor) -> anyhow::Result<Examination> {
    let mail_to = command.mail_to.as_deref().map(EmailAddress::parse).transpose();
    Ok(Examination {
        url: command.url.clone(),
        ca_file: command.ca_file.clone(),
        mail_to: mail_to.map_err(|error| anyhow::anyhow!("--mail-to: {error}"))?,
    })
}
