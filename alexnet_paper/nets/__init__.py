"""Every net as data, and one builder that makes a Keras model of it.

specs        layer specs; shapes, parameters, multiply-adds and memory
recipes      how each net is trained
variants     every net, with its source and how it departs from the paper
ablations    one change to a net or to its recipe
differences  what distinguishes two variants
layers       layers that Keras does not have
traffic      what cards send each other in a step; named cards
placement    which device holds which tower; transfers between devices
model        build_model: the one-device and the two-device form; weights by name
"""
