"""Items that gradcheck does not judge rightly yet, and that count neither in `score.py` nor in `test_score.py`.

TO BE EMPTIED. Those with a reason are labelled functions of `functions/new_*.py` and `blind_*.py` whose first verdict
was false. `score.py` judges them and says which are judged rightly by now: such a name is taken out in the commit that
mends its verdict.
`HELD_BACK` names items that nothing judges unless it is told to: they are labelled, and nobody has seen a verdict.
No name may be added for an item that was judged rightly before.
"""

HELD_BACK: frozenset[str] = frozenset()

PENDING: frozenset[str] = frozenset(
    {
        *HELD_BACK,
        # right on the sphere; the unit vector given is one of few digits, which is taken for an accident
        "sphere_density_tangent",
    }
)
