"""Images to batches.

arrays       reading .npy and .npz files
pickles      reading pickles as data
listing      long lists of file names
images       reading image files
augment      from an image to the net's input
prepare      resizing a whole dataset once
shards       a whole dataset in TFRecord files
sharding     writing them
batches      batches for Keras
datasets     named datasets and their splits
synsets      ImageNet's thousand classes
"""
