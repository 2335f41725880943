"""What the event loops must withstand of sockets and of the kernel, each on a real process and on each event loop.

Method: as test_withstand.py, with an ordinary client beside the trouble. Where there are many clients they are in a process
of their own (crowd.py). Nothing sleeps: what is waited for shows in a reply, or in INFO, which is asked until it does.
"""

import functools
import itertools
import os
import resource
import signal
import socket
import threading
import time

import pytest

from crowd import Crowd, drop, idle_count, never_read, read_slowly, reset, stand_idle
from programs import PATIENCE_S
from test_withstand import Neighbour, resp

MB = 1_000_000
HOSTS = [f"127.0.0.{number}" for number in range(2, 10)]


class Watcher(Neighbour):
    """An ordinary client that can also tell how the server is."""

    def info(self):
        """The fields of INFO that are numbers."""
        self.peer.send(b"INFO\r\n")
        text = self.peer.read(int(self.peer.read_line()[1:]) + 2).decode()
        fields = (line.partition(":") for line in text.splitlines())
        return {name: int(value) for name, _, value in fields if value.isdigit()}

    def wait_until(self, condition):
        """Asks for INFO until this is true of it, and answers it."""
        give_up = time.monotonic() + PATIENCE_S
        while not condition(seen := self.info()):
            assert time.monotonic() < give_up, seen
        return seen


def descriptor_count(server):
    return len(os.listdir(f"/proc/{server.process.pid}/fd"))


@pytest.fixture
def start_server(start_server, event_loop):
    return functools.partial(start_server, "--event-loop", event_loop)


@pytest.fixture
def server(start_server):
    return start_server("--workers", "1", "--memory", "64mb")


def test_twenty_thousand_connections_opened_and_dropped_leave_nothing_behind(start_server):
    server = start_server("--workers", "2", "--memory", "64mb")
    watcher = Watcher(server)
    with server.peer("resp") as peer:
        peer.ask(b"PING\r\n", b"+PONG\r\n")  # then the other worker is there, too
    before = watcher.wait_until(lambda seen: seen["connected_clients"] == 1)
    descriptors = descriptor_count(server)
    with Crowd(drop, server.address("resp"), HOSTS[:4], 10_000) as one, \
            Crowd(drop, server.address("resp"), HOSTS[4:], 10_000) as other:
        one.begin()
        other.begin()
        while not (one.is_done(0.01) and other.is_done()):
            watcher.turn()
        count = one.end() + other.end()
    after = watcher.wait_until(lambda seen: seen["connected_clients"] == 1)
    assert after["total_connections_received"] - before["total_connections_received"] == count
    assert after["rejected_connections"] == 0
    assert after["larder_connection_buffer_size"] == 0
    assert descriptor_count(server) == descriptors
    assert server.resident_size() < 64 * MB + 32 * MB


HALF_CLOSED = {
    "line": (b"set half closed\nget half\n", b"END\r\nclosed\r\nEND\r\n"),
    "resp": (resp("SET", "half", "closed") + resp("GET", "half"), b"+OK\r\n$6\r\nclosed\r\n"),
}


@pytest.mark.parametrize("scheme", sorted(HALF_CLOSED))
def test_who_ends_its_side_still_gets_its_replies_and_then_a_plain_end(server, scheme):
    request, reply = HALF_CLOSED[scheme]
    watcher = Watcher(server)
    peers = [server.peer(scheme) for _ in range(300)]
    for number, peer in enumerate(peers):
        # A whole pipeline; one whose last request is cut; nothing; a pipeline, and its end only when it was answered.
        peer.send((request * 50, request * 50 + request[:7], b"", request * 50)[number % 4])
        if number % 4 != 3:
            peer.socket.shutdown(socket.SHUT_WR)
    for number, peer in enumerate(peers):
        if number % 4 == 3:
            assert peer.read(len(reply) * 50) == reply * 50
            peer.socket.shutdown(socket.SHUT_WR)
            assert peer.read_to_end() == b""
        else:
            assert peer.read_to_end() == (b"" if number % 4 == 2 else reply * 50)
    watcher.wait_until(lambda seen: seen["connected_clients"] == 1)


def test_who_ends_its_side_before_it_reads_gets_what_no_socket_holds(server):
    value = bytes(range(256)) * 400
    watcher = Watcher(server)
    with server.peer("resp") as peer:
        peer.ask(resp("SET", "big", value), b"+OK\r\n")
        peer.send(resp("GET", "big") * 400)  # 41 MB of replies
        peer.socket.shutdown(socket.SHUT_WR)
        for _ in range(20):
            watcher.turn()
        assert peer.read_to_end() == (b"$%d\r\n%b\r\n" % (len(value), value)) * 400
    watcher.wait_until(lambda seen: seen["connected_clients"] == 1)


