"""What benchmarks make of their means, against cases computed by hand."""

from __future__ import annotations

import pytest

from octavo.evaluation.totals import Part, totals_of


def part(score: float, items: int = 1, **conditions: object) -> Part:
    return Part(conditions, {"score": (score, items)})


def test_the_overall_score_of_needlebench_weighs_tasks_not_items() -> None:
    parts = [
        part(1.0, 3, task="s_rt", language="en", length=8_000),
        part(0.6, 1, task="s_rt", language="en", length=32_000),
        part(0.5, 2, task="m_rt", language="en"),
        part(0.1, 100, task="m_rs", language="en"),
        part(1.0, 1, task="s_rt", language="zh"),
    ]
    assert totals_of("needlebench-v2-style", parts) == {"overall en": pytest.approx((0.9 + 0.5 + 0.1) / 3)}
    assert totals_of("needlebench-v1", parts) == {"overall en": pytest.approx(0.4 * 0.9 + 0.3 * 0.5 + 0.3 * 0.1)}


def test_the_trace_is_weighted_by_needles_and_has_its_enl() -> None:
    parts = [
        part(score, 10, task="atc", language="en", needles=needles, kind=kind)
        for needles, score in ((2, 1.0), (4, 0.5), (8, 0.25))
        for kind in ("a", "b")
    ]
    totals = totals_of("needlebench-v2", parts)
    assert totals == {"trace en": pytest.approx((2 * 1.0 + 4 * 0.5 + 8 * 0.25) / 14), "ENL-50 en": 4}
    assert totals_of("needlebench-v1-style", parts) == {}


def test_the_rouge_of_l_eval_is_the_geometric_mean_of_means() -> None:
    parts = [
        Part(
            {"dataset": "news_summ", "language": "en"},
            {"score": (0.5, 2), "rouge_1": (0.8, 2), "rouge_2": (0.4, 2), "rouge_l": (0.6, 2)},
        ),
        part(1.0, 4, dataset="quality", language="en"),
    ]
    assert totals_of("leval", parts) == {"rouge news_summ": pytest.approx((0.8 * 0.4 * 0.6) ** (1 / 3))}


def test_other_benchmarks_have_none() -> None:
    assert totals_of("ruler-style", [part(1.0, task="niah")]) == {}
