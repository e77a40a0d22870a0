"""Every text is translated, with the same places, and the catalogue is that of today's code."""

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from django.conf import settings
from django.template.base import Lexer, TokenType
from django.utils.translation import gettext, override

from prm.management.commands.collect_messages import merged, po_path, written
from tests import factories

PLACES = re.compile(r"%\(\w+\)[sd]|\{\w*\}")
NARROW = "\u00a0\u202f"


def texts(message):
    """(source, translation) pairs of a message."""
    if isinstance(message.id, tuple):
        return list(zip(message.id, message.string, strict=False))
    return [(message.id, message.string)]


@pytest.fixture(scope="module")
def french():
    return [message for message in merged("fr") if message.id]


def test_catalogue_is_that_of_the_code():
    """Otherwise: make messages."""
    assert po_path("fr").read_bytes() == written(merged("fr"))


def test_nothing_is_untranslated(french):
    assert [source for message in french for source, translated in texts(message) if not translated] == []


def test_places_are_kept(french):
    lost = []
    for message in french:
        plural_source, plural = texts(message)[-1]
        if set(PLACES.findall(plural_source)) != set(PLACES.findall(plural)):
            lost.append((plural_source, plural))
    assert lost == []


def test_french_typography(french):
    """A no-break space stands before : ; ? ! % and inside « »; the apostrophe is the typographic one."""
    wrong = []
    for message in french:
        for _source, translated in texts(message):
            bare = re.sub(r"%\(\w+\)[sd]|<[^>]*>|https?://\S+|[a-z]+:\w+|\d:\d|\d%%?|&\w+;", "", translated)
            if re.search(rf"(?<![{NARROW}\s]) ?[?!;](\s|$)| [:;?!%»]|« ", bare) or re.search(r"\w'\w", bare):
                wrong.append(translated)
    assert wrong == []


def test_words_of_the_trade(french):
    """The glossary's choices: a tier is a niveau, never a palier; the vendor is no vendeur."""
    wrong = [t for m in french for s, t in texts(m) if re.search(r"\btier\b", s, re.I) and "palier" in t.casefold()]
    wrong += [
        t
        for m in french
        for s, t in texts(m)
        if re.search(r"\bvendor\b", s, re.I) and re.search(r"\bvendeur", t.casefold())
    ]
    assert wrong == []


ALLOWED = {
    "shell-entrance entrance",  # classes of the body, in a block
    "",
    "CSV",
    "XLSX",
    "PRM",
    "Ctrl K",
    "K",
    "J",
    "A",
    "R",
    "Q",
    "T",
    "?",
    "API",
    "Esc",
    "Ctrl",
    "⌘K",
    "/",
    "%",
    "MFA",
    "TOTP",
    "Enter",
}
SPOKEN = ("aria-label", "placeholder", "title", "alt", "label", "lead", "text")


class BareText(HTMLParser):
    """Collects letters that stand in a template outside translation tags."""

    def __init__(self):
        super().__init__()
        self.found: list[str] = []
        self.silent = 0

    def handle_starttag(self, tag, attributes):
        self.silent += tag in ("script", "style", "kbd", "code")
        for name, value in attributes:
            if name in SPOKEN and value:
                self.note(value)

    def handle_endtag(self, tag):
        self.silent -= tag in ("script", "style", "kbd", "code")

    def handle_data(self, data):
        if not self.silent:
            self.note(data)

    def note(self, text):
        text = " ".join(text.split()).strip(" ·:,.()→—–-+×…|\u200b")
        if re.search(r"[A-Za-zÀ-ÿ]{2,}", text) and text not in ALLOWED and not re.fullmatch(r"[a-z0-9#_\-./]+", text):
            self.found.append(text)


def test_templates_hold_no_bare_text():
    bare = {}
    for path in sorted(Path(settings.BASE_DIR, "templates").rglob("*.html")):
        kept, inside = [], False
        for token in Lexer(path.read_text(encoding="utf-8")).tokenize():
            if token.token_type == TokenType.BLOCK:
                word = token.contents.split(" ", 1)[0]
                inside = word in ("blocktranslate", "blocktrans", "comment") or (
                    inside and word not in ("endblocktranslate", "endblocktrans", "endcomment")
                )
                kept.append("")
            elif token.token_type == TokenType.TEXT and not inside:
                kept.append(token.contents)
        parser = BareText()
        parser.feed("".join(kept))
        if parser.found:
            bare[str(path.relative_to(settings.BASE_DIR))] = parser.found
    assert bare == {}


class Visible(HTMLParser):
    """The words a reader sees or hears on a page."""

    def __init__(self):
        super().__init__()
        self.words: set[str] = set()
        self.silent = 0

    def handle_starttag(self, tag, attributes):
        self.silent += tag in ("script", "style")
        self.words |= {
            " ".join(v.split()) for k, v in attributes if v and k in ("aria-label", "placeholder", "title", "alt")
        }

    def handle_endtag(self, tag):
        self.silent -= tag in ("script", "style")

    def handle_data(self, data):
        if not self.silent:
            self.words.add(" ".join(data.split()))


@pytest.mark.parametrize(
    ("side", "addresses"),
    [
        (
            "vendor",
            [
                "/home/",
                "/approvals/",
                "/registrations/",
                "/partners/",
                "/customers/",
                "/programs/",
                "/imports/",
                "/profile/",
                "/inbox/",
            ],
        ),
        ("portal", ["/portal/", "/portal/deals/", "/portal/deals/new/", "/profile/", "/inbox/"]),
    ],
)
def test_pages_in_french_hold_no_english(side, addresses, french, signed_in, owner, channel_manager, submitted_deal):
    """What is on the page is none of the source texts, unless both languages say it alike."""
    user = channel_manager if side == "vendor" else owner
    user.language = "fr"
    user.save()
    pairs = [pair for message in french for pair in texts(message)]
    english = {source for source, translated in pairs if source != translated and len(source) > 3}
    english -= {translated for _source, translated in pairs}  # "Extension" is French too
    english -= {"English", "Partners"}  # a language in its own name, and the brand
    client = signed_in(user)
    left = {}
    for address in addresses:
        response = client.get(address)
        assert response.status_code == 200, address
        page = Visible()
        page.feed(response.content.decode())
        if found := page.words & english:
            left[address] = found
    assert left == {}


def test_refusals_of_the_model_are_french_too(owner):
    draft = factories.draft(owner, customer_name="")
    with override("fr"):
        assert draft.missing()["customer_name"] == gettext("Give the customer's name.") != "Give the customer's name."
