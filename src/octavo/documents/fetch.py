"""Gets one http(s) URL: limits of size and time, redirects followed by hand, every hop's address checked.

The address that was checked is the one connected to (the name stays in the Host header and in TLS), so a name server
that answers differently the second time gains nothing. Proxies named in the environment are not used: behind one, the
check could not bind.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from email.message import Message
from pathlib import PurePosixPath
from typing import TYPE_CHECKING
from urllib.parse import unquote

from octavo.documents.addresses import Resolve, is_public, resolve
from octavo.documents.limits import DEFAULT_LIMITS, Limits, in_words
from octavo.errors import AddressRefused, FetchFailed, SourceTooLarge

if TYPE_CHECKING:
    import httpx

_MOST_REDIRECTS = 8
_REDIRECTS = (301, 302, 303, 307, 308)


@dataclass(frozen=True, slots=True)
class Fetched:
    """What a URL answered: its bytes, and what the server said that they are.

    `file_name` is the server's name for it or the last part of the final URL's path; empty where neither is there.
    """

    data: bytes
    media_type: str | None
    charset: str | None
    file_name: str


def fetch(
    url: str,
    *,
    limits: Limits = DEFAULT_LIMITS,
    allow_private: bool = False,
    resolve_host: Resolve = resolve,
    clock: Callable[[], float] = time.monotonic,
) -> Fetched:
    """The document at `url`.

    Raises `AddressRefused` for a URL that leads, or redirects, to an address that is not public (unless
    `allow_private`), `SourceTooLarge` over the limits of size and time, `FetchFailed` for anything else that is no
    document.
    """
    return _Fetch(url, limits, allow_private, resolve_host, clock).run()


class _Fetch:
    def __init__(
        self, url: str, limits: Limits, allow_private: bool, resolve_host: Resolve, clock: Callable[[], float]
    ) -> None:
        self._given = url
        self._limits = limits
        self._allow_private = allow_private
        self._resolve = resolve_host
        self._clock = clock
        self._redirected = False
        self._deadline = clock() + limits.fetch_seconds

    def run(self) -> Fetched:
        import httpx

        try:
            url = httpx.URL(self._given)
            with httpx.Client(trust_env=False, follow_redirects=False) as client:
                for _ in range(_MOST_REDIRECTS + 1):
                    answer = self._hop(client, url)
                    if isinstance(answer, Fetched):
                        return answer
                    url = answer
        except httpx.InvalidURL as error:
            raise FetchFailed(self._given, f"not a URL that can be opened ({error})", "check its spelling") from error
        except httpx.TimeoutException as error:
            raise self._too_slow() from error
        except httpx.HTTPError as error:
            raise FetchFailed(
                self._given, f"the connection failed ({_plain(error)})", "check the address and the network"
            ) from error
        raise FetchFailed(
            self._given, f"redirected more than {_MOST_REDIRECTS} times", "open it in a browser and save the page"
        )

    def _hop(self, client: httpx.Client, url: httpx.URL) -> Fetched | httpx.URL:
        """One request: the document, or where it redirects to."""
        if url.scheme not in ("http", "https") or not url.host:
            raise FetchFailed(self._given, f"leads to {url.scheme or 'no'}: address, which octavo does not open")
        address = self._checked_address(url)
        request = client.build_request(
            "GET",
            url.copy_with(host=address, fragment=None),
            headers={
                "Host": url.netloc.decode("ascii"),
                "User-Agent": "octavo",
                "Accept": "text/html, application/xhtml+xml, application/pdf, text/plain, */*;q=0.5",
                "Accept-Encoding": "gzip, deflate",
            },
            extensions={"sni_hostname": url.raw_host.decode("ascii")},
            timeout=self._seconds_left(),
        )
        response = client.send(request, stream=True)
        try:
            if response.status_code in _REDIRECTS and "location" in response.headers:
                self._redirected = True
                return url.join(response.headers["location"])
            if response.status_code != 200:
                raise FetchFailed(
                    self._given,
                    f"the server answered {response.status_code} {response.reason_phrase}".rstrip(),
                    "check that the URL opens in a browser without signing in",
                )
            media_type, charset = _content_type(response.headers.get("content-type", ""))
            return Fetched(self._body(response), media_type, charset, _file_name(response, url))
        finally:
            response.close()

    def _checked_address(self, url: httpx.URL) -> str:
        host = url.raw_host.decode("ascii").strip("[]")
        try:
            addresses = self._resolve(host, url.port or (443 if url.scheme == "https" else 80))
        except (OSError, UnicodeError) as error:
            raise FetchFailed(
                self._given, f"the host {host} was not found", "check the address and the network"
            ) from error
        if not addresses:
            raise FetchFailed(self._given, f"the host {host} has no address", "check the address and the network")
        for address in addresses:
            if not self._allow_private and not is_public(address):
                way = "redirects" if self._redirected else "leads"
                raise AddressRefused(
                    self._given,
                    f"{way} to the private address {address}" + (f" ({host})" if host != address else ""),
                    "if you mean it, allow it with --allow-private",
                )
        return addresses[0]

    def _body(self, response: httpx.Response) -> bytes:
        encoding = response.headers.get("content-encoding", "identity").lower()
        if not set(encoding.replace(" ", "").split(",")) <= {"gzip", "x-gzip", "deflate", "identity"}:
            # Others unpack to thousands of times their size in one step.
            raise FetchFailed(self._given, f"sent packed as {encoding}, which octavo did not ask for")
        declared = response.headers.get("content-length", "")
        if declared.isdigit() and int(declared) > self._limits.source_bytes:
            raise self._too_large()
        pieces: list[bytes] = []
        size = 0
        for piece in response.iter_bytes():
            size += len(piece)
            if size > self._limits.source_bytes:
                raise self._too_large()
            self._seconds_left()
            pieces.append(piece)
        return b"".join(pieces)

    def _seconds_left(self) -> float:
        left = self._deadline - self._clock()
        if left <= 0:
            raise self._too_slow()
        return left

    def _too_large(self) -> SourceTooLarge:
        return SourceTooLarge(
            self._given,
            f"more than {in_words(self._limits.source_bytes)}",
            "download the part that you need and give the file",
        )

    def _too_slow(self) -> SourceTooLarge:
        return SourceTooLarge(
            self._given, f"not received within {self._limits.fetch_seconds:g} s", "download it and give the file"
        )


def _content_type(header: str) -> tuple[str | None, str | None]:
    message = Message()
    message["content-type"] = header
    return (message.get_content_type() if header else None), message.get_content_charset()


def _file_name(response: httpx.Response, url: httpx.URL) -> str:
    message = Message()
    message["content-disposition"] = response.headers.get("content-disposition", "")
    # Only its last part: a server has no say about folders.
    return PurePosixPath((message.get_filename() or unquote(url.path)).replace("\\", "/")).name


def _plain(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__
