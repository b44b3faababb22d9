"""Free memory is given back, again and again, and threads share it, whatever the system."""

from __future__ import annotations

import platform
import subprocess
import sys
from collections.abc import Iterator

import pytest

from octavo.evaluation import freeing

_ARENAS = """
import ctypes, sys, tempfile, threading
from octavo.evaluation.freeing import share_arenas
if sys.argv[1] == "shared":
    share_arenas()
c_library = ctypes.CDLL(None)
c_library.malloc.restype = ctypes.c_void_p
barrier = threading.Barrier(7)
def hold():
    c_library.malloc(1000)
    barrier.wait()
threads = [threading.Thread(target=hold) for _ in range(6)]
for thread in threads:
    thread.start()
barrier.wait()
for thread in threads:
    thread.join()
with tempfile.NamedTemporaryFile() as file:
    c_library.fopen.restype = ctypes.c_void_p
    stream = ctypes.c_void_p(c_library.fopen(file.name.encode(), b"w"))
    c_library.malloc_info(0, stream)
    c_library.fclose(stream)
    print(open(file.name).read().count("<heap nr="))
"""


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(sys, "platform", "darwin")
    freeing._glibc.cache_clear()
    yield
    freeing._glibc.cache_clear()


def test_it_may_be_given_back_at_any_time() -> None:
    blocks = [bytearray(100_000) for _ in range(50)]
    freeing.give_back_free_memory()
    blocks.clear()
    freeing.give_back_free_memory()


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc gives threads arenas of their own")
def test_threads_share_arenas_when_told_to() -> None:
    def arenas(how: str) -> int:
        done = subprocess.run([sys.executable, "-c", _ARENAS, how], capture_output=True, text=True, check=True)
        return int(done.stdout)

    assert arenas("shared") <= 2 < arenas("own")


@pytest.mark.usefixtures("elsewhere")
def test_elsewhere_nothing_happens() -> None:
    assert freeing._glibc("malloc_trim") is None
    freeing.give_back_free_memory()
    freeing.share_arenas()
