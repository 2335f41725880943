"""The fault proxy: passes bytes between clients and a server, and breaks connections on the way.

Of each connection is drawn which fault it meets, in which direction, and after how many bytes. No byte is ever changed:

    cut         both ends are closed, in the middle of whatever was said
    reset       the same with a reset
    half-close  nothing more arrives in this direction, where an end is seen; the other direction goes on
    stall       nothing moves in this direction for a while of up to STALL_S_MAX
    split       the next bytes come one by one
    none        nothing

It runs in a process of its own. Arguments: a seed, and a JSON array of pairs of addresses, where to listen and where to connect,
each a path or a host and port. It writes the addresses it listens on as a line of JSON, and at SIGTERM how often it did what.
"""

import asyncio
import collections
import json
import random
import signal
import socket
import sys

FAULTS = {"none": 3, "cut": 3, "reset": 3, "half-close": 2, "stall": 3, "split": 3}
STALL_S_MAX = 1.5
SPLIT_SIZE = 400
CHUNK_SIZE = 1 << 16
AFTER_SIZE_MAX = 1 << 22
RESET = b"\1\0\0\0\0\0\0\0"


class Fault:
    """What one connection meets, and the bytes that pass before it does."""

    def __init__(self, rng: random.Random):
        self.name = rng.choices(list(FAULTS), list(FAULTS.values()))[0]
        self.is_of_requests = rng.random() < 0.5
        self.after_size = int(AFTER_SIZE_MAX ** rng.random())
        self.stall_s = rng.uniform(0.05, STALL_S_MAX)


def _end(writer, by_reset):
    """Closes at once, whatever is unsent."""
    if by_reset and not writer.is_closing():
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    writer.transport.abort()


class Pair:
    """A client's connection, and ours to the server. Each end is a reader and a writer."""

    def __init__(self, client, server, fault, count):
        self._client, self._server, self._fault, self._count = client, server, fault, count

    async def run(self):
        """Until both ends are closed."""
        by_reset = False
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._pass_on(self._client[0], self._server[1], self._fault.is_of_requests))
                group.create_task(self._pass_on(self._server[0], self._client[1], not self._fault.is_of_requests))
        except* OSError:
            pass  # one of the two is gone, and so is the other
        except* Broken as broken:
            by_reset = broken.exceptions[0].by_reset
        finally:
            for _, writer in (self._client, self._server):
                _end(writer, by_reset)

    async def _pass_on(self, reader, writer, meets_fault):
        left = self._fault.after_size if meets_fault and self._fault.name != "none" else None
        while data := await reader.read(CHUNK_SIZE):
            if left is not None and len(data) > left:
                writer.write(data[:left])
                data = data[left:]
                self._count[self._fault.name] += 1
                if not await self._meet(writer, data):
                    while await reader.read(CHUNK_SIZE):
                        pass  # whoever sends all before it reads must come to its replies
                    return
                left = None
            else:
                writer.write(data)
                await writer.drain()
                left = None if left is None else left - len(data)
        writer.write_eof()

    async def _meet(self, writer, data):
        """Whether this direction goes on."""
        match self._fault.name:
            case "half-close":
                writer.write_eof()
                return False
            case "cut" | "reset":
                await writer.drain()
                raise Broken(self._fault.name == "reset")
            case "stall":
                await asyncio.sleep(self._fault.stall_s)
            case "split":
                for at in range(min(len(data), SPLIT_SIZE)):
                    writer.write(data[at : at + 1])
                    await writer.drain()
                    await asyncio.sleep(0)
                data = data[SPLIT_SIZE:]
        writer.write(data)
        await writer.drain()
        return True


class Broken(Exception):
    """The fault is that the connection ends."""

    def __init__(self, by_reset):
        super().__init__()
        self.by_reset = by_reset


async def _listen(address, connected):
    if isinstance(address, str):
        return await asyncio.start_unix_server(connected, address, backlog=1000), address
    server = await asyncio.start_server(connected, *address, backlog=1000)
    return server, server.sockets[0].getsockname()


async def _connect(address):
    if isinstance(address, str):
        return await asyncio.open_unix_connection(address)
    return await asyncio.open_connection(*address)


async def serve(seed, pairs):
    rng, count, addresses = random.Random(f"{seed} proxy"), collections.Counter(), []
    running = set()  # the event loop alone would forget tasks that wait
    over = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, over.set)
    servers = []
    for front, back in pairs:

        async def connected(reader, writer, back=back):
            try:
                server = await _connect(back)
            except OSError:
                _end(writer, by_reset=True)
                return
            count["connections"] += 1
            running.add(task := asyncio.current_task())
            task.add_done_callback(running.discard)
            await Pair((reader, writer), server, Fault(rng), count).run()

        server, address = await _listen(front, connected)
        servers.append(server)
        addresses.append(address)
    print(json.dumps(addresses), flush=True)
    await over.wait()
    print(json.dumps(count), flush=True)


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1], json.loads(sys.argv[2])))
