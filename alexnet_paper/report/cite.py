"""How to cite the paper, this package and the articles: BibTeX, CFF and APA.

docs/citation.md and CITATION.cff are made from this by `reproduce.docs`.
"""

import json
import re
import textwrap
from dataclasses import dataclass
from datetime import date

import alexnet_paper
from alexnet_paper.nets import variants
from alexnet_paper.paper.articles import ARTICLES

RELEASED = "2026-11-21"
GROUP = "The alexnet_paper authors"
ABSTRACT = (
    "The net of Krizhevsky, Sutskever and Hinton (2012) in Keras and TensorFlow, with "
    "every number that the paper states as a row to be checked by code."
)
MESSAGE = (
    "If you use this software, please cite it, and cite the paper that it reproduces."
)
KEYWORDS = ("AlexNet", "reproduction", "Keras", "TensorFlow")
PROPER = re.compile(r"\b(?:\w*[A-Z]\w*[A-Z]\w*|Keras)\b")  # BibTeX keeps their capitals


@dataclass(frozen=True)
class Work:
    """What can be cited. `authors` are (family, given) pairs; a group's name stands
    alone, ("name",); empty fields are unknown."""

    key: str
    kind: str  # "software", "paper" or "article"
    title: str
    authors: tuple[tuple[str, ...], ...] = ()
    year: str = ""
    published: str = ""  # the proceedings, the publisher, or how it is distributed
    note: str = ""
    updated: str = ""  # the day of the last change, as 2020-11-29


PAPER = Work(
    "krizhevsky2012imagenet",
    "paper",
    "ImageNet Classification with Deep Convolutional Neural Networks",
    (
        ("Krizhevsky", "Alex"),
        ("Sutskever", "Ilya"),
        ("Hinton", "Geoffrey E."),
    ),
    "2012",
    "Advances in Neural Information Processing Systems 25",
)


def package():
    """This package as a `Work`, with its version."""
    return Work(
        "alexnet_paper",
        "software",
        "alexnet_paper",
        ((GROUP,),),
        RELEASED[:4],
        f"Python package, version {alexnet_paper.__version__}",
        "MIT License",
    )


def article(variant):
    """The article behind a variant, as a `Work`, with what is known of it."""
    about = ARTICLES[variant]
    year = about.year or about.updated[:4]
    known = {"author": about.author, "year": year}
    unknown = [name for name, value in known.items() if not value]
    note = f"Source of the variant {variant}"
    if about.updated:
        note = f"Updated {day(about.updated)}. {note}"
    if unknown:
        note += f"; {' and '.join(unknown)} unknown"
    names = about.author.rsplit(" ", 1)[::-1] if about.author else None
    return Work(
        re.sub("[^a-z0-9]", "_", variant),
        "article",
        about.title,
        (tuple(names),) if names else (),
        year,
        about.publisher,
        note,
        about.updated,
    )


def day(iso, form="{day} {month} {year}"):
    """Returns a day such as 2020-11-29 in words."""
    found = date.fromisoformat(iso)
    return form.format(day=found.day, month=f"{found:%B}", year=found.year)


def works(variant=None):
    """Returns what to cite: the package, the paper, and the article behind a variant;
    None: all articles. Raises ValueError for an unknown variant."""
    names = [*ARTICLES]
    if variant is not None:
        source = variants.get(variant).name.partition(".")[0]
        names = [name for name in ARTICLES if name == source]
    return (package(), PAPER, *map(article, names))


def cite(found, style):
    """Returns works in one of `STYLES`."""
    if style == "cff":
        return cff(found)
    return "\n\n".join(map(STYLES[style], found)) + "\n"


def bibtex(work):
    """Returns a work as an entry of BibTeX."""
    kind = "inproceedings" if work.kind == "paper" else "misc"
    where = "booktitle" if work.kind == "paper" else "howpublished"
    fields = {
        "key": "" if work.authors else work.title.partition(" — ")[0],
        "title": PROPER.sub(r"{\g<0>}", work.title),
        "author": " and ".join(map(bibtex_name, work.authors)),
        where: work.published,
        "year": work.year,
        "note": work.note,
    }
    known = {name: in_latex(text) for name, text in fields.items() if text}
    width = max(map(len, known))
    lines = [
        textwrap.fill(
            f"  {name:{width}} = {{{text}}}",
            88,
            subsequent_indent=" " * (width + 6),
            break_on_hyphens=False,
        )
        for name, text in known.items()
    ]
    return f"@{kind}{{{work.key},\n" + ",\n".join(lines) + "\n}"


