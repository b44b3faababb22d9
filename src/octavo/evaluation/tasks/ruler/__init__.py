"""RULER: needles, variable tracking, word counting and questions among documents, thirteen tasks in all."""

from octavo.evaluation.tasks.ruler.task import LENGTHS, TASKS, Ruler

__all__ = ["LENGTHS", "TASKS", "Ruler"]
