"""CuPy kernels without a GPU: compiled by NVIDIA's compiler, executed as PTX on the CPU, their machine code counted.

The way of a kernel:

    cupy.ElementwiseKernel -> its CUDA source              source.py
      -> PTX and machine code                              nvrtc.py
           PTX -> a tree -> C -> executed                  ptx.py, instructions.py, translate.py, ptx.h, machine.py
           machine code -> its instructions, registers     sass.py
    an activation's kernels, all of this together          kernels.py
    what has to hold of them                               gates.py

`docs/cuda.md` says what is modelled and what is not.
"""
