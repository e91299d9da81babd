"""Straight-line programs: what a kernel computes, between SymPy and source text."""
