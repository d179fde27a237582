"""Findings: a measured value and a verdict for each claim.

finding      the verdicts and their meanings
subject      a variant and its built net
forms        comparison of the two-device form with the one-device form
built        claims of the paper checked on built nets and running code
articles     claims of the articles checked in the same way
stand_ins    claims about ImageNet tested by experiments on CIFAR-10
whole_runs   claims of the articles, from runs of their whole schedules
recorded     claims that need data, decided from records
measure      every claim with its finding
"""
