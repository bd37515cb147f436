"""Damages strangers' files in every way that is known to have broken a parser, and reads them with each parser.

    python tests/reliability/mutated_inputs.py [--tries N] [--seed N] [--source SOURCE]...

Each input is damaged N times by each kind of damage and read as on a night: by the source's parser, then by the rules.
A damaged file may be read, be refused (a quarantined record), give nothing, or hold a table's source at its last good
state. It must not raise anything else, lose a record from the counts, or take more than five seconds of processor time.
Prints one line per input and per kind of damage, then the first few failures; exit code 1 if there is one.
"""

from __future__ import annotations

import argparse
import gzip
import json
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from time import process_time

sys.path.insert(0, str(Path(__file__).parents[1]))

from sourcing import POLICY, fixture, landed
from worlds import BIGCODE_HEADER, V1_SENTINELS, V2_SENTINELS, parquet

from leaderboard_etl.errors import EtlError
from leaderboard_etl.sources.registry import SOURCES
from leaderboard_etl.sources.rules import KEYS, apply_rules

MOST_SECONDS = 5.0
OUTCOMES = ("read", "refused", "nothing", "held", "broke")
_SHOWN = 10


@dataclass(frozen=True)
class Input:
    """A file as a source reads it.

    An input that `is_slow` is damaged a tenth as often. One that `may_be_held` is a source's own table, which is held
    back as a whole if it cannot be read; files of many people are refused one by one.
    """

    source_id: str
    path: str
    content: bytes
    is_slow: bool = False
    may_be_held: bool = False


_CARD = """---
license: apache-2.0
base_model: org/base
model-index:
- name: m
  results:
  - task: {type: text-generation}
    dataset: {name: "MMLU (5-shot)", type: cais/mmlu, config: all, args: {num_few_shot: 5}}
    metrics:
    - {type: accuracy, value: 61.2 ± 0.4, verified: true}
    - {type: acc_stderr, value: 0.4}
---
# Foo-7B
- Parameters: 7B

| Model | MMLU | GPQA Diamond (0-shot) |
|:--|--:|--:|
| **[Foo-7B](https://huggingface.co/org/Foo-7B)** | 64.2 | 31.5% |
| Bar | 60 | 30 |

<table><tr><th rowspan=2>Benchmark</th><th>Score</th></tr><tr><td>HumanEval<td>38.1<sup>1</sup></tr></table>
"""
_ENTRY = "- dataset:\n    id: Idavidrein/gpqa\n    task_id: diamond\n  value: 78.8\n  date: '2026-05-23'\n  notes: no tools\n"
_RUN = {
    "results": {
        "leaderboard_mmlu_pro": {"alias": " - mmlu_pro", "acc,none": 0.41, "acc_stderr,none": 0.004},
        "leaderboard_gpqa_main": {"acc_norm,none": 0.3, "acc_norm_stderr,none": "N/A"},
    },
    "n-shot": {"leaderboard_mmlu_pro": 5, "leaderboard_gpqa_main": 0},
    "n-samples": {"leaderboard_mmlu_pro": {"original": 12032, "effective": 12032}},
    "config": {"model_args": "pretrained=org/Foo-7B,dtype=bfloat16", "model_num_parameters": 7000000000},
    "date": 1718186400.5,
}
_OLD_RUN = {
    "results": {
        "harness|arc:challenge|25": {"acc": 0.5, "acc_norm": 0.53, "acc_norm_stderr": 0.01},
        "all": {"acc": 0.5},
    },
    "versions": {"harness|arc:challenge|25": 0},
    "config_general": {"model_name": "org/Foo-7B", "model_sha": "b" * 40, "model_dtype": "torch.float16"},
}
_CONFIG = {
    "architectures": ["MixtralForCausalLM"],
    "hidden_size": 4096,
    "num_hidden_layers": 32,
    "num_attention_heads": 32,
    "intermediate_size": 14336,
    "num_local_experts": 8,
    "num_experts_per_tok": 2,
    "vocab_size": 32000,
    "torch_dtype": "bfloat16",
}
_INFO = {
    "id": "org/Foo-7B",
    "sha": "c" * 40,
    "tags": ["license:mit", "base_model:org/base", "merge"],
    "createdAt": "2024-06-01T10:00:00.000Z",
    "cardData": {"license": "mit", "base_model": ["org/base"]},
    "safetensors": {"parameters": {"BF16": 7000000000}, "total": 7000000000},
    "siblings": [{"rfilename": "config.json"}],
}
_REQUEST = {
    "model": "org/Foo-7B",
    "precision": "bfloat16",
    "params": 7.24,
    "status": "FINISHED",
    "submitted_time": "2024-06-12T10:00:00Z",
    "use_chat_template": False,
}
_ARENA = (
    "key,Model,MT-bench (score),MMLU,Knowledge cutoff date,License,Organization,Link\n"
    "gpt-4-0314,GPT-4-0314,8.96,0.864,2021/9,Proprietary,OpenAI,https://openai.com\n"
    'foo,"Foo, the 7B","8,2",0.61,2023/1,Apache 2.0,Org,https://huggingface.co/org/Foo-7B\n'
)
_RESULTS = "results_2024-06-12T10-00-00.123456.json"


