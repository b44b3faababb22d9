"""Whether an exported file says what the trained model says: both read one text, and each next token is compared.

llama.cpp's server tells probabilities of what it writes, not of what it reads, so each token of the text is asked for
in turn after those before it, which it still holds, and the token is forced. Probabilities are those before forcing.
Knows llama.cpp's `/completion` and transformers' logits.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from octavo.errors import MissingExtra, TrainingError
from octavo.models.cores import patient_threads

_FORCED = 1e6
"""Added to the logit of the token that is to come: more than any model's logits differ."""

_ALL = 1_000_000
"""More tokens than any vocabulary has."""

_SECONDS = 600.0
_ANY_PORT = 0
_ERRORS_ONLY = 0


@dataclass(frozen=True, slots=True)
class Scored:
    """What a model thinks of a token in a text: the token `best` that it expects in its place, and the natural
    logarithm of the probability that it gives to the one that is there."""

    best: int
    log_probability: float


@dataclass(frozen=True, slots=True)
class Parity:
    """An exported file against the trained model, over `positions` tokens: `agreement` is the share of them for which
    both expect the same token; the perplexities are exp of the mean negative log-probability."""

    positions: int
    agreement: float
    perplexity: float
    trained_perplexity: float

    @property
    def ratio(self) -> float:
        """The file's perplexity over the trained model's: 1 where nothing was lost."""
        return self.perplexity / self.trained_perplexity


def compare(exported: Sequence[Scored], trained: Sequence[Scored]) -> Parity:
    """Two readings of the same tokens. Raises `ValueError` where they are not as long."""
    pairs = list(zip(exported, trained, strict=True))
    return Parity(
        len(pairs),
        sum(one.best == other.best for one, other in pairs) / len(pairs),
        _perplexity(exported),
        _perplexity(trained),
    )


def score_in_transformers(model: Any, tokens: Sequence[int]) -> list[Scored]:
    """Each token but the first, as the model (with or without adapters) expects it after those before.

    For a comparison with a file it should be one of single precision (`model.float()`): in half precision, a model's
    own roundings change more tokens than a file of 16 bits does (2 % against 0.3 %, for SmolLM2-135M).
    """
    import torch

    was_training = model.training
    model.eval()
    with torch.inference_mode():
        logits = model(torch.tensor([list(tokens)], device=model.device), use_cache=False).logits[0, :-1].float()
    model.train(was_training)
    found = logits.log_softmax(-1)[torch.arange(len(tokens) - 1), torch.tensor(tokens[1:])]
    return [Scored(best, value) for best, value in zip(logits.argmax(-1).tolist(), found.tolist(), strict=True)]


def score_in_llama_cpp(
    file: Path, tokens: Sequence[int], *, adapter: Path | None = None, threads: int = 1
) -> list[Scored]:
    """Each token but the first, as llama.cpp with the model in `file`, and an adapter's file over it, expects it.

    Raises `TrainingError` where it does not load them.
    """
    import httpx

    server = _server(file, adapter, window=len(tokens) + 8, threads=threads)
    with httpx.Client(base_url=server.listening_address, timeout=_SECONDS, trust_env=False) as client:
        return [_score(client, tokens, position) for position in range(1, len(tokens))]


def _score(client: Any, tokens: Sequence[int], position: int) -> Scored:
    before, wanted = list(tokens[:position]), tokens[position]
    said = _next_token(client, before, forced=wanted, listed=1)
    if said is not None:
        return Scored(said["top_logprobs"][0]["id"], said["logprob"])
    # Of a token that is a part of a letter's bytes the server tells nothing: another is forced, and all are listed.
    said = _next_token(client, before, forced=_space(client), listed=_ALL)
    if said is None:
        raise TrainingError(f"llama.cpp tells no probabilities for token {position:,} of the text")
    found = {each["id"]: each["logprob"] for each in said["top_logprobs"]}
    return Scored(said["top_logprobs"][0]["id"], found[wanted])


def _next_token(client: Any, before: list[int], *, forced: int, listed: int) -> dict[str, Any] | None:
    """What the server says of the token after those `before`, made to be `forced`: its own probability, and those of
    the `listed` likeliest; None where it says nothing."""
    reply = client.post(
        "/completion",
        json={
            "prompt": before,
            "n_predict": 1,
            "n_probs": listed,
            "cache_prompt": True,
            "samplers": ["top_k"],
            "top_k": 1,
            "logit_bias": [[forced, _FORCED]],
        },
    )
    reply.raise_for_status()
    said: list[dict[str, Any]] = reply.json().get("completion_probabilities", [])
    if said and said[0]["id"] != forced:
        raise TrainingError(f"llama.cpp wrote token {said[0]['id']} in place of {forced}, which was forced")
    return said[0] if said else None


def _space(client: Any) -> int:
    reply = client.post("/tokenize", json={"content": " ", "add_special": False})
    reply.raise_for_status()
    return int(reply.json()["tokens"][0])


def _perplexity(scored: Sequence[Scored]) -> float:
    return math.exp(-sum(one.log_probability for one in scored) / len(scored))


def _server(file: Path, adapter: Path | None, *, window: int, threads: int) -> Any:
    patient_threads()
    try:
        import xllamacpp
    except ImportError as error:
        raise MissingExtra("a comparison with llama.cpp", "local") from error
    settings = xllamacpp.CommonParams()
    settings.model.path = str(file)
    settings.n_parallel = 1
    settings.n_ctx = window
    settings.cpuparams.n_threads = settings.cpuparams_batch.n_threads = threads
    # What is compared is the file: the engine's cache shall not round on top of it.
    settings.cache_type_k = settings.cache_type_v = xllamacpp.ggml_type.GGML_TYPE_F32
    settings.fit_params = settings.warmup = False
    settings.ui = False
    settings.verbosity = _ERRORS_ONLY
    settings.port = _ANY_PORT
    if adapter is not None:
        laid_over = xllamacpp.CommonAdapterLoraInfo()
        laid_over.path, laid_over.scale = str(adapter), 1.0
        settings.lora_adapters = [laid_over]
    try:
        return xllamacpp.Server(settings)
    except (RuntimeError, ValueError) as error:
        raise TrainingError(f"{adapter or file}: llama.cpp does not load it: {error}") from error
