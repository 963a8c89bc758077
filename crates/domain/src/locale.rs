//! The languages a mail can be written in.

/// A language that mails are written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Locale {
    /// English.
    English,
    /// Norwegian Bokmål.
    Norwegian,
}

impl Locale {
    /// Every language there is.
    pub const ALL: [Self; 2] = [Self::English, Self::Norwegian];

    /// The BCP 47 tag, which is also the template directory's name.
    pub const fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Norwegian => "nb",
        }
    }

    /// The language of a tag, if it is one of ours. Norwegian in any of its forms (`no`, `nb`, `nn`) is
    /// answered in Bokmål, which every reader of Norwegian reads.
    pub fn from_tag(tag: &str) -> Option<Self> {
        let primary = tag.split(['-', '_']).next().unwrap_or_default();
        match primary.to_ascii_lowercase().as_str() {
            "en" => Some(Self::English),
            "no" | "nb" | "nn" => Some(Self::Norwegian),
            _ => None,
        }
    }

    /// The first of ours in an `Accept-Language` value (RFC 9110 section 12.5.4), by weight and then by
    /// order. An unreadable weight counts as zero.
    pub fn negotiate(accept_language: &str) -> Option<Self> {
        let mut best: Option<(u16, Self)> = None;
        for item in accept_language.split(',').take(MAX_LANGUAGE_RANGES) {
            let mut parts = item.trim().split(';');
            let Some(locale) = parts.next().map(str::trim).and_then(Self::from_tag) else { continue };
            let weight = parts.next().map_or(1000, quality);
            if weight > 0 && best.is_none_or(|(known, _)| weight > known) {
                best = Some((weight, locale));
            }
        }
        best.map(|(_, locale)| locale)
    }
}

/// How many entries of one `Accept-Language` value are read.
pub const MAX_LANGUAGE_RANGES: usize = 16;

/// A weight such as `q=0.8`, in thousandths.
fn quality(parameter: &str) -> u16 {
    let Some(value) = parameter.trim().strip_prefix(['q', 'Q']).and_then(|rest| rest.strip_prefix('='))
    else {
        return 0;
    };
    let (whole, fraction) = value.split_once('.').unwrap_or((value, ""));
    if fraction.len() > 3 || !fraction.bytes().all(|b| b.is_ascii_digit()) {
        return 0;
    }
    let thousandths = format!("{fraction:0<3}").parse::<u16>().unwrap_or(0);
    match whole {
        "1" if thousandths == 0 => 1000,
        "0" => thousandths,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_heaviest_language_of_ours_wins() {
        assert_eq!(Locale::negotiate("nb-NO,nb;q=0.9,en;q=0.8"), Some(Locale::Norwegian));
        assert_eq!(Locale::negotiate("de, en;q=0.5, nn;q=0.7"), Some(Locale::Norwegian));
        assert_eq!(Locale::negotiate("en-GB"), Some(Locale::English));
        assert_eq!(Locale::negotiate("fr, *;q=0.1"), None);
    }

    #[test]
    fn an_unreadable_weight_never_wins() {
        assert_eq!(Locale::negotiate("en;q=banana, nb;q=0.1"), Some(Locale::Norwegian));
        assert_eq!(Locale::negotiate("en;q=0"), None);
        assert_eq!(Locale::negotiate(",,;;q=,"), None);
    }
}
