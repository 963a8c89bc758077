//! Markdown as HTML. The texts are our own, and still no tag of theirs gets through: a text is a text.

use super::highlight::highlight;
use pulldown_cmark::{CodeBlockKind, CowStr, Event, HeadingLevel, Options, Parser, Tag, TagEnd, html};

/// A text of the OpenAPI document: paragraphs, lists, code.
pub(super) fn text(markdown: &str) -> String {
    let mut out = String::new();
    html::push_html(&mut out, Parser::new(markdown).map(harmless));
    out
}

/// A guide, cut into what its page needs.
pub(super) struct Guide {
    pub(super) title: String,
    pub(super) body: String,
    pub(super) sections: Vec<Section>,
}

/// A heading that can be linked to.
#[derive(Debug, PartialEq, Eq, serde::Serialize)]
pub(super) struct Section {
    pub(super) id: String,
    pub(super) title: String,
}

/// A guide: its first heading is the title, the second level is what the page's index lists.
pub(super) fn guide(markdown: &str) -> Guide {
    let mut guide = Guide { title: String::new(), body: String::new(), sections: Vec::new() };
    let mut events = Vec::new();
    let mut parser = Parser::new_ext(markdown, Options::ENABLE_TABLES).map(harmless);
    while let Some(event) = parser.next() {
        match event {
            Event::Start(Tag::Heading { level: HeadingLevel::H1, .. }) => {
                guide.title = text_until(&mut parser, TagEnd::Heading(HeadingLevel::H1));
            }
            Event::Start(Tag::Heading { level: HeadingLevel::H2, .. }) => {
                let title = text_until(&mut parser, TagEnd::Heading(HeadingLevel::H2));
                let id = slug(&title);
                events.push(Event::Html(format!("<h2 id=\"{id}\">").into()));
                events.push(Event::Text(title.clone().into()));
                events.push(Event::Html("</h2>\n".into()));
                guide.sections.push(Section { id, title });
            }
            Event::Start(Tag::CodeBlock(kind)) => {
                let code = text_until(&mut parser, TagEnd::CodeBlock);
                events.push(Event::Html(code_block(&code, &kind).into()));
            }
            Event::Start(Tag::Table(_)) => {
                events.push(Event::Html("<div class=\"wide\" tabindex=\"0\">".into()));
                events.push(event);
            }
            Event::End(TagEnd::Table) => {
                events.push(event);
                events.push(Event::Html("</div>".into()));
            }
            other => events.push(other),
        }
    }
    html::push_html(&mut guide.body, events.into_iter());
    guide
}

/// Letters, digits and single hyphens.
pub(super) fn slug(text: &str) -> String {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join("-").to_ascii_lowercase()
}

/// HTML in a text is shown, not obeyed.
fn harmless(event: Event<'_>) -> Event<'_> {
    match event {
        Event::Html(html) | Event::InlineHtml(html) => Event::Text(html),
        other => other,
    }
}

fn text_until<'a>(events: &mut impl Iterator<Item = Event<'a>>, end: TagEnd) -> String {
    let mut text = String::new();
    for event in events.by_ref().take_while(|event| *event != Event::End(end)) {
        if let Event::Text(piece) | Event::Code(piece) = event {
            text.push_str(&piece);
        }
    }
    text
}

/// A block of code. Its first word is the language; a second one is the name of the file that the tests run it as.
fn code_block(code: &str, kind: &CodeBlockKind<'_>) -> String {
    let info = match kind {
        CodeBlockKind::Fenced(info) => info.clone(),
        CodeBlockKind::Indented => CowStr::from(""),
    };
    let mut words = info.split_whitespace();
    let language = words.next().unwrap_or("text");
    let file =
        words.next().filter(|name| name.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c)));
    let marks = file.map_or(String::new(), |file| format!(" data-file=\"{file}\""));
    let label = file.map_or(String::new(), |file| format!("<figcaption>{file}</figcaption>"));
    let colours = highlight(code, language);
    format!(
        "<figure class=\"code\"{marks}>{label}<pre tabindex=\"0\"><code>{colours}</code></pre></figure>\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn html_in_a_text_is_shown_and_not_obeyed() {
        for rendered in
            [text("<b>a</b>\n\n<script>x</script>"), guide("# <i>t</i>\n\n<script>x</script>\n").body]
        {
            assert!(!rendered.contains("<script") && !rendered.contains("<b>"), "{rendered}");
            assert!(rendered.contains("&lt;script&gt;"), "{rendered}");
        }
    }

    #[test]
    fn a_guide_has_a_title_sections_and_code_that_names_its_file() {
        let made =
            guide("# Title\n\n## Two `words`\n\nText.\n\n```js a.mjs\nlet x = 1;\n```\n\n|a|\n|-|\n|b|\n");
        assert_eq!(made.title, "Title");
        assert_eq!(made.sections, [Section { id: "two-words".to_owned(), title: "Two words".to_owned() }]);
        assert!(made.body.contains("<h2 id=\"two-words\">Two words</h2>"), "{}", made.body);
        let code = "<figure class=\"code\" data-file=\"a.mjs\"><figcaption>a.mjs</figcaption><pre tabindex=\"0\"><code>";
        assert!(made.body.contains(code) && made.body.contains("<i class=k>let</i> x"), "{}", made.body);
        assert!(made.body.contains("<table>") && !made.body.contains("Title"), "{}", made.body);
    }

    #[test]
    fn a_file_name_cannot_leave_its_attribute() {
        assert!(!guide("```js \"onclick=x\ny\n```\n").body.contains("onclick"));
    }
}
