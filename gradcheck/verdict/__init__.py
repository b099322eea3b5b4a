"""Verdicts: pure comparison, findings and results. Calls nobody.

compare          an answer's block beside the truth: what is wrong, what is open (`hull`: at a kink); `worst`, the entry
                 that a finding names
finding          one fact with its evidence, and its sentence; `finding_kinds`: all of them, by code
                 (`finding_kind`: what a row holds); `examples` of their facts
conclusion       the verdict that findings ask for
result           what a check returns; `rendering`: as text and HTML; `measurement`: what a record keeps of it
function_report  the report on a function (`checked`: what was asked of it); `mistakes` and `plain_findings` in words
summary          a result in one line; `digits` and `styles` of what is shown
"""
