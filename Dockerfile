# The Airflow image: API server, scheduler, DAG processor, triggerer, worker, and the one-shot migrations.
# It installs the same lock as .venv, so containers and the embedded stack run the same versions (docs/adr/0007).

FROM python:3.11.14-slim-bookworm AS build
WORKDIR /opt/aisle
RUN python -m venv .venv
ENV PATH=/opt/aisle/.venv/bin:$PATH
COPY requirements.txt ./
RUN pip install --no-cache-dir --disable-pip-version-check --require-hashes -r requirements.txt
# Editable and in its final place: the project finds include/sql, dbt and expectations beside the package.
COPY pyproject.toml ./
COPY plugins plugins
COPY services services
RUN pip install --no-cache-dir --no-deps --no-build-isolation --editable . && python -m compileall -q plugins services

FROM python:3.11.14-slim-bookworm
RUN useradd --uid 50000 --create-home --shell /usr/sbin/nologin aisle \
    # A new named volume takes over owner and mode of the folder it is mounted on.
    && install -d -o aisle -g aisle /var/lib/aisle /var/lib/aisle/airflow /var/lib/aisle/airflow/logs \
        /var/lib/aisle/login /var/lib/aisle/site /var/lib/aisle/dbt
WORKDIR /opt/aisle
COPY --from=build /opt/aisle /opt/aisle
COPY dags dags
COPY dbt dbt
COPY expectations expectations
COPY include include
ENV PATH=/opt/aisle/.venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    AIRFLOW_HOME=/var/lib/aisle/airflow
USER 50000
# One image, five programs: docker-compose.yaml gives each its command and its own health check.
HEALTHCHECK NONE
CMD ["airflow", "version"]
