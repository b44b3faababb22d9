"""NeedleBench, v1 and v2: single and multi retrieval, multi reasoning, ancestral trace, in English and Chinese."""

from octavo.evaluation.tasks.needlebench.definition import V1, V2, effective_needles, overall, trace_total
from octavo.evaluation.tasks.needlebench.task import NeedleBench

__all__ = ["V1", "V2", "NeedleBench", "effective_needles", "overall", "trace_total"]