@pytest.mark.parametrize("backend", ["segment", "lru"])
def test_resets_in_the_middle_of_a_value_of_100_mb_cost_nothing_but_that(start_server, backend):
    memory = 512 << 20
    server = start_server("--workers", "1", "--memory", memory, "--shards", "1", "--backend", backend)
    watcher = Watcher(server)
    value = b"0123456789" * (10 * MB)
    store = memoryview(resp("SET", "large", value))
    watcher.peer.ask(store, b"+OK\r\n")
    before = watcher.info()
    for sent in (1000, 10 * MB, 60 * MB, len(store) - 3):
        peer = server.peer("resp")
        peer.send(store[:sent])
        watcher.turn()
        reset(peer.socket)
    for received in (0, 10, 10 * MB, 99 * MB):
        peer = server.peer("resp")
        peer.send(resp("GET", "large"))
        peer.read_large(received)
        watcher.turn()
        reset(peer.socket)
    after = watcher.wait_until(lambda seen: seen["connected_clients"] == 1
                               and seen["used_memory"] <= before["used_memory"] + MB)
    assert after["larder_connection_buffer_size"] == 0
    assert server.resident_size() < memory + 32 * MB
    with server.peer("resp") as peer:
        for _ in range(2):
            peer.send(resp("GET", "large"))
            assert peer.read_line() == b"$%d" % len(value)
            assert peer.read_large(len(value) + 2) == value + b"\r\n"
            peer.ask(store, b"+OK\r\n")


def test_without_descriptors_the_server_stays_up_and_accepts_again(start_server):
    """It counts on having its descriptors to itself. Here it inherits some, so that they run out before connections-max does."""
    inherited = [os.open(os.devnull, os.O_RDONLY) for _ in range(150)]
    try:
        server = start_server("--workers", "1", pass_fds=inherited,
                              before=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (256, 256)))
    finally:
        for descriptor in inherited:
            os.close(descriptor)
    watcher = Watcher(server)
    peers = [server.peer("resp") for _ in range(140)]
    for peer in peers:
        peer.send(b"PING\r\n")
    watcher.wait_until(lambda seen: seen["rejected_connections"] > 0 and descriptor_count(server) == 256)
    for _ in range(1000):
        watcher.turn()
    served = watcher.info()["connected_clients"] - 1
    assert 0 < served < 140
    for peer in peers[:served]:
        assert peer.read(7) == b"+PONG\r\n"
        peer.close()
    for peer in peers[served:]:
        assert peer.read(7) == b"+PONG\r\n"
        peer.close()
    watcher.wait_until(lambda seen: seen["connected_clients"] == 1)
    with server.peer("resp") as peer:
        peer.ask(b"PING\r\n", b"+PONG\r\n")


def test_more_at_once_than_all_receive_buffers_hold_is_answered_whole_and_in_order(server):
    """io_uring receives into 4 MiB of buffers. While the server is stopped, 60 peers send as much as the kernel takes of
    600 KB each; what they stored before has widened their windows to that."""
    watcher = Watcher(server)
    peers = [server.peer("resp") for _ in range(60)]
    for peer in peers:
        for _ in range(3):
            peer.ask(resp("SET", "wide", b"w" * (2 * MB)), b"+OK\r\n")
    values = [[b"%d of %d " % (i, number) * 100 for i in range(600)] for number in range(60)]
    requests = [b"".join(resp("SET", f"k{number}", value) for value in of_one) + resp("GET", f"k{number}")
                for number, of_one in enumerate(values)]
    server.process.send_signal(signal.SIGSTOP)
    os.waitid(os.P_PID, server.process.pid, os.WSTOPPED)
    sent = [peer.socket.send(request, socket.MSG_DONTWAIT) for peer, request in zip(peers, requests)]
    server.process.send_signal(signal.SIGCONT)
    assert sum(sent) > 4 << 20
    watcher.turn()
    for number, peer in enumerate(peers):
        peer.send(requests[number][sent[number]:])
        last = values[number][-1]
        expected = b"+OK\r\n" * 600 + b"$%d\r\n%b\r\n" % (len(last), last)
        assert peer.read(len(expected)) == expected


