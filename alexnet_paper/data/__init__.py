"""Images to batches.

arrays       reading .npy and .npz files
pickles      reading pickles as data
images       reading image files
augment      from an image to the net's input
prepare      resizing a whole dataset once
batches      batches for Keras
datasets     named datasets and their splits
synsets      ImageNet's thousand classes
"""
