"""What maintainers do with datasets: fetch, verify, prepare, describe, draw splits and audit them."""
