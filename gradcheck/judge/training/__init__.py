"""A training on trial: its form, its batches, every step, and its end.

training_trial       the trial; `training_estimates`: what the oracles answer in its course
update_steps         is each step the schedule's update (constant rate, decay, AdaGrad) of the exact gradient?
step_protocol        is an answer steps of this training at all?
batches, stopping    does every epoch partition the data, and does the training end when it must?
"""
