"""What was printed, as data. Nothing here is measured, and nothing imports Keras.

Krizhevsky, Sutskever and Hinton, "ImageNet Classification with Deep Convolutional
Neural Networks", NIPS 2012, and three tutorial articles.

    claims      every number that the paper states, and the command that measures it
    results     Tables 1 and 2, the authors' logs and schedules
    questions   what the paper leaves open; the sources
    replications  what others measured of the same claims
    replication_logs  learning curves of their runs
    articles    the three articles and their claims
"""

from alexnet_paper.paper.claims import CATS_DOGS
from alexnet_paper.paper.claims import CIFAR10
from alexnet_paper.paper.claims import CITATION
from alexnet_paper.paper.claims import CLAIMS
from alexnet_paper.paper.claims import FLOWERS17
from alexnet_paper.paper.claims import HARDWARE
from alexnet_paper.paper.claims import IMAGENET
from alexnet_paper.paper.claims import NEEDS
from alexnet_paper.paper.claims import NOTHING
from alexnet_paper.paper.claims import TRAINED
from alexnet_paper.paper.claims import Claim
from alexnet_paper.paper.questions import OPEN_QUESTIONS
from alexnet_paper.paper.questions import SOURCES
from alexnet_paper.paper.results import LOGGED_VARIANTS
from alexnet_paper.paper.results import SCHEDULES
from alexnet_paper.paper.results import TABLE_1
from alexnet_paper.paper.results import TABLE_2
from alexnet_paper.paper.results import Schedule

__all__ = [
    "CATS_DOGS",
    "CIFAR10",
    "CITATION",
    "CLAIMS",
    "FLOWERS17",
    "HARDWARE",
    "IMAGENET",
    "LOGGED_VARIANTS",
    "NEEDS",
    "NOTHING",
    "OPEN_QUESTIONS",
    "SCHEDULES",
    "SOURCES",
    "TABLE_1",
    "TABLE_2",
    "TRAINED",
    "Claim",
    "Schedule",
]
