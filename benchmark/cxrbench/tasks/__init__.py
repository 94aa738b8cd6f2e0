"""Tasks: what is predicted and how it is scored. One file per task, found by its registry."""

from cxrbench.tasks.base import Arrays, MeasuredMetric, RaterTask, ReaderStudyTask, Row, Task, TunableTask, tasks

__all__ = ["Arrays", "MeasuredMetric", "RaterTask", "ReaderStudyTask", "Row", "Task", "TunableTask", "tasks"]
