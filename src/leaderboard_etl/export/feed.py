"""changes.xml: what the last loads changed as an Atom feed (RFC 4287), for readers who subscribe to it."""

from __future__ import annotations

import re
import uuid
import xml.etree.ElementTree as ElementTree
from datetime import date, datetime, time
from html import escape

import duckdb

from leaderboard_etl.export.citing import TITLE
from leaderboard_etl.printable import one_line
from leaderboard_etl.warehouse.changes import LoadChanges, load_changes
from leaderboard_etl.warehouse.changes_text import counted, headline, sentence, told

FEED = "changes.xml"
_ATOM = "http://www.w3.org/2005/Atom"
_MOST_ENTRIES = 50
# The only characters that printable text may have and XML 1.0 may not.
_NOT_OF_XML = re.compile("[\ufffe\uffff]")


def changes_feed(con: duckdb.DuckDBPyConnection, day: date, is_redistributable: bool) -> bytes:
    """The feed of a state: an entry for each of the newest loads with news, newest first; the same state gives the same bytes.

    An entry's id stays the same for ever. With `is_redistributable` it has no score whose source states no licence to pass it on.
    """
    loads = load_changes(con, newest=_MOST_ENTRIES, is_redistributable=is_redistributable)[::-1]
    [(hub, began)] = con.execute("select arg_min(endpoint, load_id), min(as_of_at) from ops.loads").fetchall()
    warehouse_id = uuid.uuid5(uuid.NAMESPACE_URL, f"leaderboard-etl {hub} {began}")
    updated = loads[0].changed_at if loads else datetime.combine(day, time.min)
    feed = ElementTree.Element("feed", {"xmlns": _ATOM, "xml:lang": "en"})
    _add(feed, "id", warehouse_id.urn)
    _add(feed, "title", f"{TITLE}: what changed{' (SAMPLE)' if hub == 'sample' else ''}")
    _add(
        feed,
        "subtitle",
        "New, restated and withdrawn scores, new leaders, verdicts that flipped, sizes and licences that changed",
    )
    _add(feed, "updated", _moment(updated))
    _add(ElementTree.SubElement(feed, "author"), "name", "The leaderboard-etl maintainers")
    _add(feed, "generator", "leaderboard-etl")
    ElementTree.SubElement(feed, "link", {"rel": "self", "type": "application/atom+xml", "href": FEED})
    ElementTree.SubElement(feed, "link", {"rel": "alternate", "type": "text/markdown", "href": "README.md"})
    for load in loads:
        entry = ElementTree.SubElement(feed, "entry")
        _add(entry, "id", uuid.uuid5(warehouse_id, f"{load.load_id} {load.changed_at}").urn)
        _add(entry, "title", _title(load))
        _add(entry, "updated", _moment(load.changed_at))
        _add(entry, "published", _moment(load.changed_at))
        _add(entry, "summary", "; ".join(counted(load)))
        _add(entry, "content", _html(load)).set("type", "html")
    ElementTree.indent(feed)
    text = f'<?xml version="1.0" encoding="utf-8"?>\n{ElementTree.tostring(feed, encoding="unicode")}\n'
    return text.encode("utf-8")


def _title(load: LoadChanges) -> str:
    """The day, and how much there is of what matters most."""
    numbers: dict[str, int] = {}
    for heading, rows, n_more in told(load):
        numbers[heading] = len(rows) + n_more
    parts = [f"{heading.lower()}: {n:,}" for heading, n in numbers.items()]
    return f"{load.changed_at:%Y-%m-%d}, {'of note: ' + '; '.join(parts) if parts else 'nothing of note'}"


def _html(load: LoadChanges) -> str:
    """The content of an entry; text from data is escaped, and a link leads to the web or is left out."""
    parts = [f"<p>{escape(one_line(headline(load)))}</p>", "<ul>"]
    parts += [f"<li>{escape(one_line(line))}</li>" for line in counted(load)]
    parts.append("</ul>")
    for heading, rows, n_more in told(load):
        parts += [f"<h3>{heading}</h3>", "<ul>"]
        for row in rows:
            url = row["source_url"] or ""
            link = f' <a href="{escape(url)}">source</a>' if re.match(r"https?://", url) else ""
            parts.append(f"<li>{escape(sentence(row))}{link}</li>")
        parts += [f"<li>and {n_more:,} more of note</li>"] if n_more else []
        parts.append("</ul>")
    return "".join(parts)


def _moment(at: datetime) -> str:
    return f"{at.isoformat(timespec='microseconds')}Z"


def _add(parent: ElementTree.Element, name: str, text: str) -> ElementTree.Element:
    element = ElementTree.SubElement(parent, name)
    element.text = _NOT_OF_XML.sub("\ufffd", one_line(text))
    return element
