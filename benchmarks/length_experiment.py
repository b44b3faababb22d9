"""The article's whole claim in small: trained on what the agent made of long texts, a model reads as far by itself.

For each seed a small model is made from nothing on texts of its window, N tokens (begun anew until one comes to look
things up: how many were begun is recorded). Then, for texts of up to 4N:

- *base*: as it was made, its positions as they are;
- *scaled*: its positions stretched to 4N (YaRN), and nothing learned;
- *short*: stretched, then trained on samples of at most N tokens;
- *long*: stretched, then trained for as many steps of as many tokens on samples of N, 2N and 4N.

All samples are made by octavo: level `read`, in pieces of fewer than N tokens, with a reader that is a script
(`length_reader.py`), and only answers that the verified citations bear out are kept. (Questions are after single facts,
for which `reason` is a reading and a plan: its traces would hold nothing else.) Training is `octavo.training.sft`
with every weight. *short* is the control that tells what comes of length and what of more training.

- *recall*: of needles in unseen texts of N, 2N and 4N tokens, at five depths, the share that the model tells word for
  word, greedily. A needle is one fact of the text; all its other facts could be mistaken for it.
- *loss by position*: of unseen texts for reading on, the mean over the tokens of each stretch, and over those that can
  be known, since they were told before. Where it falls or stays low far beyond N, what stands far before is used.

YaRN leaves the quickest rotations as they are and stretches the slowest; in a model of so few rotations and so short a
window nearly all are stretched, so *scaled* may fail at N already: see its recall there. Texts for reading on are not
what *short* and *long* are trained on: compare these two, or stretches within one.

Figures are means over the seeds, with Student's 95 % interval of the mean; differences between arms are taken within
each seed. `--work` keeps everything that was made: what is there is not made again, so it goes on where it was stopped,
seed by seed and arm by arm.

What it does not measure: natural language, models of any size that is used, a reader that errs as models do.
"""

from __future__ import annotations

import argparse
import json
import math
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from random import Random
from statistics import fmean, stdev
from typing import Any

from harness import Record
from length_data import TURN_TOKENS, asked_about, talk, tell
from length_model import BEGUN, DEPTHS, Base, found, losses, make_base, needles
from length_reader import ERRS, Agent
from octavo.models.cores import patient_threads
from octavo.models.json_tokenizer import JsonTokenizer
from octavo.training.evaluating.positions import buckets
from octavo.training.model.loading import load_model, load_tokenizer
from octavo.training.recipe import Recipe, Stage
from octavo.training.running.progress import News, StepDone
from octavo.training.running.run import TrainingRun
from octavo.training.sft import train

ARMS = ("base", "scaled", "short", "long")
BASE = Base()
N = BASE.window
LENGTHS = (N, 2 * N, 4 * N)

SAMPLES = {"short": {N: 5_400}, "long": {N: 375, 2 * N: 500, 4 * N: 1_000}}
"""How many texts of which length the agent reads for an arm: about as many tokens for both."""

STEPS = 800
BATCH_TOKENS = 8_192
LEARNING_RATE = 1e-3

_MICRO_BATCH = 2
_PIECE_TOKENS = 96
_TEXTS_READ_ON = 40
_EVERY = 25
"""Steps of a fine-tuning between two lines about it."""

# Student 1908; the 0.975 quantile for 1, 2, ... degrees of freedom.
_STUDENT = (12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262)


