"""The documentation: `make docs` builds it into build/docs, strictly, without a network."""

import importlib
import inspect
import pkgutil
from pathlib import Path

import cxrbench
from sphinx.ext.napoleon import GoogleDocstring

HERE = Path(__file__).parent
PACKAGES = ("cxrbench", "cxrbench_baselines", "cxrbench_leaderboard")

project = "cxrbench"
author = "The cxrbench developers"
release = cxrbench.__version__
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx_click"]
html_theme = "furo"
html_title = "cxrbench"
html_copy_source = False
myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 4
default_role = "code"
toc_object_entries = False
nitpicky = False
exclude_patterns = ["reference/.gitignore"]
autodoc_typehints = "signature"
autodoc_member_order = "bysource"
autodoc_default_options = {"members": True, "show-inheritance": True, "ignore-module-all": True}
autodoc_preserve_defaults = True
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_rtype = False


def list_modules(package: str) -> dict[str, list[str]]:
    """The modules of a package by the package that holds them; names that begin with an underscore are private."""
    path = importlib.import_module(package).__path__
    pages: dict[str, list[str]] = {package: [package]}
    for info in pkgutil.walk_packages(path, f"{package}."):
        if not any(part.startswith("_") for part in info.name.split(".")):
            pages.setdefault(info.name if info.ispkg else info.name.rpartition(".")[0], []).append(info.name)
    return pages


def write_reference(_app: object) -> None:
    """One page per folder of modules below `reference/`, and an index: made anew in each build, never by hand."""
    for package in PACKAGES:
        pages = list_modules(package)
        for name, modules in pages.items():
            text = format_title(name, "=")
            for module in modules:
                text += (format_title(module, "-") if module != name else "") + f".. automodule:: {module}\n\n"
            write_if_changed(HERE / "reference" / f"{name}.rst", text)
        listed = "\n".join(f"   {name}" for name in pages)
        text = format_title(f"{package}: all modules", "=") + f".. toctree::\n   :maxdepth: 1\n\n{listed}\n"
        write_if_changed(HERE / "reference" / f"index-{package}.rst", text)


def format_title(text: str, mark: str) -> str:
    """A heading in reStructuredText."""
    return f"{text}\n{mark * len(text)}\n\n"


def write_if_changed(path: Path, text: str) -> None:
    """Leave a page alone that is as it should be, so that a second build is quick."""
    if not path.is_file() or path.read_text("utf-8") != text:
        path.write_text(text, "utf-8")


def skip_member(_app: object, what: str, name: str, member: object, skip: bool, _options: object) -> bool | None:
    """Leave out names that a module only imports; they are documented where they are defined."""
    if what == "module" and (inspect.isclass(member) or inspect.isfunction(member)):
        return skip or name.startswith("_")
    return None


def read_attribute(docstring: GoogleDocstring) -> tuple[str, list[str]]:
    """Read the docstring of a constant, attribute or property as text: a colon in it does not end a type."""
    return "", docstring._dedent(docstring._consume_to_end())  # noqa: SLF001


def setup(app: object) -> None:
    """Make the reference before the pages are read."""
    GoogleDocstring._consume_inline_attribute = read_attribute  # noqa: SLF001
    app.connect("builder-inited", write_reference)
    app.connect("autodoc-skip-member", skip_member)
