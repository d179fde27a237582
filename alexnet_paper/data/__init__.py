"""Images to batches.

images       image files, read safely
augment      what the paper does to an image before the net sees it
prepare      a training set made ready once
batches      what Keras is fed with
datasets     named datasets and their splits
"""
