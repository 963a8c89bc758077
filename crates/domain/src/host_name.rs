//! Names of hosts, in the one form that resolvers compare.

/// `name` as lower-case A-labels (UTS 46, strict: labels and the whole fit into DNS, letters, digits and hyphens alone). `None`
/// also if the last label begins with no letter: browsers read that as an IP address (`1.0x7f` is 1.0.0.127), and
/// no top-level domain is of the kind (RFC 3696 section 2).
pub(crate) fn canonical(name: &str) -> Option<String> {
    let ascii = idna::domain_to_ascii_strict(name).ok()?;
    let top = ascii.rsplit('.').next().unwrap_or_default();
    top.starts_with(|c: char| c.is_ascii_alphabetic()).then_some(ascii)
}
