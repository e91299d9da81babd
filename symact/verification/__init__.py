"""Whether what was printed about an activation is so."""
