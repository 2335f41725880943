"""The pages keep to what is there.

Goal: a reader who follows a link or a path from a page finds something. Method: every relative link of every *.md file,
and every path of ours in backticks.
"""

import pathlib
import re

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
LEFT_OUT = {"build", "node_modules", ".git"}
PAGES = sorted(
    path.relative_to(ROOT).as_posix()
    for path in ROOT.rglob("*.md")
    if not LEFT_OUT & set(path.relative_to(ROOT).parts)
)
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
PATH = re.compile(r"`((?:src|tests|docs|script|cmake|\.ci)/[A-Za-z0-9_./-]*)`")


@pytest.mark.parametrize("page", PAGES)
def test_every_link_and_path_of_a_page_leads_somewhere(page):
    path = ROOT / page
    text = path.read_text(encoding="utf-8")
    missing = []
    for link in LINK.findall(text):
        target = link.split("#")[0]
        if target and "://" not in target and not (path.parent / target).exists():
            missing.append(link)
    # A design note may be named by its number alone.
    missing += [name for name in PATH.findall(text) if not (ROOT / name).exists() and not any(ROOT.glob(name + "-*"))]
    assert missing == []


def test_every_room_has_a_page():
    rooms = [path for path in (ROOT / "src").iterdir() if path.is_dir()]
    assert [room.name for room in rooms if not (room / "README.md").exists()] == []


def test_every_design_note_is_in_the_index():
    index = (ROOT / "docs/design/README.md").read_text(encoding="utf-8")
    notes = {path.name for path in (ROOT / "docs/design").glob("[0-9]*.md")}
    assert {link for link in LINK.findall(index) if link[0].isdigit()} == notes


def test_the_changelog_has_its_four_headings():
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    versions = re.split(r"^## .*$", text, flags=re.MULTILINE)[1:]
    for version in versions:
        assert re.findall(r"^### (.*)$", version, flags=re.MULTILINE) == ["Safety", "Speed", "Features", "Internals"]
