"""The name of a mistake: which row of the catalogue explains a subject that failed, and how that is known.

names         what is tried, in which order
likeness      when one answer is like another; `alike` looks for faults that give the subject's answers, on cases of
              the run and on `further` ones (`kept` as they are drawn), at some `edges` alone, with numbers `fitting`
relations     a network relation by relation: `bylayer` in MLPs, `byneuron` in networks of neurons
tallies       graphs whose paths can be told apart; `visiting`, networks whose ways can be; `branching` reads both
stretching    operands that are broadcast; `saturation`, slopes that grow; `probing`, chains and digits
repeating     the same questions twice; `endless`, subjects that run out of time
explained     which cases of the run a name explains
trainings     a trainer's steps (`led`), batches (`draws`) and end (`late`)
"""

from gradcheck.check.naming.endless import running_out
from gradcheck.check.naming.explained import Explains, sorted_out
from gradcheck.check.naming.names import Named, explanation

__all__ = ["Explains", "Named", "explanation", "running_out", "sorted_out"]
