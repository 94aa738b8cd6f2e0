"""Tasks: what is predicted and how it is scored. One file per task, found by its registry."""

from cxrbench.tasks.base import Arrays, Measured, Rated, Read, Row, Task, Tuned, tasks

__all__ = ["Arrays", "Measured", "Rated", "Read", "Row", "Task", "Tuned", "tasks"]
