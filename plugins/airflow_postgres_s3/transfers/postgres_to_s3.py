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
"""Transfer from PostgreSQL to S3."""

# mypy: disallow-subclassing-any=False

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from airflow.providers.amazon.aws.hooks.s3 import S3Hook
from airflow.providers.common.compat.sdk import BaseOperator
from airflow.providers.postgres.hooks.postgres import PostgresHook

from airflow_postgres_s3.copy_to_s3 import RecordFormat, copy_to_s3
from airflow_postgres_s3.exceptions import TransferDataError

if TYPE_CHECKING:
    from airflow.sdk import Context


class PostgresToS3Operator(BaseOperator):
    """
    Write the rows of a query to one S3 object: COPY becomes the parts of a multipart upload.

    Needs memory for one part (8 MB), whatever the number of rows, and no disk. The object appears
    complete or not at all. Returns a dict of `uri`, `n_rows`, `n_bytes` and `sha256`.

    .. seealso:: For more information on how to use this operator, take a look at the guide:
        :ref:`howto/operator:PostgresToS3Operator`

    :param sql: The query, or the path of a file that ends with .sql. (templated)
    :param s3_bucket: Bucket of the object. (templated)
    :param s3_key: Key of the object. (templated)
    :param parameters: Values of the query's placeholders, by name or by position. (templated)
    :param file_format: `csv` (RFC 4180), `personalize_csv` (quotes escaped by a backslash, as Amazon
        Personalize reads them) or `jsonl` (one JSON object per row, its members named after the columns).
        (default: csv)
    :param replace: If True, replace an object that exists; otherwise it is an error. (default: False)
    :param postgres_conn_id: The PostgreSQL connection; needs psycopg 3. (templated)
    :param aws_conn_id: The AWS connection. (templated)
    :param verify: If False, S3's TLS certificate is not verified; a text is the path of a CA bundle.
    """

    template_fields: Sequence[str] = (
        "sql",
        "parameters",
        "s3_bucket",
        "s3_key",
        "postgres_conn_id",
        "aws_conn_id",
    )
    template_ext: Sequence[str] = (".sql",)
    template_fields_renderers: ClassVar[dict[str, str]] = {"sql": "sql", "parameters": "json"}
    ui_color = "#ededed"

    def __init__(
        self,
        *,
        sql: str,
        s3_bucket: str,
        s3_key: str,
        parameters: Mapping[str, Any] | Sequence[Any] | None = None,
        file_format: Literal["csv", "personalize_csv", "jsonl"] = "csv",
        replace: bool = False,
        postgres_conn_id: str = "postgres_default",
        aws_conn_id: str | None = "aws_default",
        verify: bool | str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.sql = sql
        self.s3_bucket = s3_bucket
        self.s3_key = s3_key
        self.parameters = parameters
        self.file_format = file_format
        self.replace = replace
        self.postgres_conn_id = postgres_conn_id
        self.aws_conn_id = aws_conn_id
        self.verify = verify

    def execute(self, context: Context) -> dict[str, Any]:
        record_format = RecordFormat(self.file_format)
        s3 = S3Hook(aws_conn_id=self.aws_conn_id, verify=self.verify)
        if not self.replace and s3.check_for_key(self.s3_key, self.s3_bucket):
            raise TransferDataError(
                f"Writing a query to s3://{self.s3_bucket}/{self.s3_key}: the object exists. "
                "Choose another key, or allow it with replace=True."
            )
        with closing(PostgresHook(postgres_conn_id=self.postgres_conn_id).get_conn()) as connection:
            copied = copy_to_s3(
                connection,
                self._select(record_format),
                record_format,
                s3.get_conn(),
                self.s3_bucket,
                self.s3_key,
                self.parameters or None,
            )
        self.log.info("Wrote %s rows, %s bytes, to %s", copied.n_rows, copied.n_bytes, copied.uri)
        return asdict(copied)

    def _select(self, record_format: RecordFormat) -> str:
        """Compose the query for COPY; for JSON lines, a single column with one object a row, on one line."""
        select = self.sql.strip().removesuffix(";")
        if record_format is not RecordFormat.JSON_LINES:
            return select
        # A value of type json keeps the line feeds it was written with; between tokens a space is equivalent.
        return f"select translate(row_to_json(row_)::text, e'\\n\\r', '  ') from (\n{select}\n) as row_"
