"""Findings and records as text, tables, figures and pages.

writers      sections as text, Markdown, LaTeX and CSV
claims       claims and the paper's tables as sections
nets         nets as sections
runs         records and experiments as sections
style        sizes, colours and captions of all figures; saving
charts       Figure 1, curves, confusion matrices, effects
figure2      Figure 2, the diagram of a net
contact_sheets  drawing of Figures 3 and 4
figures      figures of records and of runs
figure3      Figure 3, the first layer of a trained net
figure4      Figure 4, photographs with labels and nearest images
looks        whether weights look trained: tables and figure
screen       a variant beside the paper, on one screen
table        a variant beside the paper, in every format
comparison   variants side by side
prose        paragraphs on the records
results      the results as a short paper
logs         learning curves of records and of others' runs
scaling      what more cards and machines give
cite         how to cite the paper, this package and the articles
manuscript   everything as a short paper in LaTeX
latex        texts, tables and documents in LaTeX; typesetting
page         everything as one page of HTML; its templates are in templates/
pages        all generated pages
"""

# sections that `reproduce.table --show` adds
SHOWN = ("claims", "changes", "placement", "architecture", "memory", "results")
SHOWN += ("runs", "commands")