def main() -> None:
    """Make what is missing of each seed, then score, record and compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2, 3])
    parser.add_argument("--each", type=int, default=40, help="needles at each length and depth")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--work", type=Path, default=Path("runs") / "length", help="keeps models, samples and scores")
    arguments = parser.parse_args()
    patient_threads()
    os.environ.setdefault("OMP_NUM_THREADS", str(arguments.threads))
    import torch

    torch.set_num_threads(arguments.threads)
    record = Record(
        "length_experiment", window=N, lengths=LENGTHS, seeds=arguments.seeds, needles=arguments.each, steps=STEPS
    )
    scores = {seed: seed_scores(seed, arguments.work / f"seed-{seed}", arguments.each) for seed in arguments.seeds}
    summarise(record, scores)
    if len(scores) > 2:
        record.save()
    else:
        print("too few seeds for an interval: shown, not kept")


# --- one seed -------------------------------------------------------------------------------------------------------


def seed_scores(seed: int, work: Path, each: int) -> dict[str, Any]:
    """The scores of every arm, and what the agent made."""
    work.mkdir(parents=True, exist_ok=True)
    _require_same(work / "settings.json")
    base = work / "base"
    if not base.is_dir():
        make_base(BASE, base, seed)
    scores: dict[str, Any] = {"begun": int((base / BEGUN).read_text(encoding="utf-8"))}
    for arm in ARMS:
        path = work / f"scores-{arm}-{each}.json"
        if not path.exists():
            _write(path, _scored(_model(arm, base, work, seed), base, each, seed))
        scores[arm] = json.loads(path.read_text(encoding="utf-8"))
    scores["agent"] = {arm: json.loads((work / f"made-{arm}.json").read_text(encoding="utf-8")) for arm in SAMPLES}
    return scores


def _model(arm: str, base: Path, work: Path, seed: int) -> Any:
    if arm == "base":
        return load_model(str(base), method="full")
    if arm == "scaled":
        return load_model(str(base), method="full", rope="yarn", reach=LENGTHS[-1])
    data, made = work / f"{arm}.jsonl", work / f"made-{arm}.json"
    if not made.exists():
        _write(made, make_samples(data, SAMPLES[arm], base, work / "home", seed))
    recipe = Recipe(
        str(base),
        (data,),
        (Stage(LENGTHS[-1], steps=STEPS),),
        method="full",
        rope="yarn",
        learning_rate=LEARNING_RATE,
        batch_tokens=BATCH_TOKENS,
        micro_batch=_MICRO_BATCH,
        checkpointing=False,
        seed=seed,
    )
    folder = work / f"run-{arm}"
    run = train(recipe, folder, resume=TrainingRun(folder).begun, tell=_telling(arm))
    return load_model(str(run.outcome), method="full")


def make_samples(data: Path, lengths: Mapping[int, int], base: Path, home: Path, seed: int) -> dict[str, int]:
    """Let the agent read texts of these lengths, so many of each, and write what it answered, where that is verified,
    to `data`. Returns how many questions there were, how many answers were kept, how many of those are wrong, and the
    tokens of the texts that were kept."""
    random = Random(f"samples/{seed}/{data.name}")
    tokenizer = JsonTokenizer.from_file(base)
    order = [length for length, texts in lengths.items() for _ in range(texts)]
    random.shuffle(order)
    asked = kept = wrong = tokens = 0
    with Agent(tokenizer, _PIECE_TOKENS, home, seed) as agent, data.open("w", encoding="utf-8") as file:
        for length in order:
            turns = min(4, length // 48)
            told = tell(random, length - turns * TURN_TOKENS)
            answers = agent.read(told.text, asked_about(random, told, turns))
            verified = [answer for answer in answers if answer.verified]
            asked, kept = asked + len(answers), kept + len(verified)
            wrong += sum(answer.goods != told.facts[answer.town] for answer in verified)
            if verified:
                messages = talk(told.text, [(answer.town, answer.goods) for answer in verified])
                tokens += tokenizer.count(told.text)
                file.write(json.dumps({"messages": messages}) + "\n")
    return {"asked": asked, "kept": kept, "wrong": wrong, "tokens": tokens}


def _scored(model: Any, base: Path, each: int, seed: int) -> dict[str, Any]:
    tokenizer = load_tokenizer(str(base))
    model.eval()
    recall = []
    for length in LENGTHS:
        asked = list(needles(length, each, seed))
        right = found(model, tokenizer, asked)
        for depth in DEPTHS:
            here = [told for needle, told in zip(asked, right, strict=True) if needle.depth == depth]
            recall.append({"length": length, "depth": depth, "asked": len(here), "found": sum(here)})
    every, known = losses(model, tokenizer, LENGTHS[-1], _TEXTS_READ_ON, seed)
    positions = [
        {"start": start, "end": end, "every": _mean(every, start, end), "known": _mean(known, start, end)}
        for start, end in buckets(LENGTHS[-1], N // 2)
    ]
    return {"recall": recall, "positions": positions}


def _mean(texts: Sequence[Sequence[float]], start: int, end: int) -> float:
    """Of the losses of the tokens from `start` to before `end`; the first token of a text has none."""
    return fmean(loss for text in texts for loss in text[max(0, start - 1) : end - 1] if not math.isnan(loss))


def _require_same(path: Path) -> None:
    """What was made by other numbers is not gone on with."""
    settings = {
        "base": asdict(BASE),
        "samples": {arm: {str(length): texts for length, texts in lengths.items()} for arm, lengths in SAMPLES.items()},
        "training": [STEPS, BATCH_TOKENS, _MICRO_BATCH, LEARNING_RATE, _PIECE_TOKENS, ERRS],
    }
    if not path.exists():
        _write(path, settings)
    elif json.loads(path.read_text(encoding="utf-8")) != settings:
        raise SystemExit(f"{path.parent}: was made by other numbers than the experiment's now; name another --work")


def _write(path: Path, made: Any) -> None:
    partial = path.with_name(f".{path.name}.partial")
    partial.write_text(json.dumps(made) + "\n", encoding="utf-8")
    partial.replace(path)


def _telling(arm: str) -> Callable[[News], None]:
    def tell_step(news: News) -> None:
        if isinstance(news, StepDone) and news.step % _EVERY == 0:
            print(f"{arm}: step {news.step} of {news.steps}, loss {news.loss:.3f}", flush=True)

    return tell_step


# --- all seeds ------------------------------------------------------------------------------------------------------


def summarise(record: Record, scores: Mapping[int, Mapping[str, Any]]) -> None:
    """Figures and tables of all seeds."""
    of_arm = {arm: [recall_by_length(seed[arm]) for seed in scores.values()] for arm in ARMS}
    for arm in ARMS:
        for length in LENGTHS:
            runs = [100 * shares[length] for shares in of_arm[arm]]
            record.add(f"{arm}_recall_{length}", fmean(runs), "%", runs)
            record.add_row("recall", {"arm": arm, "tokens": length, **_interval(runs)})
    for control in ("scaled", "short"):
        gains = [
            100 * (long[LENGTHS[-1]] - other[LENGTHS[-1]])
            for long, other in zip(of_arm["long"], of_arm[control], strict=True)
        ]
        record.add(f"gain_over_{control}", fmean(gains), "points", gains)
        record.add(f"gain_over_{control}_at_least", fmean(gains) - _half_interval(gains), "points")
        record.add_row("gain at 4N", {"long against": control, **_interval(gains)})
    for row in _by_depth(scores):
        record.add_row("recall by depth", row)
    for row in _by_position(scores):
        record.add_row("loss by position", row)
    for number, seed in scores.items():
        record.add_row("bases", {"seed": number, "models begun": seed["begun"]})
    for arm in SAMPLES:
        made = [seed["agent"][arm] for seed in scores.values()]
        record.add_row("samples", {"arm": arm, **{name: sum(each[name] for each in made) for name in made[0]}})


def recall_by_length(scores: Mapping[str, Any]) -> dict[int, float]:
    """The share found at each length, of one arm and seed."""
    return {
        length: sum(row["found"] for row in scores["recall"] if row["length"] == length)
        / sum(row["asked"] for row in scores["recall"] if row["length"] == length)
        for length in LENGTHS
    }


def _by_depth(scores: Mapping[int, Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    for arm in ARMS:
        for length in LENGTHS:
            shares = {}
            for depth in DEPTHS:
                cells = [
                    row
                    for seed in scores.values()
                    for row in seed[arm]["recall"]
                    if (row["length"], row["depth"]) == (length, depth)
                ]
                shares[f"{depth} %"] = round(
                    100 * sum(cell["found"] for cell in cells) / sum(cell["asked"] for cell in cells), 1
                )
            yield {"arm": arm, "tokens": length, **shares}


def _by_position(scores: Mapping[int, Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    for arm in ARMS:
        for index, bucket in enumerate(next(iter(scores.values()))[arm]["positions"]):
            here = [seed[arm]["positions"][index] for seed in scores.values()]
            yield {
                "arm": arm,
                "from": bucket["start"],
                "to": bucket["end"],
                "nats": round(fmean(each["every"] for each in here), 3),
                "nats of what was told before": round(fmean(each["known"] for each in here), 3),
            }


def _interval(runs: Sequence[float]) -> dict[str, Any]:
    """Mean and Student's interval of the mean; none of a single run."""
    mean = fmean(runs)
    if len(runs) < 2:
        return {"mean": round(mean, 1), "95 % interval": "-"}
    half = _half_interval(runs)
    return {"mean": round(mean, 1), "95 % interval": f"{mean - half:.1f} to {mean + half:.1f}"}


def _half_interval(runs: Sequence[float]) -> float:
    """Half of Student's 95 % interval of the mean; not bounded for a single run."""
    if len(runs) < 2:
        return math.inf
    return _STUDENT[min(len(runs) - 2, len(_STUDENT) - 1)] * stdev(runs) / math.sqrt(len(runs))


if __name__ == "__main__":
    main()
