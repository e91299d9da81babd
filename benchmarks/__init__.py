"""symact's kernels beside other ways to compute the same functions: speed and error of each, measured in one run.

``python -m benchmarks --help`` says how, README.md what is measured. Nothing here is part of the wheel.
"""
