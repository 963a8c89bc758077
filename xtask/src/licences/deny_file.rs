//! Reads the parts of `deny.toml` that our own check needs: plain lists of strings and of inline tables.

use anyhow::{Result, bail};

/// A duplicate that is accepted: `name:version requirement`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Skip {
    pub(super) name: String,
    /// As in a Cargo.toml: `0.22` is every 0.22.x, `2` is every 2.x.y.
    pub(super) version: String,
}

impl Skip {
    pub(super) fn matches(&self, name: &str, version: &str) -> bool {
        let rest = version.strip_prefix(&self.version);
        self.name == name && rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    }
}

/// What `deny.toml` says.
#[derive(Debug)]
pub(super) struct DenyFile {
    pub(super) licences: Vec<String>,
    pub(super) banned: Vec<String>,
    pub(super) skips: Vec<Skip>,
}

impl DenyFile {
    pub(super) fn read(text: &str) -> Result<Self> {
        let licences = strings(&list(text, "licenses", "allow")?);
        let banned = crates(&list(text, "bans", "deny")?);
        if licences.is_empty() || banned.is_empty() {
            bail!("deny.toml allows no licence or bans no crate");
        }
        let mut skips = Vec::new();
        for spec in crates(&list(text, "bans", "skip")?) {
            match spec.split_once(':') {
                Some((name, version)) => {
                    skips.push(Skip { name: name.to_owned(), version: version.to_owned() });
                }
                None => bail!("deny.toml: write the skip `{spec}` as `{spec}:VERSION`"),
            }
        }
        Ok(Self { licences, banned, skips })
    }
}

/// The text between the brackets of `key = [ … ]` in a section, without comments.
fn list(text: &str, section: &str, key: &str) -> Result<String> {
    let header = format!("[{section}]");
    let mut body = String::new();
    let mut in_section = false;
    for line in text.lines() {
        let line = without_comment(line);
        if line.starts_with('[') {
            in_section = line.trim() == header;
        } else if in_section {
            body.push_str(line);
            body.push('\n');
        }
    }
    let start = body.lines().position(|line| line.split('=').next().is_some_and(|name| name.trim() == key));
    let Some(start) = start else { bail!("deny.toml: [{section}] has no `{key}`") };
    let rest: String = body.lines().skip(start).collect::<Vec<_>>().join("\n");
    match rest.split_once('[').and_then(|(_, rest)| rest.split_once(']')) {
        Some((inside, _)) => Ok(inside.to_owned()),
        None => bail!("deny.toml: `{key}` of [{section}] is not a list"),
    }
}

/// The line up to a `#` that stands outside of quotes.
fn without_comment(line: &str) -> &str {
    let mut quoted = false;
    for (at, c) in line.char_indices() {
        match c {
            '"' => quoted = !quoted,
            '#' if !quoted => return &line[..at],
            _ => {}
        }
    }
    line
}

fn strings(list: &str) -> Vec<String> {
    list.split('"').skip(1).step_by(2).map(str::to_owned).collect()
}

/// The value of `crate = "…"` in each inline table.
fn crates(list: &str) -> Vec<String> {
    list.split('{')
        .skip(1)
        .filter_map(|table| table.split_once("crate"))
        .map(|(_, rest)| strings(rest))
        .filter_map(|strings| strings.into_iter().next())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_read_in_their_sections() {
        let file = DenyFile::read(
            "[advisories]\nallow = [\"no\"]\n\n[licenses]\nversion = 2\nallow = [\n  \"MIT\", # \"not me\"\n  \"ISC\",\n]\n\
             [bans]\ndeny = [\n  { crate = \"ring\", reason = \"one # library\" },\n]\n\
             skip = [{ crate = \"base64:0.22\", reason = \"x\" }, { crate = \"syn:2\" }]\n",
        )
        .unwrap();
        assert_eq!(file.licences, ["MIT", "ISC"]);
        assert_eq!(file.banned, ["ring"]);
        let skips: Vec<&str> = file.skips.iter().map(|skip| skip.name.as_str()).collect();
        assert_eq!(skips, ["base64", "syn"]);
    }

    #[test]
    fn a_file_without_its_lists_is_refused() {
        for text in
            ["", "[licenses]\nallow = []\n[bans]\ndeny = []\nskip = []\n", "[licenses]\nallow = \"MIT\"\n"]
        {
            assert!(DenyFile::read(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_skip_matches_whole_version_parts() {
        let skip = Skip { name: "a".into(), version: "0.2".into() };
        assert!(skip.matches("a", "0.2.17") && !skip.matches("a", "0.20.1") && !skip.matches("b", "0.2.1"));
    }
}
