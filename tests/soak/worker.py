"""A process of clients: some drivers, a thread each. Started by crew.py, killed at any time.

Arguments: a file with what Settings holds, as JSON; the number of this process; how often it was started before. Violations are
appended to `violations` beside the table, a JSON array a line. SIGTERM ends it after the requests under way.
"""

import json
import os
import pathlib
import random
import signal
import sys
import threading
import traceback
import typing

import keyspace
from connect import Route
from driver import Driver, counter_count
from oracle import Violation
from table import Table


class Settings(typing.NamedTuple):
    """What the processes of one server's clients are told."""

    folder: str  # of the table and of what is found
    seed: int
    server: str  # its name, for people
    routes: list
    driver_count: int  # of all processes together
    drivers_each: int

    @property
    def table_path(self):
        return pathlib.Path(self.folder) / "table"

    @property
    def violations_path(self):
        return pathlib.Path(self.folder) / "violations"

    def open_table(self, create=False):
        return Table(self.table_path, self.driver_count * keyspace.KEYS_EACH, counter_count(self.driver_count), create)


def main(settings_path, number, incarnation):
    settings = Settings(*json.loads(pathlib.Path(settings_path).read_text(encoding="utf-8")))
    routes = [Route(*route) for route in settings.routes]
    table = settings.open_table()
    over = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: over.set())
    found_file = os.open(settings.violations_path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    def found(violation):
        os.write(found_file, json.dumps(violation).encode() + b"\n")

    def drive(driver_number):
        rng = random.Random(f"{settings.seed} {settings.server} {driver_number} {incarnation}")
        try:
            Driver(driver_number, settings.driver_count, rng, routes, table, found, over.is_set).run()
        except Exception:  # a mistake of ours must not look like a quiet driver
            found(Violation("driver", -1, "", traceback.format_exc(), "no exception"))

    first = int(number) * settings.drivers_each
    threads = [threading.Thread(target=drive, args=(n,)) for n in range(first, first + settings.drivers_each)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


if __name__ == "__main__":
    main(*sys.argv[1:])
