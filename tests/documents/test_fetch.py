"""Fetching URLs, against a real server on loopback."""

from __future__ import annotations

import gzip
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count

import pytest

from octavo.documents import fetch as fetch_module
from octavo.documents.fetch import fetch
from octavo.documents.limits import DEFAULT_LIMITS
from octavo.errors import AddressRefused, FetchFailed, SourceTooLarge

SMALL = replace(DEFAULT_LIMITS, source_bytes=1000)
Answer = tuple[int, dict[str, str], bytes]


class Server:
    """Answers each path as told, and keeps the headers of every request."""

    def __init__(self) -> None:
        self.answers: dict[str, Answer] = {}
        self.requests: list[dict[str, str]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.requests.append(
                    {name.lower(): value for name, value in self.headers.items()} | {"path": self.path}
                )
                status, headers, body = outer.answers.get(self.path, (404, {}, b""))
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self._server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture
def server() -> Iterator[Server]:
    running = Server()
    yield running
    running.close()


def resolving(**hosts: str) -> Callable[[str, int], Sequence[str]]:
    return lambda host, port: [hosts[host.replace(".", "_")]]


def test_a_document_comes_with_what_the_server_says_of_it(server: Server) -> None:
    server.answers["/a/page.html"] = (200, {"Content-Type": "text/html; charset=gb2312"}, b"<p>x")
    fetched = fetch(f"{server.url}/a/page.html#part", allow_private=True)
    assert (fetched.data, fetched.media_type, fetched.charset, fetched.file_name) == (
        b"<p>x",
        "text/html",
        "gb2312",
        "page.html",
    )
    assert server.requests[0]["path"] == "/a/page.html"


def test_the_servers_name_for_the_file_has_no_folders(server: Server) -> None:
    server.answers["/get"] = (200, {"Content-Disposition": 'attachment; filename="../../x/report.pdf"'}, b"x")
    assert fetch(f"{server.url}/get", allow_private=True).file_name == "report.pdf"


def test_a_private_address_is_refused_before_any_connection(server: Server) -> None:
    with pytest.raises(AddressRefused, match=r"leads to the private address 127\.0\.0\.1.*--allow-private"):
        fetch(f"{server.url}/")
    assert server.requests == []


def test_a_public_name_of_a_private_address_is_refused(server: Server) -> None:
    with pytest.raises(AddressRefused, match=r"169\.254\.169\.254 \(meta\.example\)"):
        fetch("http://meta.example/", resolve_host=resolving(meta_example="169.254.169.254"))


def test_one_private_address_among_public_ones_is_refused() -> None:
    with pytest.raises(AddressRefused):
        fetch("http://two.example/", resolve_host=lambda host, port: ["8.8.8.8", "10.0.0.1"])


def test_a_redirect_to_a_private_address_is_refused(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetch_module, "is_public", lambda address: address == "127.0.0.1")
    server.answers["/"] = (302, {"Location": f"http://inner.example:{server.port}/secret"}, b"")
    with pytest.raises(AddressRefused, match=r"redirects to the private address 127\.0\.0\.2 \(inner\.example\)"):
        fetch(
            f"http://outer.example:{server.port}/",
            resolve_host=resolving(outer_example="127.0.0.1", inner_example="127.0.0.2"),
        )
    assert [request["path"] for request in server.requests] == ["/"]


def test_the_checked_address_is_the_one_connected_to(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetch_module, "is_public", lambda address: address == "127.0.0.1")
    answers = iter([["127.0.0.1"], ["10.0.0.1"]])
    server.answers["/"] = (200, {}, b"words")
    fetched = fetch(f"http://changing.example:{server.port}/", resolve_host=lambda host, port: next(answers))
    assert fetched.data == b"words"
    assert server.requests[0]["host"] == f"changing.example:{server.port}"
    assert next(answers) == ["10.0.0.1"], "the name was looked up once"


def test_redirects_are_followed_relative_ones_too_but_not_for_ever(server: Server) -> None:
    server.answers["/a/old"] = (301, {"Location": "../new"}, b"")
    server.answers["/new"] = (200, {}, b"words")
    server.answers["/loop"] = (302, {"Location": "/loop"}, b"")
    assert fetch(f"{server.url}/a/old", allow_private=True).data == b"words"
    with pytest.raises(FetchFailed, match="redirected more than 8 times"):
        fetch(f"{server.url}/loop", allow_private=True)


def test_a_redirect_to_another_kind_of_address_is_refused(server: Server) -> None:
    server.answers["/"] = (302, {"Location": "file:///etc/passwd"}, b"")
    with pytest.raises(FetchFailed, match="leads to file:"):
        fetch(f"{server.url}/", allow_private=True)


@pytest.mark.parametrize("declared", [{"Content-Length": "5000"}, {}])
def test_a_document_over_the_limit_is_refused_whether_or_not_it_says_so(
    server: Server, declared: dict[str, str]
) -> None:
    server.answers["/"] = (200, declared, b"x" * 5000)
    with pytest.raises(SourceTooLarge, match=r"more than 1\.0 kB"):
        fetch(f"{server.url}/", limits=SMALL, allow_private=True)


def test_what_unpacks_over_the_limit_is_refused(server: Server) -> None:
    server.answers["/"] = (200, {"Content-Encoding": "gzip"}, gzip.compress(b"x" * 500_000))
    with pytest.raises(SourceTooLarge):
        fetch(f"{server.url}/", limits=SMALL, allow_private=True)
    server.answers["/br"] = (200, {"Content-Encoding": "br"}, b"x")
    with pytest.raises(FetchFailed, match="packed as br"):
        fetch(f"{server.url}/br", allow_private=True)


def test_a_document_that_takes_too_long_is_given_up(server: Server) -> None:
    server.answers["/"] = (200, {}, b"x" * 500_000)
    seconds = count(step=25)
    with pytest.raises(SourceTooLarge, match="not received within 60 s"):
        fetch(f"{server.url}/", allow_private=True, clock=lambda: float(next(seconds)))


def test_failures_say_what_and_what_to_do(server: Server) -> None:
    with pytest.raises(FetchFailed, match=r"the server answered 404 Not Found; check that"):
        fetch(f"{server.url}/none", allow_private=True)
    with pytest.raises(FetchFailed, match="the connection failed"):
        fetch("http://127.0.0.1:1/", allow_private=True)
    with pytest.raises(FetchFailed, match="not a URL"):
        fetch("http://[::1/", allow_private=True)

    def unknown(host: str, port: int) -> Sequence[str]:
        raise OSError("Name or service not known")

    with pytest.raises(FetchFailed, match=r"the host no\.example was not found"):
        fetch("http://no.example/", resolve_host=unknown)
