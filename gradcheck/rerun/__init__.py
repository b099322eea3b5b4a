"""What does a derivative's own code answer if one of its steps is done otherwise? Only NumPy's calls are recorded.

steps_tape      the steps of one run: which function of NumPy on which earlier results, and the line that called it
recorded_array  arrays that write a tape whenever NumPy works on them
recording       one run on such arrays; `rerun_numpy` lets the arrays that the code makes write, too
replayed_run    the steps once more, some of them otherwise, and what the run would have answered

No step is differentiated, and a call that NumPy does not hand on (a solver's, math.exp) is a constant of the run. A
recording counts only if, replayed as it is, it gives the answer that came.
"""
