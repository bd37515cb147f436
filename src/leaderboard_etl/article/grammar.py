"""Which words make a number the score of a model on a benchmark.

A sentence is read with one sign in the place of each name and number: KNOWN a model of the warehouse, OTHER another name,
BENCHMARK and NUMBER. So the patterns are of its grammar alone.
"""

from __future__ import annotations

import re

# Private characters of Unicode, 1,024 for each kind.
KNOWN, OTHER, BENCHMARK, NUMBER = "\ue000", "\ue400", "\ue800", "\uec00"
PER_KIND = 0x400
_K, _U, _B, _N = (f"[{first}-{chr(ord(first) + PER_KIND - 1)}]" for first in (KNOWN, OTHER, BENCHMARK, NUMBER))
_NAME = f"[{KNOWN}-{chr(ord(OTHER) + PER_KIND - 1)}]"
# What neither a model nor (_PLAIN) a number interrupts.
_NO_K = f"[^{_K[1:-1]}"
_PLAIN = f"{_NO_K}{_N[1:-1]}"

# Words beside a score that say that it is one, and those that it may have before it.
_SCORE = (
    r"(?:(?:accuracy|scores?|results?|performance|marks?|rating|pass rate|pass@1|points?|correct|overall|test|benchmark"
    r"|zero-shot|\d+-shot|few-shot)\s?)"
)
_HEDGE = (
    r"(?:(?:an?|the|its|their|only|just|about|around|roughly|approximately|nearly|almost|some|over|more than|above|at least"
    r"|under|below|less than|at most|up to|close to|near|as much as|as high as|exactly|even|still|impressive|strong"
    r"|respectable|remarkable|record|state-of-the-art|mere|solid|similar|comparable|high|top|best|new|reported|published"
    rf"|~|≈|>|<|≥|≤|{_SCORE}of|{_SCORE})\s?)*"
)
_VERB = (
    r"(?:scor(?:es?|ed|ing)|achiev(?:es?|ed|ing)|reach(?:es|ed|ing)?|attain(?:s|ed|ing)?|obtain(?:s|ed|ing)?|gets?|got|getting"
    r"|hits?|hitting|post(?:s|ed|ing)?|record(?:s|ed|ing)?|earn(?:s|ed|ing)?|manag(?:es?|ed|ing)|deliver(?:s|ed|ing)?"
    r"|register(?:s|ed)?|lands? at|comes? in at|came in at|stands? at|sits? at|is at|was at|notch(?:es|ed)?|answers?|answered"
    r"|solv(?:es?|ed)|pass(?:es|ed)?|has|have|had|having|shows?|showed|reports?|reported|boasts?|clocks? in at|tops? out at"
    r"|exceed(?:s|ed)?|surpass(?:es|ed)?|cross(?:es|ed)?|breaks|broke)"
)
_ADVERB = (
    r"(?:(?:model|itself|now|already|also|then|still|only|just|even|reportedly|currently|alone|again|first|both|each|nearly"
    r"|comfortably|easily|consistently|base|can|was able to|is able to|managed to|manages to|is reported to|is said to"
    r"|was reported to|has|have|had|that|which|,)\s?)*"
)
_IS = r"(?:(?:of|is|was|at|:|=|,|\(|reached|reaches|stands at|–|—)\s?)?"
_ON = rf"(?:on|in|at|for) (?:the |its |their |both )?{_B}"
# No sentence lists more, and the time of a search stays that of its length.
_NUMBERS = rf"{_N}(?:(?:,| and|, and| or|/| vs\.?| versus)\s?{_HEDGE}{_N}){{0,9}}"
_MODELS = rf"{_NAME}(?:(?:, and|,| and| &) {_K}){{0,9}}"
# What may stand between a model and its verb: "(671B)", "– an open model –", ", an open model,".
_ASIDE = rf"(?: \([^()]*\)| ?[–—] {_NO_K}–—]* [–—]|, {_NO_K},]*,)?"
_AGAINST = r"(?:vs\.?|versus|against|to|compared (?:to|with))"
_REMARK = r"(?:\([^()]*\) )?"

