"""What the site has besides docs/*.md: the README, the notebook, the API, and the files
that pages link to. On GitHub the same links work as they are."""

import ast
import json
import re
import sys
from pathlib import Path

from mkdocs.structure.files import File

ROOT = Path(__file__).parents[2]
OUTSIDE = re.compile(r"\]\(\.\./([^)#]+)\)")  # a link from docs/ to a file outside
IN_MAP = re.compile(r" *(\w+) {2,}(\S.*)")  # a line of a room's map: name, sentence

sys.path.insert(0, str(ROOT))

import alexnet_paper  # noqa: E402
from reproduce.__main__ import programs  # noqa: E402


def on_files(files, config):
    for path, text in pages().items():
        files.append(File.generated(config, path, content=text))
    texts = [path.read_text("utf-8") for path in (ROOT / "docs").glob("*.md")]
    for path in sorted({path for text in texts for path in OUTSIDE.findall(text)}):
        if (ROOT / path).is_file():  # else MkDocs warns of the link
            here = str(ROOT / path)
            files.append(File.generated(config, path, abs_src_path=here))
    return files


def on_page_markdown(markdown, page, **_):
    """Links to files outside docs/ and to the notebook lead to their place here."""
    if page.file.src_uri == "index.md":
        markdown = markdown.replace("](docs/", "](")
    markdown = OUTSIDE.sub(r"](\1)", markdown)
    return markdown.replace("](transfer.ipynb)", "](transfer.md)")


def pages():
    """Returns {path: Markdown} of the pages that are no file of docs/."""
    rooms = {f"api/{room}.md": room_page(room) for room in alexnet_paper.ROOMS}
    return {
        "index.md": (ROOT / "README.md").read_text("utf-8"),
        "transfer.md": notebook(ROOT / "docs" / "transfer.ipynb"),
        "api/index.md": package_page(),
        "api/programs.md": programs_page(),
        **rooms,
    }


def package_page():
    names = ["alexnet_paper.list_variants"]
    names += [f"{module}.{name}" for name, module in alexnet_paper.LAZY.items()]
    return "\n\n".join(
        ("# alexnet_paper", alexnet_paper.__doc__, *(f"::: {name}" for name in names))
    )


def room_page(room):
    """A room's map, then what its modules have in public."""
    modules = []

    def entry(line):
        found = IN_MAP.fullmatch(line)
        if not found:
            return line
        name = f"alexnet_paper.{room}.{found[1]}"
        modules.append(f"::: {name}")
        return f"- [`{found[1]}`][{name}]: {found[2]}"

    source = (ROOT / "alexnet_paper" / room / "__init__.py").read_text("utf-8")
    doc = ast.get_docstring(ast.parse(source))
    lines = [entry(line) for line in doc.splitlines()]
    return "\n".join((f"# alexnet_paper.{room}\n", *lines, "", "\n\n".join(modules)))


def programs_page():
    options = "    options:\n      members: false\n      show_root_full_path: true"
    found = [f"::: reproduce.{name}\n{options}" for name in programs()]
    return "\n\n".join(("# Programs", *found))


def notebook(path):
    """Returns a notebook as Markdown, with its figures inside."""
    cells = json.loads(path.read_text("utf-8"))["cells"]
    return "\n\n".join(part for cell in cells for part in parts(cell))


def parts(cell):
    """Yields a cell's text, or its code and what was printed and drawn."""
    source = "".join(cell["source"])
    if cell["cell_type"] == "markdown":
        yield source
        return
    yield f"```python\n{source}\n```"
    printed = "".join("".join(output.get("text", "")) for output in cell["outputs"])
    if printed:
        yield f"```text\n{printed.rstrip()}\n```"
    for output in cell["outputs"]:
        png = output.get("data", {}).get("image/png")
        if png:
            png = "".join(png).replace("\n", "")
            yield f"![What the cell draws](data:image/png;base64,{png})"
