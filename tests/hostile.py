"""Bad content from strangers, laid over a small Hub: every cell of the tables and every kind of file in many bad forms.

All of it is well-formed as a file of the Hub. All of it is about models of the owner `storm`, or about names that
nothing else uses.
"""

from __future__ import annotations

import copy
import csv
import io
import json
import math
import random
from collections.abc import Sequence
from typing import Any

from test_arena_ratings import ROW as RATING
from worlds import BIGCODE_HEADER, MMLU_PRO_HEADER, World, v1_row, v2_row

OWNER = "storm"
NUMBERS: list[float | None] = [
    *(math.nan, math.inf, -math.inf, -0.0, -1e-12, 1 + 1e-12, 1e308, -1e308, 5e-324, 43.7, 1e18, 1e-9, None),
]
COUNTS: list[int | None] = [0, -1, 2**62, None]
TEXTS: list[str | None] = [
    *(None, "", " ", "NaN", "x" * 10_000, "=cmd|' /C calc'!A0", "<script>alert(1)</script>", "../../etc/passwd", "\0"),
    *(
        "\u202egnp.exe",
        "İ",
        "i\u0307",
        "ΑΣ",
        "ας",
        "'; drop table core.scores; --",
        "a\nb",
        "{}%s",
        "😀",
        "storm/other",
        "?",
        "-",
    ),
]
DATES: list[str | None] = [
    "0000-00-00",
    "9999-12-31",
    "2024-02-30",
    "275760-09-13",
    "2024-01-01T00:00:00+99:00",
    "0001-01-01",
]
JSON: list[Any] = [
    *(None, True, -1, 0, 1e308, 10**30, math.nan, "", "NaN", "1e999", "\0", "\ud800", "x" * 5000, [], {}, [[]], [None]),
    *({"a": {"b": []}}, "2024-02-30", "2024-01-01T00:00:00+24:00", "İ", "storm/other", 43.7, -1e-12, 2**63),
]

_GEOMETRY = {"hidden_size": 4096, "intermediate_size": 14336, "num_attention_heads": 32, "num_hidden_layers": 32}
CONFIG: dict[str, Any] = {
    **_GEOMETRY,
    "architectures": ["LlamaForCausalLM"],
    "model_type": "llama",
    "num_key_value_heads": 8,
    "vocab_size": 128256,
    "tie_word_embeddings": False,
}
WHOLE = 8_030_261_248
INFO: dict[str, Any] = {
    "tags": ["license:mit", "base_model:storm/base", "merge"],
    "cardData": {"license": "mit", "base_model": ["storm/base"]},
    "safetensors": {"parameters": {"BF16": WHOLE}, "total": WHOLE},
    "createdAt": "2024-05-01T00:00:00.000Z",
    "library_name": "transformers",
}
CARD: dict[str, Any] = {
    "license": "mit",
    "license_name": "own",
    "base_model": ["storm/base"],
    "model-index": [
        {
            "name": "m",
            "results": [
                {
                    "task": {"type": "text-generation"},
                    "dataset": {"name": "HumanEval", "type": "openai_humaneval", "args": {"num_few_shot": 0}},
                    "metrics": [{"name": "pass@1", "type": "pass@1", "value": 55.5, "verified": True}],
                    "source": {"url": "https://example.org"},
                }
            ],
        }
    ],
}
EVAL: list[Any] = [
    {
        "dataset": {"id": "Idavidrein/gpqa", "task_id": "diamond"},
        "value": 55.5,
        "date": "2025-01-01",
        "notes": "n",
        "source": {"url": "https://example.org"},
    }
]
ADAPTER = {"base_model_name_or_path": "storm/base", "peft_type": "LORA"}
INDEX = {"metadata": {"total_size": 2 * WHOLE}, "weight_map": {"a": "model-00001.safetensors"}}
REQUEST: dict[str, Any] = {
    "model": "storm/request",
    "precision": "bfloat16",
    "params": 7.0,
    "status": "FINISHED",
    "revision": "main",
    "submitted_time": "2024-06-01T00:00:00Z",
    "license": "mit",
    "use_chat_template": True,
    "base_model": "o/b",
}
RUN: dict[str, Any] = {
    "results": {
        "leaderboard_mmlu_pro": {"acc,none": 0.4, "acc_stderr,none": 0.01},
        "leaderboard_gpqa": {"acc_norm,none": 0.3},
    },
    "n-shot": {"leaderboard_mmlu_pro": 5},
    "n-samples": {"leaderboard_mmlu_pro": {"original": 12032, "effective": 12032}},
    "config": {"model_args": "pretrained=o/m", "model_num_parameters": 7, "limit": None},
    "git_hash": "abc",
    "date": 1717200000.0,
}
OLD_RUN: dict[str, Any] = {
    "results": {"harness|arc:challenge|25": {"acc": 0.5, "acc_norm": 0.5, "acc_norm_stderr": 0.01}},
    "versions": {"harness|arc:challenge|25": 0},
    "config_general": {"model_sha": "a" * 40, "model_dtype": "torch.float16"},
}
_RESULTS = "datasets/open-llm-leaderboard{old}/results/storm/{name}/results_2024-07-01T00-00-00.00000{n}.json"
_REQUESTS = "datasets/open-llm-leaderboard{old}/requests/storm/{name}_eval_request_False_bfloat16_{n}.json"
_ARENA_HEADER = ["key", "Model", "MT-bench (score)", "MMLU", "Knowledge cutoff date", "License", "Organization", "Link"]
_ARENA_ROW = ["k", "Name", "8.1", "0.7", "2023/12", "Apache 2.0", "Storm", "https://huggingface.co/storm/linked"]
BOARD = "_api/datasets/Idavidrein/gpqa.json"
# Renamed twice, to a name that does not exist, to itself, to each other.
MOVES = {"once": "twice", "twice": "model-1", "lost": "nowhere", "self": "self", "there": "back", "back": "there"}
_BAD_BYTES = [b"", b"\xff\xfe\x00", b"{" * 5000, b"[1", b"---\n", b"---\n- a\n---\n| MMLU |\n|---|\n| 1e400 |\n"]


