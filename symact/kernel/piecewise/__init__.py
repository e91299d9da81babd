"""Programs that look polynomials' coefficients up, 16 numbers at once in registers: levels ``table`` and ``accurate``.

The way of a function:

    its exact values, symmetry and ends                      exact.py, ends.py
      -> what a table may hold, and the forms of that        candidates.py, form.py (one value, rounded as it comes)
                                                             splits.py, compensated.py (nothing that counts is lost)
      -> the intervals, and the entries of a form:           grid.py
         centres and coefficients                            entries.py, fit.py
      -> the first form that is exact enough for a level     search.py

`docs/kernels.md` says how a result comes about.
"""