def _json(value: object) -> bytes:
    return json.dumps(value).encode()


_GIVEN = (
    Input("model_cards", "README.md", _CARD.encode()),
    Input("model_cards", "config.json", _json(_CONFIG)),
    Input("model_cards", "adapter_config.json", _json({"base_model_name_or_path": "org/base", "r": 8})),
    Input(
        "model_cards",
        "model.safetensors.index.json",
        _json({"metadata": {"total_size": 14000000000}, "weight_map": {"a": "b"}}),
    ),
    Input("model_cards", "@api/model_info.json", _json(_INFO)),
    Input("eval_results", ".eval_results/gpqa.yaml", (_ENTRY * 2).encode()),
    Input(
        "eval_results",
        "@api/eval_results.json",
        _json({"evalResults": [{"filename": "a", "data": {"dataset": {"id": "TIGER-Lab/MMLU-Pro"}, "value": 84}}]}),
    ),
    Input("eval_results", "@api/leaderboard.json", _json([{"modelId": "org/Foo-7B", "rank": 1, "value": 1}])),
    Input("olb_v1_results", f"org/Foo-7B/{_RESULTS}", _json(_OLD_RUN)),
    Input("olb_v2_results", f"org__Foo-7B/{_RESULTS}", _json(_RUN)),
    Input("olb_v2_requests", "org/Foo-7B_eval_request_False_bfloat16_Original.json", _json(_REQUEST)),
    Input("arena", "leaderboard_table_20250505.csv", _ARENA.encode()),
    Input(
        "bigcode",
        "data/code_eval_board.csv",
        f"{BIGCODE_HEADER}\nx,StarCoder,15.5,1,2,8192,80,33.57{',30.2' * (BIGCODE_HEADER.count(',') - 9)},,\n".encode(),
        may_be_held=True,
    ),
    Input("olb_v1_contents", "data/train-00000-of-00001.parquet", parquet(V1_SENTINELS), True, True),
    Input("olb_v2_contents", "data/train-00000-of-00001.parquet", parquet(V2_SENTINELS), True, True),
    Input(
        "reference",
        "reference_scores.csv",
        b"model_id,variant_id,score_raw,score_unit,n_shot,protocol,self_reported,source_url,source_dataset,evaluated_on\n"
        b"org/m,mmlu_reported,61.2,percent,5,,true,https://x.example,y,2024-01-01\n",
    ),
)


def _inputs() -> Iterator[Input]:
    """The inputs above, and the fixture of every other source; a single file, or parquet, is a source's own table."""
    yield from _GIVEN
    for source_id in sorted(SOURCES.keys() - {given.source_id for given in _GIVEN}):
        files = fixture(SOURCES[source_id])
        for file in files:
            yield Input(
                source_id,
                file.version.path,
                file.content,
                may_be_held=len(files) == 1 or file.version.path.endswith(".parquet"),
            )