def test_a_thousand_slow_readers_of_large_values_get_them_whole_while_they_are_evicted(start_server):
    """What they are in the middle of is lent from the cache, overwritten and evicted meanwhile."""
    memory = 256 << 20
    server = start_server("--workers", "2", "--memory", memory)
    watcher = Watcher(server)
    values = [(b"%02d%c" % (number, 65 + number % 26), MB) for number in range(100)]
    for key, size in values:
        watcher.peer.ask(resp("SET", key, key[-1:] * size), b"+OK\r\n")
    with Crowd(read_slowly, server.address("resp"), HOSTS, 1000, values) as crowd:
        assert crowd.step() == 1000
        crowd.begin()
        for number in range(300):
            key = values[number][0] if number < len(values) else b"new%d" % number
            watcher.peer.ask(resp("SET", key, b"?" * MB), b"+OK\r\n")
        seen = watcher.info()
        assert seen["evicted_keys"] > 0
        assert server.resident_size() < memory + 64 * MB
        assert crowd.end() == (1000, 0)
    watcher.wait_until(lambda seen: seen["connected_clients"] == 1)


def test_ten_thousand_idle_connections_cost_less_than_3_kib_each(start_server, record_property):
    """New, after a pipeline, and after a value of 100 KB each way: buffers are given back. The cache is full before, so that what
    grows is not the cache; io_uring's 4 MiB of receive buffers a worker are in the figure."""
    count = idle_count(10_000)
    if count < 10_000:
        print(f"a process may have so few open files here that these are {count} connections")
    server = start_server("--workers", "2", "--memory", "4mb", "--connections-max", count + 10)
    watcher = Watcher(server)
    for number in range(100):
        watcher.peer.ask(b"".join(b"SET %d-%d %b\r\n" % (number, i, b"v" * 100) for i in range(500)), b"+OK\r\n" * 500)
    for number in range(100):
        watcher.peer.ask(resp("SET", f"large {number % 10}", b"v" * 100_000), b"+OK\r\n")
    before = server.resident_size()
    with Crowd(stand_idle, server.address("resp"), HOSTS, count, 100_000) as crowd:
        for moment in ("new", "after a pipeline", "after 100 KB"):
            assert crowd.step() == count
            watcher.wait_until(lambda seen: seen["larder_connection_buffer_size"] < count)
            size = (server.resident_size() - before) / count
            record_property(moment, size)
            print(f"{moment}: {size:.0f} bytes a connection")
            assert size < 3 * 1024, moment
        crowd.step()
    watcher.wait_until(lambda seen: seen["connected_clients"] == 1)


@pytest.mark.parametrize("backend", ["segment", "lru"])
def test_a_thousand_readers_that_do_not_read_neither_fill_memory_nor_evict_an_item(start_server, backend):
    """Each asks for 20 times a megabyte that has to be copied: in lru a value, in segment what MGET makes of small ones, which
    are not lent. Beyond --memory and --buffer-memory there may be, for each worker, what one call answers, what its connections
    are owed below what is counted at once, and a receive ring: 40 MB."""
    memory, buffers = 64 << 20, 32 << 20
    server = start_server("--workers", "2", "--memory", memory, "--value-size-max", "2mb", "--buffer-memory", buffers,
                          "--connections-max", "2000", "--shards", "1", "--backend", backend)
    watcher = Watcher(server)
    if backend == "lru":
        watcher.peer.ask(resp("SET", "much", b"v" * MB), b"+OK\r\n")
        request = resp("GET", "much")
    else:
        watcher.peer.ask(resp("SET", "little", b"v" * 20_000), b"+OK\r\n")
        request = resp("MGET", *["little"] * 50)
    for number in range(10_000):
        watcher.peer.send(resp("SET", f"k{number}", b"v" * 100))
    assert watcher.peer.read(10_000 * 5) == b"+OK\r\n" * 10_000
    base = server.resident_size()
    slowest = 0
    with Crowd(never_read, server.address("resp"), HOSTS, 1000, request * 20, 100) as crowd:
        for _ in range(10):
            crowd.begin()
            while not crowd.is_done(0.01):
                begun = time.monotonic()
                watcher.turn()
                slowest = max(slowest, time.monotonic() - begun)
                assert server.resident_size() < base + buffers + 40 * MB
            crowd.end()
        with server.peer("resp") as peer:  # who comes new is served, too, and may read much
            peer.ask(resp("GET", "k77"), b"$100\r\n" + b"v" * 100 + b"\r\n")
            peer.send(request * 3)
            assert peer.read_large(3 * MB).count(b"v") > 2.9 * MB
        seen = watcher.info()
        assert seen["evicted_clients"] > 0 and seen["evicted_keys"] == 0
        assert seen["larder_connection_buffer_limit"] == buffers
        print(f"{seen['evicted_clients']} closed, slowest turn of another {slowest * 1000:.0f} ms")
        server.wait_for_line("connections closed because others waited")
        crowd.step()
    after = watcher.wait_until(lambda seen: seen["connected_clients"] == 1)
    assert after["larder_connection_buffer_size"] == 0 and after["larder_slow_readers_closed"] == 0


