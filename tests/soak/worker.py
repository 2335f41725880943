"""A process of clients: some drivers, a thread each. Started by stand.py, killed at any time.

Arguments: a file with what Settings holds; the number of this process; how often it was started before. SIGTERM ends it after the
requests under way.
"""

import random
import signal
import sys
import threading
import traceback

from driver import Driver
from oracle import Violation
from settings import Settings


def main(settings_path, number, incarnation):
    settings = Settings.load(settings_path)
    table = settings.open_table()
    over = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: over.set())

    def drive(driver_number):
        rng = random.Random(f"{settings.seed} {settings.server} {driver_number} {incarnation}")
        try:
            Driver(driver_number, settings, rng, table, settings.report, over.is_set).run()
        except Exception:  # a mistake of ours must not look like a quiet driver
            settings.report(Violation("driver", -1, "", traceback.format_exc(), "no exception"))

    first = int(number) * settings.drivers_each
    threads = [threading.Thread(target=drive, args=(n,)) for n in range(first, first + settings.drivers_each)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


if __name__ == "__main__":
    main(*sys.argv[1:])
