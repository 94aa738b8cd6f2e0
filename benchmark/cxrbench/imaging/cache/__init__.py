"""The image cache: every radiograph of a dataset decoded once, written by one process, memory-mapped by many."""
