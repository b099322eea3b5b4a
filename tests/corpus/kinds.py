"""The kinds of mistake that a label may name: the corpus's own list, since it knows nothing of any checker."""

KINDS = (
    "sign", "factor", "mean-sum", "transposed", "permuted", "exchanged", "broadcast", "zero", "constant", "places",
    "first-sample", "loss-term", "cotangent-ignored", "cotangent-twice", "precision", "stale", "dropped", "doubled",
    "path-sign", "path-factor", "slope-at-output", "slope-forgotten", "slope-twice", "other-slope", "quotient",
    "power-rule", "maximum", "norm", "variance-mean", "softmax-diagonal", "product-transposed", "mask-scale",
    "scatter", "cumulative", "guard", "constant-cut", "branch", "overwritten", "truncated", "conjugate",
)  # fmt: skip

CONTRACT = "contract"
"""What is wrong is no number but a contract: state, a mutation, NaN, a shape, something raised."""
