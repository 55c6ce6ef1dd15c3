"""The store: the contract's tables in PostgreSQL."""

from collections.abc import Iterable, Mapping
from contextlib import closing

import pandas as pd
import pyarrow as pa
import sqlalchemy as sa

from data.arrow import from_frame, to_frame
from data.dataset import Dataset, canonical
from data.schema import TABLES, Table
from data.store import upgrading
from data.store.transfer import MergeCount, fetch, merge, open_connection
from recommender.errors import GongxuError


class Store:
    """One database, embedded or not; every statement is plain PostgreSQL.

    Parameters
    ----------
    engine
        For row-wise work; see :meth:`connect`.
    url
        The same database as a libpq connection string, for bulk work.

    Examples
    --------
    >>> store = Store.connect("postgresql://user@host/name")  # doctest: +SKIP
    >>> store.migrate()  # doctest: +SKIP
    >>> store.load(["events", "venues"])["events"]  # doctest: +SKIP
    """

    def __init__(self, engine: sa.Engine, url: str) -> None:
        self.engine = engine
        self.url = url

    @classmethod
    def connect(cls, url: str) -> "Store":
        """Open a database; nothing is created or changed in it.

        Parameters
        ----------
        url
            ``postgresql://user:password@host:port/name``, as libpq takes it.

        Raises
        ------
        GongxuError
            If there is no such server or database, or it refuses.
        """
        try:
            parsed = sa.make_url(url)
            if parsed.get_backend_name() not in ("postgresql", "postgres"):
                raise sa.exc.ArgumentError
        except sa.exc.ArgumentError:
            raise GongxuError(
                "GONGXU_DATABASE_URL is not a PostgreSQL address.",
                "Write it as postgresql://user:password@host:port/name.",
            ) from None
        engine = sa.create_engine(
            parsed.set(drivername="postgresql+psycopg"),
            pool_pre_ping=True,
            pool_size=5,
            hide_parameters=True,
        )
        try:
            engine.connect().close()
        except sa.exc.OperationalError as error:
            engine.dispose()
            raise GongxuError(
                f"the database does not answer: {str(error.orig).strip().splitlines()[0]}.",
                "Check GONGXU_DATABASE_URL and that the server runs.",
            ) from error
        plain = parsed.set(drivername="postgresql").render_as_string(hide_password=False)
        # A blank in the query (a folder's name) comes out as "+", which libpq takes literally.
        base, mark, query = plain.partition("?")
        return cls(engine, base + mark + query.replace("+", "%20"))

    def close(self) -> None:
        """Let go of all connections."""
        self.engine.dispose()

    def is_initialised(self) -> bool:
        """Whether any migration has run here."""
        return upgrading.current_revision(self.engine) is not None

    def migrate(self) -> bool:
        """Create or upgrade the tables; returns whether anything had to be done."""
        if upgrading.current_revision(self.engine) == upgrading.newest_revision():
            return False
        upgrading.upgrade(self.engine)
        return True

    def counts(self) -> dict[str, int]:
        """Rows of every contract table."""
        with self.engine.connect() as connection:
            return {
                name: connection.execute(sa.text(f"SELECT count(*) FROM {name}")).scalar_one()
                for name in TABLES
            }

    def load(self, names: Iterable[str] | None = None) -> Dataset:
        """Read whole tables.

        Parameters
        ----------
        names
            Contract tables; all of them by default. The others come out empty.

        Returns
        -------
        Canonical frames, rows ordered by key, all of one moment.

        Raises
        ------
        GongxuError
            If the database has not been initialised.
        """
        wanted = list(TABLES) if names is None else list(names)
        self._require_tables()
        frames: dict[str, pd.DataFrame] = {}
        with closing(open_connection(self.url)) as connection, connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            for name in wanted:
                frames[name] = to_frame(fetch(cursor, TABLES[name]), TABLES[name])
        return Dataset(frames)

    def keys(self, name: str) -> pa.ChunkedArray:
        """All values of a table's key, for tables with one key column."""
        table = TABLES[name]
        (key,) = table.key
        with closing(open_connection(self.url)) as connection, connection.cursor() as cursor:
            return fetch(cursor, table, [key])[key]

    def merge(self, name: str, rows: pa.Table | pd.DataFrame) -> MergeCount:
        """Bring rows into one table in one transaction: all or none.

        Parameters
        ----------
        name
            A contract table.
        rows
            Judged rows with distinct keys, as Arrow columns (:mod:`data.arrow`) or a frame. A
            known key is updated, unless the table's own version is newer; columns that are
            missing keep what they hold. A frame is checked against the schema.

        Returns
        -------
        Numbers of new, changed and unchanged rows.

        Raises
        ------
        InputRejectedError
            If a frame breaks the schema.
        """
        return self._merge_each({name: rows})[name]

    def merge_all(self, dataset: Mapping[str, pd.DataFrame]) -> dict[str, MergeCount]:
        """Bring several tables in, each in its own transaction, referenced ones first."""
        return self._merge_each({name: dataset[name] for name in TABLES if name in dataset})

    def _merge_each(self, given: Mapping[str, pa.Table | pd.DataFrame]) -> dict[str, MergeCount]:
        counts: dict[str, MergeCount] = {}
        with closing(open_connection(self.url)) as connection, connection.cursor() as cursor:
            for name, rows in given.items():
                table = TABLES[name]
                data = _checked(rows, table) if isinstance(rows, pd.DataFrame) else rows
                counts[name] = merge(cursor, table, data)
                connection.commit()
        return counts

    def _require_tables(self) -> None:
        if not self.is_initialised():
            raise GongxuError("the database is empty.", "Run `gongxu init` and `gongxu import`.")


def _checked(frame: pd.DataFrame, table: Table) -> pa.Table:
    from data.frames import check_frame  # pandera takes its time, and files do not need it

    known = [name for name in table.column_names if name in frame.columns]
    check_frame(canonical(frame, table)[known], table)
    return from_frame(frame, table)
