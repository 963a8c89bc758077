//! Reads a Rust file just well enough for the house rules: which text is code, where tokens are, which
//! part is test code, where functions begin and end.
//!
//! It is a scanner and not a parser: a full parser would be the heaviest dependency of a tool that every
//! fresh machine compiles first.

use std::ops::Range;

use super::blank::blank;

/// A piece of code: a word (identifier, keyword, number) or one punctuation character.
struct Token {
    at: usize,
    end: usize,
}

/// A function with a body.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Function {
    pub(crate) name: String,
    /// The line of the `fn` keyword, counted from 1.
    pub(crate) line: usize,
    /// Lines from the `fn` keyword to the closing brace, both included.
    pub(crate) lines: usize,
    pub(crate) is_test: bool,
}

/// A scanned Rust file. Token indices run from 0; an index past the end gives an empty token.
pub(crate) struct Source {
    raw: String,
    code: String,
    tokens: Vec<Token>,
    line_starts: Vec<usize>,
    tests: Vec<Range<usize>>,
}

impl Source {
    pub(crate) fn new(raw: &str) -> Self {
        let code = blank(raw);
        let tokens = tokenize(&code);
        let line_starts =
            std::iter::once(0).chain(raw.match_indices('\n').map(|(at, _)| at + 1)).collect::<Vec<_>>();
        let mut source = Self { raw: raw.to_owned(), code, tokens, line_starts, tests: Vec::new() };
        source.tests = source.find_tests();
        source
    }

    /// How many tokens there are.
    pub(crate) fn len(&self) -> usize {
        self.tokens.len()
    }

    /// The text of a token; empty past the end.
    pub(crate) fn token(&self, index: usize) -> &str {
        self.tokens.get(index).and_then(|token| self.code.get(token.at..token.end)).unwrap_or("")
    }

    /// Whether the tokens from `index` on are exactly `wanted`.
    pub(crate) fn follows(&self, index: usize, wanted: &[&str]) -> bool {
        wanted.iter().enumerate().all(|(step, text)| self.token(index + step) == *text)
    }

    /// The byte offset of a token; the end of the file past the last one.
    pub(crate) fn offset(&self, index: usize) -> usize {
        self.tokens.get(index).map_or(self.code.len(), |token| token.at)
    }

    /// The line of a token, counted from 1.
    pub(crate) fn line(&self, index: usize) -> usize {
        self.line_at(self.offset(index))
    }

    fn line_at(&self, offset: usize) -> usize {
        self.line_starts.partition_point(|start| *start <= offset)
    }

    /// Whether a token stands in code that only exists under `cfg(test)`.
    pub(crate) fn in_tests(&self, index: usize) -> bool {
        let at = self.offset(index);
        self.tests.iter().any(|range| range.contains(&at))
    }

    /// How many lines the file has, and how many of them are not `cfg(test)` code.
    pub(crate) fn lines(&self) -> (usize, usize) {
        let all = self.raw.lines().count();
        let tests: usize = self
            .tests
            .iter()
            .map(|range| self.line_at(range.end.saturating_sub(1)) - self.line_at(range.start) + 1)
            .sum();
        (all, all.saturating_sub(tests))
    }

