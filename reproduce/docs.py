"""Writes the generated pages of docs/, CITATION.cff and README's table.

    python -m reproduce.docs
    python -m reproduce.docs --check

Run it in the checkout's root after changing data, records or claims (about a minute).
--check writes nothing and exits 1 if a page is not up to date; it does not check the
pictures, because their bytes depend on fonts.
"""

import sys
from pathlib import Path

from reproduce import command_line


def parser():
    parser = command_line.parser("reproduce.docs", __doc__)
    parser.add_argument("--check", action="store_true", help="compare, write nothing")
    return parser


def main(arguments=None):
    options = parser().parse_args(arguments)
    return command_line.run(docs, options)


def docs(options):
    command_line.quiet_keras()
    from alexnet_paper.files import atomic_write
    from alexnet_paper.report import pages
    from alexnet_paper.report import style

    with command_line.usage():
        readme = Path("README.md").read_text(encoding="utf-8")
        made = {**pages.whole_pages(), "README.md": pages.readme(readme)}
    stale = [
        name
        for name, text in made.items()
        if not Path(name).exists() or Path(name).read_text(encoding="utf-8") != text
    ]
    if options.check:
        if stale:
            command_line.note(f"not up to date: {', '.join(stale)}")
            raise SystemExit(1)
        return
    for name in stale:
        atomic_write(name, made[name])
        print(name)
    for path, drawn in pages.pictures().values():
        style.save(drawn, Path("docs") / path)


if __name__ == "__main__":
    sys.exit(main())
