"""The engine as a process of its own, in front of the tests' S3 server."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import boto3

from services.stack.postgres import free_port
from tests.waiting import wait_for_server

ROOT = Path(__file__).parents[2]


class EngineProcess:
    """`python -m services.engine` that can be killed and started again on the same port and data."""

    def __init__(self, data_dir: Path, s3_endpoint: str, **environment: str) -> None:
        self.data_dir = data_dir
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._environment = {
            **os.environ,
            "AWS_ENDPOINT_URL_S3": s3_endpoint,
            "ENGINE_BUCKETS": "*",
            **environment,
        }
        self.start()

    def start(self, **environment: str) -> None:
        command = [sys.executable, "-m", "services.engine", "--port", str(self.port), "--data-dir", str(self.data_dir)]
        with (self.data_dir.parent / "engine.log").open("ab") as log:
            self.process = subprocess.Popen(
                command,
                env={**self._environment, **environment},
                stdout=log,
                stderr=log,
                cwd=ROOT,
            )
        wait_for_server(f"{self.url}/health/ready", self.process, self.data_dir.parent / "engine.log")

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def stop(self) -> int:
        self.process.terminate()
        return self.process.wait(timeout=120)

    def client(self) -> Any:
        return boto3.client("personalize", endpoint_url=self.url)