INPUTS = tuple(_inputs())

_NUMBER = re.compile(rb"-?\d+(?:\.\d+)?")
_PAIR = re.compile(rb'"[^"]{1,60}": [^,{}\[\]]{1,80}|(?m:^ *[\w-]+: [^\n]{1,80}\n)|[^,\n]{1,40},')
_SCALAR = re.compile(rb'(?<=: )(?:"[^"]*"|-?[\d.]+|true|false|null)')
_HUGE = [
    b"1e999",
    b"9" * 5000,
    b"-0",
    b"NaN",
    b"Infinity",
    b"1e308",
    b"1" + b"0" * 30,
    b"0x1p3",
    "١٢".encode(),
    b"1_000",
    b"1e-400",
]
_DEEP = [b"[", b'{"a":', b"- ", b"> ", b"<table><td>", b"[](", b"&a ", b"!!a ", b"? ", b"{a: ", b'"', b"|", b"<!--"]
_ODD = ["\u202e", "\u0000", "\x1b[31m", "\ufeff", "\u2028", "e" + "\u0301" * 50, "🤗", "ﷺ", "\x85", "\r"]


def _insert(content: bytes, piece: bytes, random: Random) -> bytes:
    at = random.randrange(len(content) + 1)
    return content[:at] + piece + content[at:]


def _replace(pattern: re.Pattern[bytes], content: bytes, pieces: Sequence[bytes], random: Random) -> bytes:
    places = list(pattern.finditer(content))
    if not places:
        return _insert(content, random.choice(pieces), random)
    place = random.choice(places)
    return content[: place.start()] + random.choice(pieces) + content[place.end() :]


def _flip_bits(content: bytes, random: Random) -> bytes:
    damaged = bytearray(content)
    for _ in range(random.randint(1, 8)):
        damaged[random.randrange(len(damaged))] ^= 1 << random.randrange(8)
    return bytes(damaged)


def _swap(content: bytes, random: Random) -> bytes:
    a, b, c = sorted(random.randrange(len(content) + 1) for _ in range(3))
    return content[:a] + content[b:c] + content[a:b] + content[c:]


def _repeat(content: bytes, random: Random) -> bytes:
    a, b = sorted(random.randrange(len(content) + 1) for _ in range(2))
    return content[:a] + content[a:b] * random.choice((2, 3, 200)) + content[b:]


def _repeat_key(content: bytes, random: Random) -> bytes:
    places = list(_PAIR.finditer(content))
    if not places:
        return _repeat(content, random)
    place = random.choice(places)
    again = _NUMBER.sub(b"7", place[0])
    between = b", " if place[0].startswith(b'"') else b""
    return content[: place.end()] + between + again + content[place.end() :]


def _recode(content: bytes, random: Random) -> bytes:
    text = content.decode("utf-8", "replace")
    kinds: list[Callable[[], bytes]] = [
        *(
            lambda name=name: text.encode(name, "replace")
            for name in ("utf-16", "utf-16-le", "utf-32", "latin-1", "cp1252", "utf-7")
        ),
        lambda: gzip.compress(content, mtime=0),
        lambda: b"\xef\xbb\xbf" * 2 + content,
        lambda: content.replace(b"\n", b"\r\n"),
        lambda: b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"0" * 64 + b"\nsize 1\n",
    ]
    return random.choice(kinds)()


