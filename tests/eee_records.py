"""Records of Every Eval Ever for tests, in the shape in which adapters write them."""

from __future__ import annotations

import json
from typing import Any

DAY_S = 86400.0
RETRIEVED_S = 1770835937.459157


def result(name: str, score: object, **changes: Any) -> dict[str, Any]:
    """One evaluation of a record, with a metric from 0 to 1."""
    return {
        "evaluation_name": name,
        "source_data": {"dataset_name": name, "source_type": "url", "url": ["https://x.example.org/table.json"]},
        "metric_config": {"lower_is_better": False, "score_type": "continuous", "min_score": 0.0, "max_score": 1.0},
        "score_details": {"score": score},
    } | changes


def counted(name: str, total: int, runs: int = 1, *, is_json: bool = False) -> dict[str, Any]:
    """The details in which HELM counts its questions: as an object, or in newer records as JSON."""
    told = {"description": f"min=1, mean={total / runs:g}, max=2, sum={total} ({runs})", "tab": "General information"}
    return {"details": {f"{name} - # eval": json.dumps(told) if is_json else told}}


def record(model: str, *results: dict[str, Any], days: float = 0, name: str | None = None, **changes: Any) -> bytes:
    """A record of schema 0.2, retrieved `days` after the first."""
    said: dict[str, Any] = {
        "schema_version": "0.2.0",
        "evaluation_id": f"x/{model}/1",
        "retrieved_timestamp": str(RETRIEVED_S + days * DAY_S),
        "source_metadata": {
            "source_name": "helm_mmlu",
            "source_type": "documentation",
            "source_organization_name": "crfm",
            "evaluator_relationship": "third_party",
        },
        "model_info": {"name": name or model, "id": model, "developer": "org", "inference_platform": "unknown"},
        "evaluation_results": list(results),
    }
    for key, value in changes.items():
        said[key] = {**said[key], **value} if isinstance(value, dict) and isinstance(said.get(key), dict) else value
    return json.dumps(said).encode()
