"""Build the site of ``docs/`` into ``build/site``; run by ``make docs``.

    .venv/bin/python tools/site.py             put the pages together, build, and check what came of it
    .venv/bin/python tools/site.py --pages     only put the pages together, into build/docs

The pages are those of ``docs/`` as they are, so that they read well without the site, too; fences that name a file get
a title. Everything is offline: a built page that would fetch a font, a script or a picture from elsewhere is an error,
and so is any warning of mkdocs, such as a broken link.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import notebooks
import reference

ROOT = Path(__file__).resolve().parent.parent
SOURCE, PAGES, SITE = ROOT / "docs", ROOT / "build" / "docs", ROOT / "build" / "site"
MKDOCS = ROOT / ".venv-docs" / "bin" / "mkdocs"
#: What a page would fetch from elsewhere while it is shown; links that a reader follows are none.
FETCHED = re.compile(r"""<(?:script|img|iframe|source)\b[^>]*\bsrc=["']?(?:https?:)?//[^\s"'>]+|<link\b[^>]*>""")
RELATIONS = {"stylesheet", "icon", "preload", "preconnect", "dns-prefetch", "modulepreload", "prefetch"}


def main() -> int:
    """Put the pages together, and build the site."""
    prepare()
    if sys.argv[1:] == ["--pages"]:
        return 0
    # The theme advertises its successor otherwise.
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    # Not --quiet: then warnings are not even counted, and nothing is strict.
    command = [MKDOCS, "build", "--strict", "--clean"]
    built = subprocess.run(command, cwd=ROOT, env=environment, check=False, capture_output=True, text=True)
    told = [line for line in (built.stdout + built.stderr).splitlines() if line and not line.startswith("INFO")]
    if built.returncode or told:
        print("\n".join(told), file=sys.stderr)
        return 1
    strange = fetched_from_elsewhere()
    for line in strange:
        print(line, file=sys.stderr)
    pages = len(list(SITE.rglob("*.html")))
    print(f"{pages} pages in {SITE.relative_to(ROOT)}: open {(SITE / 'index.html').relative_to(ROOT)}")
    return int(bool(strange))


def prepare() -> None:
    """Copy the pages, and write those that follow from others."""
    shutil.rmtree(PAGES, ignore_errors=True)
    shutil.copytree(SOURCE, PAGES, ignore=shutil.ignore_patterns("requirements.txt"))
    (PAGES / "decisions" / "index.md").write_text(decisions(), encoding="utf-8")
    for page in PAGES.rglob("*.md"):
        text = page.read_text(encoding="utf-8")
        text = re.sub(r"^( *```\w+) (\S+)$", r'\1 title="\2"', text, flags=re.MULTILINE)
        page.write_text(re.sub(r"\((\S*notebooks/\S+)\.ipynb\)", r"(\1.md)", text), encoding="utf-8")
    reference.write(PAGES / "reference")
    notebooks.write(SOURCE / "notebooks", PAGES / "notebooks")


def decisions() -> str:
    """Return the list of the decisions."""
    lines = ["# Decisions", "", "What shaped the code, half a page each.", ""]
    for page in sorted((SOURCE / "decisions").glob("0*.md")):
        title = page.read_text(encoding="utf-8").partition("\n")[0].lstrip("# ")
        lines.append(f"* [{title}]({page.name})")
    return "\n".join(lines) + "\n"


def fetched_from_elsewhere() -> list[str]:
    """Return what built pages would fetch from elsewhere."""
    found = []
    for page in sorted(SITE.rglob("*.html")):
        for element in FETCHED.findall(page.read_text(encoding="utf-8")):
            link = re.search(r"""\bhref=["']?(?:https?:)?//""", element)
            relation = re.search(r"""\brel=(?:"([^"]*)"|'([^']*)'|([\w-]+))""", element)
            words = " ".join(filter(None, relation.groups())).split() if relation else []
            if not element.startswith("<link") or (link and RELATIONS.intersection(words)):
                found.append(f"{page.relative_to(ROOT)} fetches from elsewhere: {element[:160]}")
    for sheet in sorted(SITE.rglob("*.css")):
        addresses = re.findall(r"url\(\s*[\"']?((?:https?:)?//[^)\"']+)", sheet.read_text(encoding="utf-8"))
        found += [f"{sheet.relative_to(ROOT)} fetches from elsewhere: {address[:160]}" for address in addresses]
    return found


if __name__ == "__main__":
    sys.exit(main())
