"""One spelling from many: names, domains and numbers reduced to what identifies a company.

``VERSION`` grows when a rule changes, so that stored keys can be made anew.
"""

from __future__ import annotations

import re
import unicodedata
from urllib.parse import urlsplit

import tldextract

VERSION = 1

# Legal forms, folded, as whole words at the end (or the start) of a name. A form that is all there is stays: "Coop", "AMBA".
LEGAL_FORMS = frozenset(
    """ab ag aktiengesellschaft amba aps as asa asbl bhd bv bvba cic co company corp corporation cv dac doo ead ee eg eirl ek ev
    eurl fze gie gmbh gmbhcokg inc incorporated is kft kg kgaa kk llc llp lp ltd limited ltda mbh nv ood oy oyj plc pte pty pvt
    private sa sab sae sal sapa sarl sas sasu sca sci scop scs sdn se sel selarl si sl slu snc soc sociedad spa spk spol sprl
    spzoo srl srls sro sti ug vof zoo zrt gesellschaft societe anonyme""".split()
)
LOCAL_FORMS = (
    "株式会社",
    "有限会社",
    "合同会社",
    "有限公司",
    "股份有限公司",
    "주식회사",
    "(株)",
    "ооо",
    "зао",
    "оао",
    "ао",
)

# Domains that many companies share; they never prove identity.
SHARED_DOMAINS = frozenset(
    """gmail.com googlemail.com outlook.com outlook.fr hotmail.com hotmail.fr live.com live.fr msn.com yahoo.com yahoo.fr yahoo.co.uk icloud.com
    me.com aol.com gmx.de gmx.net gmx.fr web.de t-online.de orange.fr wanadoo.fr free.fr sfr.fr laposte.net bbox.fr neuf.fr proton.me protonmail.com
    libero.it tiscali.it virgilio.it telenet.be skynet.be bluewin.ch mail.ru yandex.ru qq.com 163.com 126.com naver.com zoho.com
    wixsite.com wordpress.com blogspot.com github.io business.site linkedin.com facebook.com instagram.com sites.google.com ac-paris.fr
    gouv.fr nhs.uk nhs.net gov.uk europa.eu""".split()
)

_extract = tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None)
_WORDS = re.compile(r"[^\W_]+")


def fold(text: str) -> str:
    """Lower case without accents, compatibility forms undone: "Hôpital" → "hopital", "ＡＢＣ" → "abc"."""
    text = (
        unicodedata.normalize("NFKC", text)
        .casefold()
        .replace("ß", "ss")
        .replace("ø", "o")
        .replace("ł", "l")
        .replace("æ", "ae")
        .replace("œ", "oe")
    )
    return "".join(char for char in unicodedata.normalize("NFD", text) if not unicodedata.combining(char))


def name_key(name: str) -> str:
    """What remains of a company's name without case, accents, punctuation and legal form: "Banque Lumière S.A." → "banque lumiere".

    Legal forms in their own script go before folding. A name that is nothing but a form stays whole.
    """
    text = unicodedata.normalize("NFKC", name).casefold()
    for form in LOCAL_FORMS:
        text = _strip_form(text, form)
    text = re.sub(r"\b(\w)\.(?=\w\b)", r"\1", text)  # N.V. → nv.
    text = fold(text).replace("&", " and ").replace("+", " and ").replace("’", "").replace("'", "")
    words = _WORDS.findall(text)
    kept = list(words)
    while len(kept) > 1 and (
        kept[-1] in LEGAL_FORMS or (kept[-1] == "and" and len(kept) < len(words))
    ):  # GmbH & Co. KG
        kept.pop()
    while len(kept) > 1 and kept[0] in LEGAL_FORMS and len(kept[0]) > 1:
        kept.pop(0)
    return " ".join(kept or words)


def _strip_form(text: str, form: str) -> str:
    """Remove a legal form in its own script; scripts without spaces attach it to the name."""
    if any("\u3040" <= char <= "\u9fff" or "\uac00" <= char <= "\ud7af" for char in form):
        stripped = text.replace(form, " ")
    else:
        stripped = re.sub(rf"(?<!\w){re.escape(form)}(?!\w)", " ", text)
    return stripped if stripped.strip() else text


def domain_key(address: str) -> str:
    """The registrable domain of a web or mail address ("https://www.shop.acme.co.uk/x" → "acme.co.uk"); "" for a shared one or none."""
    domain = domain_of(address)
    return "" if domain in SHARED_DOMAINS else domain


def domain_of(address: str) -> str:
    """The registrable domain as it stands, shared or not; "" when the text holds none."""
    text = address.strip().lower()
    if not text:
        return ""
    try:
        host = (
            text.rsplit("@", 1)[1]
            if "@" in text and "/" not in text
            else (urlsplit(text if "//" in text else f"//{text}").hostname or "")
        )
    except ValueError:
        return ""
    found = _extract(host)
    if found.suffix:
        return f"{found.domain}.{found.suffix}" if found.domain else ""
    # Reserved and internal endings (.example, .local) are in no public list; the last two labels serve.
    labels = [label for label in host.split(".") if label]
    return ".".join(labels[-2:]) if len(labels) > 1 and not labels[-1].isdigit() else ""


def number_key(number: str) -> str:
    """An official number without spaces, dots and case: "FR 12 345.678.901" → "FR12345678901"; "" when too short to identify."""
    compact = "".join(
        char for char in unicodedata.normalize("NFKC", number).upper() if char.isalnum() and char.isascii()
    )
    return compact if len(compact) >= 8 else ""
