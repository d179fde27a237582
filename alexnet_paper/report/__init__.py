"""Findings and records as text, tables and figures.

writers      sections as text, Markdown, LaTeX and CSV
claims       claims and the paper's tables as sections
nets         nets as sections
runs         records and experiments as sections
style        what all figures share
charts       Figure 1, curves, confusion matrices, effects
figure2      the net, drawn
contact_sheets  Figures 3 and 4, drawn
figures      figures of records and runs
figure3      the first layer of a net
figure4      what a net says of photographs
screen       the main job on one screen
table        the main job: a variant beside the paper
comparison   variants side by side
prose        what records say, in words
results      the page of results
pages        all generated pages
"""

# the sections that the main job shows on request
SHOWN = ("claims", "changes", "placement", "architecture", "memory", "results")
SHOWN += ("runs", "commands")
