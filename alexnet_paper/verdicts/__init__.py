"""From a claim to a finding: a measured value and its verdict.

finding      the words for verdicts
subject      a variant and its built net
forms        the two-device form against the one-device form
built        claims measured on built nets and running code
articles     the same for the articles' claims
stand_ins    what experiments on CIFAR-10 say of claims about ImageNet
recorded     what records say of claims that need data
measure      every claim with its finding
"""
