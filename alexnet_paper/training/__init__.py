"""Training runs that can be stopped and resumed with the same result.

optimizer    the paper's update rule, Adam, and a loss
schedule     learning-rate schedules
plan         the options of a run
log          what a run notes of itself: epochs and state
environment  versions, machine, device and commit
prefetch     batches prepared ahead of the training step
run          the folder of a run: log, checkpoint, lock
fine_tune    first weights from a trained net, frozen layers
workers      the processes of one run: how they meet, and who is gone
distribution replicas that share the images of each batch
train        the training loop
wheel        the commit in a wheel, written when it is built
"""