class Loaded:
    """A client under load: one thread sends pipelines, and keeps some ahead; another checks that what comes is the replies."""

    PIPELINE_SIZE = 50

    def __init__(self, server, number, shared_limit):
        self.peer = server.peer("resp")
        self.number = number
        self.numbers = []  # of INCR, as they came
        self.answered = threading.Event()
        self.failure = None
        self._ahead = threading.Semaphore(shared_limit)
        self._ended = False
        self._value = b"%d" % number * 1000
        self._threads = [threading.Thread(target=run, daemon=True) for run in (self._send, self._read)]
        for thread in self._threads:
            thread.start()

    def _send(self):
        once = resp("SET", f"k{self.number}", self._value) + resp("INCR", "shared") + resp("GET", f"k{self.number}")
        try:
            while not self._ended:
                if self._ahead.acquire(timeout=0.1):
                    self.peer.send(once * self.PIPELINE_SIZE)
        except OSError:
            pass  # the server has gone; whether it said all before, the reader knows

    def _read(self):
        stored = b"$%d\r\n%b\r\n" % (len(self._value), self._value)
        expected = (functools.partial(self._expect, b"+OK\r\n"), self._read_number, functools.partial(self._expect, stored))
        try:
            for count, read_reply in enumerate(itertools.cycle(expected), 1):
                if self._is_over():
                    break
                read_reply()
                if count % (3 * self.PIPELINE_SIZE) == 0:
                    self.answered.set()
                    self._ahead.release()
        except Exception as failure:  # pylint: disable=broad-except
            self.failure = failure
        self._ended = True

    def _expect(self, reply):
        got = self.peer.read(len(reply))
        assert got == reply, got[:100]

    def _read_number(self):
        line = self.peer.read_line()
        assert line[:1] == b":", line
        self.numbers.append(int(line[1:]))

    def _is_over(self):
        """Whether the end is here, between two replies: that it is not in the middle of one, reading one checks."""
        try:
            return self.peer.is_at_end()
        except ConnectionResetError:
            # It owed nothing and was closed, and the next pipeline crossed with that.
            return True

    def join(self):
        for thread in self._threads:
            thread.join(PATIENCE_S)
        assert self.failure is None, f"client {self.number}: {self.failure!r}"
        self.peer.close()


def test_sigterm_under_load_loses_no_reply_already_earned(start_server):
    """Each client gets whole replies to a first part of what it sent, and then a plain end. What INCR has counted, somebody was
    told: a number that is nobody's would be of a command that ran and whose reply was lost."""
    server = start_server("--workers", "2", "--memory", "64mb", "--shutdown-timeout", "10s")
    clients = [Loaded(server, number, 4) for number in range(16)]
    for client in clients:
        assert client.answered.wait(PATIENCE_S), client.failure
    begun = time.monotonic()
    server.process.terminate()
    for client in clients:
        client.join()
    assert server.wait() == 0
    assert time.monotonic() - begun < 10
    numbers = sorted(number for client in clients for number in client.numbers)
    assert numbers == list(range(1, len(numbers) + 1))


def test_sigterm_lets_large_replies_under_way_leave_whole(start_server):
    server = start_server("--workers", "2", "--memory", "256mb", "--shutdown-timeout", "30s")
    value = bytes(range(256)) * 40_000
    with server.peer("resp") as peer:
        peer.ask(resp("SET", "large", value), b"+OK\r\n")
    one = b"$%d\r\n%b\r\n" % (len(value), value)
    peers = [server.peer("resp") for _ in range(8)]
    for peer in peers:
        peer.send(resp("GET", "large") * 3)
        assert peer.read(9) == one[:9]
    server.process.terminate()
    server.wait_for_line("stopping")
    for peer in peers:
        data = one[:9] + peer.read_to_end()
        count = len(data) // len(one)
        assert count >= 1 and data == one * count
        peer.close()
    assert server.wait() == 0
