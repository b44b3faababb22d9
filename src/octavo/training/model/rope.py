"""How far a model's rotary positions reach, and how they are stretched to a wanted length.

Positions are rotations (RoPE: Su et al. 2021, arXiv 2104.09864) by the angles position · theta^(-2i/d), d being the
dimensions that are rotated. To stretch them is a change of configuration alone:

- `linear`: positions are divided by the factor (position interpolation: Chen et al. 2023, arXiv 2306.15595).
- `dynamic`: theta grows with each sequence that is longer than the original length ("dynamic NTK"; described in Peng
  et al. 2023, section 3.3).
- `yarn`: slow angles are divided, quick ones kept, attention is sharpened (Peng et al. 2023, arXiv 2309.00071).
- `abf`: a larger theta once and for all (adjusted base frequency: Xiong et al. 2023, arXiv 2309.16039).

Knows the dict that transformers 5 wants and the keys that llama.cpp reads; nothing of weights, and no torch.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, get_args

from octavo.errors import TrainingError, UsageError
from octavo.training.recipe import RopeKind

_PLAIN = "default"
"""What transformers calls rotations without scaling; ABF is this with another theta."""
_USUAL_THETA = 10_000.0
"""What a config means that names no theta (Su et al. 2021, section 3.2.2; transformers' default)."""
_BY_FACTOR = frozenset({"linear", "dynamic", "yarn", "llama3"})
"""Types that say by a factor how far they reach; `longrope` means something else by one."""
_OWN_KEYS = frozenset({"rope_type", "type", "rope_theta", "original_max_position_embeddings"})
_ATTENTION_KEYS = frozenset({"attention_factor", "mscale", "mscale_all_dim"})
"""By which of its entries transformers knows how much YaRN sharpens attention."""
_AS_USUAL: Mapping[str, Any] = {
    "beta_fast": 32.0,
    "beta_slow": 1.0,
    "truncate": True,
    "partial_rotary_factor": 1.0,
    "finetuned": True,
}
"""What llama.cpp computes with for the models that are exported, whatever a file says (it reads YaRN's betas for a few
others alone), and transformers too where a model's dict is silent (Peng et al. 2023, section 3.2)."""


@dataclass(frozen=True, slots=True)
class Rope:
    """The rotary positions of a model.

    `type` is transformers' name for the scaling (`default`: none), `factor` how much is scaled, `original` the tokens
    that the rotations were trained for and `length` those they reach with the scaling. `dimensions` is how many of a
    head's are rotated. `more` are the other entries of the model's own dict, kept as they are.
    """

    type: str
    theta: float
    factor: float
    original: int
    length: int
    dimensions: int
    more: Mapping[str, Any] = field(default_factory=dict)

    @property
    def extended(self) -> bool:
        """Whether the rotations are scaled already. A larger theta does not show: it looks like a model that was
        trained for the length."""
        return self.type != _PLAIN

    def as_config(self) -> dict[str, Any]:
        """The two entries of a transformers config, `rope_parameters` (always with `rope_theta`) and
        `max_position_embeddings`.

        The second is `length`, but for `dynamic`, where transformers compares every sequence with it: there it stays
        the original length, or nothing would be stretched.
        """
        parameters: dict[str, Any] = {"rope_type": self.type, "rope_theta": self.theta, **self.more}
        if self.type in _BY_FACTOR:
            parameters["factor"] = self.factor
        if self.type in ("yarn", "llama3", "longrope"):
            parameters["original_max_position_embeddings"] = self.original
        return {
            "rope_parameters": parameters,
            "max_position_embeddings": self.original if self.type == "dynamic" else self.length,
        }

    def as_gguf(self) -> dict[str, str | int | float]:
        """What llama.cpp reads of it: keys without the architecture's name in front, `context_length` among them.

        The angles of `llama3` are not among llama.cpp's values but a tensor of the file. Raises `TrainingError` for a
        scaling that llama.cpp does not compute, or that is not written here.
        """
        plain: dict[str, str | int | float] = {"context_length": self.length, "rope.freq_base": self.theta}
        if self.type == "llama3":
            return plain
        if self.type not in (_PLAIN, "linear", "yarn"):
            raise TrainingError(
                f"RoPE scaling of type {self.type} cannot be exported for llama.cpp; export with --to merged, or train "
                "with --rope yarn or --rope abf"
            )
        told = _ATTENTION_KEYS if self.type == "yarn" else frozenset()
        lost = [
            f"{key} {value}"
            for key, value in self.more.items()
            if key not in told and value is not None and value != _AS_USUAL.get(key)
        ]
        if lost:
            raise TrainingError(
                f"llama.cpp does not compute all of this model's RoPE scaling ({self.type} with {', '.join(lost)}); "
                "export with --to merged"
            )
        if self.type == _PLAIN:
            return plain
        scaling: dict[str, str | int | float] = {
            "rope.scaling.type": self.type,
            "rope.scaling.factor": self.factor,
            "rope.scaling.original_context_length": self.original,
        }
        sharpened = self._attention_factor() / _usual_attention_factor(self.factor)
        if self.type == "yarn" and not math.isclose(sharpened, 1.0, rel_tol=1e-6):
            scaling["rope.scaling.attn_factor"] = sharpened  # on top of the usual, which llama.cpp works out
        return plain | scaling

    def _attention_factor(self) -> float:
        """What sines and cosines are multiplied by under `yarn`, as transformers has it."""
        given, one, other = (self.more.get(key) for key in ("attention_factor", "mscale", "mscale_all_dim"))
        if given is not None:
            return float(given)
        usual = _usual_attention_factor
        return usual(self.factor, one) / usual(self.factor, other) if one and other else usual(self.factor)


def rope_of(config: Mapping[str, Any]) -> Rope:
    """The positions of a model, by its config (`config.json`, or a config's `to_dict()`), of transformers 5 or older.

    Raises `TrainingError` where the config names no length, or gives its layers different rotations.
    """
    parameters, length = _parameters(config), length_of(config)
    if not turns_alike(config):
        raise TrainingError(f"a {config.get('model_type', 'model')} has different rotations in different layers")
    kind = parameters.get("rope_type") or parameters.get("type") or _PLAIN
    factor = float(parameters.get("factor") or 1.0) if kind in _BY_FACTOR else 1.0
    original = parameters.get("original_max_position_embeddings") or config.get("original_max_position_embeddings")
    if kind == "dynamic":
        original, length = length, round(length * factor)
    elif kind == "yarn" and original:  # some makers, as Qwen does, tell to add it and leave the length as it was
        length = max(length, round(original * factor))
    own = _OWN_KEYS | {"factor"} if kind in _BY_FACTOR else _OWN_KEYS
    return Rope(
        kind,
        theta=float(parameters.get("rope_theta") or config.get("rope_theta") or _USUAL_THETA),
        factor=factor,
        original=length if kind == _PLAIN else int(original or round(length / factor)),
        length=length,
        dimensions=_rotated(config, parameters),
        more={key: value for key, value in parameters.items() if key not in own},
    )


def turns_alike(config: Mapping[str, Any]) -> bool:
    """Whether all layers of a model have the same rotations: Gemma 3's, and those of some others, have two kinds."""
    return not any(isinstance(value, Mapping) for value in _parameters(config).values())


def length_of(config: Mapping[str, Any]) -> int:
    """How many tokens a model reads, by its config. Raises `TrainingError` where that does not say."""
    length = config.get("max_position_embeddings")
    if not isinstance(length, int) or length < 1:
        raise TrainingError("the model's config has no max_position_embeddings: is it a language model with RoPE?")
    return length


def rope_of_gguf(metadata: Mapping[str, Any]) -> Rope:
    """The positions of a model in a GGUF file, by its metadata (`gguf_metadata`): what `as_gguf` wrote, and its like.

    Raises `TrainingError` where the file names no length.
    """
    architecture = metadata.get("general.architecture")

    def value(key: str) -> Any:
        return metadata.get(f"{architecture}.{key}")

    length = value("context_length")
    if not isinstance(length, int) or length < 1:
        raise TrainingError("the GGUF file does not say for how long a context its model was trained")
    scaling = value("rope.scaling.type")
    kind = _PLAIN if scaling in (None, "none") else str(scaling)
    factor = float(value("rope.scaling.factor") or 1.0)
    heads = value("attention.head_count") or 1
    sharpened = value("rope.scaling.attn_factor") if kind == "yarn" else None
    return Rope(
        kind,
        theta=float(value("rope.freq_base") or _USUAL_THETA),
        factor=factor,
        original=int(
            value("rope.scaling.original_context_length") or (length if kind == _PLAIN else round(length / factor))
        ),
        length=length,
        dimensions=int(
            value("rope.dimension_count")
            or value("attention.key_length")
            or (value("embedding_length") or 0) // heads  # as llama.cpp takes it where the file is silent
        ),
        more={"attention_factor": sharpened * _usual_attention_factor(factor)} if sharpened else {},
    )


def extend(rope: Rope, kind: RopeKind, wanted: int, *, theta: float | None = None) -> Rope:
    """The positions that reach `wanted` tokens, stretched from `rope` as `kind` says. `theta` is for `abf`: without
    one it is `ntk_theta`'s.

    Raises `UsageError` for a kind that is not known, for a length that needs no stretching (a factor of 1 or below) or
    is not reached without, and for positions that are stretched already.
    """
    if kind not in get_args(RopeKind):
        raise UsageError(f"no RoPE extension is called {kind!r}; there are {', '.join(get_args(RopeKind))}")
    if theta is not None and kind != "abf":
        raise UsageError(f"--rope-theta is for --rope abf; {kind} keeps the model's own base frequency")
    if kind == "none":
        if wanted > rope.length:
            raise UsageError(
                f"the model reads {rope.length:,} tokens, not {wanted:,}: add --rope yarn, or train at a shorter length"
            )
        return rope
    if wanted <= rope.length:
        raise UsageError(
            f"the model reads {rope.length:,} tokens already: {wanted:,} need no --rope {kind}; use --rope none"
        )
    if rope.extended:
        raise UsageError(
            f"the model's positions are stretched already ({rope.type}, from {rope.original:,} to {rope.length:,} "
            "tokens) and cannot be stretched twice; start from the model that was not"
        )
    factor = wanted / rope.length
    if kind == "abf":
        larger = theta if theta is not None else ntk_theta(rope.theta, factor, rope.dimensions)
        if not rope.theta < larger < math.inf:
            raise UsageError(
                f"--rope-theta {larger:g}: a longer context needs one above the model's own {rope.theta:,.0f}"
            )
        return replace(rope, theta=larger, original=wanted, length=wanted)
    return replace(rope, type=kind, factor=factor, length=wanted)


def ntk_theta(theta: float, factor: float, dimensions: int) -> float:
    """The theta at which the slowest angle turns `factor` times more slowly, and the quickest as before:
    theta · factor^(d / (d - 2)).

    "NTK-aware" scaling (Peng et al. 2023, arXiv 2309.00071, section 3.1). It is the least that covers the length; Xiong
    et al. 2023 (arXiv 2309.16039) went further and took 500,000 in place of 10,000 for 8 times the length.
    """
    if dimensions <= 2:
        raise UsageError(f"a larger theta stretches nothing where only {dimensions} dimensions are rotated")
    return float(theta * factor ** (dimensions / (dimensions - 2)))


def _parameters(config: Mapping[str, Any]) -> dict[str, Any]:
    return dict(config.get("rope_parameters") or config.get("rope_scaling") or {})


def _usual_attention_factor(factor: float, share: float = 1.0) -> float:
    """By how much YaRN sharpens attention (Peng et al. 2023, equation 22); `share` is transformers' mscale."""
    return 0.1 * share * math.log(factor) + 1.0 if factor > 1.0 else 1.0


def _rotated(config: Mapping[str, Any], parameters: Mapping[str, Any]) -> int:
    heads = config.get("num_attention_heads") or 1
    head = config.get("head_dim") or (config.get("hidden_size") or 0) // heads
    share = parameters.get("partial_rotary_factor") or config.get("partial_rotary_factor") or 1.0
    return int(head * share)
