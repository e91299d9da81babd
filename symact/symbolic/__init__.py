"""Smooth pieces of a definition, their derivatives in the form a person writes, and limits that can be trusted."""