# Where a number stands beside its model, the surest first: `m` is the model or models, `n` the number or numbers.
_OF_MODEL = tuple(
    re.compile(pattern)
    for pattern in (
        # M beats M on B (N vs. N)
        rf"(?P<m>{_K}{_PLAIN}()]*{_K}){_PLAIN}()]*\({_HEDGE}(?P<n>{_N} {_AGAINST} {_HEDGE}{_N})\)",
        # N on B for M; N (M)
        rf"(?P<n>{_N}) (?:{_SCORE})*(?:{_ON} ?(?:{_SCORE})*)?(?:for|by|from) (?:the )?(?P<m>{_K})",
        rf"(?P<n>{_N}) ?(?:{_SCORE})*\((?P<m>{_K})\)",
        # the B score of M is N; M's B score is N; M reaches a B score of N; M's score on B is N
        rf"{_B} (?:{_SCORE})*(?:of|for) (?P<m>{_NAME}) ?{_IS}{_HEDGE}(?P<n>{_N})",
        rf"(?P<m>{_NAME})(?:['’]s?)? {_ADVERB}(?:{_VERB} )?(?:an? |the |its )?(?:[a-z-]+ )?"
        rf"{_B} ?(?:{_SCORE})*{_REMARK}{_IS}{_HEDGE}(?P<n>{_N})",
        rf"(?P<m>{_NAME})['’]s? (?:{_SCORE})+{_ON} ?{_IS}{_HEDGE}(?P<n>{_N})",
        # M scores N; M and M score N and N
        rf"(?P<m>{_MODELS}){_ASIDE},? ?{_ADVERB}{_VERB} {_HEDGE}(?P<n>{_NUMBERS})",
        # With N, M leads; M leads with N; N puts M ahead
        rf"^(?:With|At|Scoring|Reaching|Achieving|Posting|Hitting) {_HEDGE}(?P<n>{_N}){_PLAIN}]*, (?:the [a-z -]+)?(?P<m>{_K})",
        rf"(?P<m>{_K}) (?:leads?|led|tops?|topped|wins?|won|dominat\w+|excels?|ranks? \w+|comes? \w+)"
        rf"{_PLAIN},]*(?:with|at) {_HEDGE}(?P<n>{_N})",
        rf"(?P<n>{_N}) (?:{_SCORE})*(?:{_ON} )?(?:puts|places|earns|earned) (?P<m>{_K})",
        # M (N); M: N; M's N; M with N; M N
        rf"(?P<m>{_K})(?:['’]s?|:| at| with| \(|,| \((?:at|with|scoring))? ?{_HEDGE}(?P<n>{_N})",
    )
)
# N on B and N on B: both are of one model.
_CHAIN = re.compile(
    rf"(?P<before>{_N})(?= ?(?:{_SCORE})*(?:{_ON})?(?: \([^()]*\))?(?:,| and|, and| as well as| plus)"
    rf" (?:{_VERB} )?{_HEDGE}(?P<n>{_N}))"
)
_BEHIND = re.compile(
    rf"(?P<n>{_NUMBERS}) ?(?:{_SCORE})*{_REMARK}(?:on|in|at|for|of) (?:the |its |their |both |questions of )*"
    rf"(?P<b>{_B}(?:(?:,| and|, and) {_B}){{0,9}})"
)
_AHEAD = re.compile(rf"(?P<b>{_B})(?: (?:{_SCORE})*| ?)(?:\([^()]*\) ?)?(?:(?:of|for) {_NAME} )?{_IS}{_HEDGE}$")
_OTHER_BEHIND = re.compile(rf" ?(?:{_SCORE})*(?:on|in|at) (?:the )?(?P<u>{_U})")
_LEADING = re.compile(rf"(?:^|\b)(?:[Oo]n|[Ii]n|[Ff]or|[Aa]t) (?:the )?(?P<b>{_B})")
# What a score that stands apart from its benchmark is followed by: the end of what is said, and no thing that it is a share of.
_ENDS = re.compile(
    rf" ?(?:{_SCORE})*(?:\([^()]*\) ?)?(?:$|[.,;:)–—\]]|(?:and|while|whereas|but|or|vs|versus|against|for|by|from|compared|ahead"
    r"|with|on|in|at|followed|to|respectively|as|there|each)\b)"
)
# What says that a number is a difference, a share or something else.
_NO_SCORE = re.compile(
    r"\s?(?:percentage |relative |absolute )?(?:points? )?(?:higher|lower|better|worse|more|less|fewer|faster|slower|cheaper"
    r"|smaller|larger|above|below|ahead|behind|improve\w*|increase\w*|gains?|drops?|declines?|reduc\w*|leads?|advantage|gap"
    r"|margin|boost|difference|deltas?|relative|than|confidence|cost|price|discount|of (?!on )|contaminat\w*|agreement|errors?"
    r"|percentile|training|tokens?|parameters|sparsity|quantiles?|points? (?:behind|ahead|short))"
)
_NO_SCORE_BEFORE = re.compile(r"\b(?:by|within|from|than|to|of)\s$")
_BOUNDS = (
    (r"more than|over|above|at least|exceed\w*|surpass\w*|pass(?:es|ed)|cross\w*|br(?:eaks|oke)|>|≥", "at least"),
    (r"less than|under|below|at most|up to|<|≤", "at most"),
    (r"about|around|roughly|approximately|nearly|almost|some|close to|near|~|≈", "about"),
)


