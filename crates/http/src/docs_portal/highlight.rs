//! Colours for code: a tokenizer that knows words, texts, numbers and comments, and claims no more. Without its marks the
//! result is the code again, letter for letter, because readers copy it and tests run it.

/// What tells the tokens of a language apart.
struct Rules {
    /// What begins a comment that ends with its line.
    comment: &'static str,
    /// Whether comments stand between `/*` and `*/` as well.
    has_block_comments: bool,
    quotes: &'static [&'static str],
    words: &'static [&'static str],
    /// Whether a text before a colon is a key.
    has_keys: bool,
    /// Whether a word that begins with hyphens is an option of a command.
    has_options: bool,
}

const JSON: Rules = Rules {
    comment: "",
    has_block_comments: false,
    quotes: &["\""],
    words: &["true", "false", "null"],
    has_keys: true,
    has_options: false,
};

const JAVASCRIPT: Rules = Rules {
    comment: "//",
    has_block_comments: true,
    quotes: &["'", "\"", "`"],
    words: &[
        "async",
        "await",
        "break",
        "case",
        "catch",
        "class",
        "const",
        "continue",
        "default",
        "do",
        "else",
        "export",
        "extends",
        "false",
        "finally",
        "for",
        "from",
        "function",
        "if",
        "import",
        "in",
        "instanceof",
        "let",
        "new",
        "null",
        "of",
        "return",
        "static",
        "super",
        "switch",
        "this",
        "throw",
        "true",
        "try",
        "typeof",
        "undefined",
        "while",
    ],
    has_keys: false,
    has_options: false,
};

const SHELL: Rules = Rules {
    comment: "# ",
    has_block_comments: false,
    quotes: &["'", "\""],
    words: &[
        "case", "do", "done", "elif", "else", "esac", "export", "fi", "for", "if", "in", "then", "while",
    ],
    has_keys: false,
    has_options: true,
};

const PYTHON: Rules = Rules {
    comment: "#",
    has_block_comments: false,
    quotes: &["\"\"\"", "\"", "'"],
    words: &[
        "False", "None", "True", "and", "as", "class", "def", "elif", "else", "except", "finally", "for",
        "from", "global", "if", "import", "in", "is", "lambda", "not", "or", "pass", "raise", "return",
        "try", "while", "with",
    ],
    has_keys: false,
    has_options: false,
};

const RUST: Rules = Rules {
    comment: "//",
    has_block_comments: true,
    quotes: &["\""],
    words: &[
        "as", "async", "await", "const", "else", "enum", "false", "fn", "for", "if", "impl", "in", "let",
        "loop", "match", "mod", "move", "mut", "pub", "ref", "return", "self", "static", "struct", "trait",
        "true", "type", "use", "where", "while",
    ],
    has_keys: false,
    has_options: false,
};

const TOML: Rules = Rules {
    comment: "#",
    has_block_comments: false,
    quotes: &["\""],
    words: &["true", "false"],
    has_keys: false,
    has_options: false,
};

const PLAIN: Rules = Rules {
    comment: "",
    has_block_comments: false,
    quotes: &[],
    words: &[],
    has_keys: false,
    has_options: false,
};

/// Code as HTML, coloured by the rules of a language as Markdown and OpenAPI name it. An unknown one stays plain.
pub(super) fn highlight(code: &str, language: &str) -> String {
    let rules = match language.to_ascii_lowercase().as_str() {
        "json" => &JSON,
        "javascript" | "js" | "mjs" => &JAVASCRIPT,
        "shell" | "sh" | "bash" | "console" => &SHELL,
        "python" | "py" => &PYTHON,
        "rust" | "rs" => &RUST,
        "toml" => &TOML,
        _ => &PLAIN,
    };
    let mut html = String::with_capacity(code.len() * 2);
    let mut rest = code;
    let mut before = '\n';
    while let Some(first) = rest.chars().next() {
        let (kind, length) = token(rest, before, first, rules);
        let (text, after) = rest.split_at(length);
        write_token(&mut html, kind, text);
        before = text.chars().next_back().unwrap_or(before);
        rest = after;
    }
    html
}

