"""A small version of the article's template: embeds on pages with the data beside them, served on loopback."""

from __future__ import annotations

import functools
import http.server
import json
import re
import shutil
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from leaderboard_etl.export.embeds import embeds

# Colours of the template's design tokens, light and dark.
# https://github.com/tfrere/research-article-template, app/src/styles/_variables.css
_STYLE = """
:root { --page-bg: #ffffff; --text-color: rgba(0, 0, 0, .85); --muted-color: rgba(0, 0, 0, .6); --border-color: rgba(0, 0, 0, .1);
  --surface-bg: #fafafa; --code-bg: #f6f8fa; --axis-color: var(--muted-color);
  --tick-color: var(--text-color); --grid-color: rgba(0, 0, 0, .08); }
[data-theme="dark"] { --page-bg: #0f1115; --text-color: rgba(255, 255, 255, .9); --muted-color: rgba(255, 255, 255, .7);
  --border-color: rgba(255, 255, 255, .15); --surface-bg: #12151b; --code-bg: #12151b; --tick-color: var(--muted-color);
  --grid-color: rgba(255, 255, 255, .1); color-scheme: dark; background: #0f1115; }
body { margin: 16px; font-family: sans-serif; background: var(--page-bg); color: var(--text-color); }
.html-embed__card { background: var(--code-bg); border: 1px solid var(--border-color); border-radius: 10px; padding: 24px; }
.html-embed__card svg text { fill: var(--text-color); }
"""


class Article:
    """A folder with data/ and one page per embed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.url = ""
        (folder / "data").mkdir(parents=True)

    def put(self, files: Mapping[str, str | bytes]) -> None:
        """Puts data files where the template serves them."""
        for name, content in files.items():
            (self.folder / "data" / name).write_bytes(content if isinstance(content, bytes) else content.encode())

    def page(
        self,
        embed: str,
        *,
        theme: str = "light",
        data: str | Sequence[str] | None = None,
        config: Mapping[str, object] | None = None,
        head: str = "",
    ) -> str:
        """Writes the page of one embed, wrapped and rewritten as by the template's HtmlEmbed, and returns its
        address."""
        fragment = re.sub(
            r'<div class="([^"]*)"[^>]*>', r'<div class="\1" id="chart">', embeds()[f"{embed}.html"].decode(), count=1
        )
        attributes = ""
        if data is not None:
            attributes += f" data-datafiles='{data if isinstance(data, str) else json.dumps(list(data))}'"
        if config is not None:
            attributes += f" data-config='{json.dumps(config)}'"
        text = (
            f'<!doctype html><html lang="en" data-theme="{theme}"><head><meta charset="utf-8"><title>Article</title>'
            f'<link rel="icon" href="data:,"><style>{_STYLE}</style>{head}</head><body><figure class="html-embed">'
            f'<div class="html-embed__card"><div id="frag-1"{attributes}>{fragment}</div></div></figure></body></html>'
        )
        (self.folder / f"{embed}.html").write_text(text, encoding="utf-8")
        return f"{self.url}/{embed}.html"


@contextmanager
def served(folder: Path) -> Iterator[Article]:
    """An article on a free port of loopback."""
    article = Article(folder)
    handler = functools.partial(_QuietHandler, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        article.url = f"http://127.0.0.1:{server.server_address[1]}"
        yield article
        server.shutdown()


@contextmanager
def chromium() -> Iterator[Browser]:
    """Debian's chromium. Raises RuntimeError if it is not installed."""
    program = shutil.which("chromium")
    if program is None:
        raise RuntimeError(
            "chromium is not installed: `apt-get install chromium` (these tests are of what a browser shows)"
        )
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield browser
        browser.close()


class Reader:
    """A browser with one page open; `complaints` are the errors in the browser's console."""

    def __init__(self, browser: Browser, width: int = 900) -> None:
        self.page: Page = browser.new_page(viewport={"width": width, "height": 800})
        self.complaints: list[str] = []
        self.requests: list[str] = []
        self.page.on(
            "console", lambda message: self.complaints.append(message.text) if message.type == "error" else None
        )
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", lambda request: self.requests.append(request.url))

    def opens(self, url: str) -> Page:
        """Opens the page of an embed and waits until it is drawn; fails with the reason if it is not."""
        self.page.goto(url)
        self.page.wait_for_selector("#chart .mark, #chart .message")
        return self.page


class _QuietHandler(http.server.SimpleHTTPRequestHandler):
    def end_headers(self) -> None:
        self.send_header("Cache-Control", "no-store")
        super().end_headers()

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        pass
