"""The room rule, and that it would notice.

Goal: an include that crosses rooms the wrong way fails a test. Method: the checker runs over src/, and over small trees
in which one wrong include is planted beside right ones.
"""

import pathlib

import pytest

import check_rooms

HERE = pathlib.Path(__file__).resolve().parent
RULES = check_rooms.Rules((HERE / "rooms.txt").read_text(encoding="utf-8"))


def found_in(tree, tmp_path):
    for name, text in tree.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return list(check_rooms.check(tmp_path, RULES))


HEADERS = {
    "base/bytes.h": "",
    "cache/backend.h": "",
    "cache/policy/sieve.h": "",
    "client/include/larder/client.h": "#include <string>\n",
    "protocol/http/head.h": "",
    "protocol/resp/command.h": "",
    "session/session.h": "",
    "transport/handler.h": "",
}


def test_every_include_under_src_keeps_to_the_rule():
    assert list(check_rooms.check(HERE.parent.parent / "src", RULES)) == []


@pytest.mark.parametrize(
    "name, include",
    [
        ("cache/lru/lru.cc", "base/bytes.h"),
        ("cache/lru/lru.cc", "cache/backend.h"),
        ("insight/curve.cc", "cache/policy/sieve.h"),
        ("protocol/websocket/frame.cc", "protocol/http/head.h"),
        ("session/line.cc", "protocol/resp/command.h"),
        ("client/pool.cc", "larder/client.h"),
        ("web/app.cc", "larder/client.h"),
        ("server/main.cc", "session/session.h"),
    ],
)
def test_a_right_include_passes(name, include, tmp_path):
    assert found_in({**HEADERS, name: f'#include <vector>\n\n#include "{include}"\n'}, tmp_path) == []


@pytest.mark.parametrize(
    "name, include",
    [
        ("base/bytes.cc", "cache/backend.h"),
        ("cache/lru/lru.cc", "protocol/resp/command.h"),
        ("cache/policy/lru.cc", "cache/backend.h"),
        ("insight/curve.cc", "cache/backend.h"),
        ("protocol/resp/reply.cc", "protocol/http/head.h"),
        ("protocol/http/reply.cc", "session/session.h"),
        ("session/line.cc", "transport/handler.h"),
        ("transport/loop.cc", "session/session.h"),
        ("client/pool.cc", "transport/handler.h"),
        ("client/include/larder/client.h", "protocol/resp/command.h"),
        ("web/app.cc", "cache/backend.h"),
        ("server/main.cc", "larder/client.h"),
    ],
)
@pytest.mark.parametrize("form", ['#include "{}"', "#include <{}>", '  #  include  "{}"  // why'])
def test_a_planted_wrong_include_is_found(name, include, form, tmp_path):
    found = found_in({**HEADERS, name: "#include <vector>\n" + form.format(include) + "\n"}, tmp_path)
    assert any(line.startswith(f"{name}:2: ") and " may not include " in line for line in found), found


def test_an_include_that_does_not_start_with_the_room_is_found(tmp_path):
    found = found_in({**HEADERS, "base/text.cc": '#include "bytes.h"\n'}, tmp_path)
    assert len(found) == 1 and found[0].startswith('base/text.cc:1: there is no "bytes.h"')


def test_a_folder_without_a_row_is_found(tmp_path):
    found = found_in({**HEADERS, "attic/old.cc": ""}, tmp_path)
    assert found == ["attic/old.cc: lies in no room of rooms.txt"]


def test_a_heavy_header_in_a_header_of_ours_is_found(tmp_path):
    found = found_in({**HEADERS, "program/log.h": "#include <spdlog/spdlog.h>\n"}, tmp_path)
    assert len(found) == 1 and found[0].startswith("program/log.h:1: spdlog/")


def test_a_heavy_header_in_two_sources_is_found(tmp_path):
    source = "#include <nlohmann/json.hpp>\n"
    found = found_in({**HEADERS, "server/stats.cc": source, "session/json.cc": source}, tmp_path)
    assert len(found) == 1 and "more than one file: server/stats.cc, session/json.cc" in found[0]
