"""The name of a mistake: which row of the catalogue explains a subject that failed, and how that is known.

search              the order in which the others are tried
match_catalogue     faults that give the subject's answers, on the run's cases and on `further_cases` (`lazy_sequence`),
                    at `single_edges` alone, with `fitted_numbers`; `answer_match`: whether answers agree
network_relations   a network relation by relation: `mlp_relations`, `neuron_relations`
path_counts         graphs whose paths show in a gradient; `visit_counts`, the same for networks; `branch_counts` reads
                    both
broadcast_probes    operands that are broadcast; `slope_limit`, slopes that grow; `chain_probes`, chains and digits
kept_between_calls  the same questions twice; `running_time`, subjects that run out of time
explained_cases     which cases of the run a name explains
training_names      a trainer's steps (`guided_training`), batches (`batch_draws`) and end (`late_stop`)
"""

from gradcheck.diagnosis.naming.explained_cases import Explains, sorted_out
from gradcheck.diagnosis.naming.running_time import running_out
from gradcheck.diagnosis.naming.search import Named, explanation

__all__ = ["Explains", "Named", "explanation", "running_out", "sorted_out"]