def table_rows(make: Any, prefix: str) -> list[dict[str, Any]]:
    """One row for each cell of a table's row and each bad value of the cell's kind, and one row in which every cell is
    bad."""
    good, rows = make(f"{OWNER}/{prefix}"), []
    for number, (column, cell) in enumerate(good.items()):
        for index, value in enumerate(bad_cells(column, cell)):
            name = f"{OWNER}/{prefix}-{number}-{index}"
            rows.append({**make(name), column: value})
    worst = {column: bad[0] for column, cell in good.items() if (bad := bad_cells(column, cell))}
    return [*rows, {**good, **worst}, good, good]


def bad_cells(column: str, cell: object) -> Sequence[Any]:
    """Bad values in place of a good cell."""
    if cell is None or isinstance(cell, bool):
        return [None]  # the share of set flags decides what a table means by them, which a single record cannot change
    if isinstance(cell, float):
        return NUMBERS
    if isinstance(cell, int):
        return COUNTS
    return [*TEXTS, *DATES] if "date" in column.lower() else TEXTS


def mutated(document: Any, random_: random.Random) -> Any:
    """A JSON document in which one to three values are removed or replaced by bad ones."""
    changed = copy.deepcopy(document)
    for _ in range(random_.randint(1, 3)):
        node, key = random_.choice(_places(changed))
        if isinstance(node, dict) and random_.random() < 0.2:
            del node[key]
        else:
            node[key] = copy.deepcopy(random_.choice(JSON))
        if not changed:
            break
    return changed


def _places(node: Any) -> list[tuple[Any, Any]]:
    inside = list(node.items()) if isinstance(node, dict) else list(enumerate(node)) if isinstance(node, list) else []
    return [(node, key) for key, _ in inside] + [place for _, value in inside for place in _places(value)]


