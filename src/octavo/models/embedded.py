"""A model that runs in this process: llama.cpp behind the same HTTP interface as any other.

Starts the server of xllamacpp on a free loopback port when first used and talks to it as an `EndpointModel`. Knows
weights and the engine's settings; nothing of what is asked.
"""

from __future__ import annotations

import asyncio
import hashlib
import threading
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any, get_args

from octavo.errors import MissingExtra, ModelUnavailable, UsageError
from octavo.models.chat import Completion, Message, Request, ToolSchema
from octavo.models.cores import patient_threads, physical_cores
from octavo.models.eight_bits import at_eight_bits
from octavo.models.endpoint import EndpointModel
from octavo.models.install import SMALL, SMALL_RAW, Small, require_weights
from octavo.models.tokenizer import Tokenizer
from octavo.models.tokenizers import find_tokenizer, gguf_or_estimate
from octavo.models.weights import default_cache, weights_hash

READER = Path(__file__).parent / "adapters" / "smollm2-reader.gguf"
"""What octavo taught it: a LoRA adapter (`adapters/README.md` is its card)."""

_BATCH = 512
"""Tokens worked on in one go: the engine notices a cancelled call, and lets another in, once a batch."""

_CACHE_MIB = 256
"""What the engine may keep of earlier prompts; its own default is 8 GiB, which a reading of a book would fill with
chunks that are not asked about again."""

_ERRORS_ONLY = 0
_ANY_PORT = 0
_CALL_SECONDS = 1_800.0
"""A call may stand in line behind a whole window's prefill on a slow machine."""


