"""A two-tower net small enough to build in a moment."""

from alexnet_paper.nets import specs

# every kind of layer of the paper's net, on 35×35 images: 16-7-7-3-3-3. The
# normalization is strong (alpha), so that a wrong window cannot hide in rounding.
TINY = specs.Architecture(
    "tiny",
    (
        specs.Conv("conv1", 8, 5, stride=2, init=0.1),
        specs.ReLU(),
        specs.LRN("norm1", n=3, alpha=0.1, groups=2),
        specs.MaxPool("pool1", 3, 2),
        specs.Conv("conv2", 12, 3, padding=1, groups=2, init=0.1, bias=1.0),
        specs.ReLU(),
        specs.MaxPool("pool2", 3, 2),
        specs.Conv("conv3", 16, 3, padding=1, init=0.1),
        specs.ReLU(),
        specs.Conv("conv4", 16, 3, padding=1, groups=2, init=0.1, bias=1.0),
        specs.ReLU(),
        specs.Dense("fc6", 20, init=0.1, bias=1.0),
        specs.ReLU(),
        specs.Dropout(rate=0.5),
        specs.Dense("fc8", 5, init=0.1, tower="a"),
        specs.Softmax("prob"),
    ),
    input_shape=(35, 35, 3),
    towers=2,
)
