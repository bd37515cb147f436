"""The questions that a Hub's API accepts: parameters and `expand` values outside these lists are answered with 400.

The lists follow huggingface_hub's documentation; a list of models allows fewer fields than a question about one model.
"""

from __future__ import annotations

from leaderboard_etl.sample.wire import Request

_COMMON = frozenset(
    [
        "author",
        "cardData",
        "createdAt",
        "disabled",
        "lastModified",
        "likes",
        "private",
        "resourceGroup",
        "sha",
        "siblings",
        "tags",
        "trendingScore",
    ]
)
_MODELS = _COMMON | {
    "config",
    "downloads",
    "downloadsAllTime",
    "evalResults",
    "gated",
    "gguf",
    "inference",
    "inferenceProviderMapping",
    "library_name",
    "mask_token",
    "model-index",
    "pipeline_tag",
    "safetensors",
    "spaces",
    "transformersInfo",
    "widgetData",
}
_DATASETS = _COMMON | {
    "citation",
    "description",
    "downloads",
    "downloadsAllTime",
    "gated",
    "mainSize",
    "paperswithcode_id",
    "usedStorage",
}
_SPACES = _COMMON | {"datasets", "models", "region", "runtime", "sdk", "subdomain", "usedStorage"}

LISTING_FIELDS = {"models": _MODELS, "datasets": _DATASETS, "spaces": _SPACES}
INFO_FIELDS = LISTING_FIELDS | {"models": _MODELS | {"baseModels", "childrenModelCount", "usedStorage"}}

_EXPAND = {"expand", "expand[]"}
PARAMETERS = {
    "list": _EXPAND
    | {
        "apps",
        "author",
        "cardData",
        "config",
        "cursor",
        "direction",
        "filter",
        "full",
        "gated",
        "inference",
        "inference_provider",
        "limit",
        "num_parameters",
        "pipeline_tag",
        "search",
        "sort",
    },
    "info": _EXPAND | {"blobs", "securityStatus"},
    "commits": {"cursor", "expand[]", "limit", "p"},
    "tree": {"cursor", "expand", "limit", "recursive"},
    "leaderboard": {"base_model"},
}


def refused(request: Request, call: str, kind: str) -> str:
    """Why a call of PARAMETERS about repositories of `kind` is answered with 400; empty if it is accepted."""
    unknown = sorted(set(request.query) - PARAMETERS[call])
    if unknown:
        return f"Unknown parameter: {', '.join(unknown)}"
    fields = {"list": LISTING_FIELDS, "info": INFO_FIELDS}.get(call)
    requested_fields = {value for name in _EXPAND for value in request.query.get(name, [])}
    wrong = sorted(requested_fields - fields[kind]) if fields else []
    return f"Invalid value for expand: {', '.join(wrong)}" if wrong else ""