def bibtex_name(name):
    return ", ".join(name) if len(name) > 1 else f"{{{name[0]}}}"


def in_latex(text):
    return text.replace("_", r"\_").replace(" — ", " --- ").replace("&", r"\&")


def apa(work):
    """Returns a work as a reference in APA's order: author, year, title, where."""
    names = [apa_name(name) for name in work.authors]
    named = ", & ".join([", ".join(names[:-1]), names[-1]] if names[1:] else names)
    year = day(work.updated, "{year}, {month} {day}") if work.updated else work.year
    year = f"({year or 'n.d.'})."
    kind = " [Computer software]" if work.kind == "software" else ""
    head = f"{ended(named)} {year} {work.title}{kind}." if named else ""
    head = head or f"{work.title}. {year}"
    return f"{head} {ended(work.published)}".strip()


def apa_name(name):
    if len(name) == 1:
        return name[0]
    family, given = name
    return f"{family}, {' '.join(f'{part[0]}.' for part in given.split())}"


def ended(text):
    """Returns a text with a full stop, if there is a text."""
    return text if not text or text.endswith(".") else f"{text}."


def cff(found):
    """Returns works as a file CITATION.cff: the package, the others as references."""
    software, *others = found
    preferred = {
        "type": "software",
        "title": software.title,
        "authors": [cff_name(name) for name in software.authors],
        "version": alexnet_paper.__version__,
        "date-released": RELEASED,
        "license": "MIT",
    }
    content = {
        "cff-version": "1.2.0",
        "message": MESSAGE,
        **preferred,
        "abstract": ABSTRACT,
        "keywords": list(KEYWORDS),
        "preferred-citation": {**preferred, "year": int(software.year)},
        "references": [reference(one) for one in others],
    }
    return "\n".join(yaml(content)) + "\n"


def reference(work):
    """Returns a work as CFF's fields."""
    names = [cff_name(name) for name in work.authors] or [{"name": "anonymous"}]
    paper, known = work.kind == "paper", "article" if work.published else "blog"
    found = {
        "type": "conference-paper" if paper else known,
        "title": work.title,
        "authors": names,
    }
    if work.year:
        found["year"] = int(work.year)
    if work.updated:
        found["month"] = date.fromisoformat(work.updated).month
    if paper:
        found["collection-title"] = work.published
    elif work.published:
        found["publisher"] = {"name": work.published}
    if work.note:
        found["notes"] = work.note
    return found


def cff_name(name):
    if len(name) == 1:
        return {"name": name[0]}
    return {"family-names": name[0], "given-names": name[1]}


def yaml(value, indent=""):
    """Yields the lines of nested dicts and lists as YAML; texts are quoted as in JSON,
    which YAML reads."""
    for key, inner in value.items():
        if isinstance(inner, dict):
            yield f"{indent}{key}:"
            yield from yaml(inner, indent + "  ")
        elif isinstance(inner, list):
            yield f"{indent}{key}:"
            for one in inner:
                if isinstance(one, dict):
                    first, *rest = yaml(one, indent + "    ")
                    yield f"{indent}  - {first.strip()}"
                    yield from rest
                else:
                    yield f"{indent}  - {json.dumps(one, ensure_ascii=False)}"
        else:
            yield f"{indent}{key}: {json.dumps(inner, ensure_ascii=False)}"


STYLES = {"bibtex": bibtex, "cff": cff, "apa": apa}


def page():
    """Returns the body of docs/citation.md."""
    software, paper, *rest = works()
    names = ", ".join(f"`{name}`" for name in [*ARTICLES])
    return (
        f"The package:\n\n```bibtex\n{bibtex(software)}\n```\n\n"
        f"The paper that it reproduces:\n\n```bibtex\n{bibtex(paper)}\n```\n\n"
        f"The articles behind the variants {names}, with what is known of them:\n\n"
        f"```bibtex\n{cite(rest, 'bibtex')}```\n\n"
        "`python -m reproduce.cite --variant bn-cifar10 --style apa` prints what to "
        f"cite for one variant (styles: {', '.join(STYLES)}). {ADVICE}\n"
    )


ADVICE = (
    "Say which net and which run a number comes from: the variant, the record's file "
    "name and the commit that it names."
)
