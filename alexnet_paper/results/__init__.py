"""Records of what was measured, and what is computed from them.

record       one evaluation with its protocol, as a JSON file
evaluate     errors over one or ten views, of one run or of several averaged
features     what a net's features are worth
neighbours   nearest images
colour       how coloured the first layer's kernels are
experiments  questions to many runs; the protocols are in protocols/*.toml
arms         one run of an experiment: trained, evaluated, its records
curves       what training curves say: epochs to an error, steps to leave a plateau
statistics   hypotheses tested on records: differences, intervals, gates
compare      variants side by side under one protocol
"""
