//! Names of hosts, in the one form that resolvers compare.

/// `name` as lower-case A-labels (UTS 46, strict). `None` for what is no name: an empty or over-long label, a dot at the
/// end, or a last label that begins with no letter. Browsers read the last kind as an IP address (`1.0x7f` is
/// 1.0.0.127), and no top-level domain is of it (RFC 3696 section 2).
pub(crate) fn canonical(name: &str) -> Option<String> {
    let ascii = idna::domain_to_ascii_strict(name).ok()?;
    let labels_fit = ascii.split('.').all(|label| (1..=63).contains(&label.len()));
    let top = ascii.rsplit('.').next().unwrap_or_default();
    (labels_fit && top.starts_with(|c: char| c.is_ascii_alphabetic())).then_some(ascii)
}
