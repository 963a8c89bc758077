"""Reads what a page shows out of its HTML, as a browser without JavaScript would."""

from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = {"base", "br", "hr", "img", "input", "link", "meta", "source", "wbr"}


@dataclass
class CodeBlock:
    """A block of code: the `data-` attributes of what surrounds it, and its text, letter for letter."""

    data: dict
    text: str = ""


@dataclass
class HtmlPage:
    """What the tests look at in a page."""

    blocks: list = field(default_factory=list)
    links: list = field(default_factory=list)
    loads: list = field(default_factory=list)
    ids: set = field(default_factory=set)
    inline_scripts: int = 0
    open_tags: list = field(default_factory=list)

    def code(self, **data):
        """The blocks that carry all of these attributes."""
        return [block for block in self.blocks if data.items() <= block.data.items()]


class _Reader(HTMLParser):
    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.page = HtmlPage()
        self.stack = []
        self.surrounding = None
        self.in_code = False

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        if tag not in VOID:
            self.stack.append(tag)
        if "id" in attributes:
            self.page.ids.add(attributes["id"])
        if tag == "a" and "href" in attributes:
            self.page.links.append(attributes["href"])
        if tag in ("script", "img", "iframe") and "src" in attributes:
            self.page.loads.append(attributes["src"])
        if tag == "link":
            self.page.loads.append(attributes["href"])
        if tag == "style" or (tag == "script" and "src" not in attributes) or "style" in attributes:
            self.page.inline_scripts += 1
        if "code" in attributes.get("class", "").split():
            self.surrounding = {name[5:]: value for name, value in attributes.items() if name.startswith("data-")}
        if tag == "code" and self.surrounding is not None and "pre" in self.stack:
            self.page.blocks.append(CodeBlock(self.surrounding))
            self.in_code = True

    def handle_endtag(self, tag):
        if not self.stack or self.stack.pop() != tag:
            self.page.open_tags.append(tag)
        if tag == "code" and self.in_code:
            self.in_code = False
            self.surrounding = None

    def handle_data(self, data):
        if self.in_code:
            self.page.blocks[-1].text += data


def read(html):
    """Reads a page."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    reader.page.open_tags += reader.stack
    return reader.page
