"""Check a built site: it must work without a network. Usage: python docs/check_site.py SITE."""

import re
import sys
from pathlib import Path

LOADED = re.compile(
    r"""<(?:script|img|iframe|source|video|audio)\b[^>]*?\bsrc=["']?(https?:)?//[^\s"'>]+
    |<link\b(?=[^>]*\brel=["']?(?:stylesheet|preconnect|preload|icon|dns-prefetch))
        [^>]*?\bhref=["']?(https?:)?//[^\s"'>]+
    |@import\s+(?:url\()?["']?(https?:)?//[^\s"')]+
    |url\(["']?(https?:)?//[^\s"')]+""",
    re.VERBOSE | re.IGNORECASE,
)
"""What a browser fetches by itself; links that a reader may click are fine."""


def main(site: Path) -> int:
    """Print everything that a page would fetch from elsewhere and return how much that is."""
    files = [path for path in site.rglob("*") if path.suffix in {".html", ".css"}]
    found = [
        f"{path.relative_to(site)}: {match.group(0)[:120]}"
        for path in files
        for match in LOADED.finditer(path.read_text(encoding="utf-8"))
    ]
    print(
        f"{len(files)} pages and style sheets, {len(found)} loads from other sites",
        *found,
        sep="\n",
    )
    return bool(found) or not files


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
