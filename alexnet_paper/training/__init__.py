"""One training run, exact and resumable.

optimizer    the paper's update rule, and the losses
schedule     when the learning rate falls
plan         what a run is: everything its outcome depends on but the code
environment  versions, machine, device and commit
prefetch     batches prepared ahead of the training step
run          the folder of a run: log, checkpoint, lock
train        the training itself
wheel        writes the commit into a wheel that is built
"""
