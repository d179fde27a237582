"""Trained weights: the one file of this project, and those of others.

file         named arrays and what is known of them
formats      files of other projects, read without trust
convert      their arrays reordered into this project's
looks        whether a net looks trained
downloads    public weights: addresses and hashes
net          a net with its weights, ready to look at photographs
sources      what AlexNet(weights=...) takes
alexnet      AlexNet(...), as keras.applications would have it
applications preprocess_input and decode_predictions
export       a net as a .keras file of stock Keras layers
"""