    /// The index of the token that closes the bracket at `open`; the last token if the file is cut short.
    pub(crate) fn closing(&self, open: usize) -> usize {
        let (opens, closes) = match self.token(open) {
            "(" => ("(", ")"),
            "[" => ("[", "]"),
            _ => ("{", "}"),
        };
        let mut depth = 0_usize;
        for index in open..self.len() {
            let text = self.token(index);
            if text == opens {
                depth += 1;
            } else if text == closes {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return index;
                }
            }
        }
        self.len().saturating_sub(1)
    }

    /// The first quoted string of the raw text at or after a token, without its quotes.
    pub(crate) fn quoted_after(&self, index: usize) -> Option<&str> {
        let rest = self.raw.get(self.offset(index)..)?;
        let (_, tail) = rest.split_once('"')?;
        tail.split_once('"').map(|(text, _)| text)
    }

    /// Every function that has a body, nested ones too.
    pub(crate) fn functions(&self) -> Vec<Function> {
        let is_name = |text: &str| text.starts_with(|c: char| c.is_alphabetic() || c == '_');
        (0..self.len())
            .filter(|index| self.token(*index) == "fn" && is_name(self.token(index + 1)))
            .filter_map(|index| {
                let body = self.body_or_semicolon(index + 2)?;
                if self.token(body) != "{" {
                    return None;
                }
                let line = self.line(index);
                Some(Function {
                    name: self.token(index + 1).to_owned(),
                    line,
                    lines: self.line(self.closing(body)) - line + 1,
                    is_test: self.in_tests(index),
                })
            })
            .collect()
    }

    /// The first `{` or `;` that is not inside parentheses or square brackets (`[u8; 4]` holds a `;`).
    fn body_or_semicolon(&self, from: usize) -> Option<usize> {
        let mut depth = 0_usize;
        for index in from..self.len() {
            match self.token(index) {
                "(" | "[" => depth += 1,
                ")" | "]" => depth = depth.saturating_sub(1),
                "{" | ";" if depth == 0 => return Some(index),
                _ => {}
            }
        }
        None
    }

    /// Byte ranges that only exist under `cfg(test)`, from the attribute to the end of its item.
    fn find_tests(&self) -> Vec<Range<usize>> {
        let mut ranges = Vec::new();
        let mut index = 0;
        while index < self.len() {
            if self.follows(index, &["#", "!", "[", "cfg"]) && self.is_test_attribute(index + 2) {
                return std::iter::once(0..self.code.len()).collect();
            }
            if self.follows(index, &["#", "[", "cfg"]) && self.is_test_attribute(index + 1) {
                let mut item = self.closing(index + 1) + 1;
                while self.follows(item, &["#", "["]) {
                    item = self.closing(item + 1) + 1;
                }
                let last = match self.body_or_semicolon(item) {
                    Some(open) if self.token(open) == "{" => self.closing(open),
                    Some(semicolon) => semicolon,
                    None => self.len().saturating_sub(1),
                };
                ranges.push(self.offset(index)..self.offset(last) + 1);
                index = last;
            }
            index += 1;
        }
        ranges
    }

    /// Whether the attribute whose `[` is at `open` says `cfg(test)` or `cfg(all(test, …))`, not `not(test)`.
    fn is_test_attribute(&self, open: usize) -> bool {
        (open..self.closing(open))
            .any(|index| self.token(index) == "test" && !self.follows(index.saturating_sub(2), &["not", "("]))
    }
}

fn tokenize(code: &str) -> Vec<Token> {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let mut tokens: Vec<Token> = Vec::new();
    let mut in_word = false;
    for (at, c) in code.char_indices() {
        let end = at + c.len_utf8();
        if is_word(c) {
            match tokens.last_mut() {
                Some(last) if in_word => last.end = end,
                _ => tokens.push(Token { at, end }),
            }
        } else if !c.is_whitespace() {
            tokens.push(Token { at, end });
        }
        in_word = is_word(c);
    }
    tokens
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_is_measured_from_fn_to_its_brace() {
        let source = Source::new("/// x\nfn a(b: [u8; 2]) -> u8\n{\n  let s = \"}\";\n}\nfn c();\n");
        let functions = source.functions();
        assert_eq!(functions.len(), 1, "a declaration without a body is none");
        assert_eq!((functions[0].name.as_str(), functions[0].line, functions[0].lines), ("a", 2, 4));
    }

    #[test]
    fn a_test_module_does_not_count_as_code() {
        let source = Source::new(
            "fn a() {}\n\n#[cfg(test)]\nmod tests {\n    fn b() {}\n}\n#[cfg(not(test))]\nfn c() {}\n",
        );
        assert_eq!(source.lines(), (8, 4));
        let tests: Vec<(String, bool)> =
            source.functions().into_iter().map(|function| (function.name, function.is_test)).collect();
        assert_eq!(tests, [("a".to_owned(), false), ("b".to_owned(), true), ("c".to_owned(), false)]);
    }

    #[test]
    fn an_inner_attribute_makes_the_whole_file_test_code() {
        let source = Source::new("#![cfg(test)]\nfn a() {}\n");
        assert!(source.functions()[0].is_test);
        assert_eq!(source.lines(), (2, 0));
    }

    #[test]
    fn a_file_cut_short_is_read_without_harm() {
        for text in ["fn a() {", "#[cfg(test)]", "\"", "/*", "fn", "#[cfg(test", "'", "r#\"", "b'", "mod x {"]
        {
            let source = Source::new(text);
            source.functions();
            source.lines();
        }
    }
}
