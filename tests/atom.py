"""A judge of Atom feeds that shares nothing with what writes them: RFC 4287's grammar, and the W3C validator's rules.

That validator cannot be installed as a package. So its rules are listed here one by one, under the
names of its messages; those for RSS, for extensions and for what HTTP says are left out.
Some are stricter: no time in the future at all, and no elements in the content except those of a list.
"""

import datetime
import re
from collections import Counter
from pathlib import Path
from urllib.parse import urlsplit

from lxml import etree

ATOM, XHTML = "{http://www.w3.org/2005/Atom}", "{http://www.w3.org/1999/xhtml}"
_GRAMMAR = etree.RelaxNG.from_rnc_string((Path(__file__).parent / "atom.rnc").read_text(encoding="utf-8"))
_RELATIONS = {"alternate", "related", "self", "enclosure", "via"}  # RFC 4287, 4.2.7.2
_SAFE = {XHTML + name for name in ("div", "p", "ul", "li")}
_DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", re.ASCII)
_TAG = re.compile(
    r"tag:(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z0-9]+,(\d{4}(?:-\d\d(?:-\d\d)?)?):[\w\-.~!$&'()*+,;=:@/?%]*",
    re.ASCII,
)


def judge(feed: bytes, *, at: datetime.datetime) -> set[str]:
    """Find what is wrong with a feed at a moment, by the validator's names; nothing if all is well."""
    if not feed.startswith(b'<?xml version="1.0" encoding="utf-8"?>'):
        return {"MissingEncoding"}
    try:
        root = etree.fromstring(feed, etree.XMLParser(resolve_entities=False, no_network=True))
    except etree.XMLSyntaxError:
        return {"SAXError"}
    if root.getroottree().docinfo.doctype:
        return {"InvalidDoctype"}
    faults = set() if _GRAMMAR.validate(root) else {"UndefinedElement"}  # or one too many, or one missing
    entries = root.findall(f"{ATOM}entry")
    for each in (root, *entries):
        faults |= _judge_links(each) | _judge_texts(each)
        updated = each.findtext(f"{ATOM}updated") or ""
        if not _DATE.fullmatch(updated):
            faults.add("InvalidRFC3339Date")
        elif not datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC) <= datetime.datetime.fromisoformat(updated) <= at:
            faults.add("ImplausibleDate")
        tag = _TAG.fullmatch(each.findtext(f"{ATOM}id") or "")
        if tag is None or tag[1] > at.date().isoformat():  # RFC 4151, 2.1: who holds a name later is not known
            faults.add("InvalidTAG")
        if root.find(f"{ATOM}author") is None and each.find(f"{ATOM}author") is None:
            faults.add("MissingElement")
    for name, fault in (("id", "DuplicateIds"), ("updated", "DuplicateUpdated")):
        values = Counter(entry.findtext(ATOM + name) for entry in entries)
        faults |= {fault} if any(count > 1 for count in values.values()) else set()
    if root.get("{http://www.w3.org/XML/1998/namespace}lang") is None:
        faults.add("MissingDCLanguage")
    return faults


def _judge_links(each: etree._Element) -> set[str]:
    faults = set()
    links = each.findall(f"{ATOM}link")
    seen = Counter((link.get("rel"), link.get("type"), link.get("hreflang")) for link in links)
    if any(count > 1 for count in seen.values()):
        faults.add("DuplicateAtomLink")
    relations = {link.get("rel", "alternate") for link in links}
    if not relations <= _RELATIONS:
        faults.add("UnregisteredAtomLinkRel")
    if "alternate" not in relations:
        faults.add("MissingContentOrAlternate")
    if each.tag == f"{ATOM}feed":
        own = [link for link in links if link.get("rel") == "self"]
        if not own:
            faults.add("MissingSelf")
        faults |= {"SelfNotAtom" for link in own if link.get("type") != "application/atom+xml"}
    for link in links:
        parts = urlsplit(link.get("href", ""))
        if parts.scheme not in ("https", "http") or not parts.netloc:
            faults.add("ContainsRelRef")
        if not re.fullmatch(r"[\w\-.~:/?#\[\]@!$&'()*+,;=%]+", link.get("href", ""), re.ASCII):
            faults.add("InvalidIRI")
    return faults


def _judge_texts(each: etree._Element) -> set[str]:
    faults = set()
    if not (each.findtext(f"{ATOM}title") or "").strip():
        faults.add("MissingTitle")
    if each.tag != f"{ATOM}entry":
        return faults
    if not (each.findtext(f"{ATOM}summary") or "").strip():
        faults.add("MissingSummary")
    content = each.find(f"{ATOM}content")
    if content is None or [child.tag for child in content] != [f"{XHTML}div"]:
        return faults | {"MissingXhtmlDiv"}
    for element in content.iterdescendants():
        faults |= {"SecurityRisk"} if element.tag not in _SAFE else {"SecurityRiskAttr"} if element.attrib else set()
    return faults if "".join(content.itertext()).strip() else faults | {"MissingTextualContent"}
