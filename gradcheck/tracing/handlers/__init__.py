"""The NumPy functions that traced arrays support, one file per kind. Importing them fills the registry.

ufunc_calls        calls of ufuncs, with out= and where=; reduce, accumulate, outer and at
methods            operators and methods of arrays; `indexing`: x[idx] and x[idx] = value
elementwise        smooth ufuncs; `special_functions`, those of SciPy; `step_functions`, sign, floor and the like
comparison         comparisons, decided or forked; `maximum_and_where`: maximum, abs, clip, where
reductions         sums, products, means; `extremes`, the largest and smallest; `statistics`; `sorting`
contraction        products of matrices and tensors; `linear_algebra`, `factorizations`
eigenpairs         eigenvalues of any square matrix; `scipy_matrices`, what scipy.linalg offers besides;
                   `scipy_transforms`: scipy.fft, scipy.signal, distances
complex_ufuncs     complex numbers: arithmetic; `complex_functions`: what NumPy offers besides, Fourier transforms;
                   `complex_matrices`
moving_entries     functions that only move entries; `buffers`: copies, and writing into arrays
"""

from gradcheck.tracing.handlers import (  # noqa: F401 - importing them fills the registry
    buffers,
    comparison,
    complex_functions,
    complex_matrices,
    complex_ufuncs,
    contraction,
    eigenpairs,
    elementwise,
    extremes,
    factorizations,
    indexing,
    linear_algebra,
    maximum_and_where,
    methods,
    moving_entries,
    numpy_source,
    reductions,
    scipy_matrices,
    scipy_transforms,
    sorting,
    special_functions,
    statistics,
    step_functions,
)
