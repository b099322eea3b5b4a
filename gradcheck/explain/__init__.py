"""What would be right, step by step, and how it is shown.

derivation        everything that `gradcheck explain` shows of a graph, as plain data (`derivation_parts`)
path_products     every path from a parameter to the loss, with the factor of each edge
reverse_sweep     what every user passes back; `printed_algorithm`, the pseudo-code of S2, which is wrong as printed
graph_tree        the graph as a tree from its loss; `formula_words`, local derivatives in the names of its nodes
views             a derivation on a console (`tables`), as Markdown, JSON (`derivation_json`) or a `diagram`
codes             what a finding's code or a fault's means
"""
