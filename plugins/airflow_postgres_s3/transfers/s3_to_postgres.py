# Licensed under the Apache License, Version 2.0 (the "License");
# you may not use this file except in compliance with the License.
# You may obtain a copy of the License at
#
#   http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
# See the License for the specific language governing permissions and
# limitations under the License.
"""Transfer from S3 to PostgreSQL."""

# mypy: disallow-subclassing-any=False

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from airflow.providers.amazon.aws.hooks.s3 import S3Hook
from airflow.providers.common.compat.sdk import BaseOperator
from airflow.providers.postgres.hooks.postgres import PostgresHook

from airflow_postgres_s3.bad_lines import BadLines
from airflow_postgres_s3.copy_to_s3 import LineFormat
from airflow_postgres_s3.exceptions import TransferConfigurationError, TransferDataError
from airflow_postgres_s3.load_lines import Source, empty_table, load_lines
from airflow_postgres_s3.s3_lines import lines_of

if TYPE_CHECKING:
    from airflow.sdk import Context


class S3ToPostgresOperator(BaseOperator):
    """
    Append one S3 object to a table: its lines become COPY, batch by batch, in one transaction.

    Memory is one batch (4 MB) however large the object is, nothing is written to disk, and readers of the
    table see all of it or nothing. Lines that PostgreSQL refuses are kept with the reason in an object of
    their own; with more than `max_errors` of them nothing is loaded. Returns a dict of `uri`, `n_rows`,
    `n_errors` and `errors_uri`.

    .. seealso:: For more information on how to use this operator, take a look at the guide:
        :ref:`howto/operator:S3ToPostgresOperator`

    :param s3_bucket: Bucket of the object. (templated)
    :param s3_key: Key of the object. (templated)
    :param table: The table, if need be with its schema: `schema.table`. (templated)
    :param columns: For each column where its value is. CSV: a name of the header. JSON lines: a key, keys
        joined by dots (`input.userId`), or a list of keys; the empty list is the whole line. By default, CSV
        fills the columns of its header, JSON lines all columns of the table from the keys of their names.
        (templated)
    :param file_format: `jsonl`, `csv` (RFC 4180) or `personalize_csv` (quotes escaped by a backslash). CSV
        has a header. (default: jsonl)
    :param replace: Whether the table is emptied first, in the same transaction, so that a task that runs
        again does not load twice. (default: False)
    :param max_errors: How many bad lines there may be; None for any number. (default: 0)
    :param errors_s3_key: Key, in the same bucket, of the object that keeps the bad lines, one JSON object
        with `line`, `reason` and `text` per line. Needed if any are allowed. (templated)
    :param postgres_conn_id: The PostgreSQL connection; it must be served by psycopg 3. (templated)
    :param aws_conn_id: The AWS connection. (templated)
    :param verify: Whether S3's certificate is verified, or the path of the CA bundle to verify it with.
    """

    template_fields: Sequence[str] = (
        "s3_bucket", "s3_key", "table", "columns", "errors_s3_key", "postgres_conn_id", "aws_conn_id",
    )  # fmt: skip
    template_fields_renderers: ClassVar[dict[str, str]] = {"columns": "json"}
    ui_color = "#ededed"

    def __init__(
        self,
        *,
        s3_bucket: str,
        s3_key: str,
        table: str,
        columns: Mapping[str, Source] | None = None,
        file_format: Literal["jsonl", "csv", "personalize_csv"] = "jsonl",
        replace: bool = False,
        max_errors: int | None = 0,
        errors_s3_key: str | None = None,
        postgres_conn_id: str = "postgres_default",
        aws_conn_id: str | None = "aws_default",
        verify: bool | str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.s3_bucket = s3_bucket
        self.s3_key = s3_key
        self.table = table
        self.columns = columns
        self.file_format = file_format
        self.replace = replace
        self.max_errors = max_errors
        self.errors_s3_key = errors_s3_key
        self.postgres_conn_id = postgres_conn_id
        self.aws_conn_id = aws_conn_id
        self.verify = verify

    @property
    def uri(self) -> str:
        """The object that is loaded."""
        return f"s3://{self.s3_bucket}/{self.s3_key}"

    def execute(self, context: Context) -> dict[str, Any]:
        if self.max_errors != 0 and not self.errors_s3_key:
            raise TransferConfigurationError(
                f"Loading {self.uri} with max_errors={self.max_errors}: bad lines would be lost. Say with "
                "errors_s3_key where they are kept."
            )
        s3 = S3Hook(aws_conn_id=self.aws_conn_id, verify=self.verify).get_conn()
        with closing(PostgresHook(postgres_conn_id=self.postgres_conn_id).get_conn()) as connection:
            with BadLines(s3, self.s3_bucket, self.errors_s3_key, self.max_errors) as bad:
                n_rows = self._load(s3, connection, bad)
            self._check(bad)
            connection.commit()
        self.log.info("Loaded %s rows of %s into %s, %s bad lines", n_rows, self.uri, self.table, bad.n_lines)
        return {"uri": self.uri, "n_rows": n_rows, "n_errors": bad.n_lines, "errors_uri": bad.uri}

    def _load(self, s3: Any, connection: Any, bad: BadLines) -> int:
        if self.replace:
            empty_table(connection, self.table)
        lines = lines_of(s3, self.s3_bucket, self.s3_key)
        return load_lines(connection, lines, LineFormat(self.file_format), self.table, self.columns, bad)

    def _check(self, bad: BadLines) -> None:
        if bad.are_too_many:
            raise TransferDataError(
                f"Loading {self.uri} into {self.table}: more than {self.max_errors} bad lines, "
                f"the last is {bad.last}. Nothing was loaded; "
                f"{f'see {bad.uri}' if bad.uri else 'give errors_s3_key to see the reasons'}, fix "
                "the file or its `columns`, or raise max_errors."
            )
