"""Events as lines: sparse, on standard error, harmless."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from octavo.cli.live_progress import LiveProgress
from octavo.cli.progress import PlainProgress, Progress, SilentProgress, progress_for
from octavo.reading.answer import Coverage
from octavo.reading.events import Event, LevelStarted, PartSummarised
from tests.cli.made_up import BOOK, chunk_failed, chunk_read, reading
from tests.cli.test_pace import Clock


def shown(progress: Progress, events: list[Event]) -> None:
    """Show all events, as a verb does."""
    with progress:
        for event in events:
            progress.show(event)


def test_a_log_gets_a_line_every_ten_seconds_of_a_slow_reading(capsys: pytest.CaptureFixture[str]) -> None:
    clock = Clock()
    progress = PlainProgress(clock)
    progress.show(LevelStarted("read", "asked for"))
    capsys.readouterr()
    for index in range(31):
        progress.show(chunk_read(index, 1_000))
        clock.now += 1
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 3
    assert lines[-1] == "octavo: 31 of 1,000 chunks read, 0 relevant, 0 failed, 517 tokens/s, 16 min left"


def test_a_log_gets_a_line_every_tenth_of_a_quick_reading(capsys: pytest.CaptureFixture[str]) -> None:
    clock = Clock()
    progress = PlainProgress(clock)
    for index in range(1_000):
        progress.show(chunk_read(index, 1_000))
        clock.now += 0.03
    assert len(capsys.readouterr().err.splitlines()) == 9


def test_a_reading_that_is_over_at_once_still_says_what_was_read(capsys: pytest.CaptureFixture[str]) -> None:
    shown(PlainProgress(Clock()), reading(20))
    assert capsys.readouterr().err.splitlines() == [
        "octavo: read: asked for",
        r"octavo: warning: one \x1b[31mfile could not be read",
        "octavo: 20 of 20 chunks read, 0 relevant, 0 failed",
        "octavo: answering from 0 passages (1,480 of 8,192 tokens)",
    ]


def test_failures_of_one_kind_are_told_once_even_where_all_is_quiet(capsys: pytest.CaptureFixture[str]) -> None:
    events: list[Event] = [chunk_failed(index, "refused" if index % 2 else "timed out") for index in range(50)]
    shown(SilentProgress(), events)
    assert capsys.readouterr().err.splitlines() == [
        "octavo: warning: war-and-peace.md, chunk 1: timed out",
        "octavo: warning: war-and-peace.md, chunk 2: refused",
    ]
    shown(PlainProgress(Clock()), events)
    assert capsys.readouterr().err.count("refused") == 1
    screen = io.StringIO()
    shown(LiveProgress(Console(file=screen, force_terminal=True, highlight=False)), events)
    assert screen.getvalue().count("chunk 2: refused") == 1


def test_summarised_parts_move_on_by_their_chunks(capsys: pytest.CaptureFixture[str]) -> None:
    clock = Clock()
    progress = PlainProgress(clock)
    progress.show(LevelStarted("summarize", "10 parts and what they make up"))
    for part in range(1, 11):
        clock.now += 10
        progress.show(part_summarised(part))
    progress.show(PartSummarised(BOOK, "BOOK ONE", "It begins.", 0, 0, Coverage(100, 100, 100), reused=False))
    lines = capsys.readouterr().err.splitlines()
    assert lines[2] == "octavo: 20 of 100 chunks read, 20 relevant, 0 failed, 400 tokens/s, 80 s left"
    assert lines[-1] == "octavo: 100 of 100 chunks read, 100 relevant, 0 failed, 400 tokens/s"
    screen = io.StringIO()
    live = LiveProgress(Console(file=screen, force_terminal=True, width=100, highlight=False, color_system=None))
    live.show(part_summarised(4))
    live.show(PartSummarised(BOOK, "BOOK ONE", "It begins.", 0, 0, Coverage(100, 40, 40), reused=False))
    live.pause()
    assert "40/100 read" in screen.getvalue()
    assert "put together: BOOK ONE" in screen.getvalue()


def part_summarised(number: int) -> PartSummarised:
    """The `number`-th of ten parts of ten chunks each, summarised."""
    return PartSummarised(
        BOOK, f"CHAPTER {number}", "It rains.", 4_000, 10, Coverage(100, 10 * number, 10 * number), reused=False
    )


def test_progress_leaves_standard_output_alone(capsys: pytest.CaptureFixture[str]) -> None:
    shown(PlainProgress(), reading())
    shown(LiveProgress(), reading())
    assert capsys.readouterr().out == ""


def test_being_quiet_hides_all_but_warnings(capsys: pytest.CaptureFixture[str]) -> None:
    shown(SilentProgress(), reading())
    assert capsys.readouterr().err.splitlines() == [r"octavo: warning: one \x1b[31mfile could not be read"]


def test_a_terminal_gets_a_line_that_moves_and_is_gone_when_the_answer_begins() -> None:
    screen = io.StringIO()
    console = Console(file=screen, force_terminal=True, width=100, highlight=False, color_system=None)
    progress = LiveProgress(console)
    events = reading(20)
    for event in events[:21]:
        progress.show(event)
    progress.pause()
    drawn = screen.getvalue()
    assert "octavo: read: asked for" in drawn
    assert "20/20 read, 0 relevant, 0 failed" in drawn
    assert drawn.endswith("\x1b[1A\x1b[2K")
    for event in events[21:]:
        progress.show(event)
    rest = screen.getvalue()[len(drawn) :]
    assert "octavo: 20 of 20 chunks read" in rest
    assert r"warning: one \x1b[31mfile" in rest
    assert rest.endswith("\x1b[1A\x1b[2K")


def test_lines_are_plain_where_standard_error_is_no_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: False)
    assert type(progress_for(quiet=False)) is PlainProgress
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    monkeypatch.setenv("TERM", "dumb")
    assert type(progress_for(quiet=False)) is PlainProgress
    monkeypatch.setenv("TERM", "xterm")
    assert type(progress_for(quiet=False)) is LiveProgress
    assert type(progress_for(quiet=True)) is SilentProgress
