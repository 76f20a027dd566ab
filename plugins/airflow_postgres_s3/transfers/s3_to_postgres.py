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

from airflow_postgres_s3.bad_records import BadRecords
from airflow_postgres_s3.copy_to_s3 import RecordFormat
from airflow_postgres_s3.exceptions import TransferConfigurationError, TransferDataError
from airflow_postgres_s3.load_records import Source, empty_table, load_records
from airflow_postgres_s3.s3_lines import lines_of

if TYPE_CHECKING:
    from airflow.sdk import Context


class S3ToPostgresOperator(BaseOperator):
    """
    Append the records of one S3 object to a table: COPY, batch by batch, in one transaction.

    Needs memory for one batch (4 MB), whatever the size of the object, and no disk. Readers of the table see
    all of the object or nothing. Records that PostgreSQL refuses are written with the reason to an object of
    their own; with more than `max_errors` of them nothing is loaded. Returns a dict of `uri`, `n_rows`,
    `n_errors` and `errors_uri`.

    .. seealso:: For more information on how to use this operator, take a look at the guide:
        :ref:`howto/operator:S3ToPostgresOperator`

    :param s3_bucket: Bucket of the object. (templated)
    :param s3_key: Key of the object. (templated)
    :param table: The table, optionally with its schema: `schema.table`. (templated)
    :param columns: Source of each column's value. CSV: a name of the header. JSON lines: a key, keys
        joined by dots (`input.userId`), or a list of keys; the empty list is the whole object. By default,
        CSV fills the columns of its header, JSON lines all columns of the table from the keys of their names.
        (templated)
    :param file_format: `jsonl`, `csv` (RFC 4180) or `personalize_csv` (quotes escaped by a backslash). CSV
        has a header. (default: jsonl)
    :param replace: If True, empty the table first, in the same transaction, so that a task that runs
        again does not load twice. (default: False)
    :param max_errors: How many bad records are allowed; None for any number. (default: 0)
    :param errors_s3_key: Key, in the same bucket, of the object that keeps the bad records: JSON lines of
        `line` (the number of its first line), `reason` and `text`. Required if `max_errors` is not 0.
        (templated)
    :param postgres_conn_id: The PostgreSQL connection; needs psycopg 3. (templated)
    :param aws_conn_id: The AWS connection. (templated)
    :param verify: If False, S3's TLS certificate is not verified; a text is the path of a CA bundle.
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
        """URI of the object."""
        return f"s3://{self.s3_bucket}/{self.s3_key}"

    def execute(self, context: Context) -> dict[str, Any]:
        if self.max_errors != 0 and not self.errors_s3_key:
            raise TransferConfigurationError(
                f"Loading {self.uri} with max_errors={self.max_errors}: bad records would be lost. Give the "
                "key of an object for them with errors_s3_key."
            )
        s3 = S3Hook(aws_conn_id=self.aws_conn_id, verify=self.verify).get_conn()
        with closing(PostgresHook(postgres_conn_id=self.postgres_conn_id).get_conn()) as connection:
            with BadRecords(s3, self.s3_bucket, self.errors_s3_key, self.max_errors) as bad:
                n_rows = self._load(s3, connection, bad)
            self._fail_if_too_many(bad)
            connection.commit()
        self.log.info(
            "Loaded %s rows of %s into %s, %s bad records", n_rows, self.uri, self.table, bad.n_records
        )
        return {"uri": self.uri, "n_rows": n_rows, "n_errors": bad.n_records, "errors_uri": bad.uri}

    def _load(self, s3: Any, connection: Any, bad: BadRecords) -> int:
        if self.replace:
            empty_table(connection, self.table)
        lines = lines_of(s3, self.s3_bucket, self.s3_key)
        return load_records(connection, lines, RecordFormat(self.file_format), self.table, self.columns, bad)

    def _fail_if_too_many(self, bad: BadRecords) -> None:
        if bad.are_too_many:
            raise TransferDataError(
                f"Loading {self.uri} into {self.table}: more than {self.max_errors} bad records, "
                f"the last is {bad.last}. Nothing was loaded; "
                f"{f'see {bad.uri}' if bad.uri else 'give errors_s3_key to see the reasons'}, fix "
                "the file or its `columns`, or raise max_errors."
            )
