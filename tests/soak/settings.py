"""What the processes around one server are told, and where each thing that they count stands in the table."""

import datetime
import json
import os
import pathlib
import typing

import keyspace
from connect import Route
from table import Table

PROTOCOLS = ["RESP2", "RESP3", "line", "HTTP", "WebSocket text", "WebSocket binary"]

# What is counted for each driver and protocol; of the last one the most.
COUNTED = ["requests", "hits", "misses", "writes", "refused", "connections", "lost", "latest_us"]

# What a driver does to its connections.
MISDEEDS = ["cut", "reset", "half-close", "stop reading", "storm"]

# What an administrator does, and how often.
DUTIES = {"move_limit": 8, "look_at_keys": 8, "look_at_server": 8, "monitor": 8, "pause": 8, "empty": 1}

# What is replaced under the server with TLS and with users, and how it learns of it in either case (renewal.py).
RENEWALS_OF_TLS = ["certificate", "bad pair"]
RENEWALS_OF_USERS = ["guest comes", "guest has another password", "guest goes"]
RENEWALS_OF_EITHER = ["told by SIGHUP", "noticed"]
COUNTED_ONCE = [*DUTIES, *RENEWALS_OF_TLS, *RENEWALS_OF_USERS, *RENEWALS_OF_EITHER]


class Settings(typing.NamedTuple):
    """Written by stand.py as JSON, the same for all processes of one server."""

    folder: str  # of the table and of what is found
    seed: int
    server: str  # its name, for people
    routes: list  # of clients
    administrator_routes: list
    driver_count: int  # of all processes together
    drivers_each: int
    server_pid: int = 0

    @classmethod
    def load(cls, path):
        settings = cls(*json.loads(pathlib.Path(path).read_text(encoding="utf-8")))
        return settings._replace(routes=[Route(*route) for route in settings.routes],
                                 administrator_routes=[Route(*route) for route in settings.administrator_routes])

    @property
    def violations_path(self):
        return pathlib.Path(self.folder) / "violations"

    def open_table(self, create=False):
        count = self.pause_counter + 1
        return Table(pathlib.Path(self.folder) / "table", self.driver_count * keyspace.KEYS_EACH, count, create)

    @property
    def pause_counter(self):
        """Where the table keeps until when clients may be paused, in nanoseconds by CLOCK_MONOTONIC."""
        return duty_counter("", self.driver_count) + len(COUNTED_ONCE)

    @property
    def with_tls(self):
        return any(route.ca_file for route in self.administrator_routes)

    @property
    def with_users(self):
        return any(route.user for route in self.administrator_routes)

    @property
    def renewals(self):
        """What renewal.py is to do in this run."""
        names = RENEWALS_OF_TLS * self.with_tls + RENEWALS_OF_USERS * self.with_users
        return names + RENEWALS_OF_EITHER if names else []

    def report(self, violation):
        """Appends it to what was found, in one write: others do so at the same time."""
        violation = violation._replace(at=f"{datetime.datetime.now(datetime.UTC):%H:%M:%S.%f}")
        file = os.open(self.violations_path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        os.write(file, json.dumps(violation).encode() + b"\n")
        os.close(file)


def counter(driver, protocol, what):
    """Where table.py counts this."""
    row = driver * len(PROTOCOLS) + PROTOCOLS.index(protocol)
    return row * (len(COUNTED) + len(MISDEEDS)) + (COUNTED + MISDEEDS).index(what)


def duty_counter(duty, driver_count):
    """Of a duty or a renewal, behind those of all drivers; "": where they begin."""
    return driver_count * len(PROTOCOLS) * (len(COUNTED) + len(MISDEEDS)) + (COUNTED_ONCE.index(duty) if duty else 0)
