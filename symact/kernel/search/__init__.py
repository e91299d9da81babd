"""The search: of all ways to write a function, the cheapest of the most exact ones.

The way of a pass:

    the line, cut into smooth regions; inputs on them               line.py, scaling.py, sampling.py
      -> what may compute a region: forms in every style,
         polynomials around what loses digits                       candidates.py, expansions.py, patch.py, trials.py
      -> how far each is from the truth, and what it costs          score.py
      -> the fewest and cheapest that cover a region                covering.py, regimes.py, levels.py
      -> what these have to stand besides                           fresh.py
      -> both halves of the line as one program                     symmetry.py, assembly.py, ends.py
      -> the best of all programs                                   passes.py
      -> in pairs, for the catalogue, without what does not show    trimming.py

`usual.py` finds short programs that are right on most of the line, among those of `short.py`, by the times of
`array_time.py`; `mixed.py` says where single numbers will do.
"""
