"""What octavo is to reach: every claim, the figure that decides it, its limit, and what the peer takes for the same.

The peer's figures were measured with Qwen-Agent 0.0.34 on a machine of the same kind (2 cores); where the work
differs from ours, the column says how. Knows no measurements.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Target:
    """A figure of a benchmark's record, and what it has to keep; neither limit: it is reported only. `label` tells
    apart the figures of one claim."""

    figure: str
    label: str = ""
    at_most: float | None = None
    at_least: float | None = None

    def met(self, value: float) -> bool | None:
        """Whether `value` keeps the limits; None where there are none."""
        if self.at_most is None and self.at_least is None:
            return None
        return (self.at_most is None or value <= self.at_most) and (self.at_least is None or value >= self.at_least)

    def text(self, unit: str) -> str:
        """The limit as people read it."""
        label = f"{self.label}: " if self.label else ""
        suffix = f" {unit}" if unit else ""
        if self.at_most is not None:
            return f"{label}≤ {self.at_most:g}{suffix}"
        if self.at_least is not None:
            return f"{label}≥ {self.at_least:g}{suffix}"
        return f"{label}reported"


@dataclass(frozen=True, slots=True)
class Claim:
    """One line of RESULTS.md: what is measured, in the record of which `benchmark`, against which targets. `script` is
    what makes the record where its name is another, with these `options`."""

    what: str
    benchmark: str
    targets: tuple[Target, ...]
    peer: str = "-"
    script: str = ""
    options: str = ""

    @property
    def command(self) -> str:
        """What measures it."""
        return f"python benchmarks/{self.script or self.benchmark}.py {self.options}".rstrip()


CLAIMS = (
    Claim(
        "reading with the embedded model: uncached prompt tokens per second ÷ the same server's raw prefill rate on "
        "prompts of the same size",
        "embedded_throughput",
        (Target("prompt_share", at_least=0.90),),
    ),
    Claim(
        "the same: document tokens per second ÷ raw prefill rate",
        "embedded_throughput",
        (Target("document_share", at_least=0.65),),
    ),
    Claim(
        "chunk-reading prompts ÷ document tokens, War and Peace, 512-token chunks, answering calls apart",
        "prompt_overhead",
        (
            Target("ratio_number", "sentences numbered", at_most=1.40),
            Target("ratio_quote", "quotes", at_most=1.30),
            Target("ratio_opening", "opening words", at_most=1.30),
        ),
        peer="1.40 at 1,000-token chunks",
    ),
    Claim(
        "mean fill of chunks on War and Peace",
        "prompt_overhead",
        (Target("fill", at_least=75),),
    ),
    Claim(
        "2,000 chunks against a fake endpoint that answers at once",
        "orchestration",
        (Target("instant_seconds", at_most=10),),
        peer="25 s per 100",
    ),
    Claim(
        "the same with 200 ms latency, concurrency fixed at 64 (ideal 6.3 s); and adaptive",
        "orchestration",
        (Target("fixed_seconds", "fixed", at_most=12), Target("adaptive_seconds", "adaptive")),
    ),
    Claim(
        "10 MB of text, second question in a fresh process, up to the first model call",
        "second_question",
        (Target("seconds", at_most=2), Target("peak_mib", at_most=400)),
        peer="54 s, 529 MB",
    ),
    Claim(
        "add 10 M tokens of text (parse, chunk, index), and search them",
        "library_scale",
        (
            Target("tokens_per_second", "add"),
            Target("search_p50_ms", "search p50"),
            Target("search_p95_ms", "search p95", at_most=50),
        ),
        peer="20.5 s a query at 1.6 M tokens",
    ),
    Claim(
        "261-page PDF to a Document",
        "pdf_to_document",
        (Target("seconds", at_most=3), Target("peak_mib", at_most=250)),
        peer="15 s, 1.2 GB for 200 pages",
    ),
    Claim(
        "killed (`kill -9`) at half of a reading, run again: calls repeated (16 at once), answers that differ from an "
        "undisturbed reading's",
        "kill_and_resume",
        (
            Target("repeated_most", "repeated, the most of all runs", at_most=16),
            Target("answers_that_differ", "differing", at_most=0),
        ),
        peer="starts over",
    ),
    Claim(
        "100 random one-sentence insertions into War and Peace, already read: chunk calls paid again",
        "edited_book",
        (Target("calls_median", "median", at_most=2), Target("calls_p95", "95th percentile", at_most=4)),
        peer="all",
    ),
    Claim("`octavo --help`", "help_time", (Target("seconds", at_most=0.3),)),
    Claim(
        "any window from 4,096 up, any question length, 50 files: prompts over the window",
        "windows",
        (Target("prompts_over_window", at_most=0),),
        peer="hard error",
    ),
    Claim(
        "100 MuSiQue questions, the facts hidden in 200,000 tokens each, gold sub-questions: all evidence in the final "
        "prompt at level reason, with a reader that is never wrong; with one that finds 90 % and claims 5 % falsely",
        "multihop",
        (
            Target("reason_evidence", "never wrong", at_least=95),
            Target("reason_noisy_evidence", "noisy", at_least=80),
        ),
    ),
    Claim(
        "the same questions at the levels below, never wrong, for the difference",
        "multihop",
        (
            Target("retrieve_evidence", "retrieve"),
            Target("read_evidence", "read"),
            Target("read_twice_evidence", "read, two rounds"),
        ),
    ),
    Claim(
        "the facts of MuSiQue questions, hidden in 128,000 tokens and in 1,000,000: how many of 100 stand in the final "
        "prompt of a window of 4,096, retrieved; read by a reader that misses nothing; by one that finds 70 % and "
        "claims 5 % falsely",
        "evidence_recall",
        (
            Target("128k_4096_retrieve_recall", "128k, retrieve"),
            Target("128k_4096_read_100_0_recall", "128k, read"),
            Target("128k_4096_read_70_5_recall", "128k, read, weak"),
            Target("1000k_4096_retrieve_recall", "1M, retrieve"),
            Target("1000k_4096_read_100_0_recall", "1M, read"),
            Target("1000k_4096_read_70_5_recall", "1M, read, weak"),
        ),
    ),
    Claim(
        "level reason at a server where 20 % of the prompts fail once and 2 % for good, with misbehaving planners: "
        "runs that raise or hang, answers or coverages that are not true, budgets overrun",
        "faults",
        (Target("violations", at_most=0),),
    ),
    Claim(
        "level reason over 1 M tokens, three hops: peak memory; calls of a second question that came before",
        "reason_memory",
        (
            Target("peak_mib", "memory", at_most=600),
            Target("calls_repeated", "repeated", at_most=0),
            Target("second_reused_calls", "reused"),
        ),
    ),
    Claim(
        "k questions put to every chunk together, k = 2 to 6: prompt tokens added by each, as a share of one "
        "question's; findings that differ from asking one by one",
        "batching",
        (
            Target("worst_extra", "added", at_most=0.25),
            Target("findings_that_differ", "differing", at_most=0),
        ),
    ),
    *(
        Claim(
            f"needles (NeedleBench v2's S-RT, English), 110 placements in {thousands}k tokens, by the embedded model",
            f"needle_en_{thousands}k_10_sets",
            (Target("s_rt_read", "level read", at_least=95), Target("s_rt_retrieve", "level retrieve")),
            script="needle",
            options=f"--length {thousands}000 --tasks s_rt --methods retrieve read --repeats 10 --depths 0:100:10",
        )
        for thousands in (8, 32, 128)
    ),
    Claim(
        "reading by the embedded model: passages that do not help, in which it points at nothing (MuSiQue's "
        "paragraphs; passages of a book; passages about held-out worlds that tell something like what is asked); "
        "passages that help, in which it points at a sentence that does",
        "embedded_reader_trained",
        (
            Target("musique_en_none", "nothing, MuSiQue", at_least=95),
            Target("worlds_en_none_of_plain", "nothing, book", at_least=95),
            Target("worlds_en_none_of_like", "nothing, like"),
            Target("musique_en_hit", "helping, MuSiQue"),
            Target("worlds_en_hit", "helping, worlds"),
        ),
        script="embedded_reader",
    ),
    Claim(
        "questions of two hops about made-up worlds in 20,000 tokens, by the embedded model: exact match",
        "embedded_multihop_trained",
        (Target("reason_exact", "level reason", at_least=60),),
        script="embedded_multihop",
        options="--levels reason",
    ),
    Claim(
        "trained on what the agent made of texts of up to 4N tokens: needles found at 4N more than with positions "
        "stretched alone, and than after as much training on N tokens (lower end of the 95 % interval)",
        "length_experiment",
        (
            Target("gain_over_scaled_at_least", "stretched alone", at_least=0),
            Target("gain_over_short_at_least", "trained on N", at_least=0),
        ),
    ),
    Claim(
        "an exported training against the trained model: tokens for which both expect the same next one; perplexity",
        "export_parity",
        (
            Target("f16_agreement", "f16", at_least=99),
            *(
                Target(f"{name}_ratio", name, at_most=1.05)
                for name in ("q8_0", "q5_1", "q5_0", "q4_1", "q4_0", "adapter")
            ),
        ),
    ),
)