/// The class of the token that the text begins with, if it has a colour, and its length in bytes.
fn token(text: &str, before: char, first: char, rules: &Rules) -> (Option<char>, usize) {
    let is_inside_word = is_word(before);
    if !rules.comment.is_empty() && text.starts_with(rules.comment) && !is_inside_word && before != ':' {
        return (Some('c'), text.find('\n').unwrap_or(text.len()));
    }
    if rules.has_block_comments && text.starts_with("/*") {
        return (Some('c'), text.find("*/").map_or(text.len(), |end| end + 2));
    }
    if let Some(quote) = rules.quotes.iter().find(|quote| text.starts_with(**quote)) {
        let length = quoted(text, quote);
        let is_key =
            rules.has_keys && text.get(length..).is_some_and(|after| after.trim_start().starts_with(':'));
        return (Some(if is_key { 'p' } else { 's' }), length);
    }
    if rules.has_options && text.starts_with("--") && before.is_whitespace() {
        return (Some('p'), run(text, |c| is_word(c) || c == '-'));
    }
    if first.is_ascii_digit() && !is_inside_word && !rules.words.is_empty() {
        return (Some('d'), run(text, |c| is_word(c) || c == '.'));
    }
    if is_word(first) {
        let length = run(text, is_word);
        let is_known =
            !is_inside_word && before != '.' && before != '-' && rules.words.contains(&&text[..length]);
        return (is_known.then_some('k'), length);
    }
    (None, first.len_utf8())
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn run(text: &str, belongs: impl Fn(char) -> bool) -> usize {
    text.find(|c| !belongs(c)).unwrap_or(text.len())
}

/// The length of a text in quotes; one that is never closed ends with the code.
fn quoted(text: &str, quote: &str) -> usize {
    let mut at = quote.len();
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        if rest.starts_with(quote) {
            return at + quote.len();
        }
        let escaped = rest.strip_prefix('\\').and_then(|tail| tail.chars().next()).map(|c| 1 + c.len_utf8());
        at += escaped.or_else(|| rest.chars().next().map(char::len_utf8)).unwrap_or(1);
    }
    text.len()
}

fn write_token(html: &mut String, kind: Option<char>, text: &str) {
    if let Some(kind) = kind {
        // The shortest mark there is: a page has thousands of them.
        html.push_str("<i class=");
        html.push(kind);
        html.push('>');
    }
    escape(html, text);
    if kind.is_some() {
        html.push_str("</i>");
    }
}

/// Writes a text so that it is text in HTML, between tags.
fn escape(html: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            _ => html.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LANGUAGES: [&str; 7] = ["json", "javascript", "shell", "python", "rust", "toml", "text"];

    /// What a browser's `textContent` is.
    fn text_of(html: &str) -> String {
        let mut text = String::new();
        for (index, piece) in html.split('<').enumerate() {
            text.push_str(if index == 0 { piece } else { piece.split_once('>').unwrap().1 });
        }
        text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    }

    #[test]
    fn without_its_marks_it_is_the_code_again() {
        let nasty =
            "a <b> & 'x' \"never closed \\\" å \u{1F697} `t${1}` # c\n// d\n--opt 12.5e3 \"\"\"p\"\"\" \\";
        for language in LANGUAGES {
            assert_eq!(text_of(&highlight(nasty, language)), nasty, "{language}");
            for cut in nasty.char_indices().map(|(at, _)| at) {
                assert_eq!(text_of(&highlight(&nasty[..cut], language)), nasty[..cut], "{language}");
            }
        }
    }

    #[test]
    fn nothing_in_the_code_becomes_a_tag() {
        for language in LANGUAGES {
            let html = highlight("<script>alert('</span><img src=x>')</script>", language);
            assert!(!html.contains("<script") && !html.contains("<img"), "{language}: {html}");
        }
    }

    #[test]
    fn tokens_are_what_they_are() {
        assert_eq!(
            highlight("{\"a\": \"b\", \"n\": 12, \"t\": true}", "json"),
            "{<i class=p>\"a\"</i>: <i class=s>\"b\"</i>, <i class=p>\"n\"</i>: \
             <i class=d>12</i>, <i class=p>\"t\"</i>: <i class=k>true</i>}"
        );
        assert_eq!(
            highlight("const a = fetch('http://x'); // why", "javascript"),
            "<i class=k>const</i> a = fetch(<i class=s>'http://x'</i>); <i class=c>// why</i>"
        );
        assert_eq!(
            highlight("curl --request POST \"$A\" # no", "shell"),
            "curl <i class=p>--request</i> POST <i class=s>\"$A\"</i> <i class=c># no</i>"
        );
    }

    #[test]
    fn a_comment_in_a_block_is_one_token() {
        assert_eq!(highlight("/* if\n a */ if", "js"), "<i class=c>/* if\n a */</i> <i class=k>if</i>");
        assert_eq!(highlight("/* never", "rust"), "<i class=c>/* never</i>");
        assert_eq!(highlight("/* if */", "sh"), "/* <i class=k>if</i> */");
    }

    #[test]
    fn a_part_of_a_word_is_no_keyword_and_no_number() {
        for (code, language) in [("constant x2 a.of", "js"), ("sign-in", "sh"), ("sha256", "py")] {
            assert!(!highlight(code, language).contains("<i"), "{code}");
        }
    }
}
