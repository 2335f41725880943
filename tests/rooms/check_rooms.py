#!/usr/bin/python3
"""Holds every #include under src/ against tests/rooms/rooms.txt.

Run from anywhere: tests/rooms/check_rooms.py [SOURCE_FOLDER]. Prints one line for each wrong include and exits with 1.
"""

import pathlib
import re
import sys

HERE = pathlib.Path(__file__).resolve().parent
INCLUDE = re.compile(r'^\s*#\s*include\s*(["<])([^">]+)[">]', re.MULTILINE)
SUFFIXES = {".h", ".cc"}


class Rules:
    """rooms.txt, read."""

    def __init__(self, text):
        self.allowed = {}
        self.roots = []
        self.heavy = []
        for line in text.splitlines():
            line = line.split("#")[0].strip()
            if not line:
                continue
            name, _, rest = line.partition(":")
            if name == "roots":
                self.roots = rest.split()
            elif name == "heavy":
                self.heavy = rest.split()
            else:
                self.allowed[name] = rest.split()

    def room_of(self, path):
        """The longest room that the path lies in; None where there is none."""
        rooms = [room for room in self.allowed if is_under(path, room)]
        return max(rooms, key=len, default=None)

    def refuses(self, includer, included):
        """Why a file of ours may not include another; None if it may."""
        room, other = self.room_of(includer), self.room_of(included)
        if other is None:
            return f"{included} lies in no room of rooms.txt"
        if room == other or any(is_under(included, name) for name in self.allowed[room]):
            return None
        return f"{room} may not include {other}"


def is_under(path, folder):
    return path.startswith(folder + "/")


def check(source, rules):
    """Yields one sentence for each wrong include in the folder `source`."""
    files = {path.relative_to(source).as_posix(): path for path in sorted(source.rglob("*")) if path.suffix in SUFFIXES}
    heavy_users = {name: {} for name in rules.heavy}
    for name, path in files.items():
        if rules.room_of(name) is None:
            yield f"{name}: lies in no room of rooms.txt"
            continue
        text = path.read_text(encoding="utf-8")
        for match in INCLUDE.finditer(text):
            bracket, target = match.groups()
            place = f"{name}:{text.count(chr(10), 0, match.start(2)) + 1}"
            ours = next((p for p in [target, *(f"{root}/{target}" for root in rules.roots)] if p in files), None)
            if ours is not None:
                why = rules.refuses(name, ours)
                if why:
                    yield f"{place}: {why}"
                if bracket == "<" and not is_under(name, "client/include"):
                    yield f'{place}: what is ours is included with "", not <>'
            elif bracket == '"':
                yield f'{place}: there is no "{target}" under src/; paths start with the room, others are included with <>'
            for heavy in rules.heavy:
                if target.startswith(heavy):
                    heavy_users[heavy].setdefault(name, place)

    for heavy, users in heavy_users.items():
        for name, place in users.items():
            if name.endswith(".h"):
                yield f"{place}: {heavy} is slow to compile and belongs into a .cc"
        if len(users) > 1:
            yield f"{heavy} is slow to compile and is included by more than one file: {', '.join(users)}"


def main():
    source = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else HERE.parent.parent / "src"
    rules = Rules((HERE / "rooms.txt").read_text(encoding="utf-8"))
    wrong = list(check(source, rules))
    print("\n".join(wrong) or "every include keeps to tests/rooms/rooms.txt")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
