"""How a run is shown, made of its events alone. Nothing here computes a result.

console          a run on the screen: `failure`, a failing case in six lines; `alike`: failures of one mistake;
                 `not_offered`; `graph_text` and `own_words`: a small graph; `plain_words`: findings without codes
verify_text      a verification on the screen; `verify_json`
plain_text       the screen as a file; `trimmed`: its lines; `progress`: that a command works
kinds            what `--report KIND=FILE` can write: `lines`, `run_json`, `junit_xml`, `sarif_log`, `github_commands`,
                 `markdown_summary`
run_record       what a run came to, the source of the documents (`document_report`, `whole_file`, `reported`,
                 `code_place`); `results_ahead`: results that workers have before their turn
faults_table     the harness's grades on its own catalogue
"""
