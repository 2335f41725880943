"""Which event loop a server runs on, and that both serve. A process that may have no io_uring is made with seccomp, as containers do."""

import ctypes
import errno
import json
import platform
import resource
import struct
import urllib.request

from programs import Program

SYSTEM_CALLS = {"x86_64": (0xC000003E, 425), "aarch64": (0xC00000B7, 425)}
LARGE = b"0123456789abcdef" * 625_000


def without_io_uring():
    """Has the kernel refuse io_uring_setup to this process and its children: EPERM, as Docker's profile does."""
    architecture, setup = SYSTEM_CALLS[platform.machine()]
    load, equal, answer = 0x20, 0x15, 0x06  # BPF_LD | BPF_W | BPF_ABS; BPF_JMP | BPF_JEQ | BPF_K; BPF_RET | BPF_K
    allow, refuse = 0x7FFF0000, 0x00050000 | errno.EPERM
    lines = [(load, 0, 0, 4), (equal, 0, 3, architecture), (load, 0, 0, 0), (equal, 0, 1, setup), (answer, 0, 0, refuse),
             (answer, 0, 0, allow)]
    program = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *line) for line in lines))
    header = struct.pack("HxxxxxxP", len(lines), ctypes.addressof(program))
    libc = ctypes.CDLL(None, use_errno=True)
    assert libc.prctl(38, 1, 0, 0, 0) == 0  # PR_SET_NO_NEW_PRIVS
    assert libc.prctl(22, 2, header, 0, 0) == 0, ctypes.get_errno()  # PR_SET_SECCOMP, SECCOMP_MODE_FILTER


def start(*options, **more):
    return Program("larder-server", ["--listen", "resp://127.0.0.1:0", "--listen", "http://127.0.0.1:0", *options], **more)


def stats(server):
    host, port = server.address("http")
    with urllib.request.urlopen(f"http://{host}:{port}/v1/stats") as reply:
        return json.load(reply)


def serves_over_epoll(server, reason):
    """Whether `auto` took epoll, says why, and serves."""
    try:
        server.wait_until_ready()
        told = stats(server)
        assert (told["event_loop"], told["event_loop_reason"]) == ("epoll", reason)
        assert f"event loop: epoll ({reason})" in server.stderr
        with server.peer("resp") as peer:
            peer.ask(b"SET k v\r\nGET k\r\n", b"+OK\r\n$1\r\nv\r\n")
        server.stop()
    finally:
        server.kill()


def test_where_io_uring_is_refused_epoll_serves_and_says_why():
    serves_over_epoll(start(before=without_io_uring), "the kernel refuses an io_uring: Operation not permitted")


def test_io_uring_by_name_is_an_error_where_it_is_refused():
    server = start("--event-loop", "io_uring", before=without_io_uring)
    assert server.wait() != 0
    assert "--event-loop io_uring: the kernel refuses an io_uring: Operation not permitted" in server.stderr


def with_little_memory_to_lock():
    """Each io_uring takes some 300 KB of what may be locked, and root is asked as everybody is."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(24, 14, 0, 0, 0)  # PR_CAPBSET_DROP, CAP_IPC_LOCK; refused to those who have no such right anyway
    resource.setrlimit(resource.RLIMIT_MEMLOCK, (1 << 20, 1 << 20))


def test_where_not_all_workers_get_an_io_uring_epoll_serves_and_says_why():
    serves_over_epoll(start("--workers", "8", before=with_little_memory_to_lock), "the kernel refuses an io_uring: Cannot allocate memory")


def test_io_uring_by_name_is_an_error_before_the_server_is_ready_where_not_all_workers_get_one():
    server = start("--event-loop", "io_uring", "--workers", "8", before=with_little_memory_to_lock)
    assert server.wait() != 0
    assert "--event-loop io_uring: the kernel refuses an io_uring: Cannot allocate memory" in server.stderr
    assert "ready" not in server.stderr


def test_each_loop_serves(event_loop):
    server = start("--event-loop", event_loop, "--workers", "2").wait_until_ready()
    try:
        assert (stats(server)["event_loop"], stats(server)["event_loop_reason"]) == (event_loop, "asked for")
        peers = [server.peer("resp") for _ in range(20)]
        for number, peer in enumerate(peers):
            peer.send(b"".join(b"SET %d:%d %d\r\nGET %d:%d\r\n" % (number, i, i, number, i) for i in range(1000)))
        for peer in peers:
            expected = b"".join(b"+OK\r\n$%d\r\n%d\r\n" % (len(str(i)), i) for i in range(1000))
            assert peer.read(len(expected)) == expected
            peer.close()
        with server.peer("resp") as peer:
            for _ in range(3):
                peer.ask(b"*3\r\n$3\r\nSET\r\n$5\r\nlarge\r\n$%d\r\n%b\r\n" % (len(LARGE), LARGE), b"+OK\r\n")
                peer.send(b"GET large\r\n")
                assert peer.read_line() == b"$%d" % len(LARGE)
                assert peer.read_large(len(LARGE) + 2) == LARGE + b"\r\n"
        server.stop()
    finally:
        server.kill()