DAMAGES: dict[str, Callable[[bytes, Random], bytes]] = {
    "bits flipped": _flip_bits,
    "cut off": lambda content, random: content[: random.randrange(len(content))],
    "parts swapped": _swap,
    "a part repeated": _repeat,
    "nested deeply": lambda content, random: _insert(
        content, random.choice(_DEEP) * random.choice((50, 5_000)), random
    ),
    "huge and odd numbers": lambda content, random: _replace(_NUMBER, content, _HUGE, random),
    "another type": lambda content, random: _replace(
        _SCALAR, content, [b"null", b"true", b"[]", b"{}", b"[1, 2]", b'"x"', b"-1", b"~"], random
    ),
    "half characters": lambda content, random: _insert(
        content, random.choice((rb"\ud800", b"\xed\xa0\x80", rb"\udfff\ud800")), random
    ),
    "NUL": lambda content, random: _insert(content, b"\x00" * random.choice((1, 100)), random),
    "odd characters": lambda content, random: _insert(
        content, random.choice(_ODD).encode() * random.choice((1, 300)), random
    ),
    "another encoding": _recode,
    "a key repeated": _repeat_key,
}


def damaged(given: Input, kind: str, tries: int, seed: int) -> Iterator[bytes]:
    """The input damaged this many times by one kind of damage; the same for the same seed."""
    for number in range(tries):
        yield DAMAGES[kind](given.content, Random(f"{given.path} {kind} {seed} {number}"))


def outcome(given: Input, content: bytes) -> tuple[str, str]:
    """(one of OUTCOMES, what broke) after reading `content` in place of the input."""
    source = SOURCES[given.source_id]
    repo_id = source.repo_id or "org/Foo-7B"
    begun = process_time()
    try:
        file = landed(content, given.path, repo_type=source.repo_type, repo_id=repo_id)
        parsed = apply_rules(source.parse([file], POLICY), source, POLICY.benchmarks)
    except EtlError as error:
        return ("held", "") if given.may_be_held else ("broke", f"raised {error}")
    except Exception as error:
        return "broke", f"{type(error).__name__}: {error}"
    seconds = process_time() - begun
    frames = [parsed.frame(target) for target in KEYS]
    if seconds > MOST_SECONDS:
        return "broke", f"took {seconds:.1f} s"
    if parsed.rows_in != sum(frame.height for frame in frames) + parsed.quarantine.height:
        return "broke", "records went missing between the parser and the rules"
    if (
        not parsed.scores["score_raw"].is_finite().all()
        or not parsed.frame("subtask_scores")["score_raw"].is_finite().all()
    ):
        return "broke", "a score that is no finite number"
    if any(frame.height for frame in frames):
        return "read", ""
    return ("refused" if parsed.quarantine.height else "nothing"), ""


def main(arguments: Sequence[str]) -> int:
    """Damages every input, prints the results and returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument(
        "--tries", type=int, default=50, help="times that each input is damaged by each kind; default 50"
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--source", action="append", choices=sorted(SOURCES), help="only inputs of this source")
    options = parser.parse_args(arguments)
    by_kind: dict[str, Counter[str]] = {kind: Counter() for kind in DAMAGES}
    broken: list[str] = []
    _show("input", dict.fromkeys(OUTCOMES, ""), head=True)
    for given in INPUTS:
        if options.source and given.source_id not in options.source:
            continue
        counts: Counter[str] = Counter()
        for kind in DAMAGES:
            tries = max(1, options.tries // (10 if given.is_slow else 1))
            for number, content in enumerate(damaged(given, kind, tries, options.seed)):
                came, why = outcome(given, content)
                counts[came] += 1
                by_kind[kind][came] += 1
                if why:
                    broken.append(f"{given.source_id} {given.path}, {kind}, try {number}: {why[:300]}")
        _show(f"{given.source_id} {given.path.rpartition('/')[2][:32]}", counts)
    _show("kind of damage", dict.fromkeys(OUTCOMES, ""), head=True)
    for kind, counts in by_kind.items():
        _show(kind, counts)
    print("\n".join(broken[:_SHOWN]))
    return int(bool(broken))


def _show(name: str, counts: Counter[str] | dict[str, str], *, head: bool = False) -> None:
    cells = OUTCOMES if head else [str(counts[each]) for each in OUTCOMES]
    tried = "tried" if head else str(sum(int(counts[each]) for each in OUTCOMES))
    print(f"{name:<56}{tried:>8}" + "".join(f"{cell:>9}" for cell in cells), flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
