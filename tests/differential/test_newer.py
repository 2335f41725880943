"""What is newer than the Redis that Larder is compared with: the tables of newer.py."""

import pytest

import campaign
import servers
from newer import NEWER, SYNTAX
from streams import script_steps
from wire import request


def words_of(command):
    return script_steps(f"1 {command}")[0].commands[0]


def is_there(connection, need):
    if " " not in need:
        return need in campaign.abilities()[1]
    return connection.exchange(request(words_of(need)), 1) != [SYNTAX]


@pytest.mark.parametrize("name", NEWER)
def test_table(name):
    need, turns = NEWER[name]
    with servers.larder() as larder:
        connection = larder.connect()
        if not is_there(connection, need):
            assert not campaign.ALL, f"Larder lacks {name}"
            pytest.skip(f"Larder lacks {name}")
        for command, reply in turns:
            said = connection.exchange(request(words_of(command)), 1)
            assert reply is None or said == [reply], command
        connection.close()