def model_signs(signed: str) -> dict[str, tuple[str, ...]]:
    """For each number beside names the names that it may be of, in order of the sentence."""
    owners: dict[str, tuple[str, ...]] = {}
    for pattern in _OF_MODEL:
        for match in pattern.finditer(signed):
            models, numbers = re.findall(_NAME, match["m"]), re.findall(_N, match["n"])
            for number, sign in enumerate(numbers):
                owners.setdefault(sign, (models[number],) if len(models) == len(numbers) else tuple(models))
    for match in _CHAIN.finditer(signed):
        if match["before"] in owners:
            owners.setdefault(match["n"], owners[match["before"]])
    return owners


def benchmark_sign(signed: str, number: str) -> tuple[str, bool] | None:
    """The benchmark, or other name in its place, that a number belongs to, and whether it stands beside it; null: to none, or to
    one of several."""
    for beside in _BEHIND.finditer(signed):
        numbers, benchmarks = re.findall(_N, beside["n"]), re.findall(_B, beside["b"])
        if number in numbers:
            if len(benchmarks) == 1:
                return benchmarks[0], True
            return (benchmarks[numbers.index(number)], True) if len(benchmarks) == len(numbers) else None
    before, _, behind = signed.partition(number)
    if match := _OTHER_BEHIND.match(behind):
        return match["u"], True
    if match := _AHEAD.search(before):
        return match["b"], True
    if not _ENDS.match(behind):
        return None
    all_there = sorted(set(re.findall(_B, signed)))
    leading = _LEADING.findall(before)
    if len(all_there) == 1 or leading:
        return (all_there[0] if len(all_there) == 1 else leading[-1]), False
    return None


def is_score(signed: str, number: str) -> bool:
    """Whether the words behind a number allow that it is a score: "90% of HumanEval" is one if it was solved."""
    before, _, behind = signed.partition(number)
    is_solved = re.search(rf"\b(?:answers?|answered|solv(?:es?|ed)|pass(?:es|ed)?) {_HEDGE}$", before)
    return not _NO_SCORE.match(behind) or bool(is_solved and re.match(rf" of (?:the |all )?{_B}", behind))


def is_changed(signed: str, number: str) -> bool:
    """Whether the word before a number says that it is a difference or a former value."""
    return bool(_NO_SCORE_BEFORE.search(signed.partition(number)[0]))


def bound_of(signed: str, number: str) -> str:
    """How a number bounds a score: 'at least', 'at most', 'about' or 'exactly'."""
    before = signed.partition(number)[0]
    return next((bound for words, bound in _BOUNDS if re.search(rf"(?:{words})\s?$", before)), "exactly")