def lay(world: World, calm_v2: list[dict[str, Any]], calm_v1: list[dict[str, Any]], seed: int) -> None:
    """Lays bad files over a world whose tables have the given rows. The next seed changes the files that the last one
    laid."""
    dice = random.Random(seed)
    world.put_v2(*calm_v2, *_shuffled_cells(table_rows(v2_row, "v2"), dice))
    world.put_v1(*calm_v1, *_shuffled_cells(table_rows(v1_row, "v1"), dice))
    _lay_runs(world, dice, seed)
    _lay_models(world, dice)
    _lay_csv(world, dice)
    _lay_records(world, dice, seed)
    _lay_mmlu_pro(world, dice)


def _shuffled_cells(rows: list[dict[str, Any]], dice: random.Random) -> list[dict[str, Any]]:
    """The rows with some cells exchanged between them, because one bad value may hide another."""
    mixed = [{column: dice.choice(rows)[column] for column in rows[0]} for _ in range(len(rows) // 20)]
    return [*rows, *mixed]


def _lay_runs(world: World, dice: random.Random, seed: int) -> None:
    # New names each time, because a table whose scores vanish is held back as a whole, which is another rule.
    for number in range(30):
        request = mutated(REQUEST, dice) if number else REQUEST
        for old, run in (("", RUN), ("-old", OLD_RUN)):
            world.put(_REQUESTS.format(old=old, name="request", n=f"{seed}-{number}"), json.dumps(request).encode())
            file = _RESULTS.format(old=old, name=f"run-{seed}-{number % 10}", n=number % 7)
            world.put(file, json.dumps(mutated(run, dice)).encode())
    for number, content in enumerate(_BAD_BYTES):
        world.put(_RESULTS.format(old="", name="bytes", n=number), content)
        for old in ("", "-old"):
            world.put(_REQUESTS.format(old=old, name=f"b{number}", n="y"), content)


def _lay_models(world: World, dice: random.Random) -> None:
    names = [f"{OWNER}/model-{number}" for number in range(36)]
    for number, name in enumerate(names):
        info = mutated(INFO, dice) if number % 3 else dict(INFO)
        tags = info.get("tags")  # made by the Hub itself: always a list of texts
        info["tags"] = [tag for tag in tags if isinstance(tag, str)] if isinstance(tags, list) else []
        card = mutated(CARD, dice) if number % 4 else CARD
        world.put_model(name, f"---\n{json.dumps(card)}\n---\n# A\n\nParameters: 1B\n".encode(), **info)
        config = mutated(CONFIG, dice) if number % 5 else {**CONFIG, "vocab_size": 10**7}
        world.put(f"models/{name}/config.json", json.dumps(config).encode())
        for path, document in ((".eval_results/gpqa.yaml", EVAL), ("adapter_config.json", ADAPTER)):
            if number % 2:
                world.put(f"models/{name}/{path}", json.dumps(mutated(document, dice)).encode())
        if number % 6 == 0:
            world.put(f"models/{name}/model.safetensors.index.json", json.dumps(mutated(INDEX, dice)).encode())
            world.put(f"_api/models/{name}.json", b"{}")
    for number, content in enumerate(_BAD_BYTES):
        names.append(f"{OWNER}/bytes-{number}")
        for path in ("README.md", "config.json", ".eval_results/gpqa.yaml"):
            world.put(f"models/{names[-1]}/{path}", content)
    for name, moved_to in MOVES.items():
        names.append(f"{OWNER}/{name}")
        world.put(f"_api/models/{OWNER}/{name}.json", json.dumps({"_moved_to": f"{OWNER}/{moved_to}"}).encode())
    entries = [{"modelId": name, "filename": ".eval_results/gpqa.yaml"} for name in names]
    odd = [mutated(entries[0], dice) for _ in range(10)]
    put_board(world, [*entries, *odd])


def put_board(world: World, entries: list[Any]) -> None:
    """Adds entries to the leaderboard of a benchmark's dataset, whose models are then asked for."""
    file = world.root / BOARD
    before = json.loads(file.read_bytes())["leaderboard"] if file.is_file() else []
    world.put(
        BOARD, json.dumps({"leaderboard": [*before, *(entry for entry in entries if entry not in before)]}).encode()
    )


def _lay_csv(world: World, dice: random.Random) -> None:
    cells = [*(text for text in TEXTS if text is not None), *map(repr, NUMBERS), *(date for date in DATES if date)]
    rows = [_ARENA_ROW]
    for place in range(len(_ARENA_HEADER)):
        for cell in cells:
            row = [f"storm-{place}-{cell[:50]}", *_ARENA_ROW[1:]]
            row[place] = cell
            rows.append(row)
    dice.shuffle(rows)
    world.put(
        "spaces/lmarena-ai/chatbot-arena-leaderboard/leaderboard_table_20250101.csv", _csv([_ARENA_HEADER, *rows])
    )
    space = "spaces/lmarena-ai/chatbot-arena-leaderboard/leaderboard_table_{}.csv"
    for date, content in (("20251399", b"x"), ("20250201", b"key,Model\n1,2\n"), ("20250202", b'"' + b"x," * 50)):
        world.put(space.format(date), content)
    header = BIGCODE_HEADER.split(",")
    good = dict.fromkeys(header, "50.0") | {
        "T": "🔶",
        "Links": "https://huggingface.co/storm/code",
        "Submission PR": "",
    }
    table: list[dict[str, str]] = []
    for column in header:
        for index, cell in enumerate(cells):
            own = {"Model": f"storm-{column}-{index}", "Links": f"https://huggingface.co/storm/code-{len(table)}"}
            table.append({**good, **own, column: cell})
    file = "spaces/bigcode/bigcode-models-leaderboard/data/code_eval_board.csv"
    calm = next(csv.reader([CALM_CODE]))
    world.put(file, _csv([header, calm, *([row[column] for column in header] for row in table)]))


def rating_rows() -> list[dict[str, Any]]:
    """A rating for each column of the Arena's ratings and each bad value of its kind, under names that nothing else uses."""
    rows = []
    for column, cell in RATING.items():
        bad = [*TEXTS, *DATES] if isinstance(cell, str) else NUMBERS
        for index, value in enumerate(bad):
            own = {"model_name": f"{OWNER}-{column}-{index}", "leaderboard_publish_date": "2025-01-02"}
            rows.append({**own, column: value})
    return rows


def _lay_records(world: World, dice: random.Random, seed: int) -> None:
    """Adds records of Every Eval Ever about models of the owner, most of them with bad values anywhere."""
    root = world.root / "datasets/evaleval/EEE_datastore"
    sound = [path for path in sorted(root.rglob("*.json")) if OWNER not in path.parts]
    for number in range(40):
        file = dice.choice(sound)
        record = json.loads(file.read_bytes())
        name = f"{OWNER}/record-{seed}-{number % 30}"
        record["model_info"] |= {"id": name, "name": name, "developer": OWNER}
        collection = file.relative_to(root).parts[1]
        text = json.dumps(mutated(record, dice) if number else record)
        world.put(f"datasets/evaleval/EEE_datastore/data/{collection}/{name}/{number}.json", text.encode())


def _lay_mmlu_pro(world: World, dice: random.Random) -> None:
    """Adds rows once, because a table whose scores vanish is held back."""
    file = "datasets/TIGER-Lab/mmlu_pro_leaderboard_submission/results.csv"
    sound = (world.root / file).read_bytes()
    if OWNER.encode() not in sound:
        world.put(file, sound + _csv(_mmlu_pro_rows(MMLU_PRO_HEADER.split(","), dice)))


def _mmlu_pro_rows(header: list[str], dice: random.Random) -> list[list[str]]:
    cells = [*(text for text in TEXTS if text is not None), *map(repr, NUMBERS), "unk", "TIGER-LAb", "Sefl-Reported"]
    good = dict.fromkeys(header, "0.5") | {"Data Source": "TIGER-Lab", "Model Size(B)": "7"}
    rows = []
    for column in header:
        for index, cell in enumerate(cells):
            row = {**good, "Models": f"{OWNER}-{column}-{index}", column: cell}
            rows.append([row[name] for name in header])
    dice.shuffle(rows)
    return rows


CALM_CODE = "🔶,calm-code,7,1,1,1,1,33.5," + ",".join(["10.0"] * 17)


def _csv(rows: Sequence[Sequence[str]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().encode("utf-8", "surrogatepass")
