//! What a device is called in a mail: the family of its program and of its system, and nothing else of what it says of
//! itself. A `User-Agent` is written by whoever calls; a mail that repeated it would carry a stranger's words to the
//! owner under our name (CWE-74).

/// The families of a device; one that says nothing we know has none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct DeviceName {
    /// The browser, or whatever else called.
    pub program: Option<&'static str>,
    /// What it runs on.
    pub system: Option<&'static str>,
}

/// Mark and family, the first that is found counts: most programs also claim to be those further down.
const PROGRAMS: [(&str, &str); 14] = [
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
    ("curl/", "curl"),
    ("axios/", "axios"),
    ("node", "Node.js"),
    ("python-requests/", "Python"),
    ("okhttp/", "okhttp"),
    ("PostmanRuntime/", "Postman"),
];

/// As above.
const SYSTEMS: [(&str, &str); 8] = [
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("CrOS", "ChromeOS"),
    ("Macintosh", "Mac"),
    ("Darwin", "Mac"),
    ("Linux", "Linux"),
];

impl DeviceName {
    /// The families that a `User-Agent` tells of.
    pub fn of(user_agent: Option<&str>) -> Self {
        let text = user_agent.unwrap_or_default();
        let first = |known: &[(&str, &'static str)]| {
            known.iter().find(|(mark, _)| text.contains(mark)).map(|(_, name)| *name)
        };
        Self { program: first(&PROGRAMS), system: first(&SYSTEMS) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_and_systems_are_told_by_family() {
        let mozilla = "Mozilla/5.0";
        let webkit = "AppleWebKit/537.36 (KHTML, like Gecko)";
        for (text, program, system) in [
            (
                format!("{mozilla} (X11; Linux x86_64; rv:147.0) Gecko/20100101 Firefox/147.0"),
                "Firefox",
                "Linux",
            ),
            (
                format!("{mozilla} (Windows NT 10.0; Win64; x64) {webkit} Chrome/144.0.0.0 Safari/537.36"),
                "Chrome",
                "Windows",
            ),
            (
                format!(
                    "{mozilla} (Windows NT 10.0; Win64; x64) {webkit} Chrome/144.0.0.0 Safari/537.36 Edg/144.0"
                ),
                "Edge",
                "Windows",
            ),
            (
                format!("{mozilla} (Linux; Android 10; K) {webkit} Chrome/144.0.0.0 Mobile Safari/537.36"),
                "Chrome",
                "Android",
            ),
            (
                format!("{mozilla} (iPhone; CPU iPhone OS 18_5 like Mac OS X) {webkit} Mobile Safari/604.1"),
                "Safari",
                "iPhone",
            ),
            (
                format!("{mozilla} (Macintosh; Intel Mac OS X 10_15_7) {webkit} Version/18 Safari/605"),
                "Safari",
                "Mac",
            ),
        ] {
            let name = DeviceName::of(Some(&text));
            assert_eq!((name.program, name.system), (Some(program), Some(system)), "{text}");
        }
        assert_eq!(DeviceName::of(Some("axios/1.13.2")).program, Some("axios"));
    }

    #[test]
    fn what_says_nothing_we_know_has_no_name() {
        for text in [None, Some(""), Some("Call +47 555 now: https://evil.example")] {
            assert_eq!(DeviceName::of(text), DeviceName::default());
        }
    }
}
