"""Every net as data, and the one builder that turns it into a Keras model.

specs        layer specs; shapes, parameters, multiply-adds and memory
recipes      how each net is trained
variants     every net, with its source and how it departs from the paper
ablations    one change to a net or to its recipe
differences  what distinguishes two variants
layers       the Keras layers that Keras lacks
placement    which device holds which tower; what crosses in the graph
model        build_model: both forms of every net; weights by name
"""
