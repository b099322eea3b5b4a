"""What does a file offer, whatever its convention, and is it right?

function_pairs    a function and its derivative, put to the check of its kind, in its `own_precision`
"""
