//! The configuration file of a package: the documented defaults, with production's values.

use anyhow::{Result, bail};

/// Lines of the defaults, and what stands in their place. What has no sensible value stays out, and the server says so
/// when it starts.
const CHANGED: [(&str, &str); 4] = [
    ("mode = \"development\"", "mode = \"production\""),
    ("data_dir = \"./minbil-auth-data\"", "data_dir = \"/var/lib/minbil-auth\""),
    (
        "# minbil-auth: every key, with its default. Copy what you change into a file of your own and start with\n\
         # `minbil-auth serve --config FILE`. Any key",
        "# minbil-auth as a service: every key, with its default but for `mode` and `data_dir`. Needed from you: `base_url`, and\n\
         # `smtp_url` under [mail]. The root key comes from /etc/minbil-auth/root.key, through the service manager. Any key",
    ),
    (
        "# root_key_file = \"/etc/minbil-auth/root.key\"",
        "# Not here: the service gets it from its unit, a command from minbil-auth-admin.\n\
         # root_key_file = \"/etc/minbil-auth/root.key\"",
    ),
];

/// Production's file from what `minbil-auth config default` prints.
pub(super) fn production(defaults: &str) -> Result<String> {
    let mut text = defaults.trim_end().to_owned() + "\n";
    for (before, after) in CHANGED {
        if text.matches(before).count() != 1 {
            bail!("`minbil-auth config default` does not have this exactly once: {before}");
        }
        text = text.replacen(before, after, 1);
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::Workspace;

    #[test]
    fn the_packed_configuration_is_productions_and_says_what_is_needed() {
        let root = Workspace::load().unwrap().root;
        let defaults = std::fs::read_to_string(root.join("crates/server/src/config/default.toml")).unwrap();
        let text = production(&defaults).unwrap();
        for line in ["mode = \"production\"", "data_dir = \"/var/lib/minbil-auth\"", "# base_url = \"\""] {
            assert!(text.lines().any(|found| found == line), "{line}");
        }
        assert!(!text.contains("\nroot_key"), "a key must not lie in a file that a group can read");
    }

    #[test]
    fn defaults_that_changed_their_words_are_refused() {
        assert!(production("mode = \"development\"\n").is_err());
    }
}
