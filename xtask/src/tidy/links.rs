//! Every relative link of a Markdown file leads to a file or folder of the tree.

use super::modules::normalize;
use super::report::Report;
use super::tree::Tree;

/// The server shows these as pages, and `/` leads to its other pages there. The end-to-end suite `portal` follows them.
const SERVED: &str = "docs/guide/";

pub(crate) fn check(tree: &Tree) -> Report {
    let mut report = Report::new("relative links");
    for (path, file) in tree.files.iter().filter(|(path, _)| path.ends_with(".md")) {
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        for (line, target) in links(&file.text) {
            let Some(target) = relative(&target) else { continue };
            if path.starts_with(SERVED) && target.starts_with('/') {
                continue;
            }
            report.looked_at += 1;
            let wanted = match target.strip_prefix('/') {
                Some(from_root) => normalize(from_root),
                None => normalize(&format!("{folder}/{target}")),
            };
            let is_folder =
                |name: &String| name.strip_prefix(&wanted).is_some_and(|rest| rest.starts_with('/'));
            if !wanted.is_empty() && !tree.files.contains_key(&wanted) && !tree.files.keys().any(is_folder) {
                report.find(path, line, &format!("the link `{target}` leads nowhere"));
            }
        }
    }
    report
}

/// The path of a link without its fragment; `None` if it leads out of the tree or within the page.
fn relative(target: &str) -> Option<&str> {
    let path = target.split(['#', '?']).next().unwrap_or("");
    let has_scheme = path.split_once(':').is_some_and(|(scheme, _)| !scheme.contains('/'));
    (!path.is_empty() && !has_scheme && !path.starts_with("//")).then_some(path)
}

/// The targets of `[text](target)` and `[name]: target` with their lines, outside of code.
fn links(text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let mut fence: Option<&str> = None;
    for (index, line) in text.lines().enumerate() {
        let trimmed = line.trim_start();
        if let Some(mark) = ["```", "~~~"].into_iter().find(|mark| trimmed.starts_with(mark)) {
            fence = match fence {
                None => Some(mark),
                Some(open) if open == mark => None,
                open => open,
            };
            continue;
        }
        if fence.is_none() {
            found.extend(links_of_line(&without_code(line)).into_iter().map(|target| (index + 1, target)));
        }
    }
    found
}

/// The line with its `code` spans taken out.
fn without_code(line: &str) -> String {
    line.split('`').step_by(2).collect::<Vec<_>>().join(" ")
}

fn links_of_line(line: &str) -> Vec<String> {
    let clean = |target: &str| {
        let target = target.trim();
        match target.strip_prefix('<').and_then(|rest| rest.split_once('>')) {
            Some((inside, _)) => inside.to_owned(),
            None => target.split_whitespace().next().unwrap_or("").to_owned(),
        }
    };
    let mut targets: Vec<String> = line
        .split("](")
        .skip(1)
        .filter_map(|rest| rest.split_once(')'))
        .map(|(target, _)| clean(target))
        .collect();
    if let Some((name, target)) = line.strip_prefix('[').and_then(|rest| rest.split_once("]:"))
        && !name.contains(']')
        && !name.starts_with('^')
    {
        targets.push(clean(target));
    }
    targets
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::tree::sample;

    #[test]
    fn a_link_that_leads_nowhere_is_found() {
        let tree = sample(
            &[],
            &[
                ("README.md", "[a](docs/a.md) and\n[b](docs/gone.md#part)\n[c]: missing.md\n"),
                ("docs/a.md", "[up](../LICENSE)\n"),
            ],
        );
        assert_eq!(check(&tree).places(), ["README.md:2", "README.md:3", "docs/a.md:1"]);
    }

    #[test]
    fn a_guide_may_link_to_pages_of_the_server() {
        let tree = sample(
            &[],
            &[("docs/guide/a.md", "[a](/docs/problems/) [b](gone.md)"), ("docs/b.md", "[c](/docs/x)")],
        );
        assert_eq!(check(&tree).places(), ["docs/b.md:1", "docs/guide/a.md:1"]);
    }

    #[test]
    fn links_to_files_folders_pages_and_code_pass() {
        let tree = sample(
            &[],
            &[
                (
                    "README.md",
                    "[a](docs/a.md#x \"title\") [b](docs/) [c](<docs/a.md>) [d](#here) [e](https://minbil.no/x)\n\
                     `[f](gone.md)` [g](mailto:a@b) [h](/docs/a.md)\n```\n[i](gone.md)\n```\n[^1]: a note\n",
                ),
                ("docs/a.md", "[up](../README.md) [me](a.md)\n"),
            ],
        );
        let report = check(&tree);
        assert_eq!(report.findings, []);
        assert_eq!(report.looked_at, 6);
    }
}
