//! The systemd unit: every restriction that must be there is there, and systemd's own judgement of it.

use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::machine;
use crate::process::Run;

/// Relative to the root.
pub(super) const UNIT: &str = "packaging/systemd/minbil-auth.service";
/// `systemd-analyze security`: 0 is nothing exposed, 10 everything. It counts the network that a server needs as exposed.
const EXPOSURE_MAX: f64 = 1.5;

/// Keys of `[Service]` with the value they must have; an empty one is set and empty.
const REQUIRED: [(&str, &str); 34] = [
    ("User", "minbil-auth"),
    ("ExecStart", "/usr/bin/minbil-auth serve"),
    ("LoadCredential", "root.key:/etc/minbil-auth/root.key"),
    ("StateDirectory", "minbil-auth"),
    ("StateDirectoryMode", "0700"),
    ("UMask", "0077"),
    ("LimitCORE", "0"),
    ("ProtectSystem", "strict"),
    ("ProtectHome", "yes"),
    ("ProtectProc", "invisible"),
    ("ProcSubset", "pid"),
    ("PrivateTmp", "yes"),
    ("PrivateDevices", "yes"),
    ("PrivateUsers", "yes"),
    ("DevicePolicy", "closed"),
    ("RemoveIPC", "yes"),
    ("NoNewPrivileges", "yes"),
    ("CapabilityBoundingSet", ""),
    ("AmbientCapabilities", ""),
    ("RestrictSUIDSGID", "yes"),
    ("RestrictNamespaces", "yes"),
    ("RestrictRealtime", "yes"),
    ("LockPersonality", "yes"),
    ("MemoryDenyWriteExecute", "yes"),
    ("ProtectClock", "yes"),
    ("ProtectControlGroups", "yes"),
    ("ProtectHostname", "yes"),
    ("ProtectKernelLogs", "yes"),
    ("ProtectKernelModules", "yes"),
    ("ProtectKernelTunables", "yes"),
    ("RestrictAddressFamilies", "AF_INET AF_INET6 AF_UNIX"),
    ("SystemCallArchitectures", "native"),
    ("SystemCallFilter", "@system-service"),
    ("SystemCallFilter", "~@privileged @resources @keyring"),
];

/// Checks the unit, with systemd's tools too where they are.
pub(super) fn check(root: &Path) -> Result<String> {
    let text = std::fs::read_to_string(root.join(UNIT)).with_context(|| format!("cannot read {UNIT}"))?;
    let faults = faults(&text);
    if !faults.is_empty() {
        bail!("{UNIT}: {}", faults.join("; "));
    }
    if machine::find("systemd-analyze").is_none() {
        return Ok(
            "unit: our own check; without systemd-analyze, so its exposure was not measured".to_owned()
        );
    }
    let said = Run::new("systemd-analyze")
        .folder(root)
        .args(["security", "--offline=yes", "--no-pager", UNIT])
        .hidden("SYSTEMD_COLORS", "0")
        .output()?;
    let exposure = exposure(&said).context("systemd-analyze names no exposure")?;
    if exposure > EXPOSURE_MAX {
        bail!("{UNIT}: exposure {exposure}, at most {EXPOSURE_MAX} is allowed\n{said}");
    }
    Ok(format!("unit: exposure {exposure}"))
}

/// `systemd-analyze verify` where everything that the unit names is installed below `folder`.
pub(super) fn verify(folder: &Path) -> Result<()> {
    if machine::find("systemd-analyze").is_none() {
        return Ok(());
    }
    // It ends with 0 also where it warns, so what it says counts; about units of this machine it may say anything.
    let unit = folder.join("usr/lib/systemd/system/minbil-auth.service");
    let text = std::fs::read_to_string(&unit)?;
    let copy = folder.with_extension("verify").join("minbil-auth.service");
    let program = folder.join("usr/bin/minbil-auth").display().to_string();
    // Manual pages are looked up on this machine, where ours is not installed.
    let text = text
        .replace("/usr/bin/minbil-auth serve", &format!("{program} serve"))
        .replace("Documentation=man:minbil-auth(1)\n", "");
    super::write(&copy, text, 0o644)?;
    let said = Run::new("sh")
        .args(["-c", "systemd-analyze verify \"$0\" 2>&1"])
        .arg(&copy)
        .hidden("SYSTEMD_COLORS", "0")
        .output()?;
    if let Some(line) = said.lines().find(|line| line.contains("minbil-auth.service")) {
        bail!("systemd-analyze verify: {line}");
    }
    Ok(())
}

/// What is wrong with the unit's text.
fn faults(text: &str) -> Vec<String> {
    let mut faults = Vec::new();
    let mut section = "";
    let mut service = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
        } else if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            section = name;
        } else if let Some((key, value)) = line.split_once('=') {
            if section == "Service" {
                service.push((key, value));
            }
        } else {
            faults.push(format!("line {} is neither a section nor `key=value`", index + 1));
        }
    }
    for required in REQUIRED {
        if !service.contains(&required) {
            faults.push(format!("[Service] has no `{}={}`", required.0, required.1));
        }
    }
    // A second value would take the place of the first, or add to it.
    for (key, _) in REQUIRED.iter().filter(|(key, _)| *key != "SystemCallFilter") {
        if service.iter().filter(|(found, _)| found == key).count() > 1 {
            faults.push(format!("`{key}` is there twice"));
        }
    }
    faults
}

/// The number of `→ Overall exposure level for minbil-auth.service: 1.4 OK`.
fn exposure(said: &str) -> Option<f64> {
    let line = said.lines().find(|line| line.contains("Overall exposure level"))?;
    line.rsplit_once(": ")?.1.split(' ').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::Workspace;

    fn unit() -> String {
        std::fs::read_to_string(Workspace::load().unwrap().root.join(UNIT)).unwrap()
    }

    #[test]
    fn the_unit_has_every_restriction() {
        assert_eq!(faults(&unit()), Vec::<String>::new());
    }

    #[test]
    fn a_restriction_that_is_missing_weaker_or_set_again_is_found() {
        for (key, value) in REQUIRED {
            let line = format!("{key}={value}\n");
            assert_eq!(faults(&unit().replacen(&line, "", 1)).len(), 1, "{line}");
        }
        let weaker = unit().replace("ProtectSystem=strict", "ProtectSystem=full");
        assert_eq!(faults(&weaker), ["[Service] has no `ProtectSystem=strict`"]);
        let again = unit().replace("NoNewPrivileges=yes", "NoNewPrivileges=yes\nNoNewPrivileges=no");
        assert_eq!(faults(&again), ["`NoNewPrivileges` is there twice"]);
        assert_eq!(faults(&unit().replace("UMask=0077", "UMask 0077")).len(), 2);
    }

    #[test]
    fn the_exposure_is_the_number_at_the_end() {
        let said = "x\n\n→ Overall exposure level for minbil-auth.service: 1.4 OK :-)\n";
        assert_eq!(exposure(said), Some(1.4));
        assert_eq!(exposure("nothing"), None);
    }
}