class EmbeddedModel:
    """The model in the `.gguf` file at `path`; without one, the small model that `octavo models install smollm2`
    fetches, with what octavo taught it of reading unless it is wanted `raw`.

    `window` is in tokens, for each of `parallel` calls at once; more calls wait at the server. `threads` is the number
    of physical cores unless given. `adapter` is a LoRA adapter's `.gguf`, in place of octavo's own. `like` is for a
    file that the small model became by more training: as which of the two it is to be asked. `tokenizer` is needed only
    where the file's own cannot be rebuilt. `cache` is the folder for what is worked out once: the tokenizer, the hash
    of the weights, the small model's weights in the form that is read fastest (145 MB).
    """

    def __init__(
        self,
        path: str | Path | None = None,
        *,
        window: int = 8_192,
        parallel: int = 2,
        threads: int | None = None,
        adapter: str | Path | None = None,
        raw: bool = False,
        like: Small | None = None,
        tokenizer: str | Path | None = None,
        cache: Path | None = None,
    ) -> None:
        if like is not None and (path is None or like not in get_args(Small)):
            raise UsageError(f"like={like!r} is for a model from a file, and one of {', '.join(get_args(Small))}")
        self._given_path = Path(path).expanduser() if path is not None else None
        self._given_window = window
        self._parallel = parallel
        self._threads = threads
        taught = READER if path is None and not raw else None
        self._adapter = Path(adapter).expanduser() if adapter is not None else taught
        self._given_like = like
        self._given_tokenizer = tokenizer
        self._cache = cache
        self._server: Any = None
        self._endpoint: EndpointModel | None = None
        self._starting = threading.Lock()

    @property
    def name(self) -> str:
        """ "smollm2", "smollm2-raw" where nothing is laid over it, or the name of the file."""
        return self._given_path.stem if self._given_path is not None else self._small

    @property
    def like(self) -> Small | None:
        """The small model that it is asked like, None where it is asked like any other."""
        return self._given_like if self._given_path is not None else self._small

    @property
    def host(self) -> str:
        """This process: nothing leaves it."""
        return "this process"

    @property
    def weights(self) -> Path:
        """The file of the weights, known before they are loaded. Raises `UsageError` where there is none."""
        if self._given_path is None:
            return require_weights(SMALL)
        if not self._given_path.is_file():
            raise UsageError(f"{self._given_path}: no such file; a model is a .gguf file")
        return self._given_path

    @property
    def adapter(self) -> Path | None:
        """The file of the adapter that is laid over the weights."""
        return self._adapter

    @property
    def window(self) -> int:
        """Tokens that prompt and reply of one call may have together."""
        return self._known().window

    @property
    def tokenizer(self) -> Tokenizer:
        """The model's own, from its file."""
        return self._known().tokenizer

    @property
    def fingerprint(self) -> str:
        """The hash of the weights and of the adapter."""
        return self._known().fingerprint

    @property
    def parallel(self) -> int | None:
        """Calls that the engine works on at once."""
        return self._parallel

    @property
    def warnings(self) -> tuple[str, ...]:
        """What the user should know about this model."""
        return self._endpoint.warnings if self._endpoint is not None else ()

    async def ready(self) -> None:
        """Load the weights and start the engine.

        Raises `MissingExtra` without xllamacpp, `UsageError` without weights, `ModelUnavailable` where the engine does
        not take them.
        """
        if self._endpoint is None:
            await asyncio.to_thread(self._start)
        await self._known().ready()

    def measure(self, messages: Sequence[Message], tools: Sequence[ToolSchema] = ()) -> int:
        """Tokens of the whole prompt, chat template and tools included."""
        return self._known().measure(messages, tools)

    async def complete(self, request: Request) -> Completion:
        """One call, one reply. Raises a `ModelError`; cancelling it stops the work on it."""
        await self.ready()
        return await self._known().complete(request)

    async def stream(self, request: Request) -> AsyncIterator[str | Completion]:
        """The same reply in pieces as they come; the last item is the `Completion`."""
        await self.ready()
        async for piece in self._known().stream(request):
            yield piece

    async def aclose(self) -> None:
        """Stop the engine and give its memory back."""
        endpoint, self._endpoint = self._endpoint, None
        if endpoint is not None:
            await endpoint.aclose()
        await asyncio.to_thread(self._stop)

    @property
    def _small(self) -> Small:
        return SMALL if self._adapter is not None else SMALL_RAW

    def _known(self) -> EndpointModel:
        if self._endpoint is None:
            raise RuntimeError("await ready() before asking about the model")
        return self._endpoint

    def _start(self) -> None:
        with self._starting:
            if self._endpoint is not None:
                return
            cache = self._cache or default_cache()
            weights, adapter = self._loaded(cache)
            hashes = [weights_hash(file, cache) for file in (weights, adapter) if file is not None]
            given = self._given_tokenizer
            tokenizer = find_tokenizer(given, cache) if given is not None else gguf_or_estimate(self.weights, cache)
            self._server = self._engine(weights, adapter)
            self._endpoint = EndpointModel(
                base_url=f"{self._server.listening_address}/v1",
                api_key="none",
                window=self._given_window,
                tokenizer=tokenizer,
                timeout=_CALL_SECONDS,
                cache=cache,
                fingerprint=hashlib.sha256("\n".join(hashes).encode()).hexdigest()[:32],
            )

    def _loaded(self, cache: Path) -> tuple[Path, Path | None]:
        """The files that the engine is given. The small model is read in a form that the engine is fast with, where
        there is room to keep it; other models may be large, and are taken as they come."""
        weights, adapter = self.weights, self._adapter
        if self._given_path is None:
            try:
                return at_eight_bits(weights, adapter, cache), None
            except OSError:
                pass
        return weights, adapter

    def _stop(self) -> None:
        # The engine has no call to stop it: it stops, and waits for its threads, when nothing holds it any more.
        self._server = None

    def _engine(self, weights: Path, adapter: Path | None) -> Any:
        patient_threads()  # the engine's thread library looks at them as it is loaded
        try:
            import xllamacpp
        except ImportError as error:
            raise MissingExtra("the embedded model", "local") from error

        settings = xllamacpp.CommonParams()
        settings.model.path = str(weights)
        settings.model_alias = {self.name}
        settings.n_parallel = self._parallel
        settings.n_ctx = self._given_window * self._parallel
        settings.n_batch = settings.n_ubatch = _BATCH
        settings.cpuparams.n_threads = settings.cpuparams_batch.n_threads = self._threads or physical_cores()
        settings.flash_attn_type = xllamacpp.llama_flash_attn_type.LLAMA_FLASH_ATTN_TYPE_ENABLED
        # Both only cost time here: the sizes are given, and the first prompt warms up as well as an empty one.
        settings.fit_params = settings.warmup = False
        settings.cache_ram_mib = _CACHE_MIB
        settings.endpoint_props = True
        settings.ui = False
        settings.verbosity = _ERRORS_ONLY
        settings.port = _ANY_PORT
        if adapter is not None:
            settings.lora_adapters = [_adapter(adapter)]
        try:
            return xllamacpp.Server(settings)
        except (RuntimeError, ValueError) as error:
            raise ModelUnavailable(f"{weights}: the engine cannot load it: {error}") from error


def _adapter(path: Path) -> Any:
    import xllamacpp

    adapter = xllamacpp.CommonAdapterLoraInfo()
    adapter.path, adapter.scale = str(path), 1.0
    return adapter
