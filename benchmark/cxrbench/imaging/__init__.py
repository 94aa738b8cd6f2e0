"""Files to canonical arrays: one module a family of formats."""
