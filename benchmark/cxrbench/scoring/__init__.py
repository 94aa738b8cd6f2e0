"""How a result is made: predictions to metrics, subgroups, comparisons and reproductions."""
