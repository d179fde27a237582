"""Records of measurements, and what is computed from them.

record       one evaluation with its protocol, as a JSON file
evaluate     errors over one or ten views, of one run or of several averaged
features     a linear probe and nearest images on a net's features
neighbours   nearest images
colour       colour selectivity of the first layer's kernels
experiments  a question and the runs that answer it; protocols in protocols/*.toml
arms         one run of an experiment: training, evaluation, records
curves       epochs to an error, steps to leave a plateau, from training logs
hypotheses   hypotheses tested on records: differences, intervals, gates
scaling      images a second by one process, by replicas and by workers
compare      variants side by side under one protocol
"""
