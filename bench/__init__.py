"""How fast the worker is, beside three others that do the same (`make bench`); see RESULTS.md."""
