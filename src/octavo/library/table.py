"""One LanceDB table, always as of the latest commit of any process, whose errors are octavo's own.

Knows nothing of what is kept in it.
"""

from __future__ import annotations

import errno
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from octavo.errors import LibraryError, LibraryFull

_FRAGMENTS = 32
"""Every commit leaves a fragment, and reading takes longer with each; at so many they are put together."""

_OLD = timedelta(minutes=10)
"""Versions older than this are dropped when fragments are put together. A query that loses its files to that is run
again on the latest version, so it need only be longer than what a reader does between two queries."""

_LONGEST_LIST = 5_000
"""Values that are searched for one by one; for more, the whole column is read, which is faster."""


class Table:
    """The table called `name`, made where there is none. Writers must hold the store's lock.

    Raises `LibraryFull` on a full disk and `LibraryError` where files are damaged.
    """

    def __init__(self, database: Any, name: str, schema: Any, folder: Path) -> None:
        self.schema = schema
        self.changed = False
        """Whether something was written since it was last tidied."""
        self._folder = folder
        with said_plainly(folder):
            self._table = database.create_table(name, schema=schema, exist_ok=True)

    def rows(self, columns: Sequence[str], where: str | None = None) -> Any:
        """These columns of the rows that `where` (SQL) selects, as an Arrow table."""

        def query(table: Any) -> Any:
            found = table.search().select(list(columns))
            return (found.where(where) if where else found).to_arrow()

        return self.read(query)

    def rows_of(self, column: str, values: Collection[str], columns: Sequence[str]) -> Any:
        """These columns of the rows whose `column` (one of them) is among `values`, as an Arrow table."""
        if len(values) <= _LONGEST_LIST:
            return self.rows(columns, one_of(column, values))
        import pyarrow as pa
        import pyarrow.compute as pc

        rows = self.rows(columns)
        return rows.filter(pc.is_in(rows[column], value_set=pa.array(values, pa.string())))

    def read(self, query: Callable[[Any], Any]) -> Any:
        """What `query` answers, given the LanceDB table."""
        with said_plainly(self._folder):
            self._table.checkout_latest()
            version = self._table.version
            try:
                return query(self._table)
            except (OSError, RuntimeError, ValueError):
                # Another process may have put fragments together and dropped the files of this version meanwhile.
                self._table.checkout_latest()
                if self._table.version == version:
                    raise
                return query(self._table)

    def add(self, rows: Any) -> None:
        """Add the rows of an Arrow table, in one commit."""
        if rows.num_rows:
            self._write(lambda table: table.add(rows))

    def put(self, rows: Any, key: str) -> None:
        """Add the rows of an Arrow table in place of those with the same `key` column, in one commit."""
        if rows.num_rows:
            self._write(
                lambda table: (
                    table.merge_insert(key).when_matched_update_all().when_not_matched_insert_all().execute(rows)
                )
            )

    def delete(self, column: str, values: Collection[str]) -> None:
        """Drop the rows whose `column` is among `values`, in one commit."""
        if values:
            self._write(lambda table: table.delete(one_of(column, values)))

    def tidy(self, *, unindexed: int | None = None) -> None:
        """Put fragments together, drop old versions and bring indices up to date, where there is enough to do: too many
        fragments, or at least `unindexed` rows that an index lacks."""

        def optimize(table: Any) -> None:
            crowded = table.stats()["fragment_stats"]["num_fragments"] >= _FRAGMENTS
            behind = unindexed is not None and any(
                (table.index_stats(index.name).num_unindexed_rows or 0) >= unindexed for index in table.list_indices()
            )
            if crowded or behind:
                table.optimize(cleanup_older_than=_OLD)

        self._write(optimize)
        self.changed = False

    def _write(self, change: Callable[[Any], Any]) -> None:
        self.changed = True
        with said_plainly(self._folder):
            self._table.checkout_latest()
            change(self._table)


def quoted(text: str) -> str:
    """`text` as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def one_of(column: str, values: Collection[str]) -> str:
    """The SQL condition that `column` is among `values`; true of no row where there are none."""
    return f"({column} IN ({', '.join(quoted(value) for value in values)}))" if values else "(false)"


@contextmanager
def said_plainly(folder: Path) -> Iterator[None]:
    """The system's and the database's own errors become octavo's."""
    try:
        yield
    except (OSError, RuntimeError, ValueError) as error:  # the latter two are what the database raises
        full = isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)
        if full or "no space left" in str(error).lower():
            raise LibraryFull(f"{folder}: the disk is full; free some space, or use another OCTAVO_HOME") from error
        if isinstance(error, OSError):
            raise LibraryError(f"{folder}: the library cannot be used ({error}); check OCTAVO_HOME") from error
        reason = str(error).partition("\n")[0][:200]
        raise LibraryError(
            f"{folder}: the library is damaged ({reason}); move the folder away and add the documents again"
        ) from error
