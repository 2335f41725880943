"""Many clients in a process of their own: their descriptors and their time are not the test's.

What they do is a generator of this file. Each value that it yields is a step: Crowd.step() waits for it and hands it out,
and the next step begins when the test asks for it.
"""

import multiprocessing
import resource
import selectors
import socket
import struct

from programs import PATIENCE_S, Peer

# A crowd has more to do than one client.
CROWD_PATIENCE_S = 4 * PATIENCE_S

RESET = struct.pack("ii", 1, 0)
BATCH_SIZE = 500


class Crowd:
    """A process that runs one of the generators below, as far as it is asked to."""

    def __init__(self, act, *arguments):
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_run, args=(theirs, act, arguments), daemon=True)
        self._process.start()
        theirs.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._pipe.close()  # which ends it, if it waits
        self._process.join(0 if self._process.exitcode is None else None)
        self._process.kill()
        self._process.join()

    def begin(self):
        """Has it begin its next step."""
        self._pipe.send(None)

    def is_done(self, within_s=0.0):
        """Whether the step is done, or is so within this time."""
        return self._pipe.poll(within_s)

    def end(self):
        """What the step yielded."""
        assert self._pipe.poll(CROWD_PATIENCE_S), "the crowd has not done its step"
        return self._pipe.recv()

    def step(self):
        self.begin()
        return self.end()


def _run(pipe, act, arguments):
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    steps = act(*arguments)
    try:
        while True:
            pipe.recv()
            pipe.send(next(steps))
    except (EOFError, BrokenPipeError):
        pass


def connect(address, host, receive_buffer_size=0):
    """A connection from this address of loopback, so that one address' ports are not all there are."""
    connection = socket.socket()
    connection.settimeout(PATIENCE_S)
    if receive_buffer_size:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer_size)
    connection.setsockopt(socket.IPPROTO_IP, 24, 1)  # IP_BIND_ADDRESS_NO_PORT: the pair of addresses decides
    connection.bind((host, 0))
    connection.connect(tuple(address))
    return connection


def reset(connection):
    """Closes with a reset: nothing of it is left, not even for the time that a port waits after an end."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    connection.close()


def receive(connection, size):
    data = bytearray()
    while len(data) < size:
        more = connection.recv(size - len(data))
        assert more, f"closed after {bytes(data[:100])!r}"
        data += more
    return bytes(data)


def drop(address, hosts, count):
    """Opens and drops `count` connections at different points of their life. Yields when all were accepted."""
    whole = b"SET dropped value\r\nGET dropped\r\n"
    for index in range(count):
        connection = connect(address, hosts[index % len(hosts)])
        point = index % 5
        if point == 1:
            connection.sendall(whole)
            assert receive(connection, 5) == b"+OK\r\n"
        elif point == 2:
            connection.sendall(whole[:7])
        elif point == 3:
            connection.sendall(whole)
        elif point == 4:
            connection.sendall(b"*3\r\n$3\r\nSET\r\n$7\r\ndropped\r\n$1000000\r\n")
        if index % 10 == 0:
            connection.close()
        else:
            reset(connection)
        if index % BATCH_SIZE == BATCH_SIZE - 1:
            # The backlog is a queue: who is answered stood behind all before.
            last = connect(address, hosts[0])
            last.sendall(b"PING\r\n")
            assert receive(last, 7) == b"+PONG\r\n"
            reset(last)
    yield count + count // BATCH_SIZE


def idle_count(wanted):
    """As many connections as this, or as a process may have here beside its other files."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    return wanted if hard == resource.RLIM_INFINITY else min(wanted, hard - 500)


def stand_idle(address, hosts, count, value_size):
    """Connects; then each sends a pipeline; then each stores and reads a value of this size. Idle after each step."""
    crowd = []
    for index in range(count):
        crowd.append(connect(address, hosts[index % len(hosts)]))
        if index % BATCH_SIZE == BATCH_SIZE - 1:
            crowd[-1].sendall(b"PING\r\n")
            assert receive(crowd[-1], 7) == b"+PONG\r\n"
    yield len(crowd)
    for connection in crowd:
        connection.sendall(b"SET idle value\r\nGET idle\r\n" * 50)
    for connection in crowd:
        assert receive(connection, 50 * 16) == b"+OK\r\n$5\r\nvalue\r\n" * 50
    yield len(crowd)
    value = b"%d\r\n%b\r\n" % (value_size, b"x" * value_size)
    store = b"*3\r\n$3\r\nSET\r\n$4\r\nidle\r\n$" + value + b"GET idle\r\n"
    reply = b"+OK\r\n$" + value
    for connection in crowd:
        connection.sendall(store)
        assert receive(connection, len(reply)) == reply
    yield len(crowd)
    for connection in crowd:
        reset(connection)
    yield 0


def never_read(address, hosts, count, request, batch_size):
    """Each sends this request and reads nothing, so many of them a step; they hold what came."""
    crowd = []
    while len(crowd) < count:
        for _ in range(batch_size):
            crowd.append(connect(address, hosts[len(crowd) % len(hosts)], receive_buffer_size=4096))
            crowd[-1].sendall(request)
        yield len(crowd)
    for connection in crowd:
        reset(connection)
    yield 0


def read_slowly(address, hosts, count, values):
    """Each asks for one of `values`, pairs of a key and the size of its value, and reads no further than its head; then
    all read on in turns, a little each. Yields how many values came whole, and how many bytes were not the key's."""
    crowd = []
    for index in range(count):
        key, size = values[index % len(values)]
        connection = connect(address, hosts[index % len(hosts)], receive_buffer_size=32768)
        connection.sendall(b"GET %b\r\n" % key)
        crowd.append((connection, key, size))
    heads = [receive(connection, len(b"$%d\r\n" % size)) == b"$%d\r\n" % size for connection, _, size in crowd]
    yield sum(heads)
    whole = strange = 0
    with selectors.DefaultSelector() as ready:
        for connection, key, size in crowd:
            ready.register(connection, selectors.EVENT_READ, [key[-1:], size + 2])
        while ready.get_map():
            for event, _ in ready.select():
                filling, left = event.data
                data = event.fileobj.recv(16384)
                event.data[1] -= len(data)
                strange += len(data) - data.count(filling) - (data.endswith(b"\n") + data.count(b"\r"))
                if event.data[1] == 0 or not data:
                    whole += left == len(data)
                    ready.unregister(event.fileobj)
                    event.fileobj.close()
    yield whole, strange
