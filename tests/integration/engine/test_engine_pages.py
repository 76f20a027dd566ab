from __future__ import annotations

from typing import Any

import httpx
from prometheus_client.parser import text_string_to_metric_families

BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


def samples(url: str) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    answer = httpx.get(f"{url}/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=")
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def test_browser_gets_pages_and_a_program_json(engine: Any, shop: Any, csv_of_interactions: str) -> None:
    group = shop.group()
    job = shop.import_csv(shop.dataset(group), csv_of_interactions)["datasetImportJobArn"]
    version = shop.train(group, "aws-similar-items")["solutionVersionArn"]
    overview = httpx.get(engine.url, headers=BROWSER)
    assert overview.headers["content-type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in overview.headers["content-security-policy"]
    for path in (f"/jobs/{job}", f"/solution-versions/{version}", f"/resources/{group}"):
        assert f'href="{path}"' in overview.text
        assert httpx.get(engine.url + path).status_code == 200
    assert "i7" in httpx.get(f"{engine.url}/solution-versions/{version}", params={"for": "i7"}).text
    assert httpx.get(f"{engine.url}/resources/arn:<b>none</b>").status_code == 404
    assert httpx.get(engine.url).json()["datasetGroups"]


def test_metrics_count_calls_resources_and_jobs(engine: Any, shop: Any, csv_of_interactions: str) -> None:
    list_recipes = ("engine_call_seconds_count", (("operation", "ListRecipes"), ("status", "200")))
    unknown = ("engine_call_seconds_count", (("operation", "unknown"), ("status", "404")))
    jobs = ("engine_job_seconds_count", (("kind", "DatasetImportJob"),))
    before = samples(engine.url)
    shop.client.list_recipes()
    for path in ("/nothing", "/nowhere"):
        httpx.post(engine.url + path)
    shop.import_csv(shop.dataset(shop.group()), csv_of_interactions)
    after = samples(engine.url)
    assert after[list_recipes] == before.get(list_recipes, 0) + 1
    assert after[unknown] == before.get(unknown, 0) + 2
    assert after[jobs] == before.get(jobs, 0) + 1
    assert after[("engine_resources", (("kind", "DatasetImportJob"), ("status", "ACTIVE")))] >= 1
    assert after[("process_resident_memory_bytes", ())] > 0
    assert ("engine_records", ()) in after
    assert ("engine_models_loaded", ()) in after
