"""What did an earlier run know of each case, and what is different now?

thirty_digits    numbers with a radius, as text
recorded         one case: its exact gradients, the error of the answer, the evaluations
document         the file: read, checked, written whole or not at all; `baseline.schema.json` describes it
changes          one case then and now: what changed, and whether that fails
comparing        all cases then and now
"""
