"""Programs that look polynomials' coefficients up, 16 numbers at once in registers: level ``table``.

The way of a function:

    its exact values, symmetry and ends                      exact.py, ends.py
      -> what a table may hold, and the forms of that        candidates.py, form.py, grid.py
      -> the entries of a form: centres and coefficients     entries.py, fit.py
      -> the first form that is exact enough                 search.py

`docs/kernels.md` says how a result comes about.
"""
